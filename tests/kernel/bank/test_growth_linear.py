"""AutoSoftmaxRegression outgrows some of its experts: most beyond 100 features, Markov beyond 512 classes."""

from __future__ import annotations

import pickle
import random

import numpy as np
import pytest

from online_softmax import AutoSoftmaxRegression

BANKS = pytest.mark.parametrize("interactions", ["auto", False], ids=["whole bank", "linear bank"])
FIRST_ORDER = {
    *("adagrad", "adagrad-average", "slow-adagrad", "decaying-sgd", "normalised-sgd"),
    *("recent-prior", "prior", "markov"),
}
NEWTON = {"newton", "newton-decaying", "newton-average"}


def linear_stream(n, d, seed=0):
    """Give a stream of d correlated features and three classes, of which the second-order experts make the most."""
    B = np.random.default_rng(99).normal(size=(d, 3))
    B -= B.mean(axis=0)
    rng = np.random.default_rng(seed)
    for _ in range(n):
        x = rng.normal(size=d) + 3 * rng.normal()
        yield {f"x{j}": v for j, v in enumerate(x.tolist())}, int((x @ B + rng.gumbel(size=3)).argmax())


def furthest(before, after):
    """Give the largest change of a probability over some answers."""
    return max(abs(q[label] - p[label]) for p, q in zip(before, after, strict=True) for label in p)


def test_120_features_from_the_start_are_for_first_order_only():
    model, hits = AutoSoftmaxRegression(), 0
    for i, (x, y) in enumerate(linear_stream(2000, 120)):
        hits += i >= 1000 and model.predict_one(x) == y
        model.learn_one(x, y)
        assert set(model.expert_weights) == FIRST_ORDER
    assert hits > 650


@BANKS
@pytest.mark.parametrize("at", [1, 50, 300, 499])
def test_one_feature_too_many_early_and_the_experts_leave(is_finite, interactions, at):
    model = AutoSoftmaxRegression(interactions=interactions)
    questions, changes = [x for x, _ in linear_stream(10, 100, seed=7)], []
    for t, (x, y) in enumerate(linear_stream(at + 320, 100)):
        before, bank = [model.predict_proba_one(q) for q in questions], len(model.expert_weights)
        model.learn_one(x | ({"too many": 1.5} if t == at else {}), y)
        if t > 1:
            changes.append(furthest(before, [model.predict_proba_one(q) for q in questions]))
        if len(model.expert_weights) < bank:
            assert changes[-1] <= 2 * max(changes[-21:-1])  # no jump: as other samples move the answer
        if t <= at:
            assert set(model.expert_weights) >= NEWTON
    assert set(model.expert_weights) == FIRST_ORDER
    assert is_finite(model)


@BANKS
@pytest.mark.parametrize("at", [500, 700])
def test_one_feature_too_many_late_and_the_experts_stay(is_finite, interactions, at):
    model, samples = AutoSoftmaxRegression(interactions=interactions), linear_stream(at + 400, 100)
    for _ in range(at):
        model.learn_one(*next(samples))
    bank, twin = set(model.expert_weights), pickle.loads(pickle.dumps(model))
    x, y = next(samples)
    assert model.predict_proba_one(x | {"too many": 1.5}) == model.predict_proba_one(x)
    model.learn_one(x | {"too many": 1.5}, y)
    twin.learn_one(x, y)
    for x, y in samples:
        assert furthest([model.predict_proba_one(x)], [twin.predict_proba_one(x)]) < 0.02
        model.learn_one(x, y)
        twin.learn_one(x, y)
    assert set(model.expert_weights) == bank >= NEWTON
    assert is_finite(model)


@pytest.mark.parametrize("at", [50, 700])
def test_growth_keeps_the_bits(learned, at):
    """Straight through as pickled before, in and after the change of the bank."""
    through, paused = AutoSoftmaxRegression(), AutoSoftmaxRegression()
    for t, (x, y) in enumerate(linear_stream(at + 300, 105)):
        x = {name: v for name, v in x.items() if t >= at or int(name[1:]) < 95 + 5 * t // at}
        through.learn_one(x, y)
        paused.learn_one(x, y)
        if t % 10 == 0:
            paused = pickle.loads(pickle.dumps(paused))
            assert paused.expert_weights == through.expert_weights
            assert paused.predict_proba_one(x) == through.predict_proba_one(x)
    assert learned(paused) == learned(through)


def test_interactions_that_are_insisted_on_refuse_the_101st_feature():
    model = AutoSoftmaxRegression(interactions=True)
    for x, y in linear_stream(20, 100):
        model.learn_one(x, y)
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=r"^[^\n]*interactions=True[^\n]*'too many'[^\n]*$"):
        model.learn_one({"x1": 1.0, "too many": 1.0}, 0)
    assert pickle.dumps(model) == before
    model.learn_one({"x1": 1.0, "too many": 0.0}, 0)


def towns(n, classes, seed=5):
    """Give a stream whose classes lie on a grid, and come in order before they come at random."""
    rng = random.Random(seed)
    for i in range(n):
        c = i if i < classes else rng.randrange(classes)
        yield {"east": c % 25 + rng.gauss(0, 0.1), "north": c // 25 + rng.gauss(0, 0.1)}, f"town {c}"


@BANKS
def test_600_classes(learned, is_finite, interactions):
    """Straight through as pickled before and after the 513th class."""
    through, paused, hits = (*(AutoSoftmaxRegression(interactions=interactions) for _ in range(2)), 0)
    for i, (x, y) in enumerate(towns(1500, 600)):
        hits += i >= 1200 and through.predict_one(x) == y
        through.learn_one(x, y)
        paused.learn_one(x, y)
        if i in (300, 511, 512, 513, 700):
            paused = pickle.loads(pickle.dumps(paused))
            assert paused.predict_proba_one(x) == through.predict_proba_one(x)
    assert len(through.classes) == 600
    assert learned(paused) == learned(through)
    assert is_finite(through)
    assert not interactions or hits > 100  # of 300


def test_markov_answers_as_the_prior_beyond_512_classes():
    def moved(model, x, y):
        before = model.expert_weights
        model.learn_one(x, y)
        after, K = model.expert_weights, len(before)
        return {name: (after[name] - 0.002 / K) / before[name] for name in ("markov", "prior")}

    few, many = AutoSoftmaxRegression(interactions=False), AutoSoftmaxRegression(interactions=False)
    for i in range(1500):
        few.learn_one({}, i % 512)
        many.learn_one({}, i % 513)
    gain = moved(few, {}, 1500 % 512)
    assert gain["markov"] > 2 * gain["prior"]
    gain = moved(many, {}, 1500 % 513)
    assert gain["markov"] == pytest.approx(gain["prior"], rel=1e-9)
