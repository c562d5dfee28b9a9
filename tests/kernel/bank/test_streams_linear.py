"""AutoSoftmaxRegression on hard streams: any scale, outliers, late classes, sudden change, nothing to learn."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from online_softmax import AutoSoftmaxRegression

BANKS = pytest.mark.parametrize("interactions", ["auto", False], ids=["whole bank", "linear bank"])


def gaussians(n, d, classes, apart, seed=0):
    """Give X and y of one Gaussian a class."""
    rng = np.random.default_rng(seed)
    centres, y = rng.normal(size=(classes, d)) * apart, rng.integers(classes, size=n)
    return centres[y] + rng.normal(size=(n, d)), y


def named(X):
    return pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])


def progress(model, X, y):
    """Predict, then learn, each row: p of the true class (nan where it is new), and whether it was the largest."""
    chances, hits = [], []
    for x, label in zip(named(X).to_dict("records"), y.tolist(), strict=True):
        p = model.predict_proba_one(x)
        chances.append(p.get(label, math.nan))
        hits.append(bool(p) and max(p, key=p.get) == label)
        model.learn_one(x, label)
    return np.array(chances), np.array(hits)


def log_loss(chances):
    return -np.nanmean(np.log(np.maximum(chances, 1e-15)))


@BANKS
@pytest.mark.parametrize("seed", [0, 1])
def test_raw_features_are_as_good_as_standardised_ones(interactions, seed):
    X, y = gaussians(2000, 12, 4, 0.5, seed)
    X[:, ::3] **= 3
    scales = 10.0 ** np.linspace(-6, 6, 12)
    raw, _ = progress(AutoSoftmaxRegression(interactions=interactions), X * scales + 3 * scales, y)
    standardised, _ = progress(AutoSoftmaxRegression(interactions=interactions), (X - X.mean(0)) / X.std(0), y)
    assert log_loss(raw) == pytest.approx(log_loss(standardised), rel=0.03)
    assert log_loss(raw) < 0.75 * math.log(4)


@BANKS
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_one_outlier_costs_less_than_two_points(interactions, seed):
    X, y = gaussians(3101, 8, 3, 0.7, seed)
    _, without = progress(AutoSoftmaxRegression(interactions=interactions), X, y)
    X[100, 3] = 1e6
    _, hits = progress(AutoSoftmaxRegression(interactions=interactions), X, y)
    assert np.mean(hits[101:]) > np.mean(without[101:]) - 0.02
    assert np.mean(without[101:]) > 0.6


@BANKS
@pytest.mark.parametrize(("by", "within"), [(1e6, 500), (1e3, 500), (1e-2, 1000), (1e-3, 5000)])
def test_a_change_of_scale_is_followed(interactions, by, within):
    X, y = gaussians(5500 + within, 6, 3, 2.0)
    X[5000:] *= by
    _, hits = progress(AutoSoftmaxRegression(interactions=interactions), X, y)
    assert np.mean(hits[-500:]) > np.mean(hits[3000:5000]) - 0.05


@BANKS
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_class_that_comes_late_is_known_at_once(interactions, seed):
    X, y = gaussians(11_000, 8, 4, 3.0, seed)
    keep = (y < 3) | (np.arange(len(y)) >= 10_000)
    X, y = X[keep], y[keep]
    first, model = np.flatnonzero(y == 3)[0], AutoSoftmaxRegression(interactions=interactions)
    model.learn_many(named(X[:first]), pd.Series(y[:first]))
    _, hits = progress(model, X[first:], y[first:])
    of_class = hits[y[first:] == 3]
    assert np.mean(of_class[1:31]) >= 0.8
    assert np.mean(hits[y[first:] < 3]) > 0.95


@BANKS
def test_a_long_stream_still_adapts(interactions, is_finite):
    X, y = gaussians(204_000, 6, 4, 1.0)
    model = AutoSoftmaxRegression(interactions=interactions)
    model.learn_many(named(X[:200_000]), pd.Series(y[:200_000]))
    _, before = progress(model, X[200_000:202_000], y[200_000:202_000])
    swapped = np.array([1, 0, 2, 3])[y]
    _, after = progress(model, X[202_000:], swapped[202_000:])
    assert np.mean(after[1_500:]) > np.mean(before) - 0.05
    assert is_finite(model)


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
def test_constant_and_duplicate_columns_are_harmless(interactions, is_finite):
    X, y = gaussians(1500, 4, 3, 1.0)
    copies = np.hstack([X, X, 1e3 * X[:, :2], np.full((1500, 2), 5.0), np.full((1500, 1), -1e9)])
    model = AutoSoftmaxRegression(interactions=interactions)
    (_, alone), (_, hits) = progress(AutoSoftmaxRegression(interactions=interactions), X, y), progress(model, copies, y)
    assert np.mean(hits[200:]) > np.mean(alone[200:]) - 0.03
    assert is_finite(model)


@BANKS
def test_one_class_is_certain(interactions, is_finite):
    X, _ = gaussians(500, 3, 2, 1.0)
    model = AutoSoftmaxRegression(interactions=interactions)
    for x in named(X).to_dict("records"):
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
def test_the_largest_values_leave_the_other_features_alone(interactions, is_finite, value, rows):
    X, y = gaussians(600, 4, 3, 2.0)
    X[rows, 3] = np.resize([value, -value], len(X[rows]))
    model = AutoSoftmaxRegression(interactions=interactions)
    _, hits = progress(model, X, y)
    assert np.mean(hits[200:]) > 0.8
    assert is_finite(model)


@BANKS
@pytest.mark.parametrize("value", [1e100, 1e155, 1e200, 1.7e308])
def test_a_feature_recovers_from_the_largest_values(interactions, value):
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=4000)
    X = np.where(y, 2.0, -2.0)[:, None] + rng.normal(size=(4000, 1))
    X[100] = value
    _, hits = progress(AutoSoftmaxRegression(interactions=interactions), X, y)
    assert np.mean(hits[2000:]) > 0.9
