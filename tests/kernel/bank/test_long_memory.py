"""The long memory: what it knows when a region comes back, what it keeps, and that no call pays for much of it."""

from __future__ import annotations

import io
import itertools
import pickle
import sys

import numpy as np
import pandas as pd
import pytest

from online_softmax import AutoSoftmaxRegression
from online_softmax._kernel.bank.auto import EXPERTS
from online_softmax._kernel.limits import KD_LEAF, KD_TREES, MEMORY_MOST, NOWHERE, memory_size
from online_softmax._kernel.merging import of_experts
from online_softmax.models.saving import load, to_bytes

FEW = 16, 64, 256  # samples stored, and then there are new units


def state_of(model):
    return model.__getstate__()["learned"]


def remembered(model):
    """Give the labels in the long memory, the oldest first."""
    s = state_of(model)
    m, head = len(s["memory_label"]), s["memory_head"]
    order = np.roll(np.arange(m), -head if m == memory_size(len(s["memory_mean"])) else 0)
    return np.array(s["labels"], object)[s["memory_label"][order]].tolist()


def noise(n, d, classes, seed=0):
    """Give n samples whose labels say nothing, so that all are stored."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(n, d)), columns=[f"x{j:02}" for j in range(d)]), rng.integers(classes, size=n)


def clusters(n, seed=0):
    """Give n samples of 150 clusters in 8 dimensions, of six classes."""
    rng = np.random.default_rng(seed)
    centres, k = np.random.default_rng(9).normal(size=(150, 8)), rng.integers(150, size=n)
    X = centres[k] + 0.35 * rng.normal(size=(n, 8))
    return pd.DataFrame(X, columns=list("abcdefgh")), k * 7 % 6


def rows(stream):
    X, y = stream
    return list(zip(X.to_dict("records"), y.tolist(), strict=True))


def learn(model, samples, w=1.0):
    for x, y in samples:
        model.learn_one(x, y, w=w)
    return model


# ---- what it learns ----


def test_many_clusters_are_known():
    X, y = clusters(6500)
    model = AutoSoftmaxRegression()
    model.learn_many(X[:6000], pd.Series(y[:6000]))
    hits = model.predict_many(X[6000:]).to_numpy() == y[6000:]
    assert hits.mean() > 0.93
    assert model.expert_weights["memory"] > 0.9


def test_a_region_that_comes_back_is_known_at_once():
    """The stream stays in one stripe after another, each of cells with random labels, and comes back to the first."""
    rng = np.random.default_rng(0)
    labels, model = rng.integers(4, size=(8, 6)), AutoSoftmaxRegression()

    def stripe(i, n):
        X = rng.random((n, 2))
        X[:, 1] += 1.5 * i
        return pd.DataFrame(X, columns=["x", "y"]), labels[i, (X[:, 0] * 6).astype(int)]

    for i in range(8):
        X, y = stripe(i, 600)
        model.learn_many(X, pd.Series(y))
    X, y = stripe(0, 200)
    hits = 0
    for x, label in rows((X, y)):
        hits += model.predict_one(x) == label
        model.learn_one(x, label)
    assert hits > 180
    weights = model.expert_weights
    assert weights["memory"] + weights["wide-memory"] > 10 * (weights["votes"] + weights["wide-votes"])


# ---- what it keeps ----


def test_it_takes_in_what_was_not_known_and_every_16th_sample():
    model = learn(AutoSoftmaxRegression(), rows(noise(100, 3, 4)))
    assert len(remembered(model)) == 100
    sure = learn(AutoSoftmaxRegression(), [({"a": 1.0}, "y")] * 1000)
    assert 1000 / 16 <= len(remembered(sure)) < 150


def test_samples_without_weight_are_not_remembered_and_huge_ones_count_as_a_million():
    samples = rows(noise(60, 3, 4))
    model = learn(learn(AutoSoftmaxRegression(), samples[:30], w=0.0), samples[30:])
    assert len(remembered(model)) == 30
    learn(model, samples[:1], w=1e9)
    assert state_of(model)["memory_weight"].max() == 1e6


@pytest.mark.parametrize("d", [8, 40])
def test_it_is_a_ring_of_the_newest(d):
    X, y = noise(9000, d, 3)
    model = AutoSoftmaxRegression(interactions=True)
    model.learn_many(X, pd.Series(y))
    s, size = state_of(model), memory_size(d)
    assert size == min(MEMORY_MOST, 200_000 // d)
    assert len(s["memory_label"]) == size
    assert 8990 <= s["memory_stored"] <= 9000  # the others were known, by chance
    time = np.sort(s["memory_time"])
    assert 9000 - size - 10 <= time[0] < time[-1] == 8999
    assert (np.diff(time) > 0).all()
    assert remembered(model) == y[time].tolist()
    x = s["memory_Z"] * s["memory_sd"] + s["memory_mean"]
    np.testing.assert_allclose(x, X.to_numpy()[s["memory_time"]], atol=1e-4)
    assert to_bytes(load(io.BytesIO(to_bytes(model)))) == to_bytes(model)


def test_each_sample_is_in_a_leaf_of_each_tree():
    X, y = noise(3000, 5, 3)
    model = AutoSoftmaxRegression()
    model.learn_many(X, pd.Series(y))
    s = state_of(model)
    for child, dim, threshold, home in zip(
        s["memory_child"], s["memory_dim"], s["memory_threshold"], s["memory_home"], strict=True
    ):
        found = []
        for z in s["memory_Z"]:
            node = leaf = 0
            while child[node]:
                right = int(z[dim[node]] >= threshold[node])
                node = int(child[node]) + right
                leaf = node // 2 if right else leaf
            found.append(leaf)
        inside = home != NOWHERE
        assert inside.mean() > 0.99
        np.testing.assert_array_equal(home[inside], np.array(found)[inside])
        assert np.bincount(home[inside]).max() <= KD_LEAF


def test_equal_samples_do_not_crowd_the_trees():
    model = learn(AutoSoftmaxRegression(), [({"a": float(t % 2)}, t * t % 7 % 3) for t in range(600)])
    s = state_of(model)
    assert len(s["memory_label"]) > 300
    assert all(np.bincount(home[home != NOWHERE]).max() <= KD_LEAF for home in s["memory_home"])
    assert s["memory_child"].shape[1] < 20


def test_features_that_come_find_the_samples_there():
    few, many = rows(noise(300, 4, 3)), rows(noise(200, 30, 3, seed=1))
    model = learn(learn(AutoSoftmaxRegression(), few), many)
    assert remembered(model) == [y for _, y in few + many]
    assert state_of(model)["memory_Z"].shape == (500, 30)
    assert not np.any(state_of(model)["memory_Z"][:300, 4:] * state_of(model)["memory_sd"][4:] > 1e-6)


def test_features_that_come_leave_room_for_fewer_samples():
    X, y = noise(5000, 24, 3)
    model = AutoSoftmaxRegression()
    model.learn_many(X, pd.Series(y))
    wider = rows(noise(1, 60, 3, seed=1))
    learn(model, wider)
    assert remembered(model) == [*y.tolist(), wider[0][1]][-memory_size(60) :]
    learn(model, rows(noise(50, 60, 3, seed=2)))
    assert load(io.BytesIO(to_bytes(model))).expert_weights == model.expert_weights


def test_a_class_that_is_forgotten_takes_its_samples_along():
    samples = rows(noise(500, 4, 3))
    model = learn(AutoSoftmaxRegression(), samples)
    model.forget_class(1)
    assert remembered(model) == [y for _, y in samples if y != 1]
    learn(model, [(x, y) for x, y in samples if y != 1])


def test_a_feature_that_is_forgotten_leaves_all_else():
    samples = rows(noise(500, 4, 3))
    model = learn(AutoSoftmaxRegression(), samples)
    was = state_of(model)
    model.forget_feature("x01")
    now = state_of(model)
    np.testing.assert_array_equal(now["memory_Z"], was["memory_Z"][:, [0, 2, 3]])
    np.testing.assert_array_equal(now["memory_label"], was["memory_label"])
    assert now["memory_metric"].tolist() == [was["memory_metric"][0, [0, 1, 3, 4]].tolist()]
    assert (now["memory_home"] != NOWHERE).all()  # the trees are there again
    learn(model, samples)


# ---- the same bits ----


def test_one_by_one_in_bulk_and_resumed_are_the_same(learned):
    X, y = noise(1100, 7, 4)
    bulk = AutoSoftmaxRegression()
    bulk.learn_many(X, pd.Series(y))
    model, samples = AutoSoftmaxRegression(), rows((X, y))
    again = {stored + since for stored in (*FEW, 1024) for since in range(-1, KD_TREES + 2)} | {1, 2, 32, 33, 500, 513}
    for t, (x, label) in enumerate(samples, 1):
        model.learn_one(x, label)
        if t in again:
            model = pickle.loads(pickle.dumps(model)) if t % 2 else load(io.BytesIO(to_bytes(model)))
    assert learned(model) == learned(bulk)
    assert to_bytes(model) == to_bytes(bulk)


def test_a_model_begins_the_same_whatever_was_asked_before(learned):
    """Models that are called in turn share what a call needs."""
    samples = rows(noise(40, 5, 3))
    alone = learned(learn(AutoSoftmaxRegression(), samples))
    for d in (5, 12):
        other, model = learn(AutoSoftmaxRegression(), rows(noise(100, d, 3, seed=d))), AutoSoftmaxRegression()
        model._share_workspace(other)
        for x, y in samples:
            other.predict_proba_one(x)
            model.learn_one(x, y)
        assert learned(model) == alone


# ---- what a call costs ----


def trees_of(model):
    """Give for each tree what its nodes look at: a feature and a child, by place."""
    s = state_of(model)
    return [
        {k: (int(dim[k]), int(child[k])) for k in np.flatnonzero(child).tolist()}
        for child, dim in zip(s["memory_child"], s["memory_dim"], strict=True)
    ]


def test_no_call_plants_more_than_one_tree():
    """After new units, the next four samples plant a tree each. Otherwise a tree only grows."""
    model, planted = AutoSoftmaxRegression(), {}
    for stored, (x, y) in enumerate(rows(noise(1100, 7, 4)), 1):
        before = trees_of(model) if stored > 1 else [{}] * KD_TREES
        model.learn_one(x, y)
        after = trees_of(model)
        anew = [i for i in range(KD_TREES) if not before[i].items() <= after[i].items()]
        if anew:
            planted[stored] = anew
    assert state_of(model)["memory_stored"] == 1100
    assert planted == {n + 1 + i: [i] for n in (64, 256, 1024) for i in range(KD_TREES)}


def room(model):
    """Give the bytes that the long memory of a loaded model takes: those that it has more than one without it."""
    without, state = AutoSoftmaxRegression(), model._state()
    others = np.array(["memory" not in name for name in EXPERTS])
    without._restore(of_experts(state, (state["voices"][0] > 0) & others))
    return sys.getsizeof(pickle.loads(pickle.dumps(model))) - sys.getsizeof(without)


def test_room_comes_with_the_samples():
    X, y = noise(9000, 24, 3)
    model, sizes = AutoSoftmaxRegression(), []
    for start, stop in itertools.pairwise((0, 1, 64, 128, 129, 9000)):
        model.learn_many(X[start:stop], pd.Series(y[start:stop]))
        sizes.append(room(model))
    assert 0 < sizes[0] <= sizes[1] < sizes[2] <= sizes[3] < sizes[4] < 1_200_000
    assert sizes[0] < 30_000
    assert sys.getsizeof(model) - sys.getsizeof(pickle.loads(pickle.dumps(model))) < 100_000
