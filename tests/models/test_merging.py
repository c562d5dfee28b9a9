"""Models that learned on from one base, each on rows of its own, become the model that a person expects."""

from __future__ import annotations

import io
import math
import pickle
from contextlib import suppress
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import optim, preprocessing

from online_softmax import AutoSoftmaxRegression, ImplicitAdaGrad, ImplicitSGD, SoftmaxRegression, load, merge, save
from online_softmax._kernel import limits
from online_softmax._kernel.bank.auto import EXPERTS
from online_softmax._kernel.state import FIELDS
from online_softmax.models.native import NativeModel
from online_softmax.models.scaled import NumberScaler, native

FIRST_ORDER = {*EXPERTS[: limits.GROVE_AT]}
SPARSE = {*EXPERTS[limits.SPARSE_AT :]}


def samples(seed, n, features=6, classes=4, first=0, least=0):
    """Give a stream whose labels follow the features, from other features and classes on if asked."""
    rng = np.random.default_rng(seed)
    for _ in range(n):
        x = rng.normal(size=features)
        y = int(np.argmax(x[:classes] + 0.3 * rng.normal(size=classes)))
        yield {f"x{first + j}": float(value) for j, value in enumerate(x)}, f"class {least + y}"


def trained(model, stream):
    for x, y in stream:
        model.learn_one(x, y)
    return model


def copied(model):
    return pickle.loads(pickle.dumps(model))


def state(model):
    return native(model).state()


def bits(model):
    """Give all that a model has learned, so that == compares it to the last bit."""
    return {
        name: (value.dtype, value.shape, value.tobytes()) if isinstance(value, np.ndarray) else value
        for name, value in state(model).items()
    }


def is_sound(model):
    """Whether what a model has learned could be one's from a file, and every answer is a distribution."""
    found = native(model)
    found.check(found.state())
    for x, _ in samples(99, 5):
        assert sum(model.predict_proba_one(x).values()) == pytest.approx(1, abs=1e-9)
    return True


SCALED = {
    "scaled SGD": lambda: preprocessing.StandardScaler() | SoftmaxRegression(optim.SGD(0.1)),
    "scaled AdaGrad": lambda: preprocessing.StandardScaler() | SoftmaxRegression(optim.AdaGrad(0.1), intercept=True),
    "scaled numbers": lambda: NumberScaler(["x0", "x1"]) | AutoSoftmaxRegression(interactions=False),
}


@pytest.fixture(params=["fresh", "trained"])
def base_of(request):
    """Give the function that makes a base: what nobody has trained yet, or somebody has."""
    return lambda model: model if request.param == "fresh" else trained(model, samples(0, 120, 4, 3))


@pytest.fixture(scope="module", params=SCALED)
def make_scaled(request):
    return SCALED[request.param]


# ---- the algebra ----


def check_algebra(base):
    one = trained(copied(base), samples(1, 150))
    other = trained(copied(base), samples(2, 90, 7, 5))
    before = [bits(each) for each in (base, one, other)]
    assert bits(merge(base, [])) == bits(merge(base, [copied(base), copied(base)])) == before[0]
    assert bits(merge(base, [one])) == bits(merge(base, [copied(base), one, copied(base)])) == before[1]
    both = merge(base, [one, other])
    assert bits(both) == bits(merge(base, [copied(base), copied(one), copied(base), copied(other)]))
    assert bits(both) not in before
    assert [bits(each) for each in (base, one, other)] == before
    assert is_sound(both)
    known = native(both)
    assert known.classes == list(dict.fromkeys([*native(base).classes, *native(one).classes, *native(other).classes]))
    assert known.features == list(
        dict.fromkeys([*native(base).features, *native(one).features, *native(other).features])
    )


def test_the_algebra(make_model, base_of):
    check_algebra(base_of(make_model()))


def test_the_algebra_of_pipelines(make_scaled, base_of):
    check_algebra(base_of(make_scaled()))


