"""Processes that a test starts to kill them: each is forked off one that has imported the library already."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any

CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload(["online_softmax.executors", "online_softmax.models.optimizers"])


def started(call: Callable[..., Any], *arguments: Any) -> tuple[ForkServerProcess, Connection]:
    """Start a function in a process of its own, with one end of a pipe as its last argument; give the other, too."""
    receiver, sender = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=call, args=(*arguments, sender))
    process.start()
    sender.close()
    return process, receiver
