"""Implicit steps solve their equation: as far as the loss at the new weights asks for, and never too far."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from river import datasets, evaluate, metrics, optim, preprocessing
from scipy.special import expit, softmax

from online_softmax import ImplicitAdaGrad, ImplicitSGD, SoftmaxRegression

NAMES = ["a", "b", "c", "d"]
LABELS = ["red", "green", "blue", "grey"]
RULES = pytest.mark.parametrize("rule", [ImplicitSGD, ImplicitAdaGrad])
PRECISION = 1e-6  # of a step


def sample(values):
    return dict(zip(NAMES, map(float, values), strict=True))


def trained(optimizer, classes, n=30, **parameters):
    """Teach a model so many classes and every feature."""
    rng = np.random.default_rng(classes)
    model = SoftmaxRegression(optimizer, **parameters)
    for i in range(n):
        model.learn_one(sample(rng.normal(size=4)), LABELS[i % classes])
    return model


def matrix(model):
    """Give the weights as the matrix B: features x classes."""
    return np.array([[row[name] for row in model.weights.values()] for name in NAMES])


def accumulators(model):
    """Give AdaGrad's G of every feature."""
    state = model.__getstate__()["learned"]
    return dict(zip(state["names"], state["scalars"][1:, 0], strict=True))


def bisect(excess, low, high):
    """Find where an increasing function is 0."""
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) < 0 else (low, middle)
    return (low + high) / 2


def stretches():
    """Give lengths of x from 0.01 to 30: from margins near 0 to the very wrong and the very right."""
    return [0.01, 0.1, 1.0, 3.0, 10.0, 30.0]


@pytest.mark.parametrize("w", [1.0, 1e3])
@pytest.mark.parametrize("eta", [1e-3, 0.1, 1.0, 10.0, 1e3, 1e6])
def test_two_classes_take_the_exact_proximal_step(eta, w):
    """The new margin u minimises -ln sigma(u) + (u - m)^2 / (4 eta w |x|^2): u = m + 2 eta w |x|^2 sigma(-u)."""
    rng = np.random.default_rng(1)
    for label, length in [(label, length) for label in LABELS[:2] for length in stretches()]:
        model, x = trained(ImplicitSGD(eta), 2), rng.normal(size=4)
        x *= length / np.linalg.norm(x)
        j = LABELS.index(label)

        def margin(model=model, x=x, j=j):
            z = x @ matrix(model)
            return z[j] - z[1 - j]

        m, reach = margin(), 2 * eta * w * length**2
        root = bisect(lambda u, m=m, reach=reach: u - m - reach * expit(-u), m, m + reach)
        model.learn_one(sample(x), label, w=w)
        rounding = 1e-12 * (1 + np.abs(x) @ np.abs(matrix(model)).sum(axis=1))
        assert margin() - root == pytest.approx(0, abs=PRECISION * (root - m) + rounding), (label, length, m)


@RULES
@pytest.mark.parametrize("eta", [1e-3, 0.1, 1.0, 10.0, 1e3, 1e6])
def test_the_step_is_the_formulas(rule, eta):
    rng = np.random.default_rng(2)
    for label, length in [(label, length) for label in LABELS[:3] for length in stretches()]:
        model, x = trained(rule(eta), 3), rng.normal(size=4)
        x *= length / np.linalg.norm(x)
        y, B = LABELS.index(label), matrix(model)
        p = softmax(x @ B)
        rho, g = np.delete(p, y).sum(), p - np.eye(3)[y]
        g[y] = -rho
        r = eta * x
        if rule is ImplicitAdaGrad:
            G = np.array([accumulators(model)[name] for name in NAMES]) + x**2 * (g @ g)
            r /= np.sqrt(G + 1e-8)
        s, a, m = r @ x, (g @ g) / rho, math.log(p[y] / rho)
        A = a * s / rho
        u = bisect(lambda u, m=m, A=A: u + A * expit(u) - m - A, m, m + a * s)
        f = (u - m) / (a * s)
        model.learn_one(sample(x), label)
        np.testing.assert_allclose(
            matrix(model) - B, -f * np.outer(r, g), rtol=PRECISION, atol=1e-12 * (1 + np.abs(B).max())
        )


@RULES
@pytest.mark.parametrize("classes", [2, 3, 4])
def test_a_heavier_sample_goes_further(rule, classes):
    rng, model = np.random.default_rng(3), trained(rule(0.3), classes)
    for _ in range(20):
        x = sample(rng.normal(size=4) * 10.0 ** rng.uniform(-1, 1))
        losses = [model.loss_one(x, "green")]
        for w in 10.0 ** np.arange(-3, 9):
            twin = pickle.loads(pickle.dumps(model))
            twin.learn_one(x, "green", w=w)
            losses.append(twin.loss_one(x, "green"))
        assert losses == sorted(losses, reverse=True)
        assert losses[-1] < losses[0]


def test_no_weight_moves_nothing():
    for rule in (ImplicitSGD, ImplicitAdaGrad):
        model = trained(rule(0.3), 3)
        before = matrix(model)
        model.learn_one(sample([1, 2, 3, 4]), "red", w=0)
        np.testing.assert_array_equal(matrix(model), before)
        model.learn_one(sample([1, 2, 3, 4]), "never seen", w=0)
        assert model.classes[-1] == "never seen"
        assert set(model.weights["never seen"].values()) == {0.0}


entries = st.tuples(
    st.dictionaries(st.sampled_from(NAMES), st.floats(-3, 3), max_size=4),
    st.integers(-3, 3),
    st.sampled_from(LABELS),
)


