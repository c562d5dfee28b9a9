"""Small real data, and the estimators that the tests run on."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris

from online_softmax.sklearn import AutoSoftmaxClassifier, SoftmaxClassifier

ESTIMATORS = {
    "softmax": SoftmaxClassifier,
    "softmax, SGD, raw": lambda **parameters: SoftmaxClassifier("SGD", scaling=None, **parameters),
    "auto": AutoSoftmaxClassifier,
}


@pytest.fixture(params=ESTIMATORS)
def make(request):
    """Make a fresh estimator: each test runs once for every one of them."""
    return ESTIMATORS[request.param]


def shuffled(load):
    X, y = load(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    return X[order], y[order]


@pytest.fixture(scope="session")
def iris():
    """Give three classes of flowers, in random order."""
    return shuffled(load_iris)


@pytest.fixture(scope="session")
def cancer():
    """Give two classes, in random order."""
    return shuffled(load_breast_cancer)
