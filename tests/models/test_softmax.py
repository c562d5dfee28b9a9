"""SoftmaxRegression computes what its formulas say: scores, probabilities, gradients, steps, and in little memory."""

from __future__ import annotations

import inspect
import math
import pickle
import random
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from river import base, optim
from scipy.special import expit, softmax

from online_softmax import SoftmaxRegression

FEATURES = ["a", "b", "c", "d"]
LABELS = ["red", "green", "blue"]
SAMPLE = {"a": 0.7, "b": -1.2, "d": 0.4}  # c is absent
x = np.array([0.7, -1.2, 0.0, 0.4])


def trained(model, labels=LABELS, n=40):
    """Teach `model` every feature and every label."""
    rng = random.Random(1)
    for i in range(n):
        model.learn_one({name: rng.gauss(0, 1) for name in FEATURES}, labels[i % len(labels)])
    return model


def with_rate_1(**parameters):
    """Make a trained model whose next step is the gradient it sees."""
    return trained(SoftmaxRegression(optim.SGD(1.0), **parameters))


def matrix(model):
    """Give the weights as the matrix B: features x classes."""
    return np.array([[row[name] for row in model.weights.values()] for name in FEATURES])


def step(model, label, **learn):
    """Learn the sample, and give what that took away from B."""
    before = matrix(model)
    model.learn_one(SAMPLE, label, **learn)
    return before - matrix(model)


def errors(model, label):
    """Give p - e_y for the sample, straight from the formula."""
    return softmax(x @ matrix(model)) - np.eye(len(LABELS))[LABELS.index(label)]


@pytest.mark.parametrize("label", LABELS)
def test_the_step_is_the_gradient_by_finite_differences(label):
    model, j, h = with_rate_1(), LABELS.index(label), 1e-6

    def loss(B):
        return -np.log(softmax(x @ B)[j])

    B = matrix(model)
    assert model.loss_one(SAMPLE, label) == pytest.approx(loss(B), rel=1e-12)
    differences = np.empty_like(B)
    for entry in np.ndindex(B.shape):
        E = np.zeros_like(B)
        E[entry] = h
        differences[entry] = (loss(B + E) - loss(B - E)) / (2 * h)
    np.testing.assert_allclose(step(model, label), differences, atol=1e-8)


@pytest.mark.parametrize("label", LABELS)
def test_a_small_step_lowers_the_loss_by_its_squared_gradient(label):
    g, model, eta = step(with_rate_1(), label), with_rate_1(), 1e-6
    before = model.loss_one(SAMPLE, label)
    model.learn_one(SAMPLE, label, w=eta)
    assert before - model.loss_one(SAMPLE, label) == pytest.approx(eta * np.sum(g**2), rel=1e-4)


def test_two_classes_are_the_sigmoid_of_the_score_difference():
    model = trained(SoftmaxRegression(optim.SGD(0.3)), labels=["no", "yes"])
    for scale in (0, 0.1, 1, 10, 30):
        z = x * scale @ matrix(model)
        p = model.predict_proba_one({name: value * scale for name, value in SAMPLE.items()})
        assert p["yes"] == pytest.approx(expit(z[1] - z[0]), rel=1e-12)
        assert p["no"] == pytest.approx(expit(z[0] - z[1]), rel=1e-12)


def opposites():
    """Make a model with weight -1 for no and +1 for yes, on each of the four features."""
    model = SoftmaxRegression(optim.SGD(1.0))
    model.learn_one({}, "no")
    model.learn_one({}, "yes")
    for name in FEATURES:
        model.learn_one({name: 2.0}, "yes")
    assert model.weights == {"no": dict.fromkeys(FEATURES, -1.0), "yes": dict.fromkeys(FEATURES, 1.0)}
    return model


def test_softmax_at_the_largest_scores():
    model = opposites()
    assert model.predict_proba_one({"a": 1e308}) == {"no": 0.0, "yes": 1.0}
    assert model.predict_proba_one({"a": -1e308}) == {"no": 1.0, "yes": 0.0}
    assert model.predict_proba_one({"a": 1e308, "b": -1e308}) == {"no": 0.5, "yes": 0.5}
    assert model.loss_one({"a": 1e308}, "yes") == 0
    assert model.loss_one({"a": 20.0}, "no") == pytest.approx(40, rel=1e-12)


def test_scores_beyond_the_largest_float_still_give_probabilities():
    model = opposites()
    assert model.predict_proba_one(dict.fromkeys(FEATURES, 1.5e308)) == {"no": 0.0, "yes": 1.0}
    assert model.predict_one(dict.fromkeys(FEATURES, -1.5e308)) == "no"
    p = model.predict_proba_one({"a": 1.5e308, "b": 1.5e308, "c": -1.5e308, "d": -1.5e308})
    assert sum(p.values()) == pytest.approx(1, rel=1e-12)


