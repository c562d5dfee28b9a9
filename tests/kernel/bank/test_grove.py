"""The grove: what it learns, what it keeps, and what no file may say of it."""

from __future__ import annotations

import io
import pickle
import random
import sys

import numpy as np
import pandas as pd
import pytest

from online_softmax import AutoSoftmaxRegression, load, merge
from online_softmax._kernel import limits
from online_softmax._kernel.state import FIELDS, check
from online_softmax.models.saving import ModelFileError, to_bytes
from tests.reference.constants import LEAF_CELLS

GROVE = [name for name in FIELDS if name.startswith(("grove_", "tests_"))]
PAST = [name for name in FIELDS if name.startswith("past_")]


def forks(n, seed=0, turn=10**9, names=("a", "b", "c", "d")):
    """Give a stream of which a tree of four tests tells the class; from `turn` on nothing does."""
    rng = random.Random(seed)
    for t in range(n):
        a, b, c, d = (round(rng.gauss(0, 1), 2) for _ in range(4))
        y = 2 * (b > 0.3) + (c > 0) if a > 0 else 3 * (d > -0.5)
        yield dict(zip(names, (a, b, c, d), strict=True)), int(y) if t < turn else rng.randrange(4)


def board(rows):
    """Give X of 103 columns, most of them 0, and labels that 16 x 16 fields of the first two have at random."""
    rng, X = np.random.default_rng(0), np.zeros((rows, 103))
    X[:, :3], X[0, 3:] = rng.random((rows, 3)), 1.0
    fields = (X[:, :2] * 16).astype(int)
    return pd.DataFrame(X), pd.Series(rng.integers(8, size=(16, 16))[fields[:, 0], fields[:, 1]])


def wide(stream):
    """Give the stream with 100 features more in its first sample, so that the grove has no non-linear rival."""
    for t, (x, y) in enumerate(stream):
        yield (x | dict.fromkeys(range(100), 1.0) if t == 0 else x), y


def learn(model, stream):
    """Predict, then learn; give which samples were predicted right."""
    hits = []
    for x, y in stream:
        hits.append(model.predict_one(x) == y)
        model.learn_one(x, y)
    return np.array(hits)


def state(model):
    """Give the arrays and numbers of the grove."""
    found = model._state()
    return {name: found[name] for name in GROVE}


@pytest.fixture(scope="module")
def grown():
    """Give a model whose grove has grown, which no test changes."""
    model = AutoSoftmaxRegression()
    learn(model, wide(forks(2000)))
    return model


# ---- what it learns ----


def test_a_tree_is_learned(grown, accuracy):
    assert max(grown.expert_weights, key=grown.expert_weights.get) == "grove"
    hits = learn(grown.copy(), forks(500, seed=1))
    assert hits.mean() > 0.95 > accuracy(forks(2000), 500, interactions=False) + 0.1


def test_fields_of_a_chessboard_that_come_back_are_still_known():
    rng, model = np.random.default_rng(0), AutoSoftmaxRegression()
    board = rng.integers(8, size=(6, 6))

    def games(n, rows):
        for _ in range(n):
            x, y = rng.uniform(*rows) * 6, rng.uniform() * 6
            yield {"x": x, "y": y}, int(board[int(x), int(y)])

    learn(model, games(3000, (0, 0.5)))
    learn(model, games(3000, (0.5, 1)))
    assert learn(model, games(200, (0, 0.5))).mean() > 0.9


def test_interactions_of_categories_beyond_100_columns():
    rng = np.random.default_rng(0)
    table, X = rng.permutation(16).reshape(4, 4) % 3, rng.integers(4, size=(5000, 28))
    rows = [({f"{j}={v}": 1.0 for j, v in enumerate(x)}, int(table[x[0], x[1]])) for x in X.tolist()]
    hits = {
        interactions: learn(AutoSoftmaxRegression(interactions=interactions), rows) for interactions in ("auto", False)
    }
    assert hits["auto"][-1000:].mean() > hits[False][-1000:].mean() + 0.1