def check_going_on(base):
    for round_ in range(3):
        updates = [trained(copied(base), samples(10 * round_ + k, 60, 5 + k, 3 + k)) for k in range(3)]
        base = merge(base, updates)
        file = io.BytesIO()
        save(base, file)
        again = load(io.BytesIO(file.getvalue()))
        assert bits(again) == bits(base) == bits(copied(base))
    trained(base, samples(50, 100))
    trained(again, samples(50, 100))
    assert bits(again) == bits(base)
    assert is_sound(base)


def test_a_merged_model_goes_on(make_model):
    check_going_on(make_model())


def test_a_merged_pipeline_goes_on(make_scaled):
    check_going_on(make_scaled())


def test_updates_may_come_from_an_iterator():
    base = SoftmaxRegression()
    updates = [trained(copied(base), samples(k, 30)) for k in range(2)]
    assert bits(merge(base, iter(updates))) == bits(merge(base, updates))


# ---- by name ----

LEARNS_ALONE = {
    "SGD": lambda: SoftmaxRegression(optim.SGD(0.1)),
    "Adam": lambda: SoftmaxRegression(optim.Adam()),
    "AdaGrad": lambda: SoftmaxRegression(optim.AdaGrad()),
    "FTRL": lambda: SoftmaxRegression(optim.FTRLProximal()),
    "ImplicitSGD": lambda: SoftmaxRegression(ImplicitSGD()),
    "ImplicitAdaGrad": lambda: SoftmaxRegression(ImplicitAdaGrad()),
}


@pytest.mark.parametrize("make", LEARNS_ALONE.values(), ids=LEARNS_ALONE)
@pytest.mark.parametrize("rounds", [1, 3])
def test_features_that_only_one_model_met_have_its_weights(make, rounds):
    base = make()
    for round_ in range(rounds):
        north = trained(copied(base), samples(round_, 80, first=0))
        south = trained(copied(base), samples(round_ + 10, 80, first=6))
        base = merge(base, [north, south])
    for label, weights in base.weights.items():
        for j in range(12):
            assert weights[f"x{j}"] == pytest.approx((north if j < 6 else south).weights[label][f"x{j}"], rel=1e-12)


@pytest.mark.parametrize("make", LEARNS_ALONE.values(), ids=LEARNS_ALONE)
def test_classes_that_only_one_model_met_have_its_weights(make):
    base = make()
    north, south = trained(copied(base), samples(0, 80)), trained(copied(base), samples(1, 80, least=4))
    both = merge(base, [north, south])
    assert both.classes == north.classes + south.classes
    for one in (north, south):
        for label in one.classes:
            assert both.weights[label] == pytest.approx(one.weights[label], rel=1e-12)


@pytest.mark.parametrize(
    "make", [partial(AutoSoftmaxRegression, interactions=False), AutoSoftmaxRegression], ids=["linear", "full"]
)
def test_a_bank_of_disjoint_features_knows_both(make):
    base = make()
    for round_ in range(3):
        north = trained(copied(base), samples(round_, 200, first=0))
        south = trained(copied(base), samples(round_ + 10, 200, first=6))
        base = merge(base, [north, south])
    for first in (0, 6):
        assert np.mean([base.predict_one(x) == y for x, y in samples(30, 300, first=first)]) > 0.75


def test_sparse_weights_of_features_that_only_one_model_met_are_its_own():
    base = trained(AutoSoftmaxRegression(), samples(0, 20, 120))
    north, south = (trained(copied(base), samples(k, 60, 90, first=200 * k)) for k in (1, 2))
    both = merge(base, [north, south])
    for one in (north, south):
        own = [name for name in one.features if name not in base.features]
        assert len(own) == 90
        for name in "sparse_B", "sparse_N", "sparse_G":
            a, b = (state(model)[name][[1 + model.features.index(f) for f in own]] for model in (one, both))
            np.testing.assert_allclose(a, b, rtol=1e-12, err_msg=name)


