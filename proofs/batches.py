"""Numbered trials in batches, each batch in a process of its own, so that a crash or a hang is laid to one trial."""

from __future__ import annotations

import json
import mmap
import os
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable

Trial = Callable[[int, "Counter[str]"], None]
PATIENCE = 60.0  # seconds that one trial may take


class TrialError(Exception):
    """A trial that broke a promise, crashed, or hung."""


def run(trial: Trial, numbers: range, size: int = 1000, patience: float = PATIENCE) -> Counter[str]:
    """Run `trial(number, counts)` for each number, and return the sums of the counts.

    Parameters
    ----------
    trial
        Does one trial, counts what happened, and raises where something went wrong.
    numbers
        The trials' numbers.
    size
        How many trials a process does.
    patience
        How many seconds a trial may take.

    Raises
    ------
    TrialError
        At the first trial that raises, kills its process or takes too long, with its number.
    """
    total: Counter[str] = Counter()
    for start in range(numbers.start, numbers.stop, size):
        total.update(_batch(trial, range(start, min(start + size, numbers.stop)), patience))
    return total


def _batch(trial: Trial, numbers: range, patience: float) -> dict[str, int]:
    at = mmap.mmap(-1, 8)  # the number at work, seen from outside
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        _work(trial, numbers, at, write)
    os.close(write)
    os.set_blocking(read, False)
    answer, seen, since = b"", b"", time.monotonic()
    try:
        while True:
            try:
                piece = os.read(read, 1 << 16)
            except BlockingIOError:
                time.sleep(0.005)
                if at[:8] != seen:
                    seen, since = at[:8], time.monotonic()
                if time.monotonic() - since > patience:
                    raise TrialError(f"trial {_number(at)} hangs") from None
                continue
            if not piece:
                break
            answer += piece
    finally:
        os.close(read)
        os.kill(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        counts = json.loads(answer)
    except ValueError:
        raise TrialError(f"trial {_number(at)} ended its process with status {code}") from None
    if isinstance(counts, str):
        raise TrialError(f"trial {_number(at)} failed\n{counts}")
    return counts


def _work(trial: Trial, numbers: range, at: mmap.mmap, write: int) -> None:
    answer: object
    try:
        counts: Counter[str] = Counter()
        for number in numbers:
            at[:8] = number.to_bytes(8, "little")
            trial(number, counts)
        answer = counts
    except BaseException:
        answer = traceback.format_exc()
    with open(write, "w") as pipe:
        json.dump(answer, pipe)
    os._exit(0)


def _number(at: mmap.mmap) -> int:
    return int.from_bytes(at[:8], "little")
