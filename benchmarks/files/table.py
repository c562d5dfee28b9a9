"""Read what whole processes took; print it as Markdown tables: `python benchmarks/files/table.py [--check]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).with_name("results.json")
MEMORY = 300  # MB
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


def main() -> int:
    kept: dict[str, Any] = json.loads(RESULTS.read_text())
    run, missed = kept["run"], []
    rows, bulk = run["rows"], run["bulk"]
    wall = {name: median(wall for wall, _ in turns) for name, turns in run["seconds"].items()}
    cpu = {name: median(cpu for _, cpu in turns) for name, turns in run["seconds"].items()}

    print(
        f"Whole processes, start-up, reading, scoring and learning: {rows:,} rows of 50 numbers and 10 classes, and as "
        "many of about 32 of 131,072 binary features and 20 classes, the files in memory. Vowpal Wabbit reads its own "
        "text of the same rows (`--oaa C --loss_function logistic --probabilities`), and fits one against all. "
        "SGD is the default, `SoftmaxRegression()`; an optimiser given from `river.optim` adds that module's import. "
        f"Medians of {len(next(iter(run['seconds'].values())))} turns.\n"
    )
    print("| reads | seconds | of the processors | VW: seconds | VW / ours | target |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, (what, rival, target) in LINES.items():
        ratio = wall[rival] / wall[name]
        missed += [what] * (target is not None and ratio < target)
        wanted = "" if target is None else f">= {target:g}"
        print(f"| {what} | {wall[name]:.2f} | {cpu[name]:.2f} | {wall[rival]:.2f} | {ratio:.1f}x | {wanted} |")
    river = wall["river, the first rows"] / run["river rows"] * 1e6
    print(
        f"\n- river's `SoftmaxRegression` over the first {run['river rows']:,} rows of the CSV: {river:,.0f} µs a row; "
        f"ours {wall['SGD, CSV'] / rows * 1e6:.1f} µs."
    )
    ours, theirs, bound = bulk["learn_many"], bulk["partial_fit"], bulk["multiply-adds"]
    in_turn = bulk["multiply-adds, row by row"]
    missed += ["partial_fit"] * (theirs < 8 * ours) + ["the multiply-adds"] * (ours > 2 * max(bound, bulk["memory"]))
    print(
        f"- `learn_many` of the array in memory, SGD: {ours:.0f} ns a row; scikit-learn's `SGDClassifier.partial_fit`, "
        f"one against all, in bulk: {theirs:,.0f} ns, {theirs / ours:.1f} times as long (target 8). Its multiply-adds "
        f"alone take {bound:.0f} ns by BLAS, many rows at a time, and {in_turn:.0f} ns in plain C, one row after the "
        f"other, as online learning must; reading it from memory takes {bulk['memory']:.0f} ns. That is "
        f"{ours / bound:.1f} times the first (target 2) and {ours / in_turn:.1f} times the second."
    )
    memory = kept["memory"]["GB and MB"]
    missed += [f"{name} memory" for name, found in memory.items() if found[-1][1] > MEMORY]
    parts = [f"{found[-1][1]:.0f} MB over {found[-1][0]:.1f} GB of {name}" for name, found in memory.items()]
    before = [f"{found[0][1]:.0f}" for found in memory.values()]
    print(
        f"- Peak memory of the process, interpreter and libraries included: {', '.join(parts)} (target {MEMORY}); "
        f"over a tenth of that {', '.join(before)}."
    )
    where = run["conditions"]
    versions = ", ".join(f"{name} {value}" for name, value in where.items() if name not in ("date", "cpu", "compiler"))
    print(f"\nMeasured {where['date']} on {where['cpu']}; {versions}; {where['compiler']}.")
    if missed:
        print(f"\nMissed: {', '.join(missed)}.")
    return 1 if missed and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
