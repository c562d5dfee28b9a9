"""Read what whole processes took; print it as Markdown tables: `python -m benchmarks.files.table`."""

from __future__ import annotations

import argparse
import sys
from statistics import median
from typing import Any

from benchmarks.common.conditions import printed
from benchmarks.common.markdown import markdown
from benchmarks.common.results import read
from benchmarks.files import RESULTS

MEMORY = 300  # MB
METRICS = 0.1  # of a run's time
RESUME = 2  # seconds
WIDE = 3  # times what pyarrow takes to parse a file of 20,000 columns
# Name: what is read, whom it is compared with, and how many times faster it must be.
LINES: dict[str, tuple[str, str, float | None]] = {
    "SGD, CSV": ("CSV, SGD", "vw, dense", 2.5),
    "SGD, Parquet": ("Parquet, SGD", "vw, dense", 5.0),
    "SGD, dense svmlight": ("svmlight, SGD", "vw, dense", None),
    "SGD, dense vw text": ("VW text, SGD", "vw, dense", None),
    "auto-linear, CSV": ("CSV, `AutoSoftmaxRegression(interactions=False)`", "vw, dense", 1.2),
    "auto, CSV": ("CSV, `AutoSoftmaxRegression()`", "vw, dense", None),
    "SGD, sparse svmlight": ("sparse svmlight, SGD", "vw, sparse", 3.0),
    "SGD, sparse vw text": ("sparse VW text, SGD", "vw, sparse", 3.0),
}


Line = dict[str, Any]


class Results:
    """What was measured: whole processes, an array in bulk, peak memory; and what has missed its target."""

    def __init__(self, lines: list[Line]):
        kept: dict[str, dict[str, Line]] = {}
        for line in lines:
            kept.setdefault(line["measure"], {})[line["of"]] = line
        self.wide, self.resume = kept["wide"], kept["resume"]
        self.metrics = kept["metrics"]["CSV, SGD"]["run and metrics"]
        self.seconds, self.memory, self.bulk = kept["seconds"], kept["memory"], kept["bulk"]["array"]["ns a row"]
        self.wall = {name: median(wall for wall, _ in line["turns"]) for name, line in self.seconds.items()}
        self.cpu = {name: median(cpu for _, cpu in line["turns"]) for name, line in self.seconds.items()}
        self.missed: list[str] = []

    def rows(self) -> list[list[str]]:
        """A row for each file that is read."""
        rows = []
        for name, (what, rival, target) in LINES.items():
            ratio = self.wall[rival] / self.wall[name]
            self.missed += [what] * (target is not None and ratio < target)
            wanted = "" if target is None else f">= {target:g}"
            figures = f"{self.wall[name]:.2f}", f"{self.cpu[name]:.2f}", f"{self.wall[rival]:.2f}", f"{ratio:.1f}x"
            rows.append([what, *figures, wanted])
        return rows

    def beside_river(self) -> str:
        first = self.seconds["river, the first rows"]["rows"]
        river = self.wall["river, the first rows"] / first * 1e6
        ours = self.wall["SGD, CSV"] / self.seconds["SGD, CSV"]["rows"] * 1e6
        return (
            f"- river's `SoftmaxRegression` over the first {first:,} rows of the CSV: {river:,.0f} µs a row; "
            f"ours {ours:.1f} µs."
        )

    def in_bulk(self) -> str:
        ours, theirs, bound = (self.bulk[name] for name in ("learn_many", "partial_fit", "multiply-adds"))
        in_turn, memory = self.bulk["multiply-adds, row by row"], self.bulk["memory"]
        self.missed += ["partial_fit"] * (theirs < 8 * ours) + ["the multiply-adds"] * (ours > 2 * max(bound, memory))
        return (
            f"- `learn_many` of the array in memory, SGD: {ours:.0f} ns a row; scikit-learn's "
            f"`SGDClassifier.partial_fit`, one against all, in bulk: {theirs:,.0f} ns, {theirs / ours:.1f} times as "
            f"long (target 8). Its multiply-adds alone take {bound:.0f} ns by BLAS, many rows at a time, and "
            f"{in_turn:.0f} ns in plain C, one row after the other, as online learning must; reading it from memory "
            f"takes {memory:.0f} ns. That is {ours / bound:.1f} times the first (target 2) and {ours / in_turn:.1f} "
            "times the second."
        )

    def peaks(self) -> str:
        found = {name: line["GB and MB"] for name, line in self.memory.items()}
        self.missed += [f"{name} memory" for name, each in found.items() if each[-1][1] > MEMORY]
        parts = [f"{each[-1][1]:.0f} MB over {each[-1][0]:.1f} GB of {name}" for name, each in found.items()]
        before = [f"{each[0][1]:.0f}" for each in found.values()]
        return (
            f"- Peak memory of the process, interpreter and libraries included: {', '.join(parts)} (target {MEMORY}); "
            f"over a tenth of that {', '.join(before)}."
        )

    def wide_tables(self) -> str:
        ratios = {}
        for name, line in self.wide.items():
            ratios[name] = median(ours / pyarrow for pyarrow, ours in line["pyarrow and ours"])
        self.missed += [f"wide {name}" for name, ratio in ratios.items() if ratio > WIDE]
        parts = [f"{ratio:.1f} times ({name})" for name, ratio in ratios.items()]
        return (
            "- A table of 40 rows and 20,000 columns of numbers is opened and read as samples in "
            f"{', '.join(parts)} what pyarrow takes to parse the same file on one thread (target {WIDE})."
        )

    def resumed(self) -> str:
        parts = []
        for name, line in self.resume.items():
            wall, cpu = map(median, zip(*line["turns"], strict=True))
            self.missed += [f"resuming {name}"] * (wall > RESUME)
            parts.append(f"{wall:.2f} s ({cpu:.2f} of the processors) over {line['GB']:.1f} GB of {name}")
        return (
            "- A run that is resumed at 90 % of a file's rows, and ends one row later, takes, the whole process, "
            f"{', '.join(parts)} (target {RESUME})."
        )

    def of_metrics(self) -> str:
        share = median(metrics / run for run, metrics in self.metrics)
        self.missed += ["metrics"] * (share > METRICS)
        return (
            f"- All metrics, the curves and the search for drift take {share:.1%} of the processors' time in a run "
            f"over the CSV, SGD on standardised numbers, without start-up (target {METRICS:.0%})."
        )

    def notes(self) -> str:
        csv = self.seconds["SGD, CSV"]
        return (
            f"Whole processes, start-up, reading, scoring and learning: {csv['rows']:,} rows of 50 numbers and 10 "
            "classes, and as many of about 32 of 131,072 binary features and 20 classes, the files in memory. Vowpal "
            "Wabbit reads its own text of the same rows (`--oaa C --loss_function logistic --probabilities`), and fits "
            "one against all. SGD is the default, `SoftmaxRegression()`; an optimiser given from `river.optim` adds "
            f"that module's import. Medians of {len(csv['turns'])} turns."
        )

    def where(self) -> str:
        every = (line["conditions"] for line in self.seconds.values())
        return printed(every, "Measured {date} on {cpu}; load {load}, {versions}; {compiler}.")


