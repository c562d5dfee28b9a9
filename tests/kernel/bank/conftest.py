"""What the tests of the bank share: streams of Gaussians, and how well a model follows a stream."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from online_softmax import AutoSoftmaxRegression


def gaussians_of(n, d, classes, apart, seed=0):
    """Give X and y of one Gaussian a class."""
    rng = np.random.default_rng(seed)
    centres, y = rng.normal(size=(classes, d)) * apart, rng.integers(classes, size=n)
    return centres[y] + rng.normal(size=(n, d)), y


def frame_of(X):
    """Give X as a frame, with a name for each column."""
    return pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])


def progress_of(model, X, y):
    """Predict, then learn, each row: p of the true class (nan where it is new), and whether it was the largest."""
    chances, hits = [], []
    for x, label in zip(frame_of(X).to_dict("records"), y.tolist(), strict=True):
        p = model.predict_proba_one(x)
        chances.append(p.get(label, math.nan))
        hits.append(bool(p) and max(p, key=p.get) == label)
        model.learn_one(x, label)
    return np.array(chances), np.array(hits)


def accuracy_of(stream, last, **parameters):
    """Predict, then learn, each row; give the share of hits among the last rows."""
    model, hits = AutoSoftmaxRegression(**parameters), []
    for x, y in stream:
        hits.append(model.predict_one(x) == y)
        model.learn_one(x, y)
    return sum(hits[-last:]) / last


@pytest.fixture(scope="session")
def gaussians():
    """Give the function that makes X and y of one Gaussian a class."""
    return gaussians_of


@pytest.fixture(scope="session")
def frame():
    """Give the function that makes a frame of X."""
    return frame_of


@pytest.fixture(scope="session")
def progress():
    """Give the function that predicts, then learns, each row."""
    return progress_of


@pytest.fixture(scope="session")
def accuracy():
    """Give the function that says how often a model is right at the end of a stream."""
    return accuracy_of