def test_half_of_the_trees_start_anew_where_the_loss_has_risen(grown):
    model = grown.copy()
    learn(model, forks(150, seed=1))
    before = len(state(model)["grove_W"])
    learn(model, forks(200, seed=2, turn=0))
    after = state(model)
    assert after["grove_calm"] < 200 < state(grown)["grove_calm"]
    assert limits.GROVE_TREES + 50 < len(after["grove_W"]) < 0.7 * before
    assert learn(model, forks(1000, seed=3))[-500:].mean() > 0.95


# ---- what it keeps ----


def test_a_late_class_leaves_what_is_known_of_the_others(grown):
    model, before = grown.copy(), state(grown)
    hits = learn(model, [({"a": 9.0, "b": 9.0, "c": 9.0, "d": 9.0}, "late"), *forks(300, seed=2)])
    after = state(model)
    assert len(after["grove_W"]) >= len(before["grove_W"])
    assert after["tests_counts"].shape[1] == before["tests_counts"].shape[1] + 1
    assert after["tests_counts"].sum() > before["tests_counts"].sum()
    assert hits[1:].mean() > 0.95


def test_it_begins_anew_once_all_classes_are_forgotten(grown, learned):
    model, fresh = grown.copy(), AutoSoftmaxRegression()
    learn(model, forks(20, seed=2))
    for label in model.classes:
        model.forget_class(label)
    learn(model, wide(forks(60)))
    learn(fresh, wide(forks(60)))
    assert learned(model) == learned(fresh)


def test_a_forgotten_class_leaves_all_else(grown):
    model, before = grown.copy(), state(grown)
    c = grown.classes.index(2)
    model.forget_class(2)
    after = state(model)
    for name in GROVE:
        axes = FIELDS[name].each_axis()
        was = np.delete(before[name], c, axes.index("class")) if "class" in axes else before[name]
        np.testing.assert_array_equal(after[name], was, err_msg=name)


def test_a_forgotten_feature_without_a_test_leaves_all_else(grown):
    model, before = grown.copy(), state(grown)
    model.forget_feature(50)
    after, slot = state(model), 1 + grown.features.index(50)
    assert slot not in before["grove_feature"]
    stay = ~(before["tests_feature"] == slot).any(1)
    assert stay.sum() > 20
    for name in GROVE:
        if FIELDS[name].values == "row":
            before[name] = before[name] - (before[name] > slot)
        own = stay if name.startswith("tests_") else ...
        np.testing.assert_array_equal(np.asarray(after[name])[own], np.asarray(before[name])[own], err_msg=name)


def test_a_forgotten_feature_takes_its_tests_along(grown):
    """The trees are those in which it was always 0."""
    model, before = grown.copy(), state(grown)
    slot = 1 + grown.features.index("a")
    model.forget_feature("a")
    after = state(model)
    check(model, len(model.features), 4, {k: v for k, v in model._state().items() if k not in ("names", "labels")})
    assert limits.GROVE_TREES < len(after["grove_W"]) < len(before["grove_W"])
    others = [rows_of(before, slots(grown, x | {"a": 0.0})) for x, _ in forks(100, seed=3)]
    np.testing.assert_array_equal(others, [rows_of(after, slots(model, x)) for x, _ in forks(100, seed=3)])
    drawn = (before["tests_feature"] != slot) & (np.arange(limits.TESTS) < before["tests_drawn"][:, None])
    assert after["tests_drawn"].sum() < drawn.sum()
    learn(model, forks(50))


def slots(model, x):
    """Give a sample as its values by slot."""
    return np.array([0.0] + [x.get(name, 0.0) for name in model.features])


def rows_of(grove, x):
    """Give the sum of the leaves' W that a sample falls into."""
    z = 0
    for k in grove["grove_root"].tolist():
        while k >= 0:
            k = int(grove["grove_child"][k, int(x[grove["grove_feature"][k]] >= grove["grove_threshold"][k])])
        z = z + grove["grove_W"][~k].astype(float)
    return z