HEADER = ["reads", "seconds", "of the processors", "VW: seconds", "VW / ours", "target"]


def full(results: Results) -> list[str]:
    table = markdown(HEADER, results.rows())
    found = [results.beside_river(), results.in_bulk(), results.peaks(), results.resumed(), results.wide_tables()]
    found.append(results.of_metrics())
    missed = ["", f"Missed: {', '.join(results.missed)}."] if results.missed else []
    return [results.notes(), "", *table, "", *found, "", results.where(), *missed]


def summary(results: Results) -> list[str]:
    """Seconds beside Vowpal Wabbit's, and the peak memory."""
    kept = [0, 1, 3, 4]
    table = markdown([HEADER[i] for i in kept], [[row[i] for i in kept] for row in results.rows()])
    largest = max((each for line in results.memory.values() for each in line["GB and MB"]), key=lambda each: each[1])
    rows = results.seconds["SGD, CSV"]["rows"]
    about = (
        f"Whole processes over {rows:,} rows of 50 numbers and 10 classes, and over as many of about 32 of 131,072 "
        f"binary features. Peak memory over files of {largest[0]:.0f} GB: {largest[1]:.0f} MB at most."
    )
    return [about, "", *table]


def main() -> int:
    parser = argparse.ArgumentParser(description="Print the table of the results.")
    parser.add_argument("--summary", action="store_true", help="seconds and peak memory alone")
    parser.add_argument("--check", action="store_true", help="exit with status 1 if a target is missed")
    chosen, results = parser.parse_args(), Results(read(RESULTS))
    print("\n".join(summary(results) if chosen.summary else full(results)))
    return 1 if results.missed and chosen.check else 0


if __name__ == "__main__":
    sys.exit(main())
