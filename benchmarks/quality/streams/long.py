"""Concepts that take 100,000 rows to learn, come back, or move slowly: trees, pairs of categories, a chessboard."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from river.datasets import synth

from benchmarks.quality.streams.generated import drift
from benchmarks.quality.streams.stream import Row, Stream, dense, take

ROWS = 100_000


def tree(seed: int, sample: int) -> synth.RandomTree:
    """Four classes, ten numbers, a tree eight tests deep."""
    return synth.RandomTree(
        seed, sample, n_classes=4, n_num_features=10, n_cat_features=0, max_tree_depth=8, first_leaf_level=4
    )


def trees_return() -> list[Row]:
    """Three trees, A B C A."""
    parts = (tree(301, 311), 0.3), (tree(302, 312), 0.3), (tree(303, 313), 0.2), (tree(301, 314), 0.2)
    return list(chain.from_iterable(take(concept, int(share * ROWS)) for concept, share in parts))


def tree_fades() -> list[Row]:
    """One tree takes the place of another over some 40,000 rows."""
    return take(drift(tree(304, 315), tree(305, 316), ROWS // 2, 2 * ROWS // 5), ROWS)


def hyperplane_turns() -> list[Row]:
    return take(
        synth.Hyperplane(321, n_features=10, n_drift_features=5, mag_change=0.0005, noise_percentage=0.05), ROWS
    )


def nominal(columns: np.ndarray) -> list[dict[str, float]]:
    """Rows of categories by number, as `column=value`."""
    return [{f"c{j}={v}": 1.0 for j, v in enumerate(row)} for row in columns.tolist()]


def pairs(seed: int, sizes: Sequence[int], taking_part: Sequence[tuple[int, int]], C: int, noise: float) -> list[Row]:
    """Nominal columns, of which some pairs decide the class: each pair of values adds to the scores as it likes."""
    r = np.random.default_rng(seed)
    columns = np.stack([r.integers(0, size, ROWS) for size in sizes], axis=1)
    score = noise * r.gumbel(size=(ROWS, C))
    for i, j in taking_part:
        score += r.normal(size=(sizes[i], sizes[j], C))[columns[:, i], columns[:, j]]
    return list(zip(nominal(columns), score.argmax(1).tolist(), strict=True))


def categories() -> list[Row]:
    """Ten columns of eight values: 80 features."""
    return pairs(331, [8] * 10, [(0, 1), (2, 3), (4, 5)], 4, 0.3)


def wide_categories() -> list[Row]:
    """Twelve columns of twenty values: 240 features."""
    return pairs(332, [20] * 12, [(0, 1), (2, 3)], 3, 0.2)


def chessboard() -> list[Row]:
    """Eight by eight fields of eight classes, seen a line of fields at a time for 500 rows, and whole after all lines.

    So a line comes back after 4,500 rows, and 30 times or so in all.
    """
    r = np.random.default_rng(341)
    classes, X = r.integers(0, 8, (8, 8)), r.random((ROWS, 2))
    turn = np.arange(ROWS) // 500 % 9
    X[:, 0] = np.where(turn < 8, (turn + X[:, 0]) / 8, X[:, 0])
    field = (8 * X).astype(int)
    return dense(X, classes[field[:, 0], field[:, 1]])


STREAMS = [
    Stream("tree", lambda: take(tree(300, 310), ROWS)),
    *(Stream(make.__name__, make) for make in (trees_return, tree_fades, hyperplane_turns)),
    *(Stream(make.__name__, make, sparse=True) for make in (categories, wide_categories)),
    Stream("chessboard", chessboard, correlated=True),
]
