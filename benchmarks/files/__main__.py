"""Whole processes, from their start to their end, on the same rows: ours, Vowpal Wabbit, scikit-learn and river.

python -m benchmarks.files          # some minutes on two cores, and 2 GB of generated files
python -m benchmarks.files.memory   # peak memory over files of about 2 GB
python -m benchmarks.files.resume   # how soon a run goes on at 90 % of such files
python -m benchmarks.files.wide     # tables of 20,000 columns, beside pyarrow
python -m benchmarks.files.table    # the table; exit status 1 if a target is missed and --check is given
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

from benchmarks import ROOT
from benchmarks.common.conditions import conditions
from benchmarks.common.results import keep
from benchmarks.files import RESULTS, inputs

RIVER_ROWS = 20_000
# Name: the words of the command after `python -m`, on files of the folder {at}.
OURS = {
    "SGD, CSV": ["benchmarks.files.ours", "{at}/dense.csv", "SGD", "y"],
    "SGD, Parquet": ["benchmarks.files.ours", "{at}/dense.parquet", "SGD", "y"],
    "SGD, dense svmlight": ["benchmarks.files.ours", "{at}/dense.svm", "SGD"],
    "SGD, dense vw text": ["benchmarks.files.ours", "{at}/dense.vw", "SGD"],
    "auto-linear, CSV": ["benchmarks.files.ours", "{at}/dense.csv", "auto-linear", "y"],
    "auto, CSV": ["benchmarks.files.ours", "{at}/dense.csv", "auto", "y"],
    "SGD, sparse svmlight": ["benchmarks.files.ours", "{at}/sparse.svm", "SGD"],
    "SGD, sparse vw text": ["benchmarks.files.ours", "{at}/sparse.vw", "SGD"],
}
VW = ["vowpalwabbit", "--loss_function", "logistic", "--probabilities", "--quiet", "-d"]
RIVALS = {
    "vw, dense": [*VW, "{at}/dense.vw", "--oaa", str(inputs.DENSE["classes"])],
    "vw, sparse": [*VW, "{at}/sparse.vw", "--oaa", str(inputs.SPARSE["classes"])],
}
RIVER = {"river, the first rows": ["benchmarks.files.river_rows", "{at}/dense.csv", str(RIVER_ROWS)]}
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}


def seconds(words: list[str], folder: Path) -> tuple[float, float]:
    """Return the wall seconds and the processor seconds of a process."""
    command = [sys.executable, "-m", *(word.format(at=folder) for word in words)]
    start, before = perf_counter(), os.times()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return perf_counter() - start, used


def bulk(rows: int) -> dict[str, float]:
    """Return the nanoseconds a row of an array in memory, from a process on one thread."""
    command = [sys.executable, "-m", "benchmarks.files.bulk", str(rows)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={**os.environ, **ONE_THREAD})
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "online-softmax-files"))
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    folder = options.folder / str(options.rows)
    inputs.write(folder, options.rows)

    where = conditions()
    times: dict[str, list[tuple[float, float]]] = {}
    for turn in range(options.turns):
        for name, words in {**OURS, **RIVALS, **(RIVER if not turn else {})}.items():
            times.setdefault(name, []).append(seconds(words, folder))
            print(f"{name:24} {times[name][-1][0]:8.2f} s", flush=True)
    found = bulk(options.rows)
    print(found)

    rows = dict.fromkeys(times, options.rows) | dict.fromkeys(RIVER, RIVER_ROWS)
    lines = [{"measure": "seconds", "of": name, "rows": rows[name], "turns": each} for name, each in times.items()]
    lines.append({"measure": "bulk", "of": "array", "rows": options.rows, "ns a row": found})
    keep(options.results, [{**line, "conditions": where} for line in lines], "measure", "of")


if __name__ == "__main__":
    main()
