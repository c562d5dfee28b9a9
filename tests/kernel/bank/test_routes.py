"""AutoSoftmaxRegression learns the same bits on every route: one by one, in bulk, pickled, asked, with zeros."""

from __future__ import annotations

import pickle
import random
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from online_softmax import AutoSoftmaxRegression


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


@pytest.mark.slow
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
    assert 0 < sys.getsizeof(paused) < 1.01 * sys.getsizeof(through)


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