def test_merging_takes_the_grove_that_learned_last(grown):
    one, last = grown.copy(), grown.copy()
    learn(one, forks(60, seed=4, names=("a", "b", "new", "d")))
    learn(last, [*forks(60, seed=5), ({"late": 1.0}, "late")])
    found, whole = state(last), state(merge(grown, [one, last]))
    for name in GROVE:
        if FIELDS[name].values != "row":
            np.testing.assert_array_equal(whole[name], found[name], err_msg=name)
    x, both = dict(zip("abcd", (0.5, 0.5, -1.0, 0.2), strict=True)) | {"late": 1.0}, merge(grown, [one, last])
    assert both.features != last.features
    np.testing.assert_array_equal(rows_of(whole, slots(both, x)), rows_of(found, slots(last, x)))


# ---- weights, bits, memory ----


def test_a_sample_without_weight_teaches_it_nothing(grown):
    model = grown.copy()
    for x, y in forks(20, seed=6):
        model.learn_one(x, y, w=0.0)
    for name, value in state(grown).items():
        np.testing.assert_array_equal(state(model)[name], value, err_msg=name)


@pytest.mark.parametrize("w", [1e-300, 1e6, 1e300])
def test_any_weights(is_finite, w):
    model = AutoSoftmaxRegression()
    for x, y in wide(forks(300)):
        model.learn_one(x, y, w=w)
    assert is_finite(model)
    assert np.isfinite(state(model)["tests_counts"]).all()
    assert (len(state(model)["grove_W"]) > limits.GROVE_TREES) == (w > 1)
    load(io.BytesIO(to_bytes(model)))


def test_a_heavy_sample_counts_like_many():
    """Weights of 3 split as soon as three times the samples do, or sooner."""
    light, heavy = AutoSoftmaxRegression(), AutoSoftmaxRegression()
    for x, y in wide(forks(400)):
        light.learn_one(x, y)
        heavy.learn_one(x, y, w=3.0)
    assert len(state(heavy)["grove_W"]) > len(state(light)["grove_W"])


def test_the_same_bits_one_by_one_in_bulk_and_resumed_anywhere(learned):
    rows = list(wide(forks(2600, turn=2100)))
    one, bulk, pickled, loaded = (AutoSoftmaxRegression() for _ in range(4))
    for t, (x, y) in enumerate(rows):
        one.learn_one(x, y)
        pickled.learn_one(x, y)
        loaded.learn_one(x, y)
        if t % 41 == 0 or t in range(2100, 2300, 5):
            pickled, loaded = pickle.loads(pickle.dumps(pickled)), load(io.BytesIO(to_bytes(loaded)))
    bulk.learn_many(pd.DataFrame([x for x, _ in rows]).fillna(0.0), pd.Series([y for _, y in rows]))
    assert state(one)["grove_calm"] < 500  # half of the trees have been felled
    assert learned(one) == learned(bulk) == learned(pickled) == learned(loaded)


