"""Every native optimiser gives river's own numbers, sample by sample; every other one is refused at the door."""

from __future__ import annotations

import math
import pickle
import random
import sys
from functools import partial

import pytest
from river import datasets, evaluate, linear_model, metrics, optim, preprocessing
from river.datasets import synth

from online_softmax import SoftmaxRegression

REL = 1e-9 if sys.version_info < (3, 12) else 1e-6  # river adds with the built-in sum(), which 3.12 compensates


def come_late(stream, classes, seed):
    """Give `stream` with three classes and half of the features missing from its first third, and gaps all along."""
    rng, stream = random.Random(seed), list(stream)
    late_features = set(rng.sample(sorted(stream[0][0]), len(stream[0][0]) // 2))
    late_classes = set(rng.sample(sorted(classes), 3))
    for i, (x, y) in enumerate(stream):
        late = i < len(stream) // 3
        if late and y in late_classes:
            continue
        keep = [name for name in x if not (late and name in late_features) and rng.random() < 0.9]
        yield {name: x[name] for name in keep}, y


@pytest.fixture(scope="session")
def image_segments():
    """Give all 2,310 rows of ImageSegments, standardised on the way."""
    scaler, rows = preprocessing.StandardScaler(), []
    for x, y in datasets.ImageSegments():
        scaler.learn_one(x)
        rows.append((scaler.transform_one(x), y))
    return rows


@pytest.fixture(scope="session")
def late_segments(image_segments):
    return list(come_late(image_segments, {y for _, y in image_segments}, seed=1))


@pytest.fixture(scope="session")
def late_led():
    return list(come_late(synth.LED(seed=42, irrelevant_features=True).take(400), set(range(10)), seed=2))


def assert_equals_river(stream, optimizer, loss=None, l2=0.0):
    """Assert that river's class and ours give the same probabilities after every sample."""
    ours, theirs = SoftmaxRegression(optimizer, loss, l2), linear_model.SoftmaxRegression(optimizer, loss, l2)
    for i, (x, y) in enumerate(stream):
        ours.learn_one(x, y)
        theirs.learn_one(x, y)
        p, q = ours.predict_proba_one(x), theirs.predict_proba_one(x)
        assert list(p) == list(q)
        for label in q:
            assert math.isclose(p[label], q[label], rel_tol=REL, abs_tol=1e-300), (i, label, p[label], q[label])
        assert ours.predict_one(x) == theirs.predict_one(x)
    for label, row in theirs.weights.items():
        for name, weight in row.items():
            assert ours.weights[label].get(name, 0.0) == pytest.approx(weight, rel=1e-6, abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("l2", [0.0, 0.01])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "class weights"])
def test_image_segments(image_segments, make_optimizer, weighted, l2):
    loss = optim.losses.CrossEntropy({"sky": 2.0, "path": 0.5}) if weighted else None
    assert_equals_river(image_segments[:1200], make_optimizer(), loss, l2)


@pytest.mark.slow
@pytest.mark.parametrize("l2", [0.0, 0.01])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "class weights"])
def test_segments_that_come_late(late_segments, make_optimizer, weighted, l2):
    loss = optim.losses.CrossEntropy({"sky": 2.0, "path": 0.5}) if weighted else None
    assert_equals_river(late_segments[:600], make_optimizer(), loss, l2)


@pytest.mark.slow
@pytest.mark.parametrize("l2", [0.0, 0.01])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "class weights"])
def test_digits_that_come_late(late_led, make_optimizer, weighted, l2):
    loss = optim.losses.CrossEntropy({3: 2.0, 8: 0.5}) if weighted else None
    assert_equals_river(late_led, make_optimizer(), loss, l2)


