"""AutoSoftmaxRegression learns hard streams: where linear experts are blind, and whatever the scale and the changes."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from river import datasets

from online_softmax import AutoSoftmaxRegression

BANKS = pytest.mark.parametrize("interactions", ["auto", False], ids=["whole bank", "linear bank"])


def named(values):
    return {f"x{j}": value for j, value in enumerate(values)}


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
def test_what_linear_experts_cannot_see(accuracy, stream, least, linear_most, seed):
    rng = np.random.default_rng
    assert accuracy(stream(rng(seed)), 1500) > least
    assert accuracy(stream(rng(seed)), 1500, interactions=False) < linear_most


def test_bananas(accuracy):
    assert accuracy(itertools.islice(datasets.Bananas(), 3000), 2000) > 0.87
    assert accuracy(itertools.islice(datasets.Bananas(), 3000), 2000, interactions=False) < 0.6


# ---- any scale, outliers, late classes, sudden change ----


def log_loss(chances):
    return -np.nanmean(np.log(np.maximum(chances, 1e-15)))


@BANKS
@pytest.mark.parametrize("seed", [0, 1])
def test_raw_features_are_as_good_as_standardised_ones(gaussians, progress, interactions, seed):
    X, y = gaussians(2000, 12, 4, 0.5, seed)
    X[:, ::3] **= 3
    scales = 10.0 ** np.linspace(-6, 6, 12)
    raw, _ = progress(AutoSoftmaxRegression(interactions=interactions), X * scales + 3 * scales, y)
    standardised, _ = progress(AutoSoftmaxRegression(interactions=interactions), (X - X.mean(0)) / X.std(0), y)
    assert log_loss(raw) == pytest.approx(log_loss(standardised), rel=0.03)
    assert log_loss(raw) < 0.75 * math.log(4)


@BANKS
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_one_outlier_costs_less_than_two_points(gaussians, progress, interactions, seed):
    X, y = gaussians(3101, 8, 3, 0.7, seed)
    _, without = progress(AutoSoftmaxRegression(interactions=interactions), X, y)
    X[100, 3] = 1e6
    _, hits = progress(AutoSoftmaxRegression(interactions=interactions), X, y)
    assert np.mean(hits[101:]) > np.mean(without[101:]) - 0.02
    assert np.mean(without[101:]) > 0.6


@BANKS
@pytest.mark.parametrize(("by", "within"), [(1e6, 500), (1e3, 500), (1e-2, 1000), (1e-3, 5000)])
def test_a_change_of_scale_is_followed(gaussians, progress, interactions, by, within):
    X, y = gaussians(5500 + within, 6, 3, 2.0)
    X[5000:] *= by
    _, hits = progress(AutoSoftmaxRegression(interactions=interactions), X, y)
    assert np.mean(hits[-500:]) > np.mean(hits[3000:5000]) - 0.05


@BANKS
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_class_that_comes_late_is_known_at_once(gaussians, progress, frame, interactions, seed):
    X, y = gaussians(11_000, 8, 4, 3.0, seed)
    keep = (y < 3) | (np.arange(len(y)) >= 10_000)
    X, y = X[keep], y[keep]
    first, model = np.flatnonzero(y == 3)[0], AutoSoftmaxRegression(interactions=interactions)
    model.learn_many(frame(X[:first]), pd.Series(y[:first]))
    _, hits = progress(model, X[first:], y[first:])
    of_class = hits[y[first:] == 3]
    assert np.mean(of_class[1:31]) >= 0.8
    assert np.mean(hits[y[first:] < 3]) > 0.95


@pytest.mark.slow
@BANKS
def test_a_long_stream_still_adapts(gaussians, progress, frame, interactions, is_finite):
    X, y = gaussians(204_000, 6, 4, 1.0)
    model = AutoSoftmaxRegression(interactions=interactions)
    model.learn_many(frame(X[:200_000]), pd.Series(y[:200_000]))
    _, before = progress(model, X[200_000:202_000], y[200_000:202_000])
    swapped = np.array([1, 0, 2, 3])[y]
    _, after = progress(model, X[202_000:], swapped[202_000:])
    assert np.mean(after[1_500:]) > np.mean(before) - 0.05
    assert is_finite(model)


# ---- weights ----


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
