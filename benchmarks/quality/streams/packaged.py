"""Real streams that come with river and scikit-learn. Those that lie sorted are shuffled at seed 0."""

from __future__ import annotations

import numpy as np
from river import datasets
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

from benchmarks.quality.streams.stream import Row, Stream, dense, take


def shuffled(load) -> list[Row]:
    X, y = load(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    return dense(X[order], y[order])


STREAMS = [
    Stream("image_segments", lambda: take(datasets.ImageSegments(), 2310)),
    Stream("phishing", lambda: take(datasets.Phishing(), 1250)),
    Stream("bananas", lambda: take(datasets.Bananas(), 5300)),
    Stream("shuttle", lambda: take(datasets.Shuttle(), 6000)),
    Stream("digits", lambda: shuffled(load_digits)),
    Stream("breast", lambda: shuffled(load_breast_cancer)),
    Stream("wine", lambda: shuffled(load_wine)),
    Stream("iris", lambda: shuffled(load_iris)),
]
