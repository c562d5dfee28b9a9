"""Two threads that predict on one model, beside one thread: rows a second, in paired turns.

python -m benchmarks.speed.threads           # half a minute on two cores, which must be free
python -m benchmarks.speed.threads --check   # exit status 1 if a target is missed
"""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.common.conditions import conditions
from benchmarks.common.results import keep
from benchmarks.speed import RESULTS
from benchmarks.speed.clock import one_by_one
from benchmarks.speed.figures import THREADS, Results, thread_targets
from benchmarks.speed.rivals import OURS
from online_softmax import AutoSoftmaxRegression, SoftmaxRegression

ROWS, FEATURES, CLASSES = 20_000, 18, 7
ONE_BY_ONE = 2_000  # the rows that `predict_proba_one` is asked, as dictionaries
LEAST = 0.3  # seconds that a thread is busy in a turn
TURNS = 15
MODELS = {"SoftmaxRegression": SoftmaxRegression, "AutoSoftmaxRegression": AutoSoftmaxRegression}


def sample() -> tuple[np.ndarray, np.ndarray]:
    """Normal values, and labels of a linear rule with noise."""
    draw = np.random.default_rng(42)
    X = draw.normal(size=(ROWS, FEATURES))
    scores = X @ draw.normal(size=(FEATURES, CLASSES)) + draw.gumbel(size=(ROWS, CLASSES))
    return X, scores.argmax(axis=1)


def seconds(work: Callable[[], object], passes: int, threads: int) -> float:
    """Wall seconds until all threads, which start together, have done all their passes."""
    together = threading.Barrier(threads + 1)

    def run() -> None:
        together.wait()
        for _ in range(passes):
            work()

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    together.wait()
    start = time.perf_counter()
    for worker in workers:
        worker.join()
    return time.perf_counter() - start


def rates(work: Callable[[], object], rows: int, turns: int) -> list[list[float]]:
    """Rows a second of one thread and of two, a pair a turn; which of them is first changes from turn to turn."""
    work()
    passes = max(1, round(LEAST / seconds(work, 1, 1)))
    pairs = []
    for turn in range(turns):
        found = {n: n * passes * rows / seconds(work, passes, n) for n in ((1, 2) if turn % 2 else (2, 1))}
        pairs.append([round(found[1], 1), round(found[2], 1)])
    return pairs


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure two threads that predict on one model.")
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--check", action="store_true", help="exit with status 1 if a target is missed")
    chosen = parser.parse_args()
    (X, y), where, lines = sample(), conditions(), []
    xs = [{f"x{j}": value for j, value in enumerate(row)} for row in X[:ONE_BY_ONE].tolist()]
    for name, make in MODELS.items():
        in_bulk, by_row = make(), make()
        in_bulk.learn_many(X, y)
        for x, label in zip(xs, y.tolist(), strict=False):
            by_row.learn_one(x, label)
        works = {
            "predict_proba_many": (partial(in_bulk.predict_proba_many, X), ROWS),
            "predict_proba_one": (partial(one_by_one, by_row.predict_proba_one, xs), ONE_BY_ONE),
        }
        for call, (work, rows) in works.items():
            pairs = rates(work, rows, chosen.turns)
            lines.append({"rival": OURS, "stream": THREADS, "call": f"{name}, {call}", "rates": pairs})
            ratio = statistics.median(two / one for one, two in pairs)
            print(f"{name}, {call}: {ratio:.2f} times the rate of one thread", flush=True)
    keep(chosen.results, [{**line, "conditions": where} for line in lines], "stream")
    missed = [target for target in thread_targets(Results(chosen.results)) if not target.reached]
    for target in missed if chosen.check else ():
        print(f"missed: {target.text}: {target.measured}, must be {target.bound}", file=sys.stderr)
    return 1 if missed and chosen.check else 0


if __name__ == "__main__":
    sys.exit(main())
