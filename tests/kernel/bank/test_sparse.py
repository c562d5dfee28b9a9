"""The experts for sparse rows: what they make of rare words, when they join, and what they keep."""

from __future__ import annotations

import math
import pickle
import random
import sys

import numpy as np
import pandas as pd
import pytest

from online_softmax import AutoSoftmaxRegression, load, save
from online_softmax._kernel.bank.auto import EXPERTS
from online_softmax._kernel.merging import of_experts
from online_softmax._kernel.state import TABLE, check

SPARSE = {"naive-bayes", "firm-naive-bayes", "one-vs-all", "slow-one-vs-all"}
FIELDS_OF_THEIRS = {field.name for field in TABLE["sparse"]}
SETTLED = 500  # samples


def texts(rows, classes=4, seed=0, new=10):
    """Rows of 8 common words that say little, and of some rare ones that the class has for itself."""
    rng = random.Random(seed)
    for _ in range(rows):
        label = rng.randrange(classes)
        words = [f"w{int(60 * rng.random() ** 2)}" for _ in range(8)]
        yield dict.fromkeys(words + [f"{label} {rng.randrange(300)}" for _ in range(new)], 1.0), f"class {label}"


def numbers(rows, d=12, classes=4, seed=1):
    """Rows of few features, of which the first says something of the class."""
    rng = np.random.default_rng(seed)
    for _ in range(rows):
        label = int(rng.integers(classes))
        x = rng.normal(size=d) + label * (np.arange(d) == 0)
        yield {f"n{j}": v for j, v in enumerate(x.tolist())}, f"class {label}"


def learn(model, rows):
    for x, y in rows:
        model.learn_one(x, y)
    return model


def loss(model, rows):
    """Predict, then learn; give the mean log loss of classes that were known."""
    lost = []
    for x, y in rows:
        p = model.predict_proba_one(x)
        if y in p:
            lost.append(-math.log(max(p[y], 1e-15)))
        model.learn_one(x, y)
    return sum(lost) / len(lost)


# ---- rare words ----


@pytest.mark.parametrize("interactions", ["auto", False])
def test_rare_words_are_made_use_of_at_once(interactions):
    model = AutoSoftmaxRegression(interactions=interactions)
    assert loss(model, texts(600)) < 0.25
    weights = model.expert_weights
    assert sum(weights[name] for name in SPARSE) > 0.9


def test_a_word_seen_once_says_its_class():
    model = learn(AutoSoftmaxRegression(), texts(400))
    x = dict.fromkeys(["w1", "w2", "hapax", "legomenon"], 1.0)
    before = model.predict_proba_one(x)["class 2"]
    model.learn_one(x, "class 2")
    after = model.predict_proba_one({"hapax": 1.0, "w1": 1.0, "legomenon": 1.0})["class 2"]
    assert after > before + 0.1


def test_names_that_the_model_does_not_know_change_no_prediction():
    model = learn(AutoSoftmaxRegression(), texts(300))
    x = next(texts(1, seed=9))[0]
    assert model.predict_proba_one({**x, **{f"new {j}": 7.0 for j in range(50)}}) == model.predict_proba_one(x)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_a_common_scale_of_the_values_plays_no_part(scale):
    plain, scaled = AutoSoftmaxRegression(), AutoSoftmaxRegression()
    for x, y in texts(250):
        other = {name: scale * value for name, value in x.items()}
        assert plain.predict_proba_one(x) == pytest.approx(scaled.predict_proba_one(other), abs=1e-6)
        plain.learn_one(x, y)
        scaled.learn_one(other, y)


@pytest.mark.parametrize("weight", [0.0, 1e-300, 1e100, 1e300])
def test_hostile_rows_leave_a_distribution(is_finite, weight):
    rng, model = random.Random(0), AutoSoftmaxRegression()
    learn(model, texts(12))
    for x, y in texts(60, classes=6, seed=2):
        values = (0.0, 1.0, -1e300, 1e300, 1e-300, 5e-324, 1e150, -1e-160)
        model.learn_one({name: rng.choice(values) for name in x}, y, w=weight if rng.random() < 0.5 else 1.0)
        model.learn_one({}, y, w=weight)
        p = model.predict_proba_one(x)
        assert math.fsum(p.values()) == pytest.approx(1)
        assert min(p.values()) >= 0
    assert is_finite(model)


