"""Long streams: ours beside river's forest over 100,000 rows each, and ours over a million rows.

python -m benchmarks.long             # ours anew
python -m benchmarks.long --forest    # the forest anew, too: many minutes
python -m benchmarks.long --million   # a million rows in bulk: all finite, and how fast
python -m benchmarks.long.table       # the table
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from river.forest import ARFClassifier

from benchmarks import ROOT
from benchmarks.common.conditions import conditions
from benchmarks.common.results import keep
from benchmarks.long import LAST, RESULTS, SHARES
from benchmarks.long.streams import STREAMS
from benchmarks.quality.streams import sha
from benchmarks.quality.streams.stream import Row
from online_softmax import AutoSoftmaxRegression

RIVALS: dict[str, Callable] = {
    "auto": AutoSoftmaxRegression,
    "auto-linear": lambda: AutoSoftmaxRegression(interactions=False),
    "forest": lambda: ARFClassifier(seed=1),
}


def progress(model, rows: list[Row]) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Predict, then learn, each row: p of its label (nan where it is new), classes seen, hits, processor µs a row."""
    chance, classes, hits = np.full(len(rows), np.nan), np.ones(len(rows)), np.zeros(len(rows), bool)
    seen = set()
    start = time.process_time()
    for t, (x, y) in enumerate(rows):
        p = model.predict_proba_one(x)
        model.learn_one(x, y)
        if y in seen:
            total = sum(p.values())
            chance[t], classes[t] = (p.get(y, 0.0) / total if total > 0 else 1 / len(seen)), len(seen)
            hits[t] = max(p, key=p.get, default=None) == y
        seen.add(y)
    return chance, classes, hits, (time.process_time() - start) / len(rows) * 1e6


def one(rival: str, stream: str) -> dict:
    """Run a rival over a stream, here."""
    rows = STREAMS[stream]()
    chance, classes, hits, us = progress(RIVALS[rival](), rows)

    def figures(part: slice) -> dict[str, float]:
        mixed = [(1 - s) * chance[part] + s / classes[part] for s in (SHARES if rival == "forest" else (0,))]
        log_loss = min(-np.nanmean(np.log(np.maximum(p, 1e-15))) for p in mixed)
        return {"log_loss": round(float(log_loss), 6), "accuracy": round(float(hits[part].mean()), 6)}

    return {
        "rival": rival,
        "stream": stream,
        "rows": len(rows),
        "features": len(set().union(*(x for x, _ in rows))),
        "classes": len({y for _, y in rows}),
        "sha": sha(rows),
        "all": figures(slice(None)),
        "last": figures(slice(-LAST, None)),
        "conditions": conditions(),
    } | ({} if rival == "forest" else {"us": round(us, 2)})


def process(rival: str, stream: str) -> dict:
    """The same, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.long", "--one", rival, stream]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def million(n: int = 1_000_000, chunk: int = 10_000) -> str:
    """Predict, then learn, a million rows chunk by chunk: 18 features, 7 classes, 50 centres that move."""
    rng, model, hits, seconds = np.random.default_rng(0), AutoSoftmaxRegression(), 0, 0.0
    centre, speed, width = rng.random((50, 18)), 0.02 * rng.normal(size=(50, 18)), 0.3 + 0.3 * rng.random(50)
    for start in range(0, n, chunk):
        k = rng.integers(50, size=chunk)
        X = pd.DataFrame(
            centre[k] + width[k, None] * rng.normal(size=(chunk, 18)), columns=[f"x{j}" for j in range(18)]
        )
        y = pd.Series(k % 7)
        if start:
            P = model.predict_proba_many(X)
            if not np.allclose(P.sum(axis=1), 1, rtol=0, atol=1e-12):
                raise SystemExit(f"an answer is no distribution, in the rows from {start:,}")
            hits += (P.idxmax(axis=1) == y).sum()
        since = time.process_time()
        model.learn_many(X, y)
        seconds += time.process_time() - since
        centre += speed
        speed[(centre < 0) | (centre > 1)] *= -1
    learned = model.__getstate__()["learned"].values()
    if not all(np.isfinite(value).all() for value in learned if isinstance(value, np.ndarray | float)):
        raise SystemExit("a number that was learned is not finite")
    return (
        f"{n:,} rows x 18 features x 7 classes, 50 drifting centres, in frames of {chunk:,}: everything finite; "
        f"{seconds / n * 1e6:.1f} µs a row to learn; accuracy {100 * hits / (n - chunk):.1f} % on frames not yet "
        f"learned; {sys.getsizeof(model) / 1e6:.2f} MB."
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure long streams.")
    parser.add_argument("--forest", action="store_true", help="measure the forest anew, too")
    parser.add_argument("--million", action="store_true", help="only the million rows")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--one", nargs=2, metavar=("RIVAL", "STREAM"), help="run one here and print its line")
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(one(*chosen.one)))
    elif chosen.million:
        print(million())
    else:
        for rival in RIVALS if chosen.forest else [name for name in RIVALS if name != "forest"]:
            for stream in STREAMS:
                keep(chosen.results, [process(rival, stream)], "rival", "stream")
                print(rival, stream, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