@pytest.mark.parametrize(
    "make", [partial(AutoSoftmaxRegression, interactions=False), AutoSoftmaxRegression], ids=["linear", "full"]
)
def test_a_bank_of_disjoint_classes_knows_both(make):
    def of(classes, seed, n):
        rng = np.random.default_rng(seed)
        for _ in range(n):
            y = int(rng.choice(classes))
            yield {f"x{j}": float(rng.normal() + 3 * (j == y)) for j in range(6)}, y

    base = make()
    for round_ in range(4):
        updates = [
            trained(copied(base), of(half, 10 * round_ + i, 150)) for i, half in enumerate(([0, 1, 2], [3, 4, 5]))
        ]
        base = merge(base, updates)
        assert is_sound(base)
    assert base.classes[:3] == updates[0].classes[:3]
    assert np.mean([base.predict_one(x) == y for x, y in of(range(6), 7, 400)]) > 0.8


def test_a_mean_is_weighted_by_samples():
    base = SoftmaxRegression(optim.SGD(0.1))
    one, other = trained(copied(base), samples(0, 30)), trained(copied(base), samples(1, 90))
    both = merge(base, [one, other])
    for label, weights in both.weights.items():
        for name, weight in weights.items():
            expected = 0.25 * one.weights[label][name] + 0.75 * other.weights[label][name]
            assert weight == pytest.approx(expected, rel=1e-12)


def test_equal_shards_have_the_plain_mean():
    base = trained(SoftmaxRegression(optim.RMSProp()), samples(3, 50))
    one, other = trained(copied(base), samples(0, 64)), trained(copied(base), samples(1, 64))
    both = state(merge(base, [one, other]))
    position = [state(other)["names"].index(name) for name in state(one)["names"]]
    assert position == list(range(6))
    np.testing.assert_allclose(both["B"], (state(one)["B"] + state(other)["B"]) / 2, rtol=1e-15)


def test_the_clock_is_one_models():
    base = trained(SoftmaxRegression(), samples(0, 100))
    updates = [trained(copied(base), samples(k, 50)) for k in range(4)]
    assert max(state(merge(base, updates))["t"]) == 150
    bank = trained(AutoSoftmaxRegression(), samples(0, 100))
    updates = [trained(copied(bank), samples(k, n)) for k, n in enumerate((50, 51, 52))]
    assert state(merge(bank, updates))["samples"] == 151


# ---- counts, means and variances ----


def test_two_halves_of_a_stream_count_as_the_whole():
    stream = list(samples(5, 600))
    base = trained(AutoSoftmaxRegression(), stream[:200])
    updates = [trained(copied(base), part) for part in (stream[200:350], stream[350:])]
    whole, both = state(trained(copied(base), stream[200:])), state(merge(base, updates))
    assert both["labels"] == whole["labels"]
    for name in ("always", "always_sum"):
        np.testing.assert_array_equal(both[name], whole[name])
    assert both["follow"].sum() == whole["follow"].sum()
    np.testing.assert_array_equal(both["follow"].sum(axis=0), whole["follow"].sum(axis=0))


def test_two_halves_of_a_stream_have_the_moments_of_the_whole():
    rng = np.random.default_rng(0)
    stream = [
        ({"a": float(v), "b": float(100 + 3 * w), "c": float(u)}, i % 2)
        for i, (v, w, u) in enumerate(rng.uniform(-1, 1, (900, 3)))
    ]
    base = trained(AutoSoftmaxRegression(interactions=False), stream[:300])
    updates = [trained(copied(base), part) for part in (stream[300:400], stream[400:])]
    whole, both = state(trained(copied(base), stream[300:])), state(merge(base, updates))
    np.testing.assert_allclose(both["statistics"], whole["statistics"], rtol=1e-9, atol=1e-12)


