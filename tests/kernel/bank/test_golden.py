"""The whole bank gives the figures of an independent dense implementation of the same formulas, row by row."""

from __future__ import annotations

import random
from itertools import islice, repeat
from pathlib import Path

import numpy as np
import pytest
from river import datasets
from sklearn.datasets import load_wine

from online_softmax import AutoSoftmaxRegression

GOLDEN = Path(__file__).parents[2] / "golden" / "interactions.npz"


def wine():
    X, y = load_wine(return_X_y=True)
    rows = list(zip(X.tolist(), y.tolist(), strict=True))
    random.Random(0).shuffle(rows)
    return [({f"x{j:02}": value for j, value in enumerate(x)}, label) for x, label in rows]


def bananas():
    return islice(datasets.Bananas(), 1500)


def mixture():
    """Five classes of two clouds each, in ten features on scales from 1e-4 to 1e5; the clouds wander."""
    rng = random.Random(1)
    centres = [[rng.gauss(0, 1.2) for _ in range(10)] for _ in range(10)]
    for _ in range(1500):
        cloud = rng.randrange(10)
        for centre in centres:
            for j in range(10):
                centre[j] += rng.gauss(0, 0.02)
        yield {f"x{j}": (rng.gauss(centres[cloud][j], 0.8) + j) * 10.0 ** (j - 4) for j in range(10)}, cloud % 5


def wide():
    """Eighty features, so no Gaussians; the label depends on two products of them, and not always."""
    rng = random.Random(2)
    for _ in range(700):
        x = {f"x{j:02}": rng.gauss(0, 1) for j in range(80)}
        label = (x["x00"] * x["x01"] > 0) + (x["x02"] + rng.gauss(0, 0.5) > 0)
        yield x, label if rng.random() < 0.9 else rng.randrange(3)


STREAMS = {"wine": wine, "bananas": bananas, "mixture": mixture, "wide": wide}
# Two columns of this one start with zeros, which the other implementation counts, and ours does not: to give a zero
# changes nothing.
LATE = {"image segments": datasets.ImageSegments}


@pytest.fixture(scope="module")
def golden():
    """Give p of each row's true class, 0 where it is new: of either bank, with a window of 50, and with weights."""
    with np.load(GOLDEN) as figures:
        return dict(figures)


def random_weights():
    rng = random.Random(3)
    while True:
        yield rng.choice((0, 0.25, 0.5, 1, 1, 2, 3.5))


def chances(stream, weights=None, **parameters):
    model, chance = AutoSoftmaxRegression(**parameters), []
    for (x, y), w in zip(stream(), weights or repeat(1.0), strict=False):
        chance.append(model.predict_proba_one(x).get(y, 0))
        model.learn_one(x, y, w=w)
    return np.array(chance)


def log_loss(chance):
    return -np.log(chance[chance > 0]).mean()


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("interactions", ["auto", True])
def test_the_whole_bank(golden, name, interactions):
    chance = chances(STREAMS[name], interactions=interactions)
    np.testing.assert_allclose(chance, golden[name], rtol=0, atol=1e-4)
    assert log_loss(chance) == pytest.approx(log_loss(golden[name]), rel=2e-3)


@pytest.mark.parametrize("name", STREAMS)
def test_a_window_of_50(golden, name):
    chance = chances(STREAMS[name], window=50)
    np.testing.assert_allclose(chance, golden[f"{name}, window 50"], rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", STREAMS | LATE)
def test_the_linear_bank(golden, name):
    chance = chances((STREAMS | LATE)[name], interactions=False)
    np.testing.assert_allclose(chance, golden[f"{name}, linear"], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", LATE)
def test_the_log_loss_where_columns_start_with_zeros(golden, name):
    assert log_loss(chances(LATE[name])) == pytest.approx(log_loss(golden[name]), rel=2e-3)


@pytest.mark.parametrize(("bank", "atol"), [("", 1e-4), (", linear", 1e-6)], ids=["whole bank", "linear bank"])
@pytest.mark.parametrize("name", ["wine", "bananas", "mixture"])
def test_weights_from_0_to_3_and_a_half(golden, name, bank, atol):
    chance = chances(STREAMS[name], random_weights(), interactions=not bank)
    np.testing.assert_allclose(chance, golden[f"{name}, weights{bank}"], rtol=0, atol=atol)
