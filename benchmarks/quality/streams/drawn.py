"""Streams drawn with NumPy and scikit-learn: clusters with awkward scales, drift, outliers, many or late classes."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import make_classification

from benchmarks.quality.streams.stream import Row, Stream, dense


def clusters(n: int, d: int, C: int, seed: int, informative: int, **more) -> tuple[np.ndarray, np.ndarray]:
    return make_classification(
        n, d, n_informative=informative, n_classes=C, random_state=seed, n_clusters_per_class=1, **more
    )


def redundant() -> list[Row]:
    return dense(*clusters(6000, 30, 8, 101, 10, n_redundant=15, class_sep=1.3))


def noisy_labels() -> list[Row]:
    return dense(*clusters(6000, 20, 5, 102, 8, flip_y=0.25, class_sep=1.4))


def swapped_labels() -> list[Row]:
    X, y = clusters(8000, 16, 5, 103, 8, class_sep=1.4)
    y[4000:] = np.array([1, 0, 3, 4, 2])[y[4000:]]
    return dense(X, y)


def scales() -> list[Row]:
    """Units from 1e-6 to 1e6, and far from zero."""
    X, y = clusters(6000, 20, 4, 104, 8, n_redundant=6, class_sep=1.1)
    return dense((X + 2.0) * np.logspace(-6, 6, 20), y)


def imbalanced() -> list[Row]:
    return dense(*clusters(8000, 15, 3, 105, 8, weights=[0.92, 0.06, 0.02], class_sep=1.1))


def forty_classes() -> list[Row]:
    r = np.random.default_rng(106)
    centres, y = r.normal(size=(40, 18)), r.integers(0, 40, 8000)
    return dense(centres[y] + 1.1 * r.normal(size=(8000, 18)), y)


def late_classes() -> list[Row]:
    """A class joins every 600 rows."""
    r = np.random.default_rng(107)
    centres, y = 1.1 * r.normal(size=(8, 12)), r.integers(0, np.minimum(8, 2 + np.arange(6000) // 600))
    return dense(centres[y] + r.normal(size=(6000, 12)), y)


def outliers() -> list[Row]:
    """One value in a thousand is a million times too large."""
    r = np.random.default_rng(108)
    y = r.integers(0, 4, 6000)
    X = 1.3 * r.normal(size=(4, 10))[y] + 1.5 * r.normal(size=(6000, 10))
    return dense(X * np.where(r.random(X.shape) < 0.001, 1e6, 1.0), y)


def heavy_tails() -> list[Row]:
    r = np.random.default_rng(109)
    z = r.standard_t(2.0, size=(6000, 12))
    return dense(np.sign(z) * z**2, (np.arctan(z) @ r.normal(size=(12, 4)) + r.gumbel(size=(6000, 4))).argmax(1))


def wandering() -> list[Row]:
    """A linear rule whose weights do a slow random walk."""
    r = np.random.default_rng(110)
    X, B, keep = r.normal(size=(8000, 12)), r.normal(size=(12, 4)), 0.999
    y = np.empty(8000, int)
    for t, x in enumerate(X):
        B = keep * B + np.sqrt(1 - keep**2) * r.normal(size=B.shape)
        y[t] = (x @ B + r.gumbel(size=4)).argmax()
    return dense(X, y)


def bursts() -> list[Row]:
    """A class stays for 5 to 40 rows."""
    r = np.random.default_rng(111)
    runs = [np.full(r.integers(5, 40), r.integers(6)) for _ in range(300)]
    y = np.concatenate(runs)[:6000]
    return dense(0.6 * r.normal(size=(6, 15))[y] + r.normal(size=(len(y), 15)), y)


def stages() -> list[Row]:
    """A machine that goes through five stages in order, each for about eight rows."""
    r = np.random.default_rng(112)
    y = np.cumsum(r.random(6000) < 1 / 8) % 5
    return dense(0.5 * r.normal(size=(5, 10))[y] + r.normal(size=(6000, 10)), y)


def sticky() -> list[Row]:
    """Two states, each left with probability 0.15."""
    r = np.random.default_rng(113)
    y = np.cumsum(r.random(6000) < 0.15) % 2
    return dense(0.35 * y[:, None] * r.normal(size=8) + r.normal(size=(6000, 8)), y)


STREAMS = [
    *(Stream(make.__name__, make) for make in (redundant, noisy_labels, swapped_labels, scales, imbalanced)),
    *(Stream(make.__name__, make) for make in (forty_classes, late_classes, outliers, heavy_tails, wandering)),
    *(Stream(make.__name__, make, correlated=True) for make in (bursts, stages, sticky)),
]
