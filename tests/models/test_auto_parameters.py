"""The parameters of AutoSoftmaxRegression: what they choose, what they refuse, and that copies keep them."""

from __future__ import annotations

import inspect
import math
import pickle
import random

import numpy as np
import pandas as pd
import pytest
from river import base

from online_softmax import AutoSoftmaxRegression, progressive_validation

NON_LINEAR = {"votes", "wide-votes", "additive", "gaussian"}
NEWTON = {"newton", "newton-decaying", "newton-average"}


def clouds(n, d, classes, seed=0):
    """Give a stream of one cloud a class in d features."""
    centres = np.random.default_rng(9).normal(size=(classes, d)) * 3 / np.sqrt(d)
    rng = np.random.default_rng(seed)
    for label in rng.integers(classes, size=n).tolist():
        yield named((centres[label] + rng.normal(size=d)).tolist()), label


def named(values):
    return {f"x{j:03}": value for j, value in enumerate(values)}


def learn(model, rows):
    for x, y in rows:
        model.learn_one(x, y)
    return model


def frame(rows):
    """Give the rows as a frame with a column for every feature, 0 where it is absent, and the labels."""
    return pd.DataFrame([x for x, _ in rows]).fillna(0.0), pd.Series([y for _, y in rows])


def test_the_parameters():
    parameters = inspect.signature(AutoSoftmaxRegression).parameters
    assert {name: parameter.default for name, parameter in parameters.items()} == {
        "interactions": "auto",
        "window": 1000,
        "max_features": None,
        "hash_bits": None,
        "categorical": False,
        "missing": "raise",
    }
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters.values())
    model = AutoSoftmaxRegression(interactions=False, window=300)
    assert isinstance(model, base.MiniBatchClassifier)
    assert (model.interactions, model.window) == (False, 300)
    assert (model.clone().interactions, model.clone().window) == (False, 300)
    for name in parameters:
        with pytest.raises(AttributeError):
            setattr(model, name, True)


@pytest.mark.parametrize(
    "parameters",
    [{"interactions": value} for value in (None, "yes", 1, 0.0)]
    + [{"window": value} for value in (None, 0, -1, 2.5, True, "100", 10**9, math.nan)],
    ids=repr,
)
def test_bad_parameters_are_refused_at_the_door(parameters):
    name, value = next(iter(parameters.items()))
    with pytest.raises((TypeError, ValueError), match=f"^{name} [^\\n]*{value!r}$"):
        AutoSoftmaxRegression(**parameters)


def test_true_is_auto_up_to_100_features(learned):
    rows = list(clouds(501, 100, 3))  # until then, "auto" learns for rows of more features, too
    auto, insisting = learn(AutoSoftmaxRegression(), rows), learn(AutoSoftmaxRegression(interactions=True), rows)
    assert learned(insisting) == learned(auto)
    assert set(auto.expert_weights) >= NON_LINEAR - {"gaussian"}


def test_false_has_linear_experts_only():
    model = learn(AutoSoftmaxRegression(interactions=False), clouds(100, 5, 3))
    assert not set(model.expert_weights) & NON_LINEAR
    assert set(model.expert_weights) >= NEWTON


def only_one(model):
    model.learn_one(named([1.0] * 101), "a")


def many(model):
    model.learn_many(*frame([(named([1.0] * k), "a") for k in (99, 100, 101, 3)]))


def one_of_them(model):
    model.learn_one({"x000": 1.0, "x100": -1.0}, "a")


@pytest.mark.parametrize("rows", [0, 40, 600])
@pytest.mark.parametrize("route", [only_one, one_of_them, many])
def test_true_refuses_the_101st_feature_and_learns_nothing(route, rows):
    model = learn(AutoSoftmaxRegression(interactions=True), clouds(rows, 100, 3))
    if route is one_of_them and not rows:
        learn(model, clouds(1, 100, 3))
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=r"^interactions=True [^\n]*100 features[^\n]*'x100'[^\n]*(\nin row 2.*)?$"):
        route(model)
    assert pickle.dumps(model) == before
    learn(model, clouds(5, 100, 3, seed=1))


def test_true_stops_a_validation_at_the_row_that_brings_the_101st_feature(learned):
    rows = list(clouds(50, 100, 3))
    model = AutoSoftmaxRegression(interactions=True)
    with pytest.raises(ValueError, match=r"^interactions=True [^\n]*'too many'[^\n]*50 rows") as refusal:
        progressive_validation([*rows, ({"too many": 1.0}, 0), *rows], model)
    assert refusal.value.result.n_samples == 50
    assert learned(model) == learned(learn(AutoSoftmaxRegression(interactions=True), rows))


def test_true_takes_a_101st_feature_that_is_zero(learned):
    model, twin = (learn(AutoSoftmaxRegression(interactions=True), clouds(20, 100, 3)) for _ in range(2))
    model.learn_one({"x000": 1.0, "zero": 0.0}, 0)
    twin.learn_one({"x000": 1.0}, 0)
    assert learned(model) == learned(twin)


@pytest.mark.parametrize("interactions", [None, 1, 0, "Auto", "true", "", [], 1.0])
def test_other_interactions_are_refused(interactions):
    with pytest.raises(ValueError, match=r"^interactions must be 'auto', True or False, got [^\n]*$"):
        AutoSoftmaxRegression(interactions=interactions)


@pytest.mark.parametrize("window", [0, -1, True, False, 10.0, "10", None, 1_000_001])
def test_other_windows_are_refused(window):
    with pytest.raises(ValueError, match=r"^window must be an int from 1 to 1,000,000, got [^\n]*$"):
        AutoSoftmaxRegression(window=window)


@pytest.mark.parametrize(("interactions", "window"), [("auto", 1), (False, 1000), (True, 1_000_000)])
def test_clone_repr_and_pickle_keep_the_parameters(interactions, window):
    model = learn(AutoSoftmaxRegression(interactions=interactions, window=window), clouds(50, 5, 3))
    for copy in (model, model.clone(), model.clone(include_attributes=True), pickle.loads(pickle.dumps(model))):
        assert (copy.interactions, copy.window) == (interactions, window)
        shown = repr(copy).replace('"', "").split()
        assert {f"interactions={interactions}", f"window={window}"} <= set(shown)


def test_regions_are_remembered_whatever_the_window():
    """Forty small clouds of two classes: a window of 20 holds too few of them, and the memory all."""
    rng, hits = random.Random(0), dict.fromkeys((20, 1000), 0)
    centres = [(rng.uniform(-10, 10), rng.uniform(-10, 10), rng.choice("ab")) for _ in range(40)]
    models = {window: AutoSoftmaxRegression(window=window) for window in hits}
    for _ in range(1500):
        east, north, label = rng.choice(centres)
        x = {"east": rng.gauss(east, 0.1), "north": rng.gauss(north, 0.1)}
        for window, model in models.items():
            hits[window] += model.predict_one(x) == label
            model.learn_one(x, label)
    assert min(hits.values()) > 0.9 * 1500