def test_the_same_bits_whatever_the_room_for_classes(learned):
    """One that has grown class by class, and one resumed, have room for different numbers of them."""
    rng, one = random.Random(0), AutoSoftmaxRegression()
    resumed = AutoSoftmaxRegression()
    for t in range(2500):
        x = {name: rng.gauss(0, 1) for name in "ab"}
        y = int(10 * (x["a"] > 0) + 5 * (x["b"] > 0) + rng.randrange(1 + min(t // 60, 40)))
        one.learn_one(x, y)
        resumed.learn_one(x, y)
        if t % 60 == 33:
            resumed = pickle.loads(pickle.dumps(resumed))
    assert len(state(one)["grove_W"]) > 2 * limits.GROVE_TREES
    assert learned(one) == learned(resumed)


def test_memory_grows_with_use_up_to_its_bound(is_finite):
    X, y = board(15_000)
    model, linear, sizes = AutoSoftmaxRegression(), AutoSoftmaxRegression(interactions=False), []
    linear.learn_many(X[:500], y[:500])
    for start in range(0, len(X), 500):
        model.learn_many(X[start : start + 500], y[start : start + 500])
        sizes.append(sys.getsizeof(model) - sys.getsizeof(linear))
    assert sizes[0] < 800_000
    assert sorted(sizes) == sizes
    assert 1_500_000 < sizes[-1] <= 2_600_000
    assert 0 <= limits.most_tests(8) - len(state(model)["tests_leaf"]) < limits.GROVE_TREES
    assert len(state(model)["grove_W"]) * 300 > LEAF_CELLS
    for c in range(300):  # of which there are too many for these leaves
        model.learn_one({0: 0.5, 1: 0.5}, f"late {c}")
    assert 0.6 * LEAF_CELLS < state(model)["grove_W"].size <= LEAF_CELLS
    assert len(state(model)["tests_leaf"]) <= limits.most_tests(308)
    assert is_finite(pickle.loads(pickle.dumps(model)))


def past(model):
    """The last samples, the oldest first."""
    found = model._state()
    head = found["past_head"] if len(found["past_label"]) == limits.past_size(found["past_x"].shape[1]) else 0
    return np.roll(found["past_x"], -head, 0), np.roll(found["past_label"], -head)


def test_the_last_samples_are_kept_as_they_came():
    X, y = board(9_000)
    X = X[[0, 1]]
    model = AutoSoftmaxRegression()
    model.learn_many(X, y)
    x, label = past(model)
    assert len(x) == limits.past_size(3) == 4096
    assert np.array_equal(x[:, 1:], X[-4096:])
    assert [model.classes[c] for c in label] == list(y[-4096:])
    model.learn_one(dict.fromkeys(range(20), 1.0), y[0])  # more features leave room for fewer
    x, label = past(model)
    assert len(x) == limits.past_size(21) == 3120
    assert np.array_equal(x[:-1, 1:3], X[-3119:])
    assert not x[:-1, 3:].any()
    model.learn_one(dict.fromkeys(range(300), 1.0), y[0])  # and at last for none
    assert past(model)[0].shape == (0, 301)


def test_what_a_leaf_counts_again_survives_forgetting(grown):
    x, label = past(grown)
    model = pickle.loads(pickle.dumps(grown))
    gone, c = model._state()["names"][1], model.classes[0]
    model.forget_feature(gone)
    model.forget_class(c)
    again, labels = past(model)
    assert np.array_equal(again, np.delete(x, 2, 1)[-len(again) :])
    assert np.array_equal(labels, np.maximum(label[-len(again) :] - 1, 0))
    found = model._state()
    assert not found["past_weight"][label[-len(again) :] == 0].any()
    assert found["past_n"] == grown._state()["past_n"]


def test_new_classes_leave_room_for_fewer_tests(is_finite):
    rng, model = random.Random(0), AutoSoftmaxRegression()
    for t in range(1500):
        model.learn_one({"a": rng.gauss(0, 1), "b": rng.gauss(0, 1)}, rng.randrange(1 + t // 5))
        if t % 100 == 0:
            model = pickle.loads(pickle.dumps(model))
    tested = len(state(model)["tests_leaf"])
    assert 0 < tested <= limits.most_tests(len(model.classes)) < limits.most_tests(20)
    assert is_finite(model)


def test_beyond_a_thousand_classes_the_grove_leaves():
    model = AutoSoftmaxRegression(max_features=1)
    for c in range(1000):
        model.learn_one({}, c)
    assert "grove" in model.expert_weights
    for c in range(1000, 1210):
        model.learn_one({}, c)
    assert "grove" not in model.expert_weights
    assert model._state().keys().isdisjoint(GROVE)


# ---- what no file may say ----


def twice(array):
    array[0] = array[1]


def its_own_parent(array):
    array[0, 0] = 0


def of(value):
    def change(array):
        array.flat[0] = value

    return change


FORGED = [
    ("grove_root", twice, "are not those of trees"),
    ("grove_root", of(10**6), "'grove_root' has values"),
    ("grove_root", of(-(10**6)), "'grove_root' has values"),
    ("grove_child", its_own_parent, "are not those of trees"),
    ("grove_child", of(10**6), "'grove_child' has values"),
    ("grove_feature", of(10**6), "'grove_feature' has values"),
    ("grove_feature", of(-1), "'grove_feature' has values"),
    ("grove_threshold", of(np.nan), "'grove_threshold' has values"),
    ("grove_W", of(np.inf), "'grove_W' has values"),
    ("grove_G", of(-1), "'grove_G' has values"),
    ("grove_wrong", of(np.nan), "'grove_wrong' has values"),
    ("tests_leaf", twice, "a leaf of the grove has tests twice"),
    ("tests_leaf", of(10**6), "'tests_leaf' has values"),
    ("tests_leaf", of(-1), "'tests_leaf' has values"),
    ("tests_drawn", of(33), "'tests_drawn' has values"),
    ("tests_drawn", of(-1), "'tests_drawn' has values"),
    ("tests_feature", of(10**6), "'tests_feature' has values"),
    ("tests_threshold", of(np.inf), "'tests_threshold' has values"),
    ("tests_counts", of(-1), "'tests_counts' has values"),
    ("tests_counts", of(np.nan), "'tests_counts' has values"),
    ("tests_n", of(2**31 - 1), "'tests_n' has values"),
    ("tests_wrong", of(-1), "'tests_wrong' has values"),
    ("tests_recalled", of(2 * limits.RECALLED), "'tests_recalled' has values"),
    ("tests_recalled", of(-1), "'tests_recalled' has values"),
    ("past_x", of(np.nan), "'past_x' has values"),
    ("past_label", of(10**6), "'past_label' has values"),
    ("past_label", of(-1), "'past_label' has values"),
    ("past_weight", of(-1), "'past_weight' has values"),
]


@pytest.mark.parametrize(("name", "change", "message"), FORGED)
def test_a_forged_array_is_refused(grown, name, change, message):
    found = grown._state()
    F, C = len(found.pop("names")), len(found.pop("labels"))
    check(grown, F, C, found)
    change(found[name])
    with pytest.raises(ValueError, match=message):
        check(grown, F, C, found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("past_head", -1),
        ("past_head", 10**6),
        ("past_n", 0),
        ("grove_drawn", -1),
        ("grove_calm", -1),
        ("grove_fast", -0.5),
        ("grove_slow", float("inf")),
        ("grove_calm", 1.0),
    ],
)
def test_a_forged_number_is_refused(grown, name, value):
    found = grown._state()
    F, C = len(found.pop("names")), len(found.pop("labels"))
    with pytest.raises(ValueError, match=f"'{name}'"):
        check(grown, F, C, found | {name: value})


@pytest.mark.parametrize("leaves", [0, 11, limits.LEAVES + 1])
def test_a_grove_of_another_size_is_refused(grown, leaves):
    found = grown._state()
    F, C = len(found.pop("names")), len(found.pop("labels"))
    with pytest.raises(ValueError, match=f"^a grove of {leaves} leaves does not exist$"):
        check(grown, F, C, found | {"grove_W": np.zeros((leaves, C), "f4")})
    with pytest.raises(ValueError, match=r"^a grove with tests at 9999 leaves does not exist$"):
        check(grown, F, C, found | {"tests_leaf": np.zeros(9999, "i4")})


@pytest.mark.parametrize("seed", range(26))
def test_what_passes_never_crashes(grown, seed):
    """Arrays of any values in their ranges: either no forest, or a model that answers and learns."""
    rng, found = np.random.default_rng(seed), grown._state()
    model, name = AutoSoftmaxRegression(), (GROVE + PAST)[seed % len(GROVE + PAST)]
    array = np.asarray(found[name])
    if array.dtype.kind == "f":
        forged = rng.choice([0.0, 1.0, 1e30, 3e38, 1e-45], size=array.shape).astype(array.dtype)
    elif name in ("grove_root", "grove_child", "tests_leaf"):
        forged = rng.permutation(array.ravel()).reshape(array.shape)
    else:
        forged = rng.integers(array.min(initial=0), array.max(initial=0) + 1, size=array.shape).astype(array.dtype)
    found[name] = forged if array.ndim else forged.item()
    F, C = len(found["names"]), len(found["labels"])
    try:
        check(model, F, C, {key: value for key, value in found.items() if key not in ("names", "labels")})
    except ValueError:
        return
    model._restore(found)
    learn(model, forks(300, seed=seed))
    with pytest.raises(ModelFileError):
        load(io.BytesIO(to_bytes(grown)[:-1]))
