"""Rounds of parameter mixing, simulated in one process; and what merging takes.

python -m benchmarks.cluster         # all of it anew: some ten minutes
python -m benchmarks.cluster.table   # the tables
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.cluster import RESULTS, ROUNDS, SHARDS, USUAL
from benchmarks.cluster.simulation import MODELS, in_rounds, sequential
from benchmarks.cluster.streams import WORLDS, steady
from benchmarks.common.conditions import conditions
from benchmarks.common.results import keep
from online_softmax import SoftmaxRegression, merge
from online_softmax.models.saving import to_bytes

MERGED = 2, 8, 16  # models at once
WIDE = 250_000  # features of a model of 40 MB


def losses(path: Path) -> None:
    """Keep the log loss of every model in every world."""
    for name in MODELS:
        for world in WORLDS:
            runs = [{"shards": 0, "round_rows": 0, "log_loss": sequential(name, world)}]
            for shards, round_rows in dict.fromkeys(
                [(shards, USUAL) for shards in SHARDS] + [(8, n) for n in ROUNDS if name != "auto"]
            ):
                run = in_rounds(name, world, shards, round_rows)
                runs.append({"shards": shards, "round_rows": round_rows, **run})
            lines = [{"of": f"{name}, {world}", **run, "conditions": conditions()} for run in runs]
            keep(path, lines, "of", "shards", "round_rows")
            print(name, world, [round(run["log_loss"], 4) for run in runs], flush=True)


def taken(models: list[Any], turns: int = 5) -> float:
    """Seconds to merge what these have learned since the first of them."""
    times = []
    for _ in range(turns):
        since = time.perf_counter()
        merge(models[0], models[1:])
        times.append(time.perf_counter() - since)
    return median(times)


def grown(name: str, n: int) -> list[Any]:
    """A model, and n that have learned on from it."""
    X, y = steady(20_000)
    base = MODELS[name]()
    base.learn_many(X[:1000], y[:1000])
    return [
        base,
        *(learned(base, X[1000 * i : 1000 * i + 1000], y[1000 * i : 1000 * i + 1000]) for i in range(1, n + 1)),
    ]


def wide(n: int) -> list[Any]:
    """A model of 40 MB, and n that have learned on from it."""
    rng = np.random.default_rng(0)
    base = SoftmaxRegression()
    for c in range(20):
        base.learn_one(dict.fromkeys(range(WIDE), 1.0), c)
    each = [base.copy() for _ in range(n)]
    for update in each:
        for x in rng.integers(0, WIDE, (200, 50)).tolist():
            update.learn_one(dict.fromkeys(x, 1.0), x[0] % 20)
    return [base, *each]


def learned(base: Any, X: np.ndarray, y: np.ndarray) -> Any:
    update = base.copy()
    update.learn_many(X, y)
    return update


def row_us(name: str, rows: int = 20_000) -> float:
    """Microseconds of one core to predict, then learn, a row in bulk."""
    X, y = steady(rows)
    model, since = MODELS[name](), time.process_time()
    for start in range(0, rows, 1000):
        if start:
            model.predict_proba_many(X[start : start + 1000])
        model.learn_many(X[start : start + 1000], y[start : start + 1000])
    return (time.process_time() - since) / rows * 1e6


def merging(path: Path) -> None:
    """Keep what merging takes."""
    for name in (*MODELS, "SGD, 40 MB"):
        models = grown(name, max(MERGED)) if name in MODELS else wide(max(MERGED))
        line = {"of": f"merging, {name}", "shards": 0, "round_rows": 0, "bytes": len(to_bytes(models[0]))}
        if name in MODELS:
            line["us"] = row_us(name)
        line["seconds"] = {str(n): taken(models[: n + 1]) for n in MERGED}
        keep(path, [{**line, "conditions": conditions()}], "of", "shards", "round_rows")
        print(line, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Simulate rounds of parameter mixing.")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--merging", action="store_true", help="only what merging takes")
    chosen = parser.parse_args()
    merging(chosen.results)
    if not chosen.merging:
        losses(chosen.results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
