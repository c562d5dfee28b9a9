"""A stream outgrows some of its experts: no answer jumps, and the rest of the bank goes on to the same bits.

Most of them leave beyond 100 features, the Gaussians beyond 64 features or 65,536 cells, and Markov beyond 512 classes.
"""

from __future__ import annotations

import math
import pickle
import random

import numpy as np
import pandas as pd
import pytest

from online_softmax import AutoSoftmaxRegression
from online_softmax._kernel.bank.auto import EXPERTS
from online_softmax._kernel.limits import INPUTS
from online_softmax._kernel.state import FIELDS

BANKS = pytest.mark.parametrize("interactions", ["auto", False], ids=["whole bank", "linear bank"])
FIRST_ORDER = {
    *("adagrad", "adagrad-average", "slow-adagrad", "decaying-sgd", "normalised-sgd"),
    *("recent-prior", "prior", "markov"),
}
NEWTON = {"newton", "newton-decaying", "newton-average"}
NON_LINEAR = {"votes", "wide-votes", "additive", "memory", "wide-memory", "gaussian"}
BEYOND_100 = NEWTON | NON_LINEAR  # these need at most 100 features
SPARSE = {"naive-bayes", "firm-naive-bayes", "one-vs-all", "slow-one-vs-all"}  # and these more
LEAVING = 210  # samples; an expert that leaves is silent after 200


# ---- beyond 100 features ----


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


def test_120_features_from_the_start():
    model, hits = AutoSoftmaxRegression(), 0
    for i, (x, y) in enumerate(linear_stream(2000, 120)):
        hits += i >= 1000 and model.predict_one(x) == y
        model.learn_one(x, y)
        assert set(model.expert_weights) == FIRST_ORDER | SPARSE | {"grove"}
    assert hits > 650


@BANKS
@pytest.mark.parametrize("at", [1, 50, 300, 499])
def test_one_feature_too_many_early_and_the_experts_leave(is_finite, interactions, at):
    model = AutoSoftmaxRegression(interactions=interactions)
    questions, changes = [x for x, _ in linear_stream(10, 100, seed=7)], []
    for t, (x, y) in enumerate(linear_stream(at + 320, 100)):
        before, bank = [model.predict_proba_one(q) for q in questions], set(model.expert_weights)
        model.learn_one(x | ({"too many": 1.5} if t == at else {}), y)
        if t > 1:
            changes.append(furthest(before, [model.predict_proba_one(q) for q in questions]))
        if bank - set(model.expert_weights):
            assert changes[-1] <= 2 * max(changes[-21:-1])  # no jump: as other samples move the answer
        if t <= at:
            assert set(model.expert_weights) >= NEWTON
        assert (set(model.expert_weights) >= SPARSE) == (t >= at)
    assert set(model.expert_weights) == FIRST_ORDER | SPARSE | ({"grove"} if interactions else set())
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
    apart = []
    for x, y in samples:
        apart.append(furthest([model.predict_proba_one(x)], [twin.predict_proba_one(x)]))
        model.learn_one(x, y)
        twin.learn_one(x, y)
    assert apart[0] < 0.02
    assert np.mean(apart) < 0.02
    assert set(model.expert_weights) == bank | SPARSE
    assert bank >= NEWTON
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


def test_experts_that_have_left_leave_nothing_behind_in_the_mixture():
    model = AutoSoftmaxRegression()
    for x, y in linear_stream(20, 8):
        model.learn_one(x, y)
    gone = np.array([name in BEYOND_100 for name in EXPERTS])
    inputs = np.append(gone, np.zeros(INPUTS - len(EXPERTS), bool))
    mixers = FIELDS["mixers"].unfolded(model._state()["mixers"])
    assert mixers[:, 0, inputs].all()
    for x, y in linear_stream(LEAVING, 110, seed=1):
        model.learn_one(x, y)
    state = model._state()
    mixers = FIELDS["mixers"].unfolded(state["mixers"])
    assert not mixers[:, :, inputs].any()
    assert not mixers[:, 1:][:, inputs].any()
    assert not state["experts"][0, gone].any()
    assert not state["voices"][0, gone].any()


def test_interactions_that_are_insisted_on_refuse_the_101st_feature():
    model = AutoSoftmaxRegression(interactions=True)
    for x, y in linear_stream(20, 100):
        model.learn_one(x, y)
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=r"^[^\n]*interactions=True[^\n]*'too many'[^\n]*$"):
        model.learn_one({"x1": 1.0, "too many": 1.0}, 0)
    assert pickle.dumps(model) == before
    model.learn_one({"x1": 1.0, "too many": 0.0}, 0)


# ---- the answer while experts leave ----


def curved(n, d, classes, seed=0):
    """Give a stream of d features and two opposite clouds a class, between which the other classes lie."""
    centres = np.random.default_rng(9).normal(size=(classes, d)) * 6 / np.sqrt(d)
    rng = np.random.default_rng(seed)
    for label in rng.integers(classes, size=n).tolist():
        values = rng.choice([-1, 1]) * centres[label] + rng.normal(size=d)
        yield {f"x{j:03}": value for j, value in enumerate(values.tolist())}, label


def grown(rows):
    """Give a model that has learned so many of the rows, in bulk."""
    model = AutoSoftmaxRegression()
    if rows:
        model.learn_many(pd.DataFrame([x for x, _ in rows]), pd.Series([y for _, y in rows]))
    return model


