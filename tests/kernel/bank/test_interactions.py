"""The non-linear experts under contract: their parameters, the same bits on every route, zeros, and steady growth."""

from __future__ import annotations

import pickle
import random
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


# ---- parameters ----


def test_true_is_auto_up_to_100_features(learned):
    rows = list(clouds(300, 100, 3))
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


def test_a_longer_window_helps_where_samples_must_be_remembered():
    """Forty small clouds of two classes: a window of 20 holds too few of them."""
    rng, hits = random.Random(0), dict.fromkeys((20, 1000), 0)
    centres = [(rng.uniform(-10, 10), rng.uniform(-10, 10), rng.choice("ab")) for _ in range(40)]
    models = {window: AutoSoftmaxRegression(window=window) for window in hits}
    for _ in range(1500):
        east, north, label = rng.choice(centres)
        x = {"east": rng.gauss(east, 0.1), "north": rng.gauss(north, 0.1)}
        for window, model in models.items():
            hits[window] += model.predict_one(x) == label
            model.learn_one(x, label)
    assert hits[1000] > 0.85 * 1500
    assert hits[1000] > hits[20] + 0.1 * 1500


# ---- the same bits on every route ----


def growing(start, seed=0):
    """Give a stream that outgrows one thing after another from `start` on: rows of P (8), the window (20 features and
    more), the Gaussians (64 features; 17 classes at 64), and everything non-linear (100 features)."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(9).normal(size=(20, 110))
    steps = [(0, 3, 2), (20, 8, 2), (40, 9, 3), (60, 16, 4), (80, 17, 5), (100, 20, 6), (120, 21, 8), (140, 25, 8)]
    steps += [(160, 64, 9), (190, 64, 17), (220, 65, 18), (250, 100, 18), (290, 101, 20), (330, 110, 20)]
    for t in range(start + 360):
        _, d, classes = next(step for step in reversed(steps) if step[0] <= max(t - start, 0))
        label = int(rng.integers(classes))
        yield named((centres[label, :d] + rng.normal(size=d)).tolist()), label


@pytest.mark.parametrize(("start", "window"), [(0, 100), (0, 1000), (300, 1000), (550, 1000)])
def test_one_by_one_in_bulk_and_paused(learned, is_finite, start, window):
    rows = list(growing(start))
    X, y = frame(rows)
    one_by_one, bulk, paused = (AutoSoftmaxRegression(window=window) for _ in range(3))
    for first in range(0, len(rows), 35):
        part = slice(first, first + 35)
        together = bulk.predict_proba_many(X[part]).to_dict("records") if first else []
        assert together == [one_by_one.predict_proba_one(x) for x, _ in rows[part] if first]
        assert [paused.predict_proba_one(x) for x, _ in rows[part] if first] == together
        bulk.learn_many(X[part], y[part])
        learn(one_by_one, rows[part])
        for x, label in rows[part]:
            paused.learn_one(x, label)
            if len(paused.features) % 5 == 0:
                paused = pickle.loads(pickle.dumps(paused))
    assert learned(bulk) == learned(one_by_one) == learned(paused)
    assert len(bulk.classes) == 20
    assert len(bulk.features) == 110
    assert is_finite(bulk)


def test_a_prediction_in_between_changes_nothing(learned):
    rows = list(growing(0))
    quiet, asked = AutoSoftmaxRegression(), AutoSoftmaxRegression()
    for i, (x, y) in enumerate(rows):
        asked.predict_proba_one(rows[i // 2][0])
        if i % 3:
            asked.predict_proba_one(x)
        quiet.learn_one(x, y)
        asked.learn_one(x, y)
    assert learned(asked) == learned(quiet)


def test_features_that_are_forgotten_leave_the_window_its_budget(learned):
    rows = list(clouds(900, 60, 3))
    through = learn(AutoSoftmaxRegression(window=500), rows[:600])
    assert learned(through)["window_size"] == 20_000 // 60
    for name in list(rows[0][0])[20:]:
        through.forget_feature(name)
    paused = pickle.loads(pickle.dumps(through))
    few = [(dict(list(x.items())[:20]), y) for x, y in rows[600:]]
    for model in (through, paused):
        learn(model, [*few, ({"late": 1.0}, 0), *few, *rows[:300]])
    assert learned(paused) == learned(through)
    assert learned(through)["window_size"] == 20_000 // 61
    assert 0 < sys.getsizeof(paused) <= sys.getsizeof(through)


# ---- zeros ----


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), d=st.sampled_from([2, 30, 70, 99, 130]), often=st.sampled_from([0.05, 0.1, 0.5]))
def test_a_zero_given_is_a_zero_left_out(learned, seed, d, often):
    rng, names = random.Random(seed), list(named(range(d)))
    plain, explicit = AutoSoftmaxRegression(), AutoSoftmaxRegression()
    for t in range(120):
        x = {name: rng.choice([1.0, rng.gauss(0, 2)]) for name in names[: 2 + t * d // 100] if rng.random() < often}
        label = rng.choice("abc") if rng.random() < 0.3 else "ab"[sum(x.values()) > 0]
        full = {name: x.get(name, rng.choice([0, 0.0, -0.0])) for name in names if name in x or rng.random() < 0.5}
        assert explicit.predict_proba_one(full) == plain.predict_proba_one(x)
        plain.learn_one(x, label)
        explicit.learn_one(full, label)
    assert learned(explicit) == learned(plain)


# ---- memory ----


def test_memory_does_not_grow_with_the_stream():
    model, sizes = AutoSoftmaxRegression(), set()
    for t, (x, y) in enumerate(clouds(20_000, 18, 7)):
        model.learn_one(x, y)
        if t in (1999, 5000, 19_999):
            sizes.add(sys.getsizeof(model))
    assert len(sizes) == 1


def documented(d, classes, window):
    """Give the bytes that docs/auto.md allows: of the linear bank, and of the non-linear experts besides."""
    C = (classes + classes // 8 + 7) // 8 * 8
    linear = 30_000 + 600 * C + 8 * min(C, 512) ** 2 + (290 + 45 * C) * d
    if d > 100:
        return linear, 0
    votes = 150_000 if window <= 1000 else 1_200_000
    return linear + 85_000 + 2430 * C, votes + 800_000 + 216 * (d + 2) * C


def one_by_one(rows):
    """Let one feature more appear every other sample."""
    return [(dict(list(x.items())[: 1 + t // 2]), y) for t, (x, y) in enumerate(rows)]


SHAPES = [(1, 2, 10**6), (8, 300, 1000), (9, 20, 10**6), (17, 7, 1000), (24, 7, 5000), (63, 16, 1000), (64, 16, 1000)]
SHAPES += [(65, 3, 1000), (78, 3, 1000), (100, 3, 1000), (100, 40, 10**6), (120, 40, 1000), (2, 600, 1000)]


@pytest.mark.parametrize("arrival", [list, one_by_one])
@pytest.mark.parametrize(("d", "classes", "window"), SHAPES)
def test_memory_keeps_to_its_documented_bounds(d, classes, window, arrival):
    rows = arrival([(x, t % classes) for t, (x, _) in enumerate(clouds(max(500, classes), d, 3))])
    linear = sys.getsizeof(learn(AutoSoftmaxRegression(interactions=False), rows))
    model = learn(AutoSoftmaxRegression(window=window), rows)
    most_linear, most_more = documented(d, classes, window)
    assert linear <= most_linear
    assert sys.getsizeof(model) - linear <= most_more
    assert sys.getsizeof(pickle.loads(pickle.dumps(model))) <= most_linear + most_more


@pytest.mark.parametrize("d", [1, 20, 78, 100])
def test_the_window_keeps_to_its_150_kilobytes(d):
    rows = list(clouds(1200, d, 3))
    size = {window: sys.getsizeof(learn(AutoSoftmaxRegression(window=window), rows)) for window in (1, 1000)}
    assert 4 * 900 < size[1000] - size[1] <= 150_000


def test_experts_that_leave_give_their_memory_back():
    rows = list(clouds(400, 101, 3))
    late = [({name: v for name, v in x.items() if name != "x100"}, y) for x, y in rows[:100]] + rows[100:]
    model = learn(AutoSoftmaxRegression(), late[:100])
    full = sys.getsizeof(model)
    learn(model, late[100:])
    without = learn(AutoSoftmaxRegression(), rows)
    assert set(model.expert_weights) == set(without.expert_weights)
    assert sys.getsizeof(model) < min(full, 1.2 * sys.getsizeof(without))
