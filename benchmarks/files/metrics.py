"""The part of a run that its metrics take, all of them: `python -m benchmarks.files.metrics`."""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time, thread_time
from unittest.mock import patch

from river.preprocessing import StandardScaler

from benchmarks.common.conditions import conditions
from benchmarks.common.results import keep
from benchmarks.files import RESULTS
from benchmarks.files.inputs import write_dense
from online_softmax import SoftmaxRegression, progressive_validation
from online_softmax.evaluation.tally import Tally

ROWS = 300_000


def turn(path: Path) -> tuple[float, float]:
    """Processor seconds of a run, all threads together, and of adding up and working out its metrics."""
    spent = 0.0

    def timed(method):
        def call(*given, **keywords):
            nonlocal spent
            start = thread_time()
            try:
                return method(*given, **keywords)
            finally:
                spent += thread_time() - start

        return call

    names = ("add", "result")
    with patch.multiple(Tally, **{name: timed(getattr(Tally, name)) for name in names}):
        start = process_time()
        result = progressive_validation(path, StandardScaler() | SoftmaxRegression(), target="y")
        result.to_dict()
        return process_time() - start, spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    turns = []
    with TemporaryDirectory() as folder:
        write_dense(Path(folder), ROWS)
        for _ in range(options.turns):
            turns.append(turn(Path(folder, "dense.csv")))
            print(
                f"run {turns[-1][0]:.2f} s   metrics {turns[-1][1]:.3f} s   {turns[-1][1] / turns[-1][0]:.1%}",
                flush=True,
            )
    line = {"measure": "metrics", "of": "CSV, SGD", "run and metrics": turns, "conditions": conditions()}
    keep(options.results, [line], "measure", "of")


if __name__ == "__main__":
    main()
