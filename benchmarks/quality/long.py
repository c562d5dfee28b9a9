"""Long streams: ours beside river's forest over 100,000 rows each, and ours over a million rows.

python benchmarks/quality/long.py             # ours anew, the forest from long.jsonl; prints the table
python benchmarks/quality/long.py --forest    # the forest anew, too (many minutes), into long.jsonl
python benchmarks/quality/long.py --million   # a million rows in bulk: all finite, and how fast
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
from river.datasets import synth
from river.forest import ARFClassifier
from run import conditions
from streams import sha
from streams.generated import AGRAWAL, agrawal
from streams.stream import Row, take
from table import markdown

from online_softmax import AutoSoftmaxRegression

RESULTS = Path(__file__).with_name("long.jsonl")
ROWS, LAST = 100_000, 20_000
SHARES = 0.001, 0.01  # of the uniform law in the forest's answers, which have hard zeros; its better figure counts

RIVALS: dict[str, Callable] = {
    "auto": AutoSoftmaxRegression,
    "auto-linear": lambda: AutoSoftmaxRegression(interactions=False),
    "forest": lambda: ARFClassifier(seed=1),
}


def rbf_drift() -> list[Row]:
    moving = synth.RandomRBFDrift(
        101, 102, n_classes=7, n_features=18, n_centroids=50, n_drift_centroids=50, change_speed=0.001
    )
    return take(moving, ROWS)


def random_tree() -> list[Row]:
    return take(synth.RandomTree(111, 112, n_classes=5, n_num_features=10, n_cat_features=0, max_tree_depth=7), ROWS)


def agrawal_drift() -> list[Row]:
    """Three concepts, each of a third of the rows."""
    for_two_thirds = synth.ConceptDriftStream(agrawal(2), agrawal(6), position=ROWS // 3, width=1000, seed=3)
    return take(
        synth.ConceptDriftStream(for_two_thirds, agrawal(4), position=2 * ROWS // 3, width=1000, seed=3), ROWS, AGRAWAL
    )


STREAMS: dict[str, Callable[[], list[Row]]] = {
    "rbf_drift": rbf_drift,
    "random_tree": random_tree,
    "agrawal_drift": agrawal_drift,
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
    run = subprocess.run(
        [sys.executable, __file__, "--one", rival, stream], stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(run.stdout.splitlines()[-1])


def table(runs: dict[tuple[str, str], dict]) -> list[str]:
    def cell(run: dict, part: str) -> str:
        return f"{run[part]['log_loss']:.4f} / {100 * run[part]['accuracy']:.1f}"

    figures = [f"{rival}, {part}" for part in ("all", "last") for rival in RIVALS]
    header = ["stream", "rows x features x classes", *figures, "µs a row"]
    lines = []
    for stream in STREAMS:
        of = [runs[rival, stream] for rival in RIVALS]
        if len({run["sha"] for run in of}) > 1:
            raise SystemExit(f"the forest saw other rows of {stream}: run it again with --forest")
        shape = f"{of[0]['rows']:,} x {of[0]['features']} x {of[0]['classes']}"
        times = " / ".join(f"{run['us']:.1f}" for run in of if "us" in run)
        lines.append([stream, shape, *(cell(run, part) for part in ("all", "last") for run in of), times])
    return markdown(header, lines)


def about(runs: dict[tuple[str, str], dict]) -> str:
    def said(run: dict) -> str:
        return ", ".join(f"{name} {value}" for name, value in run["conditions"].items())

    return (
        f"Log loss in nats / accuracy in %, progressive, over all rows and over the last {LAST:,}. The forest is "
        f"river's `ARFClassifier(seed=1)`, its probabilities mixed with {' or '.join(f'{s:.1%}' for s in SHARES)} "
        f"uniform, whichever is better. µs: processor time to predict and learn a row, of auto and auto-linear. "
        f"Ours: {said(runs['auto', 'rbf_drift'])}. Forest: {said(runs['forest', 'rbf_drift'])}."
    )


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
    parser = argparse.ArgumentParser(description="Measure long streams, and print the table.")
    parser.add_argument("--forest", action="store_true", help="measure the forest anew")
    parser.add_argument("--million", action="store_true", help="only the million rows")
    parser.add_argument("--one", nargs=2, metavar=("RIVAL", "STREAM"), help="run one here and print its line")
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(one(*chosen.one)))
        return 0
    if chosen.million:
        print(million())
        return 0
    if chosen.forest:
        RESULTS.write_text("".join(json.dumps(process("forest", stream)) + "\n" for stream in STREAMS))
    kept = [json.loads(line) for line in RESULTS.read_text().splitlines()]
    runs = {(run["rival"], run["stream"]): run for run in kept}
    runs |= {(rival, stream): process(rival, stream) for rival in ("auto", "auto-linear") for stream in STREAMS}
    print("\n".join([about(runs), "", *table(runs)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
