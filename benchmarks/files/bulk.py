"""learn_many beside SGDClassifier.partial_fit on an array in memory, and what the machine allows: nanoseconds a row."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from time import perf_counter

import numpy as np
from river import optim
from sklearn.linear_model import SGDClassifier
from tables import DENSE, dense_table

from online_softmax import SoftmaxRegression

TURNS = 5


def best(call: Callable[[], object]) -> float:
    times = []
    for _ in range(TURNS):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times)


def main(rows: int) -> None:
    X, y = dense_table(rows)
    classes = np.arange(DENSE["classes"])
    A = np.ones((512, 512))
    rate = 2 * 512**3 / best(lambda: A @ A)
    flops = (
        4 * rows * DENSE["features"] * DENSE["classes"]
    )  # z = x B, and B - x^T g: a multiplication and an addition each
    found = {
        "learn_many": best(lambda: SoftmaxRegression(optim.SGD(0.05)).learn_many(X, y)),
        # One-vs-all: ten binary models, where ours is one of ten classes.
        "partial_fit": best(lambda: SGDClassifier(loss="log_loss").partial_fit(X, y, classes)),
        "memory": best(lambda: X.sum()),
        "multiply-adds": flops / rate,
    }
    print(json.dumps({name: seconds / rows * 1e9 for name, seconds in found.items()}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