def test_moments_of_a_feature_that_only_one_model_met():
    stream = [({"a": float(i % 7), **({"b": float(1 + i % 5)} if i >= 150 else {})}, i % 2) for i in range(300)]
    base = AutoSoftmaxRegression(interactions=False)
    both = state(merge(base, [trained(copied(base), part) for part in (stream[:150], stream[150:])]))
    values = np.array([[x["a"], x.get("b", 0.0)] for x, _ in stream])
    np.testing.assert_allclose(both["statistics"][1:, 0], values.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(both["statistics"][1:, 1], values.var(axis=0), rtol=1e-12)
    np.testing.assert_allclose(both["statistics"][1:, 2], (values != 0).mean(axis=0), rtol=1e-12)


def test_a_scaler_of_two_halves_is_that_of_the_whole():
    stream = list(samples(5, 300)) + list(samples(6, 300, first=2))
    base = trained(SCALED["scaled SGD"](), stream[:100])
    updates = [trained(copied(base), part) for part in (stream[100:250], stream[250:])]
    whole = preprocessing.StandardScaler()
    for x, _ in stream:
        whole.learn_one(x)
    (both, _) = merge(base, updates).steps.values()
    assert dict(both.counts) == dict(whole.counts)
    for name in whole.counts:
        assert both.means[name] == pytest.approx(whole.means[name], rel=1e-11, abs=1e-12)
        assert both.vars[name] == pytest.approx(whole.vars[name], rel=1e-11)


def test_a_scaler_whose_variance_would_leave_the_doubles_is_refused():
    base = SCALED["scaled SGD"]()
    updates = [copied(base), copied(base)]
    for update, value in zip(updates, (1e200, -1e200), strict=True):
        update.learn_one({"a": value}, "y")
    with pytest.raises(OverflowError, match="feature 'a' has means from -1e\\+200 to 1e\\+200"):
        merge(base, updates)


# ---- the parts of a bank ----


def test_gaussians_are_the_mixture_of_each_ones():
    base = trained(AutoSoftmaxRegression(), samples(0, 300, 3, 2))
    one, other = trained(copied(base), samples(1, 200, 3, 2)), trained(copied(base), samples(2, 200, 3, 2))
    a, b, both, was = state(one), state(other), state(merge(base, [one, other])), state(base)
    for c in range(2):
        gains = [each["always"][0, c] - was["always"][0, c] for each in (a, b)]
        w = np.array(gains) / sum(gains)
        M = w[0] * a["qda_M"][c] + w[1] * b["qda_M"][c]
        S = sum(
            share * (np.linalg.inv(each["qda_P"][c]) + np.outer(each["qda_M"][c] - M, each["qda_M"][c] - M))
            for share, each in zip(w, (a, b), strict=True)
        )
        np.testing.assert_allclose(both["qda_M"][c], M, rtol=1e-9)
        np.testing.assert_allclose(np.linalg.inv(both["qda_P"][c]), S, rtol=1e-6)
        assert both["qda_class"][c, 3] == pytest.approx(np.linalg.slogdet(S)[1], rel=1e-9)


def test_the_window_holds_the_newest_of_all():
    base = trained(AutoSoftmaxRegression(window=64), samples(0, 400))
    updates = [trained(copied(base), samples(k, n)) for k, n in ((1, 20), (2, 40))]
    both, size = state(merge(base, updates)), state(base)["window_size"]
    new = [each["window_time"] >= 400 for each in map(state, updates)]
    kept = int(sum(each.sum() for each in new))
    assert 0 < kept < size == len(both["window_label"])
    assert (both["window_time"] >= 400).sum() == kept
    assert (np.diff(both["window_time"].astype(int)) >= 0).all()
    assert both["window_time"].max() < both["samples"] == 430
    old = state(base)["window_label"][np.argsort(state(base)["window_time"])][kept - size :]
    np.testing.assert_array_equal(both["window_label"][: size - kept], old)


def raw(model):
    """Give the samples in the long memory as they came, by label: features by name, but those that are 0."""
    s = state(model)
    X = s["memory_mean"] + s["memory_sd"] * s["memory_Z"]
    rows = [
        (s["labels"][y], {name: value for name, value in zip(s["names"], x, strict=True) if abs(value) > 1e-3})
        for y, x in zip(s["memory_label"], X.tolist(), strict=True)
    ]
    return sorted(rows, key=lambda row: (row[0], sorted(row[1].items())))


def test_the_long_memory_holds_the_samples_of_all():
    """Whatever units each of the models has them in, and though each knows features and classes that others do not."""
    streams = [[*samples(0, 30)], [*samples(1, 90, first=3)], [*samples(2, 60, features=9, classes=3, least=2)]]
    base = trained(AutoSoftmaxRegression(), streams[0])
    both = merge(base, [trained(copied(base), streams[1]), trained(copied(base), streams[2])])
    found = raw(both)
    told = [(y, {name: v for name, v in x.items() if abs(v) > 1e-3}) for stream in streams for x, y in stream]
    told.sort(key=lambda row: (row[0], sorted(row[1].items())))
    assert [y for y, _ in found] == [y for y, _ in told]
    for (_, got), (_, wanted) in zip(found, told, strict=True):
        assert got == pytest.approx(wanted, abs=1e-5)
    s = state(both)
    assert (np.diff(s["memory_time"].astype(int)) >= 0).all()
    assert s["memory_stored"] == 180
    assert (s["memory_home"] != limits.NOWHERE).all()
    assert is_sound(trained(both, samples(3, 200)))


def test_newton_has_the_mean_of_the_informations():
    base = trained(AutoSoftmaxRegression(interactions=False), samples(0, 300))
    updates = [trained(copied(base), samples(k, 100)) for k in (1, 2)]
    both = state(merge(base, updates))
    H = sum(np.linalg.inv(state(each)["newton_P"]) for each in updates) / 2
    np.testing.assert_allclose(both["newton_P"], np.linalg.inv(H), rtol=1e-6, atol=1e-9)


def test_what_a_bank_averages_is_the_mean_by_samples():
    base = trained(AutoSoftmaxRegression(), samples(0, 300))
    updates = [trained(copied(base), samples(k, n)) for k, n in ((1, 50), (2, 150))]
    one, other, both = (state(each) for each in (*updates, merge(base, updates)))
    for name in ("length", "nearest", "recent", "recent_sum", "newton_W"):
        np.testing.assert_allclose(both[name], 0.25 * one[name] + 0.75 * other[name], rtol=1e-12, err_msg=name)
    for name in ("hats_G", "metric_G", "G"):
        gains = np.array([one[name], other[name]]) - state(base)[name]
        expected = state(base)[name] + gains.sum(axis=0) / np.maximum((gains > 0).sum(axis=0), 1)
        np.testing.assert_allclose(both[name], expected, rtol=1e-12, err_msg=name)
    W = [FIELDS["W"].unfolded(each["W"]) for each in (one, other, both)]
    for expert in (2, 3):  # the SGDs
        np.testing.assert_allclose(W[2][:, expert], 0.25 * W[0][:, expert] + 0.75 * W[1][:, expert], rtol=1e-12)
    for expert, at in ((0, 0), (4, 1)):  # adagrad and slow-adagrad
        share = (one["G"][at] / (one["G"][at] + other["G"][at]))[:, None]
        expected = share * W[0][:, expert] + (1 - share) * W[1][:, expert]
        np.testing.assert_allclose(W[2][:, expert], expected, rtol=1e-9, atol=1e-12)
    for name in ("experts", "top"):
        expected = one[name] ** 0.25 * other[name] ** 0.75
        np.testing.assert_allclose(both[name], expected / expected.sum(), rtol=1e-9)


def test_filters_have_the_mean_of_the_informations():
    base = trained(AutoSoftmaxRegression(interactions=False), samples(0, 300))
    updates = [trained(copied(base), samples(k, 100)) for k in (1, 2)]
    both = merge(base, updates)
    linear = [EXPERTS.index(name) for name in base.expert_weights]
    for name, used in (("mixers", np.array([*linear, limits.BAYES])), ("buckets", np.arange(2))):
        filters = [FIELDS[name].unfolded(state(each)[name]) for each in (*updates, both)]
        for one, other, mean in zip(*filters, strict=True):
            u, S = (
                [each[0, used] for each in (one, other, mean)],
                [each[1 + used[:, None], used] for each in (one, other, mean)],
            )
            H = [np.linalg.inv(each) for each in S[:2]]
            np.testing.assert_allclose(S[2], np.linalg.inv((H[0] + H[1]) / 2), rtol=1e-6, atol=1e-9)
            np.testing.assert_allclose(u[2], S[2] @ (H[0] @ u[0] + H[1] @ u[1]) / 2, rtol=1e-6, atol=1e-9)


def test_the_smaller_bank_is_that_of_all():
    base = AutoSoftmaxRegression()
    few = trained(copied(base), samples(0, 60))
    many = trained(copied(base), samples(1, 1, 120))
    trained(many, samples(2, 40, 120))
    both = merge(base, [few, many])
    assert set(both.expert_weights) == FIRST_ORDER | {"grove"}
    assert sum(both.expert_weights.values()) == pytest.approx(1)
    assert is_sound(trained(both, samples(3, 50, 120)))
    assert set(both.expert_weights) == FIRST_ORDER | {"grove"} | SPARSE


def test_experts_that_leave_in_one_model_leave():
    base = trained(AutoSoftmaxRegression(), samples(0, 100))
    leaving = trained(copied(base), samples(1, 50, 110))
    both = merge(base, [trained(copied(base), samples(2, 50)), leaving])
    assert both.expert_weights.keys() == base.expert_weights.keys() > {"newton", "votes", "gaussian", "grove"}
    trained(both, samples(3, 300, 110))
    assert set(both.expert_weights) == FIRST_ORDER | SPARSE | {"grove"}


def test_more_features_than_the_experts_cover():
    base = trained(AutoSoftmaxRegression(), samples(0, 600, 90))
    updates = [trained(copied(base), samples(k, 60, 90 + 15 * k, 4, first=0)) for k in (1, 2)]
    for update in updates:
        trained(update, samples(9, 10, 5, 4, first=300 if update is updates[0] else 400))
    both = merge(base, updates)
    assert len(both.features) == 120 + 10
    assert is_sound(trained(both, samples(5, 60, 120)))


def test_more_classes_than_gaussians():
    base = trained(AutoSoftmaxRegression(), samples(0, 520, 60, 2))
    updates = [trained(copied(base), samples(k, 80, 60, 30 * k)) for k in (1, 2)]
    assert is_sound(trained(merge(base, updates), samples(5, 60, 60, 40)))


@pytest.mark.slow
def test_more_classes_than_markov_counts():
    base = AutoSoftmaxRegression(interactions=False)
    updates = [copied(base) for _ in range(2)]
    for k, update in enumerate(updates):
        for i in range(600):
            update.learn_one({"a": i / 600}, 300 * k + i % 300)
    both = merge(base, updates)
    assert len(both.classes) == 600
    assert "follow" not in state(both)
    for x, y in (({"a": 0.5}, 7), ({"a": 0.1}, "new")):
        both.learn_one(x, y)


def test_matrices_that_are_not_definite_start_again():
    base = trained(AutoSoftmaxRegression(), samples(0, 300))
    updates = [trained(copied(base), samples(k, 50)) for k in (1, 2)]
    broken = state(updates[0])
    for name in ("newton_P", "qda_P", "mixers", "buckets"):
        broken[name] = -broken[name]
    updates[0]._restore(broken)
    both = merge(base, updates)
    assert is_sound(trained(both, samples(4, 100)))
    for name in ("newton_P", "qda_P"):
        assert (np.linalg.eigvalsh(state(both)[name]) > 0).all()


# ---- every parameter ----

OPTIONS = {
    "hashed": lambda: SoftmaxRegression(hash_bits=6),
    "hashed bank": lambda: AutoSoftmaxRegression(hash_bits=6),
    "bounded": lambda: SoftmaxRegression(optim.AdaGrad(), max_features=9),
    "bounded bank": lambda: AutoSoftmaxRegression(max_features=9),
    "bounded linear bank": lambda: AutoSoftmaxRegression(interactions=False, max_features=9),
}


@pytest.mark.parametrize("make", OPTIONS.values(), ids=OPTIONS)
def test_bounded_and_hashed_models(make):
    base = make()
    for round_ in range(6):
        updates = [
            trained(copied(base), samples(10 * round_ + k, 40, 7, first=(3 * round_ + 5 * k) % 17)) for k in range(3)
        ]
        base = merge(base, updates)
        assert is_sound(base)
        if base.max_features:
            assert len(base.features) <= base.max_features
            assert base.n_evicted >= max(update.n_evicted for update in updates)
            learned = state(base)
            assert learned["learned"] == 120 * (round_ + 1)
            assert learned["last_use"].max() <= learned["learned"]


@pytest.mark.parametrize("name", [name for name in OPTIONS if name.startswith("bounded")])
def test_models_that_have_only_forgotten(name):
    base = trained(OPTIONS[name](), samples(0, 60, 5))
    updates = [copied(base), copied(base)]
    updates[0].forget_feature("x1")
    updates[1].forget_feature("x2")
    both = merge(base, updates)
    assert set(both.features) == set(base.features)  # each is in one of them
    assert is_sound(trained(both, samples(1, 30, 5)))


@pytest.mark.parametrize("kind", [SoftmaxRegression, AutoSoftmaxRegression])
def test_texts_and_gaps(kind):
    base = kind(categorical=True, missing="indicate")
    updates = [copied(base), copied(base)]
    for i in range(60):
        updates[0].learn_one({"job": ["nurse", "admin"][i % 2], "age": 20 + i}, ["yes", "no"][i % 2])
        updates[1].learn_one({"job": ["guard", "admin"][i % 2], "age": None}, ["maybe", "no"][i % 2])
    both = merge(base, updates)
    assert set(both.features) == {"job=nurse", "job=admin", "job=guard", "age", "age="}
    assert set(both.classes) == {"yes", "no", "maybe"}
    assert both.predict_one({"job": "admin", "age": None}) == "no"


def test_a_foreign_schedule_and_weights_of_classes():
    class Steps(optim.base.Scheduler):
        def get(self, t):
            return 0.1 / (1 + t)

    base = SoftmaxRegression(optim.SGD(Steps()), optim.losses.CrossEntropy({"class 1": 2.0}))
    updates = [trained(base.copy(), samples(k, 40)) for k in range(2)]
    assert is_sound(merge(base, updates))


def test_an_optimiser_that_has_counted_before():
    optimizer = optim.SGD(optim.schedulers.InverseScaling(0.1))
    optimizer.n_iterations = 1000
    base = SoftmaxRegression(optimizer)
    updates = [trained(copied(base), samples(k, n)) for k, n in ((1, 30), (2, 90))]
    assert 1050 < max(state(merge(base, updates))["t"]) <= 1060


# ---- what is refused ----


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match="base is 1: merge a model of this package"):
        merge(1, [])
    with pytest.raises(TypeError, match="update 1 is 'x': merge a model of this package"):
        merge(SoftmaxRegression(), [SoftmaxRegression(), "x"])


