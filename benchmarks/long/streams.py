"""Three streams of 100,000 rows from river's generators."""

from __future__ import annotations

from collections.abc import Callable

from river.datasets import synth

from benchmarks.quality.streams.generated import AGRAWAL, agrawal
from benchmarks.quality.streams.stream import Row, take

ROWS = 100_000


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
    "rbf_drift_100k": rbf_drift,
    "random_tree_100k": random_tree,
    "agrawal_drift_100k": agrawal_drift,
}
