"""One pass over a stream in rounds: every shard learns from the same model, and what they have learned is merged."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from river import optim

from benchmarks.cluster.streams import ROWS, WORLDS
from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, merge, open_stream, progressive_validation
from online_softmax.rounds.schedule import rows_of_shard

MODELS: dict[str, Callable[[], Any]] = {
    "SGD": SoftmaxRegression,
    "AdaGrad": lambda: SoftmaxRegression(optim.AdaGrad(0.1)),
    "auto-linear": lambda: AutoSoftmaxRegression(interactions=False),
    "auto": AutoSoftmaxRegression,
}


def sequential(name: str, world: str, rows: int = ROWS) -> float:
    """The progressive log loss of one model that learns every row before it predicts the next."""
    X, y = WORLDS[world][0](rows)
    return progressive_validation(open_stream(X, y), MODELS[name]()).log_loss


def in_rounds(name: str, world: str, shards: int, round_rows: int, rows: int = ROWS) -> dict[str, Any]:
    """The log loss of the model that serves while the shards learn, and what the rounds took."""
    (table, shard_of), model = WORLDS[world], MODELS[name]()
    X, y = table(rows)
    loss, scored, at, rounds, seconds = 0.0, 0, 0, 0, 0.0
    while at < rows:
        size = rows_of_shard(rounds, round_rows, shards) * shards
        rows_X, rows_y = X[at : at + size], y[at : at + size]
        found = served(model, rows_X, rows_y)
        loss, scored = loss + found.sum(), scored + len(found)
        shard, updates = shard_of(rows_y, at, shards), []
        for k in range(shards):
            update, mine = model.copy(), shard == k
            if mine.any():
                update.learn_many(rows_X[mine], rows_y[mine])
            updates.append(update)
        since = time.perf_counter()
        model = merge(model, updates)
        seconds += time.perf_counter() - since
        at, rounds = at + size, rounds + 1
    return {"log_loss": loss / scored, "scored": scored, "rounds": rounds, "merge_ms": 1e3 * seconds / rounds}


def served(model: Any, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The log loss of each row whose class the model knows."""
    position = {label: c for c, label in enumerate(model.classes)}
    at = np.array([position.get(label, -1) for label in y.tolist()])
    known = np.flatnonzero(at >= 0)
    if not len(known):
        return np.zeros(0)
    return -np.log(np.maximum(model.predict_proba_many(X[known])[np.arange(len(known)), at[known]], 1e-15))
