"""The compiled bank gives the golden figures, row by row; the reference, which makes them, still does."""

from __future__ import annotations

from itertools import repeat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from online_softmax import AutoSoftmaxRegression
from tests.golden import make
from tests.golden.streams import LATE, LINEAR, WEIGHTED, WHOLE, random_weights

GOLDEN = Path(__file__).parents[2] / "golden"
FIRST = 120  # rows of each stream that the reference, which is slow, makes again here; `make golden` makes all


@pytest.fixture(scope="module")
def linear():
    """Give the figures of the linear bank: p of the true class (0 where it is new), and the largest p, a row each."""
    with np.load(GOLDEN / "auto.npz") as figures:
        return dict(figures)


@pytest.fixture(scope="module")
def golden():
    """Give p of each row's true class, 0 where it is new: of either bank, with a window of 50, and with weights."""
    with np.load(GOLDEN / "interactions.npz") as figures:
        return dict(figures)


def chances(stream, weights=None, **parameters):
    model, chance = AutoSoftmaxRegression(**parameters), []
    for (x, y), w in zip(stream(), weights or repeat(1.0), strict=False):
        chance.append(model.predict_proba_one(x).get(y, 0))
        model.learn_one(x, y, w=w)
    return np.array(chance)


def log_loss(chance):
    return -np.log(chance[chance > 0]).mean()


@pytest.mark.parametrize("name", LINEAR)
def test_one_by_one(linear, name):
    model, figures = AutoSoftmaxRegression(interactions=False), []
    for x, y in LINEAR[name]():
        p = model.predict_proba_one(x)
        figures.append((p.get(y, 0), max(p.values(), default=1)))
        model.learn_one(x, y)
    np.testing.assert_allclose(figures[1:], linear[name][1:], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", LINEAR)
def test_in_bulk_with_a_column_for_every_feature(linear, name):
    rows = list(LINEAR[name]())
    X, y = pd.DataFrame([x for x, _ in rows]).fillna(0.0), pd.Series([y for _, y in rows])
    model, half = AutoSoftmaxRegression(interactions=False), len(rows) // 2
    model.learn_many(X[:half], y[:half])
    P = model.predict_proba_many(X[half : half + 1])
    assert P.to_numpy().max() == pytest.approx(linear[name][half, 1], abs=1e-6)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("interactions", ["auto", True])
def test_the_whole_bank(golden, name, interactions):
    chance = chances(WHOLE[name], interactions=interactions)
    np.testing.assert_allclose(chance, golden[name], rtol=0, atol=1e-4)
    assert log_loss(chance) == pytest.approx(log_loss(golden[name]), rel=2e-3)


@pytest.mark.parametrize("name", WHOLE)
def test_a_window_of_50(golden, name):
    chance = chances(WHOLE[name], window=50)
    np.testing.assert_allclose(chance, golden[f"{name}, window 50"], rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", WHOLE | LATE)
def test_the_linear_bank(golden, name):
    chance = chances((WHOLE | LATE)[name], interactions=False)
    np.testing.assert_allclose(chance, golden[f"{name}, linear"], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", LATE)
def test_columns_that_start_with_zeros(golden, name):
    np.testing.assert_allclose(chances(LATE[name]), golden[name], rtol=0, atol=1e-4)


@pytest.mark.parametrize(("bank", "atol"), [("", 1e-4), (", linear", 1e-6)], ids=["whole bank", "linear bank"])
@pytest.mark.parametrize("name", WEIGHTED)
def test_weights_from_0_to_3_and_a_half(golden, name, bank, atol):
    chance = chances(WHOLE[name], random_weights(), interactions=not bank)
    np.testing.assert_allclose(chance, golden[f"{name}, weights{bank}"], rtol=0, atol=atol)


def test_the_reference_makes_the_figures_of_the_linear_bank(linear):
    made = make.linear(FIRST)
    assert made.keys() == linear.keys()
    for name, figures in made.items():
        np.testing.assert_allclose(figures[1:], linear[name][1:FIRST], rtol=0, atol=1e-9, err_msg=name)


@pytest.mark.slow
def test_the_reference_makes_the_figures_of_the_whole_bank(golden):
    made = make.whole(FIRST)
    assert made.keys() == golden.keys()
    for name, figures in made.items():
        np.testing.assert_allclose(figures, golden[name][:FIRST], rtol=0, atol=1e-9, err_msg=name)
