"""Whole processes, from their start to their end, on the same rows: ours, Vowpal Wabbit, scikit-learn and river.

python benchmarks/files/run.py                        # some minutes on two cores, and 2 GB of generated files
python benchmarks/files/run.py --check                # exit status 1 if a target is missed
python benchmarks/files/run.py --rows 30000 --turns 1 # only to see it run
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import tables

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "speed"))

from conditions import conditions  # noqa: E402

RIVER_ROWS = 20_000
# Name: the command's words after python, on files of the folder; and who is compared with whom by what target.
OURS = {
    "SGD, CSV": ["ours.py", "dense.csv", "SGD", "y"],
    "SGD, Parquet": ["ours.py", "dense.parquet", "SGD", "y"],
    "SGD, dense svmlight": ["ours.py", "dense.svm", "SGD"],
    "SGD, dense vw text": ["ours.py", "dense.vw", "SGD"],
    "auto-linear, CSV": ["ours.py", "dense.csv", "auto-linear", "y"],
    "auto, CSV": ["ours.py", "dense.csv", "auto", "y"],
    "SGD, sparse svmlight": ["ours.py", "sparse.svm", "SGD"],
    "SGD, sparse vw text": ["ours.py", "sparse.vw", "SGD"],
}
TARGETS = {
    "SGD, CSV": 2.5,
    "SGD, Parquet": 5.0,
    "auto-linear, CSV": 1.2,
    "SGD, sparse svmlight": 3.0,
    "SGD, sparse vw text": 3.0,
}
VW = ["-m", "vowpalwabbit", "--loss_function", "logistic", "--probabilities", "--quiet", "-d"]
RIVALS = {
    "vw, dense": [*VW, "dense.vw", "--oaa", str(tables.DENSE["classes"])],
    "vw, sparse": [*VW, "sparse.vw", "--oaa", str(tables.SPARSE["classes"])],
}


def seconds(words: list[str], folder: Path) -> tuple[float, float]:
    """Return the wall seconds and the processor seconds of a process."""
    words = [str(HERE / word) if word.endswith(".py") else word for word in words]
    start, before = perf_counter(), os.times()
    subprocess.run([sys.executable, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return perf_counter() - start, used


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "online-softmax-files"))
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--no-river", action="store_true")
    options = parser.parse_args()
    folder = options.folder / str(options.rows)
    tables.write(folder, options.rows)

    print(json.dumps(conditions()))
    commands = {**OURS, **RIVALS}
    if not options.no_river:
        commands["river, the first rows"] = ["river_rows.py", "dense.csv", str(RIVER_ROWS)]
    wall: dict[str, float] = {}
    cpu: dict[str, float] = {}
    for _ in range(options.turns):
        for name, words in commands.items():
            found = seconds(words, folder)
            wall[name] = min(found[0], wall.get(name, found[0]))
            cpu[name] = min(found[1], cpu.get(name, found[1]))
    missed = []
    print(f"{'':24} {'wall s':>8} {'CPU s':>8} {'x vw':>8} {'target':>8}")
    for name in commands:
        rival = wall["vw, sparse" if "sparse" in name else "vw, dense"]
        if name.startswith("river"):
            ratio = rival / options.rows * min(RIVER_ROWS, options.rows) / wall[name]
        else:
            ratio = rival / wall[name]
        target = TARGETS.get(name)
        missed += [name] * (target is not None and ratio < target)
        print(f"{name:24} {wall[name]:8.2f} {cpu[name]:8.2f} {ratio:8.2f} {target or '':>8}")

    found = subprocess.run(
        [sys.executable, str(HERE / "bulk.py"), str(options.rows)],
        check=True,
        capture_output=True,
        env={**os.environ, **{f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}},
    ).stdout
    bulk = json.loads(found)
    bound = max(bulk["memory"], bulk["multiply-adds"])
    ours, theirs = bulk["learn_many"], bulk["partial_fit"]
    print(
        f"learn_many {ours:.0f} ns a row; SGDClassifier.partial_fit, one-vs-all, {theirs:.0f} ns: {theirs / ours:.1f}x"
    )
    print(
        f"to read the array: {bulk['memory']:.0f} ns a row; its multiply-adds: {bulk['multiply-adds']:.0f} ns", end="; "
    )
    print(f"learn_many takes {ours / bound:.1f}x the larger (targets: 8x and 2x)")
    missed += ["learn_many"] * (bulk["partial_fit"] < 8 * bulk["learn_many"])
    missed += ["bound"] * (bulk["learn_many"] > 2 * bound)
    print(f"missed: {', '.join(missed) or 'none'}")
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