@pytest.mark.parametrize(
    ("update", "words"),
    [
        (SoftmaxRegression(optim.SGD(0.2)), "optimizer {.*0.2.*}, and base {.*0.01.*}"),
        (SoftmaxRegression(l2=0.1), "l2 0.1, and base 0.0"),
        (SoftmaxRegression(hash_bits=3), "hash_bits 3, and base None"),
        (AutoSoftmaxRegression(), "class 'AutoSoftmaxRegression', and base 'SoftmaxRegression'"),
        (preprocessing.StandardScaler() | SoftmaxRegression(), "scaler {.*}, and base None"),
    ],
)
def test_other_parameters_are_refused(update, words):
    with pytest.raises(ValueError, match=f"update 0 has the {words}: merge copies of one model"):
        merge(SoftmaxRegression(), [update])


def test_other_steps_and_numbers_are_refused():
    one, other = SCALED["scaled numbers"](), NumberScaler(["x0"]) | AutoSoftmaxRegression(interactions=False)
    with pytest.raises(ValueError, match="update 1 has the scaler"):
        merge(one, [copied(one), other])


def test_what_has_not_learned_on_from_the_base_is_refused(make_model):
    base = trained(make_model(), samples(0, 60))
    before = bits(base)
    cases = {
        "class 'class .' it lacks": trained(make_model(), [({"x0": 1.0}, "class 9")]),
        "which has learned 60 samples, and it": trained(make_model(), list(samples(0, 60))[:50]),
        "feature 'x3' it lacks": copied(base),
    }
    list(cases.values())[2].forget_feature("x3")
    for words, update in cases.items():
        with pytest.raises(ValueError, match=f"update 1 has not learned on from base, .*{words}") as caught:
            merge(base, [base.copy(), update])
        assert "\n" not in str(caught.value)
    assert bits(base) == before


