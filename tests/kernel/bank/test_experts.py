"""The bank: every expert by its name, trusted as it deserves, and a mixture that loses little to the best of them."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest
from river import datasets

from online_softmax import AutoSoftmaxRegression

SHARE, TOP_SHARE = 2e-3, 1e-3
PAGE = Path(__file__).parents[3] / "docs" / "auto.md"
BANKS = pytest.mark.parametrize("interactions", ["auto", False], ids=["whole bank", "linear bank"])


def follow(rng):
    """Each label has a favourite to come after it."""
    y = 0
    while True:
        yield {"noise": rng.gauss(0, 1)}, y
        y = (y + 1) % 3 if rng.random() < 0.8 else rng.randrange(3)


def favourite(rng):
    while True:
        yield {"noise": rng.gauss(0, 1)}, "a" if rng.random() < 0.7 else rng.choice("bcdefgh")


def correlated(rng):
    b = [rng.gauss(0, 1) for _ in range(12)]
    while True:
        common, x = rng.gauss(0, 3), [rng.gauss(0, 1) for _ in b]
        yield {f"x{j}": common + v for j, v in enumerate(x)}, sum(map(float.__mul__, x, b)) + rng.gauss(0, 0.5) > 0


def crossed(rng):
    while True:
        x = {f"x{j}": rng.gauss(0, 1) for j in range(3)}
        yield x, (x["x0"] > 0) != (x["x1"] > 0)


def band(rng):
    while True:
        x = {f"x{j}": rng.gauss(0, 1) for j in range(3)}
        yield x, abs(x["x0"]) > 0.7


def coins(rng):
    while True:
        yield {f"x{j}": rng.gauss(0, 1) for j in range(5)}, rng.randrange(4)


def two_halves(rng):
    """Two labels swap their meaning half-way."""
    for t in range(1500):
        x = rng.gauss(0, 1)
        yield {"x": x}, (x + rng.gauss(0, 0.5) > 0) != (t > 750)


@BANKS
def test_expert_weights_are_shares_by_name(interactions):
    model = AutoSoftmaxRegression(interactions=interactions)
    documented = PAGE.read_text()
    samples = crossed(random.Random(0))
    for _ in range(200):
        model.learn_one(*next(samples))
        weights = model.expert_weights
        assert type(weights) is dict
        assert all(f"`{name}`" in documented for name in weights)
        assert all(type(weight) is float and 0 < weight < 1 for weight in weights.values())
        assert math.fsum(weights.values()) == pytest.approx(1, abs=1e-12)
    weights["prior"] = 9.0
    assert model.expert_weights["prior"] < 1


@pytest.mark.parametrize(
    ("stream", "winners"),
    [
        (follow, ("markov",)),
        (favourite, ("prior", "slow-adagrad", "adagrad-average")),
        (correlated, ("newton", "newton-decaying", "newton-average", "decaying-sgd")),
        (crossed, ("votes", "wide-votes", "memory", "wide-memory", "gaussian")),
        (band, ("votes", "wide-votes", "additive", "gaussian", "grove")),
    ],
)
def test_the_expert_that_fits_is_trusted(stream, winners):
    model, samples = AutoSoftmaxRegression(), stream(random.Random(1))
    for _ in range(3000):
        model.learn_one(*next(samples))
    weights = model.expert_weights
    assert max(weights, key=weights.get) in winners
    assert sum(weights[name] for name in winners) > 0.5


def losses(model, stream):
    """Give the total log loss of the model, and of each expert over the samples of known classes.

    An expert's share moves by how much better it predicts than the whole bank does: w' = (1 - a) w p / p_bank + a / K.
    The prior's own p is known, so that each p is.
    """
    counts, total, experts, n = {}, 0.0, dict.fromkeys(model.expert_weights, 0.0), 0
    for x, y in stream:
        p = model.predict_proba_one(x)
        before = model.expert_weights
        model.learn_one(x, y)
        after, K = model.expert_weights, len(before)
        if y in p:
            ratio = {k: (after[k] - SHARE / K) / ((1 - SHARE) * before[k]) for k in before}
            prior = (counts[y] + 0.5) / (sum(counts.values()) + 0.5 * len(counts))
            experts = {k: experts.get(k, 0) - math.log(ratio[k] * prior / ratio["prior"]) for k in ratio}
            total, n = total - math.log(p[y]), n + 1
        counts[y] = counts.get(y, 0) + 1
    return total, experts, n


@BANKS
@pytest.mark.parametrize("stream", [follow, favourite, correlated, crossed, coins, two_halves])
def test_regret_is_bounded(interactions, stream):
    samples = [sample for _, sample in zip(range(1500), stream(random.Random(2)), strict=False)]
    total, experts, n = losses(AutoSoftmaxRegression(interactions=interactions), samples)
    share = -math.log(1 - SHARE) - math.log(1 - TOP_SHARE)
    assert total <= min(experts.values()) + math.log(len(experts)) + math.log(4) + n * share


def test_the_mixture_beats_its_best_expert_on_image_segments():
    total, experts, _ = losses(AutoSoftmaxRegression(), datasets.ImageSegments())
    assert total < min(experts.values())


def test_the_experts_that_look_at_labels_only():
    """Their losses, found from the shares alone, are those of their formulas."""
    labels = [y for (_, y), _ in zip(follow(random.Random(4)), range(600), strict=False)]
    expected = {"recent-prior": 0.0, "prior": 0.0, "markov": 0.0}
    recent, always, follows, last = np.zeros(3), np.zeros(3), np.zeros((3, 3)), 0
    for y in labels:
        if always[y]:
            C = np.count_nonzero(always)
            prior = (always[y] + 0.5) / (always.sum() + 0.5 * C)
            expected["prior"] -= math.log(prior)
            expected["recent-prior"] -= math.log((recent[y] + 0.5) / (recent.sum() + 0.5 * C))
            expected["markov"] -= math.log((follows[last, y] + C * prior) / (follows[last].sum() + C))
        recent *= 0.98
        recent[y] += 1
        always[y] += 1
        follows[last, y] += 1
        last = y
    _, experts, _ = losses(AutoSoftmaxRegression(), [({}, y) for y in labels])
    assert {name: experts[name] for name in expected} == pytest.approx(expected, rel=1e-9)
