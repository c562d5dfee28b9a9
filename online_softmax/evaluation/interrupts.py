"""Interrupts: what Ctrl-C does not cut in two."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from typing import Any


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Have Ctrl-C wait for the end of a block.

    Examples
    --------
    >>> import signal
    >>> from online_softmax.evaluation.interrupts import uninterrupted

    >>> try:
    ...     with uninterrupted():
    ...         signal.raise_signal(signal.SIGINT)
    ...         print("to the end")
    ... except KeyboardInterrupt:
    ...     print("interrupted")
    to the end
    interrupted

    """
    if current_thread() is not main_thread() or not callable(handler := signal.getsignal(signal.SIGINT)):
        yield
        return
    came: list[tuple[Any, ...]] = []
    signal.signal(signal.SIGINT, lambda *about: came.append(about))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if came:
            handler(*came[0])