def test_classes_in_another_order_are_refused():
    base = trained(SoftmaxRegression(), [({"a": 1.0}, "x"), ({"a": 1.0}, "y")])
    update = trained(SoftmaxRegression(), [({"a": 1.0}, "y"), ({"a": 1.0}, "x"), ({"a": 1.0}, "x")])
    with pytest.raises(ValueError, match="whose classes come in another order"):
        merge(base, [update])


def test_a_scaler_that_has_met_less_is_refused():
    base = trained(SCALED["scaled SGD"](), samples(0, 60))
    update = copied(base)
    next(iter(update.steps.values())).counts["x0"] = 3
    with pytest.raises(ValueError, match="whose scaler has met feature 'x0' 60 times, and its own 3 times"):
        merge(base, [update])


def test_a_model_that_forgot_all_its_classes_and_began_anew_is_merged_soundly():
    base = trained(AutoSoftmaxRegression(), samples(1, 200))
    anew = copied(base)
    for label in anew.classes:
        anew.forget_class(label)
    trained(anew, [*samples(1, 1)] * 200)  # easy: few of them are stored
    trained(anew, samples(1, 200))
    new = merge(base, [anew, trained(copied(base), samples(9, 20))])
    assert state(new)["memory_stored"] >= len(state(new)["memory_label"])
    assert bits(trained(copied(new), samples(3, 50))) == bits(trained(new, samples(3, 50)))


# ---- whatever comes ----


@st.composite
def streams(draw):
    """Give short streams of odd values and weights, over features and classes of their own."""
    values = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([0.0, 1.0, -1.0, 1e-300, 1e150, -1e200, 5e-324]))
    x = st.dictionaries(st.sampled_from("abcdefgh"), values, max_size=5)
    sample = st.tuples(x, st.sampled_from("uvwxyz"), st.sampled_from([0.0, 0.5, 1.0, 30.0]))
    return draw(st.lists(sample, max_size=8))


@pytest.mark.slow
@settings(max_examples=20)
@given(data=st.data())
def test_whatever_the_rounds_the_model_is_sound(make_model, data):
    base = make_model()
    for _ in range(data.draw(st.integers(1, 3))):
        updates = []
        for stream in data.draw(st.lists(streams(), max_size=4)):
            update = base.copy()
            for x, y, w in stream:
                with suppress(OverflowError):
                    update.learn_one(x, y, w)
            updates.append(update)
        base, was = merge(base, updates), base
        assert bits(base) == bits(merge(was, updates))
        found = NativeModel(base)
        found.check(found.state())
        assert all(math.isfinite(p) for p in base.predict_proba_one({"a": 1.0, "b": -2.0}).values())
