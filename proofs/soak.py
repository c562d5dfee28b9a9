"""Learn a hundred million samples: the memory of the process stays as it was after the first million.

`make reliability PROOFS=soak`, or `python -m proofs.soak --samples 100000000`. Each model is taught and
asked in turn, by the row and in bulk, on a stream of seven classes; the memory is measured after its warm-up and at its
end, and each model stays finite. Prints the counts as JSON.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from river import optim

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression

ROWS, FEATURES, CLASSES = 100_000, 10, 7
GROWTH = 8 * 2**20  # bytes that a process may grow by after its warm-up: what the allocator happens to keep


def resident() -> int:
    """Give the bytes of this process that are in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def stream() -> tuple[pd.DataFrame, pd.Series]:
    """Give rows whose classes are apart but not cleanly."""
    rng = np.random.default_rng(0)
    y = rng.integers(CLASSES, size=ROWS)
    X = rng.normal(size=(ROWS, FEATURES)) + rng.normal(size=(CLASSES, FEATURES))[y]
    return pd.DataFrame(X, columns=[f"x{j}" for j in range(FEATURES)]), pd.Series(y)


def in_bulk(model: Any) -> Callable[[], None]:
    X, y = stream()
    return lambda: model.learn_many(X, y)


def in_bulk_asked(model: Any) -> Callable[[], None]:
    X, y = stream()

    def turn() -> None:
        model.predict_proba_many(X)
        model.learn_many(X, y)

    return turn


def one_by_one(model: Any) -> Callable[[], None]:
    X, y = stream()
    samples = list(zip(X.to_dict("records"), y.tolist(), strict=True))

    def turn() -> None:
        for x, label in samples:
            model.predict_proba_one(x)
            model.learn_one(x, label)

    return turn


def ever_new_names(model: Any) -> Callable[[], None]:
    """Names that come and go, under a bound on their number."""
    seen = iter(range(10**12))

    def turn() -> None:
        for i in range(ROWS):
            model.learn_one({f"name {next(seen)}": 1.0, "x": float(i % 3)}, i % 3)

    return turn


# Each part of the soak: the model, the way it is taught, and its share of the samples.
PARTS: dict[str, tuple[Callable[[], Any], Callable[[Any], Callable[[], None]], float]] = {
    "SGD, in bulk": (lambda: SoftmaxRegression(optim.SGD(0.01)), in_bulk, 0.70),
    "SGD, one by one": (lambda: SoftmaxRegression(optim.SGD(0.01)), one_by_one, 0.15),
    "Adam, in bulk and asked": (lambda: SoftmaxRegression(optim.Adam(0.001)), in_bulk_asked, 0.08),
    "SGD, ever new names, at most 1,000": (lambda: SoftmaxRegression(max_features=1000), ever_new_names, 0.02),
    "auto, linear, in bulk": (lambda: AutoSoftmaxRegression(interactions=False), in_bulk, 0.03),
    "auto, one by one": (AutoSoftmaxRegression, one_by_one, 0.02),
    "auto, ever new names, at most 1,000": (lambda: AutoSoftmaxRegression(max_features=1000), ever_new_names, 0.005),
}


def soak(make: Callable[[], Any], teach: Callable[[Any], Callable[[], None]], turns: int) -> tuple[int, int]:
    """Give the bytes in memory after the warm-up, a tenth of the turns and at most ten, and at the end."""
    model = make()
    turn = teach(model)
    warm = max(1, min(turns // 10, 10))
    for _ in range(warm):
        turn()
    before = resident()
    for _ in range(turns - warm):
        turn()
    after = resident()
    numbers = [value for value in model._state().values() if isinstance(value, np.ndarray | float)]
    assert all(np.isfinite(value).all() for value in numbers), "a number is not finite"
    return before, after


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=100_000_000)
    options = parser.parse_args()
    start, total, grown = time.monotonic(), 0, {}
    for name, (make, teach, share) in PARTS.items():
        turns = max(3, round(options.samples * share / ROWS))
        before, after = soak(make, teach, turns)
        total += turns * ROWS
        grown[name] = after - before
        print(f"{name}: {turns * ROWS:,} samples, {before / 2**20:.1f} MB, then {after / 2**20:.1f} MB", flush=True)
    assert max(grown.values()) < GROWTH, f"memory grew: {grown}"
    largest = round(max(grown.values()) / 2**20, 2)
    print(json.dumps({"samples": total, "grown, MB": largest, "seconds": round(time.monotonic() - start, 1)}))


if __name__ == "__main__":
    main()
