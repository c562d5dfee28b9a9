"""A batch of rows is one step of SoftmaxRegression, on the mean of their gradients, or it changes nothing."""

from __future__ import annotations

import math
import pickle
import random

import numpy as np
import pandas as pd
import pytest
from river import optim
from scipy.special import softmax

from online_softmax import SoftmaxRegression

FEATURES = ["a", "b", "c", "d"]
LABELS = ["red", "green", "blue"]


def trained(model, labels=LABELS, n=40):
    """Teach `model` every feature and every label."""
    rng = random.Random(1)
    for i in range(n):
        model.learn_one({name: rng.gauss(0, 1) for name in FEATURES}, labels[i % len(labels)])
    return model


def matrix(model):
    """Give the weights as the matrix B: features x classes."""
    return np.array([[row[name] for row in model.weights.values()] for name in FEATURES])


def test_learn_batch_takes_the_step_of_the_textbook(backend):
    rng, eta = np.random.default_rng(5), 0.5
    model, B = SoftmaxRegression(optim.SGD(eta)), np.zeros((4, 0))
    for n, labels in [(8, LABELS[:2]), (1, LABELS[:1]), (13, LABELS)] * 3:
        X = rng.normal(size=(n, 4))
        y = [*labels, *rng.choice(labels, size=n)][:n]
        B = np.pad(B, ((0, 0), (0, max(0, len(labels) - B.shape[1]))))
        Y = np.eye(B.shape[1])[[LABELS.index(label) for label in y]]
        B = B - eta * X.T @ (softmax(X @ B, axis=1) - Y) / n
        model.learn_batch(backend.frame(dict(zip(FEATURES, X.T.tolist(), strict=True))), backend.series(y))
        assert model.classes == LABELS[: B.shape[1]]
        np.testing.assert_allclose(matrix(model), B, rtol=1e-10, atol=1e-13)


def test_learn_batch_is_one_step_of_the_clock():
    model = SoftmaxRegression(optim.SGD(optim.schedulers.InverseScaling(1.0)))
    X, y, B = pd.DataFrame(np.diag([1.0, 2.0, -1.0, 0.5]), columns=FEATURES), [*LABELS, "red"], np.zeros((4, 3))
    for t in range(5):
        errors = softmax(X.to_numpy() @ B, axis=1) - np.eye(3)[[0, 1, 2, 0]]
        B = B - X.to_numpy().T @ errors / 4 / math.sqrt(t + 1)
        model.learn_batch(X, pd.Series(y))
        np.testing.assert_allclose(matrix(model), B, rtol=1e-10, atol=1e-13)


class Inverse(optim.base.Scheduler):
    """A user's own schedule, which only Python can compute."""

    def get(self, t):
        return 1 / math.sqrt(t + 1)


def test_learn_batch_asks_a_schedule_of_the_users_own():
    own, ours = (
        SoftmaxRegression(optim.SGD(schedule)) for schedule in (Inverse(), optim.schedulers.InverseScaling(1.0))
    )
    X, y = pd.DataFrame(np.diag([1.0, 2.0, -1.0, 0.5]), columns=FEATURES), pd.Series([*LABELS, "red"])
    for _ in range(5):
        own.learn_batch(X, y)
        ours.learn_batch(X, y)
        np.testing.assert_allclose(matrix(own), matrix(ours), rtol=1e-12)


def test_learn_batch_under_nesterov_takes_the_gradient_ahead():
    eta, rho = 0.5, 0.8
    model = SoftmaxRegression(optim.NesterovMomentum(eta, rho))
    X, y = pd.DataFrame(np.diag([1.0, 2.0, -1.0, 0.5]), columns=FEATURES), [*LABELS, "red"]
    B, s = np.zeros((2, 4, 3))
    for _ in range(5):
        errors = softmax(X.to_numpy() @ (B - rho * s), axis=1) - np.eye(3)[[0, 1, 2, 0]]
        s = rho * s + eta * X.to_numpy().T @ errors / 4
        B = B - s
        model.learn_batch(X, pd.Series(y))
        np.testing.assert_allclose(matrix(model), B, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(
    ("X", "y", "error"),
    [
        ({"a": [1.0, math.nan]}, ["red", "unheard"], ValueError),
        ({"a": [1.0, 1.0], "text": ["1", "2"]}, ["red", "unheard"], (TypeError, ValueError)),
        ({"a": [1.0, 1.0], "new": [1.0, 1.0]}, ["unheard", math.nan], ValueError),
        ({"a": [1.0, 1.0], "new": [1.0, 1.0]}, ["unheard"], ValueError),
    ],
    ids=["NaN cell", "text", "NaN label", "too few labels"],
)
def test_a_bad_batch_changes_nothing(X, y, error):
    model = trained(SoftmaxRegression())
    before = pickle.dumps(model)
    with pytest.raises(error):
        model.learn_batch(pd.DataFrame(X), pd.Series(y))
    assert pickle.dumps(model) == before


def test_an_empty_batch_changes_nothing():
    model = trained(SoftmaxRegression())
    before = pickle.dumps(model)
    model.learn_batch(pd.DataFrame({"a": []}), pd.Series([], dtype=object))
    assert pickle.dumps(model) == before


NAMES, KINDS = [f"feature {i}" for i in range(2000)], [f"class {c}" for c in range(50)]