def test_a_heavy_sample_counts_like_eight_in_explicit_steps():
    model, (x, y) = learn(AutoSoftmaxRegression(), texts(50)), next(texts(1, seed=9))
    steps = {}
    for weight in (4.0, 8.0, 1000.0):
        steps[weight] = model.copy()
        steps[weight].learn_one(x, y, w=weight)
    B = {weight: one._state()["sparse_B"] for weight, one in steps.items()}
    np.testing.assert_array_equal(B[8.0][:, 2:], B[1000.0][:, 2:])
    for one, other in ((B[4.0][:, 2:], B[8.0][:, 2:]), (B[8.0][:, :2], B[1000.0][:, :2])):
        assert (one != other).any()


def test_a_value_that_is_too_large_teaches_nothing():
    model = learn(AutoSoftmaxRegression(), texts(50))
    before, common = model._state(), 1 + model.features.index("w1")
    model.learn_one({"w1": 1e151, "huge": 1e151}, "class 1")
    after, huge = model._state(), 1 + model.features.index("huge")
    for name in "sparse_N", "sparse_B":
        np.testing.assert_array_equal(after[name][common], before[name][common])
        assert not after[name][huge].any()


def test_empty_rows_and_one_class():
    model = AutoSoftmaxRegression()
    for t in range(30):
        model.learn_one({} if t % 2 else dict.fromkeys((f"x{t} {j}" for j in range(60)), 1.0), "only")
        assert model.predict_proba_one({"x0 1": 1.0}) == {"only": 1.0}
    assert loss(model, texts(300)) < 0.6


# ---- joining ----


@pytest.mark.parametrize("at", [2, 50, 450, 600])
def test_they_join_with_the_101st_feature_and_the_answer_hardly_moves(at):
    rows, (x, y) = list(numbers(at, 100)), next(numbers(1, 100, seed=3))
    few = learn(AutoSoftmaxRegression(), rows)
    many = pickle.loads(pickle.dumps(few))
    few.learn_one(x, y)
    many.learn_one(x | {"one more": 1.0}, y)
    assert SPARSE.isdisjoint(few.expert_weights)
    assert set(many.expert_weights) >= SPARSE
    assert math.fsum(many.expert_weights.values()) == pytest.approx(1)
    gap = max(
        abs(many.predict_proba_one(q)[label] - p)
        for q, _ in numbers(20, 100, seed=4)
        for label, p in few.predict_proba_one(q).items()
    )
    assert gap < (0.2 if at == 2 else 0.05)


@pytest.mark.parametrize(("at", "most"), [(2, 0.02), (50, 0.05), (450, 0.08), (600, 0.1)])
def test_a_stream_that_turns_into_texts_is_followed(at, most):
    rows = list(texts(500))
    alone = loss(AutoSoftmaxRegression(), rows)
    assert loss(learn(AutoSoftmaxRegression(), numbers(at)), rows) < alone + most


def test_a_model_of_many_features_without_them_gets_them_with_its_next_sample():
    """As one from a file of an earlier version."""
    model, old = learn(AutoSoftmaxRegression(), texts(200)), AutoSoftmaxRegression()
    others = np.array([name not in SPARSE for name in EXPERTS])
    state = of_experts(model._state(), others)
    old._restore({name: value for name, value in state.items() if name not in FIELDS_OF_THEIRS})
    x, y = next(texts(1, seed=5))
    was = old.predict_proba_one(x)
    assert SPARSE.isdisjoint(old.expert_weights)
    old.learn_one(x, y)
    assert set(old.expert_weights) == set(model.expert_weights)
    assert sum(old.expert_weights[name] for name in SPARSE) < 0.2
    assert old._state()["sparse_samples"] == 1
    assert math.fsum(abs(old.predict_proba_one(x)[label] - p) for label, p in was.items() if label != y) < 0.3
    assert loss(old, texts(300, seed=6)) < 0.3