@RULES
@pytest.mark.parametrize("intercept", [False, True], ids=["plain", "intercept"])
@pytest.mark.parametrize(("eta", "w"), [(1e6, 1.0), (0.1, 1e6), (1e6, 1e6)])
@given(stream=st.lists(entries, max_size=40))
def test_the_loss_on_the_sample_falls_whatever_the_rate(is_finite, rule, eta, w, intercept, stream):
    model = SoftmaxRegression(rule(eta), intercept=intercept)
    for x, exponent, label in stream:
        x = {name: value * 10.0**exponent for name, value in x.items()}
        new = label not in model.classes
        if new:
            model.learn_one({}, label, w=0)
        before = model.loss_one(x, label)
        model.learn_one(x, label, w=w)
        after = model.loss_one(x, label)
        moved = len(model.classes) > 1 and (intercept or any(abs(value) > 1e-3 for value in x.values()))
        assert math.isfinite(after)
        assert after <= before * (1 + 1e-12)
        assert after < before or not moved or before < 1e-9
        assert is_finite(model)


@RULES
@given(stream=st.lists(entries, max_size=40))
def test_l2_never_makes_a_sample_worse_than_a_guess(is_finite, rule, stream):
    model = SoftmaxRegression(rule(1e6), l2=0.01)
    for x, exponent, label in stream:
        x = {name: value * 10.0**exponent for name, value in x.items()}
        before = model.loss_one(x, label)
        model.learn_one(x, label, w=1e6)
        assert is_finite(model)
        if rule is ImplicitSGD:  # shrinks all of a sample's weights alike
            guess = math.log(len(model.classes))
            assert model.loss_one(x, label) <= max(guess, before if math.isfinite(before) else 0) + 1e-9


@RULES
def test_l2_shrinks_the_weights_of_the_sample_after_its_step(rule):
    l2, eta = 0.5, 0.2
    plain = trained(rule(eta), 3)
    model = plain.clone({"l2": l2}, include_attributes=True)
    x = {"a": 1.0, "c": -2.0}
    plain.learn_one(x, "red")
    model.learn_one(x, "red")
    for label, row in plain.weights.items():
        for name, weight in row.items():
            rate = eta if rule is ImplicitSGD else eta / math.sqrt(accumulators(plain)[name] + 1e-8)
            kept = 1 / (1 + rate * l2) if name in x else 1
            assert model.weights[label][name] == pytest.approx(weight * kept, rel=1e-12)


def test_a_small_rate_gives_the_explicit_step():
    def taught(optimizer):
        rng, model = np.random.default_rng(4), SoftmaxRegression(optimizer)
        for label in LABELS:
            model.learn_one({}, label)
        for i in range(20):
            model.learn_one(sample(rng.normal(size=4)), LABELS[i % 4])
        return matrix(model)

    def gap(eta):
        implicit, explicit = taught(ImplicitSGD(eta)), taught(optim.SGD(eta))
        return np.abs(implicit - explicit).max() / np.abs(explicit).max()

    assert gap(1e-2) < 0.05
    assert gap(1e-3) == pytest.approx(gap(1e-2) / 10, rel=0.1)
    assert gap(1e-4) == pytest.approx(gap(1e-3) / 10, rel=0.1)


@RULES
def test_a_scheduler_sets_the_rate(rule):
    fixed, scheduled = rule(0.3), rule(optim.schedulers.InverseScaling(0.3, 0.0))
    np.testing.assert_array_equal(matrix(trained(fixed, 3)), matrix(trained(scheduled, 3)))
    falling = rule(optim.schedulers.InverseScaling(0.3, 1.0))
    assert np.abs(matrix(trained(falling, 3))).max() < np.abs(matrix(trained(fixed, 3))).max()


@RULES
@pytest.mark.parametrize("rate", [1.0, 1e6])
def test_any_rate_learns_image_segments(rule, rate):
    model = preprocessing.StandardScaler() | SoftmaxRegression(rule(rate))
    assert evaluate.progressive_val_score(datasets.ImageSegments(), model, metrics.Accuracy()).get() > 0.75


@RULES
@pytest.mark.parametrize(
    "parameters", [{"clip_gradient": 1.0}, {"loss": optim.losses.CrossEntropy({"red": 2.0})}], ids=["clip", "classes"]
)
def test_what_has_no_implicit_step_is_refused_at_the_door(rule, parameters):
    with pytest.raises(ValueError, match=f"^{rule.__name__}[^\n]*$"):
        SoftmaxRegression(rule(), **parameters)


@RULES
def test_a_batch_has_no_implicit_step(rule):
    model = trained(rule(), 3)
    before = pickle.dumps(model)
    with pytest.raises(TypeError, match=rule.__name__):
        model.learn_batch(pd.DataFrame({"a": [1.0, 2.0]}), pd.Series(["red", "green"]))
    assert pickle.dumps(model) == before


@RULES
@pytest.mark.parametrize("lr", [-1.0, math.nan, math.inf, None, "0.1"], ids=repr)
def test_bad_rates_are_refused_at_the_door(rule, lr):
    with pytest.raises((TypeError, ValueError), match=rf"^{rule.__name__}[^\n]*rate"):
        SoftmaxRegression(rule(lr))


@RULES
def test_they_are_optimizers_like_rivers(rule):
    optimizer = rule(0.25)
    model = trained(optimizer, 3)
    for twin in (optimizer.clone(), pickle.loads(pickle.dumps(optimizer)), model.clone().optimizer):
        assert type(twin) is rule
        assert twin.learning_rate == 0.25
        np.testing.assert_array_equal(matrix(trained(twin, 3)), matrix(model))
    assert rule.__name__ in repr(optimizer)
    assert rule.__name__ in repr(model)
    assert optimizer.n_iterations == 0
    with pytest.raises(TypeError, match=f"{rule.__name__}.*SoftmaxRegression"):
        optimizer.step({"a": 1.0}, {"a": 1.0})
