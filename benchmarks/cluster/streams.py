"""Streams of 200,000 rows x 50 features x 10 classes, and how their rows come to shards."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from benchmarks.files.inputs import DENSE, dense_table, labels

ROWS = 200_000
CONCEPTS = 4
HOME = 0.9  # of the rows of a class come to the shards that have its half of the classes

Table = tuple[np.ndarray, np.ndarray]


@cache
def steady(rows: int = ROWS) -> Table:
    """One softmax model for all rows."""
    return dense_table(rows)


@cache
def drifting(rows: int = ROWS) -> Table:
    """Another softmax model for each quarter of the rows."""
    rng = np.random.default_rng(44)
    X = rng.normal(size=(rows, DENSE["features"]))
    scores = [part @ rng.normal(size=(DENSE["features"], DENSE["classes"])) for part in np.array_split(X, CONCEPTS)]
    return X, labels(np.concatenate(scores), rng)


def in_turn(y: np.ndarray, first: int, shards: int) -> np.ndarray:
    """The shard of each row: one row each in turn."""
    return (first + np.arange(len(y))) % shards


def by_label(y: np.ndarray, first: int, shards: int) -> np.ndarray:
    """The shard of each row: every other shard has mostly one half of the classes, and the others the other half."""
    rng = np.random.default_rng(first)
    half = np.where(rng.random(len(y)) < HOME, y * 2 // DENSE["classes"], rng.integers(0, 2, len(y)))
    of_half = np.where(half == 0, (shards + 1) // 2, shards // 2)
    return np.where(of_half > 0, 2 * (rng.random(len(y)) * of_half).astype(int) + half, 0)


WORLDS: dict[str, tuple[Callable[[int], Table], Callable[[np.ndarray, int, int], np.ndarray]]] = {
    "alike": (steady, in_turn),
    "skewed by label": (steady, by_label),
    "drifting": (drifting, in_turn),
}
