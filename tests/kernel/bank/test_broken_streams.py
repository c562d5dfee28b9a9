"""AutoSoftmaxRegression where anything could break: outliers, the largest values, constants, nothing to learn."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from online_softmax import AutoSoftmaxRegression

BANKS = pytest.mark.parametrize("interactions", ["auto", False], ids=["whole bank", "linear bank"])


def named(values):
    return {f"x{j}": value for j, value in enumerate(values)}


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
def test_what_breaks_features_leaves_them_useful(accuracy, breakage):
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


@pytest.mark.slow
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


@pytest.mark.slow
@BANKS
def test_a_constant_column_for_long(interactions, is_finite):
    n = 400_000
    X = pd.DataFrame({"constant": np.full(n, 3.7), "sign": np.resize([1.0, -1.0, 1.0], n)})
    model = AutoSoftmaxRegression(interactions=interactions)
    model.learn_many(X, pd.Series(np.resize(["up", "down", "up"], n)))
    assert is_finite(model)
    for sign, label in [(1.0, "up"), (-1.0, "down")]:
        assert model.predict_proba_one({"constant": 3.7, "sign": sign})[label] > 0.99


@BANKS
def test_constant_and_duplicate_columns_are_harmless(gaussians, progress, interactions, is_finite):
    X, y = gaussians(1500, 4, 3, 1.0)
    copies = np.hstack([X, X, 1e3 * X[:, :2], np.full((1500, 2), 5.0), np.full((1500, 1), -1e9)])
    model = AutoSoftmaxRegression(interactions=interactions)
    (_, alone), (_, hits) = progress(AutoSoftmaxRegression(interactions=interactions), X, y), progress(model, copies, y)
    assert np.mean(hits[200:]) > np.mean(alone[200:]) - 0.03
    assert is_finite(model)


@BANKS
def test_one_class_is_certain(gaussians, frame, interactions, is_finite):
    X, _ = gaussians(500, 3, 2, 1.0)
    model = AutoSoftmaxRegression(interactions=interactions)
    for x in frame(X).to_dict("records"):
        model.learn_one(x, "only")
        assert model.predict_proba_one(x) == {"only": 1.0}
    assert is_finite(model)
    model.learn_one({"x0": 9.0}, "other")
    assert model.predict_one({"x0": 0.0}) == "only"


@BANKS
def test_one_sample(interactions, is_finite):
    for x in ({}, {"a": 0.0}, {"a": 1e308}, {"a": -5e-324}, {"a": 1.0, "b": -2.0}):
        model = AutoSoftmaxRegression(interactions=interactions)
        model.learn_one(x, "only")
        assert model.predict_proba_one(x) == model.predict_proba_one({}) == {"only": 1.0}
        assert is_finite(model)


@BANKS
def test_samples_without_features_are_learned_from_their_labels(interactions, is_finite):
    model, rng = AutoSoftmaxRegression(interactions=interactions), np.random.default_rng(0)
    for label in rng.choice(["often", "rare"], p=[0.8, 0.2], size=1000).tolist():
        model.learn_one({}, label)
    assert model.predict_proba_one({}) == pytest.approx({"often": 0.8, "rare": 0.2}, abs=0.1)
    assert is_finite(model)


@BANKS
@pytest.mark.parametrize("rows", [slice(0, 1), slice(5, 6), slice(100, 101), slice(100, 130), slice(0, None)])
@pytest.mark.parametrize("value", [1e100, 1e155, 1e200, 1.7e308])
def test_the_largest_values_leave_the_other_features_alone(gaussians, progress, interactions, is_finite, value, rows):
    X, y = gaussians(600, 4, 3, 2.0)
    X[rows, 3] = np.resize([value, -value], len(X[rows]))
    model = AutoSoftmaxRegression(interactions=interactions)
    _, hits = progress(model, X, y)
    assert np.mean(hits[200:]) > 0.8
    assert is_finite(model)


@BANKS
@pytest.mark.parametrize("value", [1e100, 1e155, 1e200, 1.7e308])
def test_a_feature_recovers_from_the_largest_values(progress, interactions, value):
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=4000)
    X = np.where(y, 2.0, -2.0)[:, None] + rng.normal(size=(4000, 1))
    X[100] = value
    _, hits = progress(AutoSoftmaxRegression(interactions=interactions), X, y)
    assert np.mean(hits[2000:]) > 0.9
