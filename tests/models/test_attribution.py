"""The terms: Shapley values by their definition, the linear part by the reference, buckets, and the centres."""

from __future__ import annotations

import copy
import itertools
import math

import numpy as np
import pytest
from river import datasets, optim

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression
from online_softmax.models.attribution import EXACT, Bucket, shapley_values
from tests.reference.bank import Bank
from tests.reference.experts import Sample


def stream(n, d=4, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(n):
        x = rng.normal(5, 2, d)
        yield dict(zip("abcdefghijklmnop", x.tolist(), strict=False)), int(x[0] * x[1] > 25) + int(x[2] > 6)


def trained(model, samples):
    for x, y in samples:
        model.learn_one(x, y)
    return model


def centres(model):
    """The means of the features that are mostly there, and 0."""
    state = model._state()
    return {
        name: mean if nz >= 0.1 else 0.0
        for name, (mean, _, nz, _) in zip(state["names"], state["statistics"][1:].tolist(), strict=True)
    }


def test_a_softmax_regression_in_terms_of_its_weights():
    model = trained(SoftmaxRegression(intercept=True), stream(50))
    explanation = model.explain_one({"a": 2.0, "c": -3.0})
    assert explanation.of == "linear"
    assert explanation.base == model.intercepts
    for label, weights in model.weights.items():
        assert explanation.contributions[label] == {"a": 2.0 * weights["a"], "c": -3.0 * weights["c"]}


@pytest.mark.parametrize("n", [1, 3, EXACT, EXACT + 1, 40])
def test_a_linear_game_pays_each_player_what_it_brings(n):
    terms = np.random.default_rng(n).normal(size=(n, 3))
    assert shapley_values(lambda who: who @ terms, n) == pytest.approx(terms, abs=1e-12)


def test_shapley_values_by_their_definition():
    worth = np.random.default_rng(0).normal(size=(1 << 5, 2))

    def value(who):
        return worth[who @ (1 << np.arange(5))]

    wanted = np.zeros((5, 2))
    for way in itertools.permutations(range(5)):
        for i, j in enumerate(way):
            before = sum(1 << k for k in way[:i])
            wanted[j] += (worth[before | 1 << j] - worth[before]) / math.factorial(5)
    assert shapley_values(value, 5) == pytest.approx(wanted, abs=1e-12)
    assert shapley_values(value, 5, rows=3) == pytest.approx(wanted, abs=1e-12)


def test_permutations_come_near_the_exact_values():
    n, rng = 14, np.random.default_rng(0)
    pairs = np.triu(rng.normal(size=(n, n)), 1)
    wanted = (pairs.sum(axis=0) + pairs.sum(axis=1)) / 2

    def value(who):
        return np.einsum("ri,ij,rj->r", who, pairs, who)[:, None]

    assert shapley_values(value, n, 2)[:, 0] == pytest.approx(wanted, abs=1e-9)  # of pairs, a way and back suffice
    assert shapley_values(value, n, 6, rows=5) == pytest.approx(shapley_values(value, n, 6), abs=1e-12)

    def three(who):
        return (who[:, :3].all(axis=1) * 6.0)[:, None]

    assert shapley_values(three, n, 2000)[:3, 0] == pytest.approx([2, 2, 2], abs=0.2)


def test_the_whole_by_single_predictions():
    model = trained(AutoSoftmaxRegression(), stream(200))
    x, centre = {"a": 7.0, "b": 4.0, "d": 1.0}, centres(model)

    def ln_p(names):
        p = model.predict_proba_one({name: x.get(name, 0.0) if name in names else centre[name] for name in centre})
        return np.log(list(p.values()))

    explanation, names = model.explain_one(x), list(centre)
    assert list(explanation.values.items()) == [*x.items(), ("c", None)]
    assert list(explanation.base.values()) == pytest.approx(ln_p(()), rel=1e-12)
    for name in names:
        wanted = np.zeros(3)
        for way in itertools.permutations(names):
            before = way[: way.index(name)]
            wanted += (ln_p((*before, name)) - ln_p(before)) / math.factorial(4)
        found = [terms[name] for terms in explanation.contributions.values()]
        assert found == pytest.approx(wanted, abs=1e-10)


def test_the_linear_part_as_in_the_reference():
    model, bank, names = AutoSoftmaxRegression(), Bank(), list("abcd")
    for x, y in stream(300):
        model.learn_one(x, y)
        bank.learn(np.array(list(x.values())), model.classes.index(y))
    x = {"a": 9.0, "b": 3.0, "c": 5.0, "d": -4.0}
    xa, xb = copy.deepcopy(bank.scaler).scale(np.array(list(x.values())), bank.t)
    linear, newton = (block for block in bank.blocks if {"adagrad", "newton"} & {*block.experts})
    u = np.array([bank.expert_weights[name] for block in (linear, newton) for name in block.experts])
    explanation = model.explain_one(x, of="linear")
    for j, name in enumerate(["base", *names]):
        only = np.arange(5) == j
        alone = Sample(bank.t, xa * only, xb * only)
        wanted = u / u.sum() @ np.vstack([block.scores(alone) for block in (linear, newton)])
        found = (
            explanation.base if name == "base" else {c: terms[name] for c, terms in explanation.contributions.items()}
        )
        assert [found[label] for label in model.classes] == pytest.approx(wanted, rel=1e-6, abs=1e-8)


def test_a_feature_at_its_centre_adds_nothing():
    model = trained(AutoSoftmaxRegression(), stream(200))
    x = centres(model) | {"a": 9.0}
    for of in ("whole", "linear"):
        terms = model.explain_one(x, of=of).contributions[0]
        assert abs(terms.pop("a")) > 0.01
        assert set(terms.values()) == {0.0}


def test_names_in_one_bucket_share_its_weight():
    model = SoftmaxRegression(hash_bits=1)
    names = [f"n{i}" for i in range(6)]
    for i in range(30):
        model.learn_one({names[i % 6]: 1.0, names[i % 5]: i % 3}, i % 2)
    explanation = model.explain_one(dict.fromkeys(names, 2.0))
    assert len(set(explanation.contributions[0].values())) == 2
    assert list(explanation.values) == names


def test_buckets_that_no_name_of_the_sample_fills():
    model = trained(AutoSoftmaxRegression(hash_bits=4), stream(60))
    for of in ("whole", "linear"):
        explanation = model.explain_one({"a": 6.0}, of=of)
        absent = [name for name, value in explanation.values.items() if value is None]
        assert absent
        assert all(isinstance(name, Bucket) for name in absent)
        assert "bucket" in repr(explanation)


def test_equal_names_in_one_bucket_are_paid_alike():
    model = AutoSoftmaxRegression(hash_bits=1)
    for i in range(60):
        model.learn_one({"a": i % 3, "b": i % 3, "c": i % 3}, i % 3)
    for of in ("whole", "linear"):
        terms = model.explain_one(dict.fromkeys("abc", 2.0), of=of).contributions[0]
        assert len({round(term, 9) for term in terms.values()}) <= 2


def test_thousands_of_sparse_features():
    rng = np.random.default_rng(0)
    for model in (AutoSoftmaxRegression(), SoftmaxRegression()):
        for i in range(800):
            model.learn_one({f"w{j}": 1.0 for j in rng.integers(0, 5000, 30)}, i % 3)
        x = {f"w{j}": 1.0 for j in range(60)}
        explanation = model.explain_one(x)
        assert set(explanation.values) == set(x)
        known = set(model.features)
        assert all(terms[name] == 0 for terms in explanation.contributions.values() for name in x if name not in known)
        assert explanation.probabilities == model.predict_proba_one(x)


def test_more_permutations_and_what_is_no_number_of_them():
    model = trained(AutoSoftmaxRegression(), datasets.ImageSegments().take(500))
    x = next(iter(datasets.ImageSegments()))[0]
    few, many = model.explain_one(x, permutations=2), model.explain_one(x, permutations=200)
    assert few.base == many.base
    assert few.scores == pytest.approx(many.scores, abs=1e-9)
    assert few.contributions != many.contributions
    for wrong in (0, 1, 3, -2, 2.0, True, "many"):
        with pytest.raises(ValueError, match="permutations must be None or an even int"):
            model.explain_one(x, permutations=wrong)
    with pytest.raises(ValueError, match="of must be 'whole' or 'linear', got 'all'"):
        model.explain_one(x, of="all")


def test_values_at_the_ends_of_the_doubles():
    auto = trained(AutoSoftmaxRegression(), stream(50))
    for of in ("whole", "linear"):
        scores = auto.explain_one({"a": 1e308, "b": -1e308}, of=of).scores
        assert all(map(math.isfinite, scores.values()))
    model = trained(SoftmaxRegression(optim.SGD(3.0)), stream(50))
    before = model.weights
    with pytest.raises(OverflowError, match="the scores of this sample leave the range of doubles: scale the features"):
        model.explain_one({"a": 1.7e308, "b": 1.7e308, "c": 1.7e308, "d": -1.7e308})
    assert model.weights == before