class Watch:
    """How much each sample moves the answers to some questions, among the labels known at the start."""

    def __init__(self, model, questions):
        self.model, self.questions, self.labels, self.moves = model, questions, list(model.classes), []

    def answers(self):
        all_p = [self.model.predict_proba_one(q) for q in self.questions]
        P = np.array([[p[label] for label in self.labels] for p in all_p])
        return P / P.sum(axis=1, keepdims=True)

    def learn(self, x, y):
        before = self.answers()
        self.model.learn_one(x, y)
        self.moves.append(abs(self.answers() - before).max())

    def is_steady(self):
        """Whether the last sample has moved the answers about as much as one of the twenty before it has."""
        return self.moves[-1] < max(0.02, 1.5 * max(self.moves[-21:-1]))


def watched(at, d, classes):
    """Give a watch on a model of `at` samples, the last 20 of which it has seen, and the samples that follow."""
    rows = list(curved(at + 1 + LEAVING, d, classes))
    watch = Watch(grown(rows[: at - 20]), [x for x, _ in curved(12, d, classes, seed=7)])
    for row in rows[at - 20 : at]:
        watch.learn(*row)
    assert len(watch.labels) == classes
    return watch, rows[at], rows[at + 1 :]


def leave(watch, samples, stay):
    """Learn on until the experts have left: no answer jumps, and those in `stay` remain, with shares that sum to 1."""
    left_at = None
    for t, (x, y) in enumerate(samples):
        bank = set(watch.model.expert_weights)
        watch.learn(x, y)
        weights = watch.model.expert_weights
        assert math.fsum(weights.values()) == pytest.approx(1, abs=1e-12)
        if set(weights) != bank:
            assert left_at is None
            left_at = t
            assert watch.is_steady()
    assert 150 < left_at < LEAVING
    assert set(watch.model.expert_weights) == stay


@pytest.mark.parametrize(("at", "d"), [(60, 100), (400, 100), (5000, 100), (60, 64), (400, 64), (5000, 64)])
def test_a_feature_too_many_moves_the_answer_as_any_sample_does(is_finite, at, d):
    watch, (x, y), samples = watched(at, d, 4)
    bank, goes = set(watch.model.expert_weights), BEYOND_100 if d == 100 else {"gaussian"}
    assert bank >= goes - ({"gaussian"} if d == 100 else set())
    x = x | {"one more": 1.5}
    assert watch.model.predict_proba_one(x) == watch.model.predict_proba_one({**x, "one more": 0.0})
    watch.learn(x, y)
    assert watch.is_steady()
    comes = SPARSE if d == 100 else set()
    assert set(watch.model.expert_weights) == bank | comes
    if at < 500:
        leave(watch, samples, (bank | comes) - goes)
    else:
        stay(watch, [(x | {"one more": 1.5}, y) for x, y in samples])
    assert is_finite(watch.model)


def stay(watch, samples):
    """Learn on: the experts go on as before."""
    bank, hits = set(watch.model.expert_weights), 0
    for x, y in samples:
        hits += watch.model.predict_one(x) == y
        watch.model.learn_one(x, y)
    assert set(watch.model.expert_weights) == bank
    assert sum(watch.model.expert_weights[name] for name in bank - FIRST_ORDER - NEWTON) > 0.9
    assert hits > 0.9 * len(samples)


@pytest.mark.parametrize("at", [200, 400, 5000])
def test_a_class_too_many_moves_the_other_classes_as_any_sample_does(is_finite, at):
    """63 features x 63 features x 17 classes > 65,536."""
    watch, (x, _), samples = watched(at, 63, 16)
    bank = set(watch.model.expert_weights)
    assert "gaussian" in bank
    watch.learn(dict.fromkeys(x, 3.0), "new")
    assert watch.is_steady()
    assert set(watch.model.expert_weights) == bank
    if at < 500:
        leave(watch, samples, bank - {"gaussian"})
    else:
        stay(watch, samples)
    assert is_finite(watch.model)


@pytest.mark.parametrize(
    ("d", "classes", "missing"),
    [
        (100, 3, {"gaussian"}),
        (64, 3, set()),
        (65, 3, {"gaussian"}),
        (1, 2, set()),
        (0, 2, set()),
    ],
)
def test_the_bank_that_a_stream_starts_with(d, classes, missing):
    model = AutoSoftmaxRegression()
    assert model.expert_weights == {}
    full = BEYOND_100 | set(grown(list(curved(3, 2, 2))).expert_weights)
    for x, y in curved(300, d, classes) if d else [({}, t % 2) for t in range(300)]:
        model.learn_one(x, y)
        assert set(model.expert_weights) == full - missing
        assert math.fsum(model.expert_weights.values()) == pytest.approx(1, abs=1e-12)


def test_features_that_come_one_by_one_are_all_made_use_of():
    """An interaction of two features that come late, the second of them after 1,000 samples."""
    rng, model, hits = np.random.default_rng(0), AutoSoftmaxRegression(), 0
    for t in range(4000):
        values = rng.normal(size=12)
        x = {f"x{j:03}": value for j, value in enumerate(values.tolist()) if t >= 100 * j}
        y = bool(values[10] * values[11] > 0)
        hits += t >= 3000 and model.predict_one(x) == y
        model.learn_one(x, y)
    assert hits > 850


# ---- many classes ----


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
