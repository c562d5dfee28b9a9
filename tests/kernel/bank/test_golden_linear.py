"""The linear bank gives the figures of an independent dense implementation of the same formulas, row by row."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from river import datasets
from sklearn import datasets as sklearn_datasets

from online_softmax import AutoSoftmaxRegression

GOLDEN = Path(__file__).parents[2] / "golden" / "auto.npz"


def from_sklearn(load):
    """Give a data set of scikit-learn in a random order."""
    X, y = load(return_X_y=True)
    rows = list(zip(X.tolist(), y.tolist(), strict=True))
    random.Random(0).shuffle(rows)
    return [({f"x{j}": value for j, value in enumerate(x)}, label) for x, label in rows]


def drift():
    """Five classes whose centres wander, from features on scales from 1e-4 to 1e4; the classes come and go."""
    rng = random.Random(1)
    centres = [[rng.gauss(0, 0.8) for _ in range(8)] for _ in range(5)]
    for t in range(1500):
        label = rng.randrange(2 + t // 400) if rng.random() < 0.8 else rng.randrange(2)
        for centre in centres:
            for j in range(8):
                centre[j] += rng.gauss(0, 0.03)
        yield {f"x{j}": (rng.gauss(centres[label][j], 1) + j) * 10.0 ** (j - 4) for j in range(8)}, label


def sparse():
    """Forty features that are mostly absent: some always rare, some always common, and ten now rare, now common."""
    rng = random.Random(2)
    often = [(0.03, 0.2, 0.6)[j % 3] for j in range(30)]
    signs = [[rng.choice([-1, 0, 1]) for _ in range(4)] for _ in range(40)]
    for t in range(1000):
        now = often + [0.9 if (t + 100 * j) // 500 % 2 else 0.02 for j in range(10)]
        x = {f"x{j}": rng.gauss(1, 1) for j in range(40) if rng.random() < now[j]}
        scores = [sum(value * signs[int(name[1:])][c] for name, value in x.items()) for c in range(4)]
        yield x, max(range(4), key=lambda c: scores[c] + rng.gauss(0, 1))


STREAMS = {
    "image segments": datasets.ImageSegments,
    "phishing": datasets.Phishing,
    "wine": lambda: from_sklearn(sklearn_datasets.load_wine),
    "iris": lambda: from_sklearn(sklearn_datasets.load_iris),
    "drift": drift,
    "sparse": sparse,
}


@pytest.fixture(scope="module")
def golden():
    """Give the figures of every stream: p of the true class (0 where it is new), and the largest p, a row each."""
    with np.load(GOLDEN) as figures:
        return dict(figures)


@pytest.mark.parametrize("name", STREAMS)
def test_one_by_one(golden, name):
    model, figures = AutoSoftmaxRegression(interactions=False), []
    for x, y in STREAMS[name]():
        p = model.predict_proba_one(x)
        figures.append((p.get(y, 0), max(p.values(), default=1)))
        model.learn_one(x, y)
    np.testing.assert_allclose(figures[1:], golden[name][1:], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", STREAMS)
def test_in_bulk_with_a_column_for_every_feature(golden, name):
    rows = list(STREAMS[name]())
    X, y = pd.DataFrame([x for x, _ in rows]).fillna(0.0), pd.Series([y for _, y in rows])
    model, half = AutoSoftmaxRegression(interactions=False), len(rows) // 2
    model.learn_many(X[:half], y[:half])
    P = model.predict_proba_many(X[half : half + 1])
    assert P.to_numpy().max() == pytest.approx(golden[name][half, 1], abs=1e-6)
