"""AutoSoftmaxRegression: zeros and order play no part, weights weigh, and any window learns."""

from __future__ import annotations

import math
import pickle
import random

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_softmax import AutoSoftmaxRegression

BANKS = pytest.mark.parametrize("interactions", ["auto", False], ids=["whole bank", "linear bank"])
FEATURES = [f"x{j}" for j in range(6)]


def clusters(n, seed=0, apart=1.5, labels="abc"):
    """Give a stream of one cloud a label: the same clouds for every seed."""
    rng = random.Random(0)
    centres = {label: [rng.gauss(0, apart) for _ in FEATURES] for label in labels}
    rng.seed(seed)
    for _ in range(n):
        label = rng.choice(labels)
        yield {name: rng.gauss(m, 1) for name, m in zip(FEATURES, centres[label], strict=True)}, label


def trained(n=300, **parameters):
    model = AutoSoftmaxRegression(**parameters)
    for x, y in clusters(n):
        model.learn_one(x, y)
    return model


def patchy(seed, segments):
    """Give a sparse stream whose features are each as dense as a segment of 40 samples says."""
    rng = random.Random(seed)
    for segment in segments:
        for _ in range(40):
            present = [name for name, often in zip(FEATURES, segment, strict=True) if rng.random() < often]
            x = {name: rng.choice([1.0, -2.5, rng.gauss(0, 3)]) for name in present}
            yield x, "ab"[x.get("x0", 0) > 0] if rng.random() < 0.7 else rng.choice("abc")


def with_zeros(x, rng):
    """Add zeros anywhere among the entries of x."""
    entries = list(x.items())
    for name in FEATURES:
        if name not in x and rng.random() < 0.6:
            entries.insert(rng.randint(0, len(entries)), (name, rng.choice([0, 0.0, -0.0, False])))
    return dict(entries)


segments = st.lists(
    st.lists(st.sampled_from([0.0, 0.03, 0.09, 0.11, 0.3, 1.0]), min_size=6, max_size=6), min_size=1, max_size=6
)


@BANKS
@given(seed=st.integers(0, 10**6), segments=segments)
def test_a_zero_given_is_a_zero_left_out(learned, interactions, seed, segments):
    plain, explicit = (AutoSoftmaxRegression(interactions=interactions) for _ in range(2))
    rng = random.Random(seed)
    for x, y in patchy(seed, segments):
        assert explicit.predict_proba_one(with_zeros(x, rng)) == plain.predict_proba_one(x)
        plain.learn_one(x, y)
        explicit.learn_one(with_zeros(x, rng), y)
    assert learned(explicit) == learned(plain)


@BANKS
def test_a_column_of_a_frame_is_zero_where_a_dictionary_has_no_entry(learned, interactions):
    rows = list(patchy(3, [[0.05, 1.0, 0.3, 0.0, 0.2, 0.05], [0.5, 0.02, 0.3, 0.1, 0.0, 0.5]] * 5))
    X, y = pd.DataFrame([x for x, _ in rows], columns=FEATURES).fillna(0.0), pd.Series([y for _, y in rows])
    sparse, dense = (AutoSoftmaxRegression(interactions=interactions) for _ in range(2))
    for x, label in rows:
        sparse.learn_one(x, label)
    dense.learn_many(X, y)
    assert learned(dense) == learned(sparse)
    assert dense.features == list(dict.fromkeys(name for x, _ in rows for name in sorted(x)))


@BANKS
@given(seed=st.integers(0, 10**6), segments=segments)
def test_the_order_of_known_features_plays_no_part(learned, interactions, seed, segments):
    plain, shuffled = (AutoSoftmaxRegression(interactions=interactions) for _ in range(2))
    rng = random.Random(seed)
    for model in (plain, shuffled):
        model.learn_one(dict.fromkeys(FEATURES, 1.0), "a")
    for x, y in patchy(seed, segments):
        order = dict(rng.sample(list(x.items()), len(x)))
        assert shuffled.predict_proba_one(order) == plain.predict_proba_one(x)
        plain.learn_one(x, y)
        shuffled.learn_one(dict(rng.sample(list(x.items()), len(x))), y)
    assert learned(shuffled) == learned(plain)