@given(exponent=st.integers(-300, 300), seed=st.integers(0, 99))
def test_any_scale_of_x_keeps_probabilities_summing_to_one(exponent, seed):
    rng, model = random.Random(seed), SoftmaxRegression()
    for i in range(20):
        sample = {name: rng.gauss(0, 1) * 10.0**exponent for name in FEATURES}
        model.learn_one(sample, LABELS[i % 3])
        p = model.predict_proba_one(sample)
        assert all(0 <= value <= 1 for value in p.values())
        assert math.isclose(math.fsum(p.values()), 1, rel_tol=1e-12)


def test_the_weights_are_a_snapshot():
    model = SoftmaxRegression()
    assert model.weights == model.intercepts == {}
    trained(model)
    assert list(model.weights) == list(model.intercepts) == LABELS
    assert all(list(row) == FEATURES for row in model.weights.values())
    before = pickle.dumps(model)
    model.weights["violet"] = {"a": 1.0}
    model.weights["red"]["a"] = model.intercepts["red"] = 9.0
    assert pickle.dumps(model) == before


def test_the_first_sample():
    model = SoftmaxRegression()
    model.learn_one({"a": 1}, "red")
    assert model.weights == {"red": {"a": 0.00999999999999999}}
    assert model.predict_proba_one({"a": 1}) == {"red": 1.0}
    model.learn_one({"a": 1}, "red")
    assert model.weights["red"]["a"] == pytest.approx(0.00999999999999999 + 0.01 * 1e-15, rel=1e-15)


def test_a_new_class_takes_its_own_error_only():
    model = with_rate_1()
    p, before = softmax(x @ matrix(model)), matrix(model)
    model.learn_one(SAMPLE, "violet")
    np.testing.assert_allclose(before - matrix(model)[:, :3], np.outer(x, p), rtol=1e-12)
    np.testing.assert_allclose(matrix(model)[:, 3], x, rtol=1e-12)


@pytest.mark.parametrize("w", [0, 0.25, 3, 1e6])
def test_w_multiplies_the_gradient_but_not_l2(w):
    model = with_rate_1(l2=0.125)
    decay = 0.125 * matrix(model) * (x != 0)[:, None]
    expected = w * np.outer(x, errors(model, "green")) + decay
    np.testing.assert_allclose(step(model, "green", w=w), expected, rtol=1e-9, atol=1e-14)


def test_w_of_zero_registers_the_class():
    model = SoftmaxRegression()
    model.learn_one({"a": 1.0}, "red", w=0)
    assert model.classes == ["red"]
    assert model.weights["red"].get("a", 0) == 0


def test_class_weights_multiply_the_rows_of_their_classes():
    model = with_rate_1(loss=optim.losses.CrossEntropy({"red": 2.0, "blue": 0.25, "never seen": 9.0}))
    expected = np.outer(x, errors(model, "green") * [2, 1, 0.25])
    np.testing.assert_allclose(step(model, "green"), expected, rtol=1e-9, atol=1e-15)


def test_clip_gradient_clamps_the_weighted_error_of_each_class():
    model = with_rate_1(clip_gradient=0.5, l2=0.125, loss=optim.losses.CrossEntropy({"red": 2.0}))
    decay = 0.125 * matrix(model) * (x != 0)[:, None]
    g = 1.5 * errors(model, "green") * [2, 1, 1]
    assert (abs(g) > 0.5).any()
    expected = np.outer(x, g.clip(-0.5, 0.5)) + decay
    np.testing.assert_allclose(step(model, "green", w=1.5), expected, rtol=1e-9, atol=1e-15)


