"""Whole processes, from their start to their end, on the same rows: ours, Vowpal Wabbit, scikit-learn and river.

python benchmarks/files/run.py          # some minutes on two cores, and 2 GB of generated files; keeps results.json
python benchmarks/files/table.py        # prints them; ends with status 1 if a target is missed and --check is given
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
RESULTS = HERE / "results.json"
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "online-softmax-files"))
    options = parser.parse_args()
    folder = options.folder / str(options.rows)
    tables.write(folder, options.rows)

    where = conditions()
    river = {"river, the first rows": ["river_rows.py", "dense.csv", str(RIVER_ROWS)]}
    times: dict[str, list[tuple[float, float]]] = {}
    for turn in range(options.turns):
        for name, words in {**OURS, **RIVALS, **(river if not turn else {})}.items():
            times.setdefault(name, []).append(seconds(words, folder))
            print(f"{name:24} {times[name][-1][0]:8.2f} s", flush=True)

    alone = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    command = [sys.executable, str(HERE / "bulk.py"), str(options.rows)]
    bulk = json.loads(subprocess.run(command, check=True, capture_output=True, env={**os.environ, **alone}).stdout)
    print(bulk)
    keep("run", {"conditions": where, "rows": options.rows, "river rows": RIVER_ROWS, "seconds": times, "bulk": bulk})


def keep(section: str, found: object) -> None:
    """Put what was found in the place of what was."""
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    kept[section] = found
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