class Halving(optim.base.Scheduler):
    """A rate that halves every `period` steps: a user's own scheduler."""

    def __init__(self, learning_rate, period):
        self.learning_rate = learning_rate
        self.period = period

    def get(self, t):
        return self.learning_rate * 0.5 ** (t // self.period)


WITH_RATE = [
    optim.SGD,
    optim.Momentum,
    optim.NesterovMomentum,
    optim.AdaGrad,
    optim.RMSProp,
    optim.Adam,
    optim.AMSGrad,
    optim.AdaMax,
    optim.Nadam,
    optim.AdaBound,
]


class Quartering:
    """A schedule that is no scheduler of river's, but has its method."""

    def get(self, t):
        return 0.2 / 4 ** (t // 100)


SCHEDULERS = {
    "Constant": partial(optim.schedulers.Constant, 0.05),
    "InverseScaling": partial(optim.schedulers.InverseScaling, 0.3, 0.7),
    "with get alone": Quartering,
    "Optimal": partial(optim.schedulers.Optimal, optim.losses.Log(), 0.01),
    "a user's own": partial(Halving, 0.2, 20),
}


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("rule", WITH_RATE)
def test_schedulers(late_segments, rule, scheduler):
    assert_equals_river(late_segments, rule(SCHEDULERS[scheduler]()), l2=0.01)


@pytest.mark.parametrize("rule", WITH_RATE)
def test_an_optimizer_that_has_stepped_before(late_segments, rule):
    optimizer = rule(optim.schedulers.InverseScaling(0.3))
    optimizer.n_iterations = 100
    assert_equals_river(late_segments[:200], optimizer)
    assert optimizer.n_iterations == 100


ASKED = []


class Noted(optim.base.Scheduler):
    """A constant rate that notes what it is asked."""

    def get(self, t):
        ASKED.append(t)
        return 0.1


def test_a_scheduler_is_asked_once_a_class_and_step():
    model = SoftmaxRegression(optim.SGD(Noted()))
    clocks = []
    for y in ("red", "green", "red", "blue"):
        ASKED.clear()
        model.learn_one({"a": 1.0, "b": 2.0}, y)
        clocks.append(sorted(ASKED))
    assert clocks == [[0], [0, 1], [1, 2], [0, 2, 3]]


class Failing(optim.base.Scheduler):
    """A scheduler that gives `answer` from its fourth step on."""

    def __init__(self, answer):
        self.answer = answer

    def get(self, t):
        return 0.1 if t < 3 else self.answer if self.answer != "raise" else 1 / 0


@pytest.mark.parametrize("answer", ["raise", math.nan, math.inf, None, "0.1"])
def test_a_scheduler_that_fails_changes_nothing(answer):
    model = SoftmaxRegression(optim.Adam(Failing(answer)))
    for y in ("red", "green", "red"):
        model.learn_one({"a": 1.0}, y)
    before = pickle.dumps(model)
    with pytest.raises((ArithmeticError, TypeError, ValueError)):
        model.learn_one({"a": 1.0, "new": 1.0}, "unheard")
    assert pickle.dumps(model) == before


@pytest.mark.parametrize(
    ("optimizer", "l2", "expected"),
    [
        (None, 0.0, (0.8254655695, 0.8187631126, 0.6819205061)),
        (optim.SGD(0.1), 1e-3, (0.8804677350, 0.8804612791, 0.4201509220)),
        (optim.Adam(), 0.0, (0.8596795149, 0.8591646025, 0.6249460770)),
        (optim.AdaGrad(), 0.0, (0.8718059766, 0.8713240711, 0.4808432987)),
        (optim.NesterovMomentum(), 0.0, (0.8449545258, 0.8444712887, 1.4618943980)),
        (optim.FTRLProximal(), 0.0, (0.8233001299, 0.8172889965, 0.7046686223)),
        (optim.SGD(optim.schedulers.InverseScaling(0.1)), 0.0, (0.7994802945, 0.7855814002, 0.7365680646)),
    ],
    ids=["default", "SGD", "Adam", "AdaGrad", "NesterovMomentum", "FTRLProximal", "InverseScaling"],
)
def test_golden_figures_on_image_segments(optimizer, l2, expected):
    model = preprocessing.StandardScaler() | SoftmaxRegression(optimizer, l2=l2)
    metric = metrics.Accuracy() + metrics.MacroF1() + metrics.CrossEntropy()
    evaluate.progressive_val_score(datasets.ImageSegments(), model, metric)
    assert [m.get() for m in metric] == pytest.approx(expected, rel=1e-9)


def test_golden_figures_on_led():
    metric = metrics.Accuracy() + metrics.CrossEntropy()
    stream = synth.LED(seed=42, irrelevant_features=True).take(2000)
    evaluate.progressive_val_score(stream, SoftmaxRegression(), metric)
    assert [m.get() for m in metric] == pytest.approx((0.7438719360, 1.4806225849), rel=1e-9)


def test_the_figure_in_rivers_documentation():
    model = preprocessing.StandardScaler() | SoftmaxRegression()
    metric = evaluate.progressive_val_score(datasets.ImageSegments(), model, metrics.MacroF1())
    assert str(metric) == "MacroF1: 81.88%"


class OwnSGD(optim.SGD):
    """A subclass: what it changes, nobody can guess."""


class OwnCrossEntropy(optim.losses.CrossEntropy):
    """A subclass: what it changes, nobody can guess."""


@pytest.mark.parametrize(
    "optimizer",
    [
        optim.Newton(),
        optim.Averager(optim.SGD()),
        OwnSGD(),
        optim.SGD,
        "SGD",
        0.1,
        optim.losses.CrossEntropy(),
        optim.schedulers.Constant(0.1),
    ],
    ids=str,
)
def test_other_optimizers_are_refused_by_name(optimizer):
    with pytest.raises((TypeError, ValueError)) as caught:
        SoftmaxRegression(optimizer)
    message = str(caught.value)
    assert "\n" not in message
    assert all(rule.__name__ in message for rule in [*WITH_RATE, optim.AdaDelta, optim.FTRLProximal])


@pytest.mark.parametrize(
    "loss", [optim.losses.Log(), optim.losses.Hinge(), OwnCrossEntropy(), optim.losses.CrossEntropy, "log"], ids=str
)
def test_other_losses_are_refused_by_name(loss):
    with pytest.raises((TypeError, ValueError), match=r"^[^\n]*CrossEntropy[^\n]*$"):
        SoftmaxRegression(loss=loss)


@pytest.mark.parametrize(
    "parameters",
    [{"lr": None}, {"lr": "0.1"}, {"lr": math.nan}, {"lr": math.inf}],
    ids=repr,
)
def test_rates_that_are_none_are_refused_at_the_door(parameters):
    with pytest.raises((TypeError, ValueError), match=r"lr|rate"):
        SoftmaxRegression(optim.SGD(**parameters))


@pytest.mark.parametrize("weight", [None, "2", math.nan, math.inf], ids=repr)
def test_class_weights_that_are_none_are_refused_at_the_door(weight):
    with pytest.raises((TypeError, ValueError), match="red"):
        SoftmaxRegression(loss=optim.losses.CrossEntropy({"red": weight}))
