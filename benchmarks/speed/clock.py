"""What is timed: whole passes over prepared rows, in the same loops for all, one process a rival.

`python -m benchmarks.speed.clock ours` reads lines: the name of a stream, which it answers with what there is to know
of it, or a call on that stream, which it answers with the microseconds of a turn.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import cycle, islice
from types import ModuleType

from benchmarks.speed.rivals import RIVALS, rival
from benchmarks.speed.streams import RECORDS, STREAMS, Row, Stream

LEAST = 0.05  # seconds of a turn: as many whole passes as it takes
FRAME = 100_000  # rows of a frame
WIDE = 1000  # features that a sample brings before the rows
LATE = 40  # the row about which the rivals must agree
RAW = "default", "linear", "pipeline", *RECORDS  # calls on raw rows; each is also the kind of model that it is made on
AGREED = {
    "learn_one": "SGD",
    "learn_one_adam": "Adam",
    "records_pipeline": "records_pipeline",
}  # kinds of equal answers
Pass = Callable[[], None]


def one_by_one(call: Callable, rows: list) -> None:
    for x in rows:
        call(x)


def pair_by_pair(call: Callable, rows: list) -> None:
    for x, y in rows:
        call(x, y)


def predict_then_learn(predict: Callable, learn: Callable, rows: list) -> None:
    for x, y in rows:
        predict(x)
        learn(x, y)


def turn(one_pass: Pass, n: int) -> float:
    """Microseconds of the processor a call, over whole passes of n calls."""
    passes, seconds, start = 0, 0.0, time.process_time()
    while seconds < LEAST:
        one_pass()
        passes += 1
        seconds = time.process_time() - start
    return seconds / (passes * n) * 1e6


def frame(library: str, rows: list[Row]) -> tuple:
    """The rows, over and over, as a frame of doubles and a series of labels."""
    many = list(islice(cycle(rows), FRAME))
    columns, y = {name: [x[name] for x, _ in many] for name in rows[0][0]}, [y for _, y in many]
    if library == "pandas":
        import pandas

        return pandas.DataFrame(columns), pandas.Series(y)
    import pyarrow

    return pyarrow.table(columns), pyarrow.chunked_array([y])


class Clock:
    """A rival on a stream. Before a turn, its models have seen every feature and class, and every row once."""

    def __init__(self, rival: ModuleType, stream: Stream):
        self.rival, self.stream = rival, stream
        self.calls = [call for call in stream.calls if call in self.rival.CALLS]
        classes = len(stream.classes)
        self.rows = stream.rows()[: self.rival.PASS // max(1, classes)]
        self.raw = stream.raw() if stream.raw else self.rows
        self.filled = len(stream.features) * classes <= self.rival.ROOM
        self.models: dict[str, object] = {}
        self.passes: dict[str, tuple[Pass, int]] = {}

    def about(self) -> dict:
        return {
            "calls": self.calls,
            "answers": {kind: self.answer(kind) for call, kind in AGREED.items() if call in self.calls},
            "entries": round(sum(len(x) for x, _ in self.rows) / len(self.rows), 1),
            "filled": self.filled,
        }

    def answer(self, kind: str) -> float:
        """The largest p for a late row, learned from the rows before it."""
        model = self.rival.model(kind)
        pair_by_pair(model.learn_one, self.rows[:LATE])
        return max(model.predict_proba_one(self.rows[LATE][0]).values())

    def model(self, kind: str):
        if kind not in self.models:
            model = self.models[kind] = self.rival.model(kind)
            for label in self.stream.classes:
                model.learn_one({}, label)
            names = self.stream.features if self.filled else []
            for start in range(0, len(names), WIDE):
                model.learn_one(dict.fromkeys(names[start : start + WIDE], 1e-3), self.stream.classes[0])
            pair_by_pair(model.learn_one, self.raw if kind in RAW else self.rows)
        return self.models[kind]

    def prepare(self, call: str) -> tuple[Pass, int]:
        """One pass of the call, and its number of samples."""
        kind = call if call in RAW else "Adam" if call == "learn_one_adam" else "SGD"
        model, n = self.model(kind), len(self.rows)
        match call:
            case "learn_one" | "learn_one_adam":
                return partial(pair_by_pair, model.learn_one, self.rows), n
            case "predict_proba_one" | "predict_one":
                return partial(one_by_one, getattr(model, call), [x for x, _ in self.rows]), n
            case _ if call in RAW:
                return partial(predict_then_learn, model.predict_proba_one, model.learn_one, self.raw), n
            case _:
                frames = [frame(call.removeprefix("learn_many_"), self.rows)]
                return partial(pair_by_pair, model.learn_many, frames), FRAME

    def time(self, call: str) -> float:
        if call not in self.passes:
            self.passes[call] = self.prepare(call)
        return turn(*self.passes[call])


def main() -> int:
    parser = argparse.ArgumentParser(description="Time one rival: read streams and calls, one a line; print times.")
    parser.add_argument("rival", choices=RIVALS)
    timed, clock = rival(parser.parse_args().rival), None
    gc.disable()  # as `timeit` does
    for line in map(str.strip, sys.stdin):
        if line in STREAMS:
            del clock
            gc.collect()  # its models go before the next are made
            clock = Clock(timed, STREAMS[line])
            print(json.dumps(clock.about()), flush=True)
        else:
            print(clock.time(line), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