def test_where_there_are_few_features_they_are_dropped():
    model, sizes = AutoSoftmaxRegression(), []
    for t, (x, y) in enumerate(numbers(SETTLED + 1)):
        model.learn_one(x, y)
        assert SPARSE.isdisjoint(model.expert_weights)
        assert ("sparse_B" in model._state()) == (t + 1 < SETTLED)
        sizes.append(sys.getsizeof(model))
    assert sizes[SETTLED] < sizes[SETTLED - 2]


def test_a_model_that_insists_on_interactions_has_none():
    model = learn(AutoSoftmaxRegression(interactions=True), numbers(10))
    assert "sparse_B" not in model._state()


# ---- the same bits ----


@pytest.mark.parametrize("first", [0, 40, 520])
def test_bits_one_by_one_resumed_and_in_bulk(learned, tmp_path, first):
    rows = [*numbers(first), *texts(60)]
    through, paused, bulk = AutoSoftmaxRegression(), AutoSoftmaxRegression(), AutoSoftmaxRegression()
    for t, (x, y) in enumerate(rows):
        through.learn_one(x, y)
        paused.learn_one(x, y)
        if t % 25 == 10:
            save(paused, tmp_path / "model")
            paused = pickle.loads(pickle.dumps(load(tmp_path / "model")))
    for part in (rows[: first + 30], rows[first + 30 :]):
        bulk.learn_many(pd.DataFrame([x for x, _ in part]).fillna(0.0), pd.Series([y for _, y in part]))
    assert learned(paused) == learned(through) == learned(bulk)


# ---- forgetting ----


def test_a_budget_of_features_keeps_what_is_known_of_the_others():
    model = AutoSoftmaxRegression(max_features=600)
    assert loss(model, texts(800)) < 0.8
    assert model.n_evicted > 0
    assert len(model.features) <= 600
    state = model._state()
    assert len(state["sparse_B"]) == 1 + len(model.features)


def test_a_forgotten_feature_and_class_leave_the_rest_as_it_is():
    model = learn(AutoSoftmaxRegression(), texts(200))
    before, names, labels = model._state(), model.features, list(model.classes)
    model.forget_feature("w3")
    model.forget_class("class 1")
    after = model._state()
    rows = [0, *(1 + j for j, name in enumerate(names) if name != "w3")]
    columns = [c for c, label in enumerate(labels) if label != "class 1"]
    np.testing.assert_array_equal(after["sparse_N"], before["sparse_N"][rows][:, columns])
    np.testing.assert_array_equal(after["sparse_B"], before["sparse_B"][rows][:, :, columns])
    np.testing.assert_array_equal(after["sparse_G"], before["sparse_G"][rows])
    assert "class 1" not in model.predict_proba_one({"w3": 1.0, "w5": 1.0})
    learn(model, texts(50, seed=5))
    assert set(model.classes) == set(labels)


# ---- from a file ----


@pytest.mark.parametrize("name", [field.name for field in TABLE["sparse"]])
@pytest.mark.parametrize("rows", [4, 200], ids=["unheard", "heard"])
def test_forged_arrays_are_refused(name, rows):
    model = learn(AutoSoftmaxRegression(), texts(rows))
    found = model._state()
    F, C, state = len(found.pop("names")), len(found.pop("labels")), found

    def refused(value):
        with pytest.raises(ValueError, match=rf"^[^\n]*{name}[^\n]*$"):
            check(model, F, C, state | {name: value})

    value = state[name]
    if isinstance(value, np.ndarray):
        refused(value[..., :-1])
        refused(value.astype(np.float32))
        bad = value.copy()
        bad.flat[0] = math.nan
        refused(bad)
    else:
        refused(str(value))
        refused(math.nan)
