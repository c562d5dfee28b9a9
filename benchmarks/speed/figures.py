"""What is read from the results: one line a rival, stream and call, the microseconds of each turn."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common.results import read
from benchmarks.speed import RESULTS
from benchmarks.speed.rivals import OURS, RIVER

MEMORY, THREADS = "memory", "threads"  # what stands in the place of a stream where there is none


@dataclass(frozen=True)
class Figure:
    """Medians, and minima, over the turns; of times, or of ratios of times."""

    median: float
    least: float

    def __truediv__(self, other: Figure) -> Figure:
        return Figure(self.median / other.median, self.least / other.least)


class Results:
    def __init__(self, path: Path = RESULTS):
        self.lines = read(path)
        self.times = {
            (line["rival"], line["stream"], line["call"]): Figure(statistics.median(line["us"]), min(line["us"]))
            for line in self.lines
            if "us" in line
        }
        self.memory = {(line["rival"], line["call"]): line for line in self.lines if line["stream"] == MEMORY}
        self.threads = {line["call"]: line["rates"] for line in self.lines if line["stream"] == THREADS}

    def line(self, rival: str, stream: str, call: str) -> dict:
        return next(e for e in self.lines if (e["rival"], e["stream"], e["call"]) == (rival, stream, call))

    def ratio(self, stream: str, call: str, rival: str = RIVER) -> Figure | None:
        """How many times as long the rival takes as ours."""
        times = [self.times.get((each, stream, call)) for each in (rival, OURS)]
        return times[0] / times[1] if all(times) else None


@dataclass(frozen=True)
class Target:
    """A ratio, and the bound that it must keep: at least, or at most where `most`."""

    text: str
    bound: float
    measured: Figure | None
    most: bool = False

    @property
    def reached(self) -> bool:
        """By the medians; what has not been measured is not reached."""
        if self.measured is None:
            return False
        return self.measured.median <= self.bound if self.most else self.measured.median >= self.bound


def targets(results: Results) -> list[Target]:
    stream = "image_segments"
    faster = [
        ("`learn_one`, SGD: river / ours", "learn_one", 80),
        ("`predict_proba_one`: river / ours", "predict_proba_one", 15),
        ("`predict_one`: river / ours", "predict_one", 25),
        ("`learn_one`, Adam: river / ours", "learn_one_adam", 50),
        ("predict + learn: river's default / `AutoSoftmaxRegression(interactions=False)`", "linear", 13),
        ("predict + learn: river's default / `AutoSoftmaxRegression()`", "default", 3.3),
    ]
    out = [Target(text, bound, results.ratio(stream, call)) for text, call, bound in faster]
    text = "records, predict + learn: river's pipeline / `SoftmaxRegression(categorical=True)`"
    out.append(Target(text, 30, results.ratio("mixed", "records")))
    one = results.times.get((OURS, stream, "learn_one"))
    for library in ("pandas", "pyarrow"):
        row = results.times.get((OURS, stream, f"learn_many_{library}"))
        share = row / one if row and one else None
        out.append(Target(f"`learn_many`, {library}: a row / `learn_one`, SGD", 0.5, share, most=True))
    for optimizer in ("SGD", "Adam"):
        memory = results.memory.get((OURS, optimizer))
        share = memory and Figure(memory["counted"] / 8, memory["counted"] / 8)
        out.append(Target(f"memory, {optimizer}: model / the doubles it must keep", 1.3, share, most=True))
    return out + thread_targets(results)


def thread_targets(results: Results) -> list[Target]:
    """Of the calls in bulk, where they have been measured."""
    out = []
    for call, rates in results.threads.items():
        if call.endswith("_many"):
            ratios = [two / one for one, two in rates]
            measured = Figure(statistics.median(ratios), min(ratios))
            out.append(Target(f"an array, `{call.replace(', ', '().')}`: two threads / one", 1.7, measured))
    return out
