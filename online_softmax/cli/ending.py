"""Ending: how a run ends whose stream has no end of its own."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from typing import Any

from online_softmax.streams import RowStream


@contextmanager
def ended_in_order(stream: RowStream) -> Iterator[None]:
    """Have Ctrl-C, or SIGTERM, end a stream that has no end, and what follows then follow; a second one interrupts."""
    if not stream.is_endless or current_thread() is not main_thread():
        yield
        return

    def end(*_: Any) -> None:
        stream.end()
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
