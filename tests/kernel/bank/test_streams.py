"""The non-linear experts on streams: where linear ones are blind, and where anything could break."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from river import datasets

from online_softmax import AutoSoftmaxRegression


def named(values):
    return {f"x{j}": value for j, value in enumerate(values)}


def accuracy(stream, last, **parameters):
    """Predict, then learn, each row; give the share of hits among the last rows."""
    model, hits = AutoSoftmaxRegression(**parameters), []
    for x, y in stream:
        hits.append(model.predict_one(x) == y)
        model.learn_one(x, y)
    return sum(hits[-last:]) / last


# ---- where linear experts are blind ----


def crossed(rng):
    """XOR of two of six features."""
    for _ in range(3000):
        values = rng.normal(size=6).tolist()
        yield named(values), (values[0] > 0) != (values[1] > 0)


def rotating(rng):
    """Two classes, each two opposite Gaussians in a plane of five features; they turn by a whole circle."""
    for t in range(4000):
        label = int(rng.integers(2))
        angle = 2 * np.pi * t / 4000 + label * np.pi / 2
        values = rng.normal(size=5)
        values[:2] += rng.choice([-3, 3]) * np.array([np.cos(angle), np.sin(angle)])
        yield named(values.tolist()), label


def additive(rng):
    """The sign of a sum of sines, one a feature."""
    for _ in range(4000):
        values = rng.uniform(-1, 1, size=4)
        yield named(values.tolist()), bool(np.sin(2 * np.pi * values).sum() + rng.normal() / 4 > 0)


def rings(rng):
    """Three classes at three distances from the middle of ten features."""
    for _ in range(3000):
        label, values = int(rng.integers(3)), rng.normal(size=10)
        yield named((values * (1, 2, 4)[label]).tolist()), "abc"[label]


@pytest.mark.parametrize(
    ("stream", "least", "linear_most"),
    [(crossed, 0.9, 0.6), (rotating, 0.93, 0.65), (additive, 0.85, 0.72), (rings, 0.85, 0.65)],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_what_linear_experts_cannot_see(stream, least, linear_most, seed):
    rng = np.random.default_rng
    assert accuracy(stream(rng(seed)), 1500) > least
    assert accuracy(stream(rng(seed)), 1500, interactions=False) < linear_most


def test_bananas():
    assert accuracy(itertools.islice(datasets.Bananas(), 3000), 2000) > 0.87
    assert accuracy(itertools.islice(datasets.Bananas(), 3000), 2000, interactions=False) < 0.6


# ---- where anything could break ----


def faulty(X, y, rng):
    X[rng.random(len(X)) < 0.01] = 1e6
    X[rng.random(X.shape) < 0.005] = -1e6


def rescaled(X, y, rng):
    X[len(X) // 2 :] *= 1e6


def shrunk(X, y, rng):
    X[len(X) // 2 :] *= 1e-6


def huge(X, y, rng):
    X[rng.random(X.shape) < 0.01] = 1e308


def huge_always(X, y, rng):
    X[:, 0] = np.where(X[:, 0] > 0, 1e308, -1.7e308)


def tiny(X, y, rng):
    X *= 5e-324 * 2.0**20


def constant(X, y, rng):
    X[:, 1] = 3.7
    X[:, 2] = -1e9


def duplicate(X, y, rng):
    X[:, 3:] = X[:, :3] * [1.0, -1e4, 1e-4]


def one_class(X, y, rng):
    y[:] = 4


def equal_rows(X, y, rng):
    X[:] = X[0]


def equal_rows_of_one_class(X, y, rng):
    X[:], y[:] = X[0], 1


def zeros(X, y, rng):
    X[:] = 0


def labels_from_nothing(X, y, rng):
    y[:] = rng.integers(5, size=len(y))


def a_class_a_row(X, y, rng):
    y[:] = np.arange(len(y)) // 10


def sparse(X, y, rng):
    X[rng.random(X.shape) < 0.95] = 0


BROKEN = [faulty, rescaled, shrunk, huge, huge_always, tiny, constant, duplicate, one_class, equal_rows]
BROKEN += [equal_rows_of_one_class, zeros, labels_from_nothing, a_class_a_row, sparse]


def clouds(n, d, classes, rng):
    y = rng.integers(classes, size=n)
    return 2 * rng.normal(size=(classes, d))[y] + rng.normal(size=(n, d)), y


def assert_distribution(p):
    assert all(0 <= chance <= 1 for chance in p.values())
    assert abs(math.fsum(p.values()) - 1) <= 1e-12


def weights_of_one():
    return itertools.repeat(1.0)


def odd_weights():
    return itertools.cycle([1.0, 0.0, 2.0, 0.5, 1.0, 1e6, 1e-6])


@pytest.mark.parametrize("weights", [weights_of_one, odd_weights])
@pytest.mark.parametrize("breakage", BROKEN)
def test_every_answer_is_a_distribution(is_finite, breakage, weights):
    rng = np.random.default_rng(0)
    X, y = clouds(900, 6, 4, rng)
    breakage(X, y, rng)
    model, question = AutoSoftmaxRegression(window=300), named([0.5, -1.0, 2.0, 0.0, 1e6, -1e-6])
    for x, label, w in zip(map(named, X.tolist()), y.tolist(), weights(), strict=False):
        if model.classes:
            assert_distribution(model.predict_proba_one(x))
        model.learn_one(x, label, w=w)
        assert_distribution(model.predict_proba_one(question))
    assert is_finite(model)
    assert math.fsum(model.expert_weights.values()) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("breakage", [faulty, rescaled, huge, constant, duplicate])
def test_what_breaks_features_leaves_them_useful(breakage):
    rng = np.random.default_rng(1)
    X, y = clouds(3000, 6, 4, rng)
    breakage(X, y, rng)
    assert accuracy(zip(map(named, X.tolist()), y.tolist(), strict=True), 1000) > 0.85


@pytest.mark.parametrize("x", [{}, {"a": 0.0}, {"a": 1.0}, {"a": 1e308, "b": -1e308}, {"a": 5e-324}])
@pytest.mark.parametrize("interactions", ["auto", True])
def test_one_row(is_finite, x, interactions):
    model = AutoSoftmaxRegression(interactions=interactions)
    assert model.predict_proba_one(x) == {}
    model.learn_one(x, "a")
    assert model.predict_proba_one(x) == {"a": 1.0}
    model.learn_one(x, "b")
    assert_distribution(model.predict_proba_one(x))
    assert is_finite(model)


def test_rows_without_features(is_finite):
    model, rng = AutoSoftmaxRegression(), np.random.default_rng(0)
    for label in rng.choice(["a", "b", "c"], p=[0.6, 0.3, 0.1], size=2000).tolist():
        model.learn_one({}, label)
        assert_distribution(model.predict_proba_one({}))
    assert model.predict_proba_one({}) == pytest.approx({"a": 0.6, "b": 0.3, "c": 0.1}, abs=0.1)
    model.learn_one({"late": 1.0}, "a")
    assert_distribution(model.predict_proba_one({"late": -1.0}))
    assert is_finite(model)


def test_200_000_rows_with_a_constant_column(is_finite):
    rng = np.random.default_rng(0)
    X, y = clouds(201_000, 5, 3, rng)
    X[:, 1] = 1e4
    X, y, model = pd.DataFrame(X, columns=list(named(range(5)))), pd.Series(y), AutoSoftmaxRegression()
    model.learn_many(X[:200_000], y[:200_000])
    P = model.predict_proba_many(X[200_000:])
    assert np.isfinite(P).all(axis=None)
    assert abs(P.sum(axis=1) - 1).max() <= 1e-12
    assert (P.idxmax(axis=1) == y[200_000:]).mean() > 0.9
    assert is_finite(model)


@pytest.mark.parametrize(("rows", "weight"), [(2, 1.0), (1, 2.0)])
def test_a_weight_of_two_is_about_as_good_as_two_samples(rows, weight):
    model, rng, hits = AutoSoftmaxRegression(), np.random.default_rng(0), 0
    for t, (x, y) in enumerate(itertools.islice(crossed(rng), 1500)):
        hits += t >= 500 and model.predict_one(x) == y
        for _ in range(rows):
            model.learn_one(x, y, w=weight)
    assert hits > 850


def test_a_weight_of_zero_teaches_nothing_new():
    model, twin, rng = AutoSoftmaxRegression(), AutoSoftmaxRegression(), np.random.default_rng(0)
    rows = list(crossed(rng))
    for x, y in rows[:1500]:
        model.learn_one(x, y)
        twin.learn_one(x, y)
    for x, y in rows[1500:1600]:
        model.learn_one(x, not y, w=0)
    answers = [(model.predict_one(x), twin.predict_one(x)) for x, _ in rows[2000:]]
    assert np.mean([p == q for p, q in answers]) > 0.97
