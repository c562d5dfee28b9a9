"""learn_many beside SGDClassifier.partial_fit on an array in memory, and what the machine allows: nanoseconds a row.

Two bounds: the multiply-adds as BLAS does them, many rows at a time, and as plain C loops do, one row after the other.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
from river import optim
from sklearn.linear_model import SGDClassifier

from benchmarks.files.inputs import DENSE, dense_table
from online_softmax import SoftmaxRegression

TURNS = 5
IN_TURN = r"""
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double B[FEATURES][CLASSES];

/* For each of the rows, z = x B, and then B - x^T g of a g that hangs on z. */
int main(void) {
    double *X = malloc(sizeof *X * FEATURES * ROWS), least = 1e9;
    for (long i = 0; i < FEATURES * ROWS; i++) X[i] = i % 7 - 3;
    for (int turn = 0; turn < TURNS; turn++) {
        clock_t start = clock();
        for (const double *x = X; x < X + FEATURES * ROWS; x += FEATURES) {
            double z[CLASSES] = {0}, g[CLASSES];
            for (int i = 0; i < FEATURES; i++)
                for (int c = 0; c < CLASSES; c++) z[c] += x[i] * B[i][c];
            for (int c = 0; c < CLASSES; c++) g[c] = 1e-3 * z[c] + 1e-3;
            for (int i = 0; i < FEATURES; i++)
                for (int c = 0; c < CLASSES; c++) B[i][c] -= x[i] * g[c];
        }
        double taken = (double)(clock() - start) / CLOCKS_PER_SEC;
        least = taken < least ? taken : least;
    }
    printf("%.9f", least);
    return B[0][0] != B[0][0];
}
"""


def in_turn(rows: int) -> float:
    """Seconds of the multiply-adds where each row waits for the one before it, with this machine's widest vectors."""
    sizes = {"ROWS": f"{rows}L", "FEATURES": DENSE["features"], "CLASSES": DENSE["classes"], "TURNS": TURNS}
    with TemporaryDirectory() as folder:
        source, program = Path(folder, "in_turn.c"), Path(folder, "in_turn")
        source.write_text(IN_TURN)
        flags = ["-O3", "-march=native", "-ffp-contract=off", *(f"-D{name}={size}" for name, size in sizes.items())]
        subprocess.run(["gcc", *flags, str(source), "-o", str(program)], check=True)
        return float(subprocess.run([str(program)], stdout=subprocess.PIPE, check=True).stdout)


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
        "multiply-adds, row by row": in_turn(rows),
    }
    print(json.dumps({name: seconds / rows * 1e9 for name, seconds in found.items()}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