def test_the_intercept_is_a_feature_that_is_always_1(make_optimizer):
    rng = random.Random(3)
    model, other = SoftmaxRegression(make_optimizer(), intercept=True), SoftmaxRegression(make_optimizer())
    for i in range(60):
        sample, label = {name: rng.gauss(0, 1) for name in rng.sample(FEATURES, 3)}, LABELS[i % (1 + i // 20)]
        longer = sample | {"one": 1.0}
        model.learn_one(sample, label)
        other.learn_one(longer, label)
        assert model.predict_proba_one(sample) == pytest.approx(other.predict_proba_one(longer), rel=1e-9)
    assert model.intercepts == pytest.approx({label: row["one"] for label, row in other.weights.items()}, rel=1e-9)
    assert set(model.weights["red"]) == set(FEATURES)


@pytest.mark.parametrize("rule", [optim.SGD, optim.Momentum, optim.AdaGrad, optim.Adam, optim.FTRLProximal])
def test_an_update_that_overflows_changes_nothing(rule):
    model = trained(SoftmaxRegression(rule()))
    before = pickle.dumps(model)
    sample = {"a": 1e300, "new": 1.7e308}
    for call in (
        lambda: model.learn_one(sample, "unheard", w=1e10),
        lambda: model.learn_many(pd.DataFrame([{"a": 1.0, "new": 0.0}, sample]), pd.Series(["red", "unheard"]), w=1e10),
        lambda: model.learn_batch(pd.DataFrame([sample] * 2), pd.Series(["red", "unheard"]), w=1e10),
    ):
        with pytest.raises((OverflowError, ValueError)):
            call()
        assert pickle.dumps(model) == before


NAMES, KINDS = [f"feature {i}" for i in range(2000)], [f"class {c}" for c in range(50)]


def learn_sparse_samples(model):
    for kind in KINDS:
        for start in range(0, len(NAMES), 100):
            model.learn_one(dict.fromkeys(NAMES[start : start + 100], 1.0), kind)


def learn_dense_samples(model):
    for kind in KINDS:
        model.learn_one(dict.fromkeys(NAMES, 1e-3), kind)


def learn_a_wide_frame(model):
    frame = pd.DataFrame(np.full((len(KINDS), len(NAMES)), 1e-3), columns=NAMES)
    for _ in range(2):  # new features, then known ones
        model.learn_many(frame, pd.Series(KINDS))


@pytest.mark.parametrize("learn", [learn_sparse_samples, learn_dense_samples, learn_a_wide_frame])
@pytest.mark.parametrize(("make", "slots"), [(optim.SGD, 0), (optim.AdaGrad, 1), (optim.Adam, 2)])
def test_memory_is_the_weights_and_little_else(make, slots, learn):
    model = SoftmaxRegression(make())
    learn(model)
    numbers = 8 * len(NAMES) * len(KINDS) * (1 + slots)
    for twin in (model, pickle.loads(pickle.dumps(model))):
        assert numbers <= sys.getsizeof(twin) <= 1.3 * numbers + 64 * 1024


def test_no_sample_is_lost_between_threads():
    def fresh():
        model = SoftmaxRegression(optim.SGD(0.1))
        for label in LABELS:
            model.learn_one({}, label)
        return model

    def stream(name):
        return [({name: math.sin(i)}, LABELS[i * i % 3]) for i in range(400)]

    def learn(model, name):
        """Learn a stream of one feature: what it does to that feature's weights, no other stream can change."""
        pairs = stream(name)
        for x, y in pairs[:200]:
            model.learn_one(x, y)
        for start in range(200, 400, 50):
            chunk = pairs[start : start + 50]
            model.learn_many(pd.DataFrame([x for x, _ in chunk]), pd.Series([y for _, y in chunk]))

    together, alone = fresh(), fresh()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: learn(together, name), FEATURES))
    for name in FEATURES:
        learn(alone, name)
    assert together.weights == alone.weights


def test_the_parameters():
    parameters = inspect.signature(SoftmaxRegression).parameters
    assert {name: parameter.default for name, parameter in parameters.items()} == {
        "optimizer": None,
        "loss": None,
        "l2": 0.0,
        "intercept": False,
        "clip_gradient": None,
        "max_features": None,
        "hash_bits": None,
        "categorical": False,
        "missing": "raise",
    }
    extras = ["intercept", "clip_gradient", "max_features", "hash_bits", "categorical", "missing"]
    assert [name for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY] == extras
    model = SoftmaxRegression()
    assert isinstance(model, base.MiniBatchClassifier)
    assert isinstance(model.optimizer, optim.SGD)
    assert model.optimizer.learning_rate == 0.01
    assert isinstance(model.loss, optim.losses.CrossEntropy)
    for name in parameters:
        with pytest.raises(AttributeError):
            setattr(model, name, None)


def test_the_optimizer_given_is_a_template():
    optimizer = optim.Adam(0.5)
    model = trained(SoftmaxRegression(optimizer))
    assert model.optimizer.n_iterations == 0
    before = model.predict_proba_one(SAMPLE)
    optimizer.lr = optim.schedulers.Constant(9.0)
    assert model.predict_proba_one(SAMPLE) == before


@pytest.mark.parametrize(
    "parameters",
    [
        {"l2": None},
        {"l2": "0.1"},
        {"l2": math.nan},
        {"l2": math.inf},
        {"clip_gradient": -1.0},
        {"clip_gradient": math.nan},
        {"clip_gradient": "1"},
    ],
    ids=repr,
)
def test_bad_parameters_are_refused_at_the_door(parameters):
    with pytest.raises((TypeError, ValueError), match=next(iter(parameters))):
        SoftmaxRegression(**parameters)