@BANKS
@pytest.mark.parametrize("label", ["a", "never seen"])
def test_w_of_zero_registers_the_class_and_leaves_the_answers(interactions, label):
    model, twin = trained(interactions=interactions), trained(interactions=interactions)
    questions = [x for x, _ in clusters(50, seed=1)]
    model.learn_one(questions[0], label, w=0)
    assert model.classes == list(dict.fromkeys([*twin.classes, label]))
    assert sum(model.predict_one(x) == twin.predict_one(x) for x in questions) >= 48
    for x in questions:
        assert math.isclose(math.fsum(model.predict_proba_one(x).values()), 1, rel_tol=1e-12)


@BANKS
def test_w_of_one_is_the_default(learned, interactions):
    plain, weighed = trained(interactions=interactions), AutoSoftmaxRegression(interactions=interactions)
    for x, y in clusters(300):
        weighed.learn_one(x, y, w=1)
    assert learned(weighed) == learned(plain)


@BANKS
def test_w_of_zero_teaches_nothing(learned, interactions):
    """What samples add to, all but running averages and what forgets with time, is as it was."""
    model = trained(interactions=interactions)
    before, experts = learned(model), model.__getstate__()["learned"]["W"].reshape(1 + len(FEATURES), 5, -1)
    for x, y in clusters(40, seed=4):
        model.learn_one(x, y, w=0)
    after, now = learned(model), model.__getstate__()["learned"]["W"].reshape(1 + len(FEATURES), 5, -1)
    assert (now[:, [0, 2, 3, 4]] == experts[:, [0, 2, 3, 4]]).all()
    same = {"labels", "names", "G", "always", "always_sum", "follow", "window_B", "window_label", "metric", "metric_G"}
    for name in same | {"hats_W", "hats_G", "qda_M", "qda_P"}:
        assert after.get(name) == before.get(name)


@BANKS
def test_a_heavier_sample_moves_more(interactions):
    model, losses = trained(interactions=interactions), dict.fromkeys((0, 0.25, 0.5, 1, 2, 4), 0.0)
    for x, y in clusters(40, seed=2):
        for w in losses:
            twin = pickle.loads(pickle.dumps(model))
            twin.learn_one(x, y, w=w)
            losses[w] += twin.loss_one(x, y)
    assert list(losses.values()) == sorted(losses.values(), reverse=True)
    assert losses[4] < 0.5 * losses[0]


@BANKS
def test_a_stream_outlives_a_heavy_sample(interactions):
    model, hits = trained(interactions=interactions), 0
    heavy = dict.fromkeys(FEATURES, 10.0)
    model.learn_one(heavy, "c", w=1e6)
    for x, y in clusters(2000):
        hits += model.predict_one(x) == y
        model.learn_one(x, y)
    assert hits > 0.95 * 2000


@BANKS
@pytest.mark.parametrize("w", [1e6, 1e100, 1e300, 1.7e308])
def test_any_weight_is_learned_or_refused_whole(is_finite, interactions, w):
    model = trained(interactions=interactions)
    for x, y in clusters(20, seed=3):
        before = pickle.dumps(model)
        try:
            model.learn_one(x, y, w=w)
        except (OverflowError, ValueError):
            assert pickle.dumps(model) == before
        assert math.isclose(math.fsum(model.predict_proba_one(x).values()), 1, rel_tol=1e-12)
    assert is_finite(model)


@pytest.mark.parametrize("window", [1, 10, 256, 100_000])
def test_any_window_learns(window):
    model, hits = AutoSoftmaxRegression(window=window), 0
    for x, y in clusters(1000):
        hits += model.predict_one(x) == y
        model.learn_one(x, y)
    assert hits > 900
