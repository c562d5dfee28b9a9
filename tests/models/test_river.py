"""A trained model goes from river to here and back, and both go on to learn the same numbers."""

from __future__ import annotations

import copy
import math
import pickle
import sys

import pytest
from river import compose, datasets, drift, linear_model, optim, preprocessing

from online_softmax import (
    AutoSoftmaxRegression,
    ImplicitAdaGrad,
    SoftmaxRegression,
    from_river,
    load,
    progressive_validation,
    save,
    to_river,
)
from online_softmax.models import optimizers

REL = 1e-9 if sys.version_info < (3, 12) else 1e-6  # river adds with the built-in sum(), which 3.12 compensates
WEIGHTS = {"sky": 2.0, "path": 0.5}
SCHEDULES = {
    "InverseScaling": optim.schedulers.InverseScaling(0.3),
    "Optimal": optim.schedulers.Optimal(optim.losses.Log(), 0.01),
}


@pytest.fixture(scope="module")
def rows():
    """Give standardised samples whose classes and features come late, and some of which are gaps."""
    scaler, rows = preprocessing.StandardScaler(), []
    for i, (x, y) in enumerate(datasets.ImageSegments().take(300)):
        scaler.learn_one(x)
        names = list(x)[: 9 if i < 60 else None]
        rows.append(({name: scaler.transform_one(x)[name] for name in names if hash(name) + i & 7}, y))
    late = {"sky", "window"}
    return [(x, y) for i, (x, y) in enumerate(rows) if i >= 100 or y not in late]


def rivers(optimizer):
    return linear_model.SoftmaxRegression(optimizer, optim.losses.CrossEntropy(WEIGHTS), 0.01)


def ours(optimizer):
    return SoftmaxRegression(optimizer, optim.losses.CrossEntropy(WEIGHTS), 0.01)


def teach(model, rows):
    for x, y in rows:
        model.learn_one(x, y)
    return model


def assert_go_on_alike(a, b, rows):
    """Assert that two models answer the same before and after each of the samples, which they learn."""
    for x, y in rows:
        p, q = a.predict_proba_one(x), b.predict_proba_one(x)
        assert list(p) == list(q)
        assert all(math.isclose(p[label], q[label], rel_tol=REL, abs_tol=1e-300) for label in q), (p, q)
        a.learn_one(x, y)
        b.learn_one(x, y)


def numbers(model):
    """Give all numbers that river's model has learned, but for zeros."""
    found = {}
    for label, weights in model.weights.items():
        stepper = model.optimizers[label]
        parts = {"weights": weights, **{name: vars(stepper)[name] for name in optimizers.STATES[type(stepper)]}}
        for part, values in parts.items():
            found |= {(label, part, name): value for name, value in values.items() if value != 0}
        found[label, "n_iterations"] = stepper.n_iterations
        found[label, "final_lr"] = getattr(stepper, "final_lr", None)
    return found


def test_both_go_on_from_rivers(rows, make_optimizer):
    theirs = teach(rivers(make_optimizer()), rows[:150])
    before = pickle.dumps(theirs)
    carried = from_river(theirs)
    assert pickle.dumps(theirs) == before
    assert carried.classes == list(theirs.weights)
    assert_go_on_alike(carried, theirs, rows[150:])


def test_both_go_on_from_ours(rows, make_optimizer):
    model = teach(ours(make_optimizer()), rows[:150])
    before = pickle.dumps(model)
    carried = model.to_river()
    assert pickle.dumps(model) == before
    assert type(carried) is linear_model.SoftmaxRegression
    assert_go_on_alike(carried, model, rows[150:])


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("rule", [optim.SGD, optim.Adam, optim.AdaBound])
def test_schedules_go_on_where_they_were(rows, rule, schedule):
    theirs = teach(rivers(rule(SCHEDULES[schedule])), rows[:120])
    assert_go_on_alike(from_river(theirs), theirs, rows[120:])
    model = teach(ours(rule(SCHEDULES[schedule])), rows[:120])
    assert_go_on_alike(model.to_river(), model, rows[120:])


def test_there_and_back_is_equal_to_the_bit(rows, make_optimizer, learned):
    theirs = teach(rivers(make_optimizer()), rows[:150])
    assert numbers(from_river(theirs).to_river()) == numbers(theirs)
    model = teach(ours(make_optimizer()), rows[:150])
    back = from_river(model.to_river())
    assert learned(back) == learned(model)
    assert repr(back) == repr(model)
    assert learned(teach(back, rows[150:])) == learned(teach(model, rows[150:]))


def test_a_template_that_has_stepped_starts_late_classes_where_it_stands(rows):
    optimizer = optim.Adam(optim.schedulers.InverseScaling(0.3))
    optimizer.n_iterations = 100
    theirs = teach(rivers(optimizer), rows[:50])
    assert_go_on_alike(from_river(theirs), theirs, rows[50:])


@pytest.mark.parametrize("model", [linear_model.SoftmaxRegression(), SoftmaxRegression()], ids=["river's", "ours"])
def test_a_fresh_model_is_carried(rows, model):
    carried = from_river(model) if type(model) is linear_model.SoftmaxRegression else to_river(model)
    assert carried.predict_proba_one({"a": 1.0}) == {}
    assert_go_on_alike(carried, copy.deepcopy(model), rows[:50])


def test_a_label_that_river_has_only_been_asked_for_is_a_class():
    theirs = linear_model.SoftmaxRegression()
    teach(theirs, [({"a": 1.0}, "red")])
    theirs.weights["green"]
    assert from_river(theirs).predict_proba_one({"a": 1.0}) == theirs.predict_proba_one({"a": 1.0})
    assert_go_on_alike(from_river(theirs), theirs, [({"a": 1.0}, "green"), ({"b": 2.0}, "red")])


def pipeline(model):
    return (
        compose.TransformerUnion(
            compose.Select("region-centroid-col") | preprocessing.MinMaxScaler(),
            compose.Discard("region-centroid-col"),
        )
        | preprocessing.StandardScaler()
        | model
    )


def test_pipelines_are_carried_with_copies_of_their_steps():
    rows = list(datasets.ImageSegments().take(300))
    theirs = teach(pipeline(rivers(optim.AdaGrad())), rows[:150])
    before = pickle.dumps(theirs)
    carried = from_river(theirs)
    twin = copy.deepcopy(theirs)
    assert list(carried.steps) == list(theirs.steps)
    assert_go_on_alike(carried, twin, rows[150:])
    assert pickle.dumps(theirs) == before
    back = to_river(carried)
    assert type(back["SoftmaxRegression"]) is linear_model.SoftmaxRegression
    assert_go_on_alike(back, carried, rows[:50])


def test_a_carried_pipeline_is_one_of_ours(tmp_path):
    theirs = preprocessing.StandardScaler() | rivers(optim.Adam())
    for x, y in datasets.ImageSegments().take(100):
        theirs.learn_one(x, y)
    carried = from_river(theirs)
    save(carried, tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")
    twin = progressive_validation("image_segments", copy.deepcopy(carried), limit=300)
    assert progressive_validation("image_segments", loaded, limit=300).log_loss == twin.log_loss
    assert loaded.predict_proba_one(x).keys() == theirs.predict_proba_one(x).keys()


def test_nothing_is_shared(rows):
    theirs = teach(rivers(optim.Momentum()), rows[:50])
    carried = from_river(theirs)
    assert carried.optimizer is not theirs.optimizer
    assert carried.loss is not theirs.loss
    before = pickle.dumps(carried)
    teach(theirs, rows[50:])
    theirs.loss.class_weight["sky"] = 9.0
    assert pickle.dumps(carried) == before


class OwnSoftmax(linear_model.SoftmaxRegression):
    """A subclass: what it changes, nobody can guess."""


@pytest.mark.parametrize(
    ("model", "named"),
    [
        (linear_model.SoftmaxRegression(optim.Newton()), "Newton"),
        (linear_model.SoftmaxRegression(optim.Averager(optim.SGD())), "Averager"),
        (linear_model.SoftmaxRegression(loss=optim.losses.Log()), "Log"),
        (linear_model.LogisticRegression(), "LogisticRegression"),
        (preprocessing.StandardScaler() | linear_model.Perceptron(), "Perceptron"),
        (OwnSoftmax(), "OwnSoftmax"),
        (drift.DriftRetrainingClassifier(linear_model.SoftmaxRegression()), "DriftRetrainingClassifier"),
        (AutoSoftmaxRegression(), "AutoSoftmaxRegression"),
        (SoftmaxRegression(), "SoftmaxRegression"),
        (None, "None"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_come_from_river_is_named_in_one_sentence(model, named):
    with pytest.raises((TypeError, ValueError), match=named) as caught:
        from_river(model)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("model", "named"),
    [
        (SoftmaxRegression(intercept=True), "intercept=True"),
        (SoftmaxRegression(clip_gradient=1.0), "clip_gradient=1.0"),
        (SoftmaxRegression(max_features=10), "max_features=10"),
        (SoftmaxRegression(hash_bits=4), "hash_bits=4"),
        (SoftmaxRegression(categorical=True), "categorical=True"),
        (SoftmaxRegression(missing="zero"), "missing='zero'"),
        (SoftmaxRegression(ImplicitAdaGrad()), "ImplicitAdaGrad"),
        (preprocessing.StandardScaler() | SoftmaxRegression(intercept=True), "intercept=True"),
        (AutoSoftmaxRegression(), "AutoSoftmaxRegression"),
        (linear_model.SoftmaxRegression(), "SoftmaxRegression"),
        (None, "None"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_go_to_river_is_named_in_one_sentence(model, named):
    with pytest.raises((TypeError, ValueError), match=named) as caught:
        to_river(model)
    assert "\n" not in str(caught.value)


def deleted(model):
    del model.weights["sky"]


def with_a_rate_of_its_own(model):
    model.optimizers["sky"].lr = optim.schedulers.Constant(0.7)


def with_another_optimizer(model):
    model.optimizers["sky"] = optim.SGD(0.1)


def infinite(model):
    model.weights["sky"]["width"] = math.inf


def with_a_text(model):
    model.weights["sky"]["width"] = "wide"


def with_a_label_that_is_none(model):
    model.learn_one({"width": 1.0}, None)


@pytest.mark.parametrize(
    "change",
    [with_a_label_that_is_none, deleted, with_a_rate_of_its_own, with_another_optimizer, infinite, with_a_text],
)
def test_what_was_done_to_rivers_model_is_not_misread(change):
    theirs = teach(linear_model.SoftmaxRegression(optim.Adam()), [({"width": 1.0}, "sky"), ({"width": 2.0}, "path")])
    change(theirs)
    before = pickle.dumps(theirs)
    with pytest.raises((TypeError, ValueError)) as caught:
        from_river(theirs)
    assert "\n" not in str(caught.value)
    said = {with_a_text: "wide", with_a_label_that_is_none: "None"}.get(change, "sky")
    assert said in str(caught.value)
    assert pickle.dumps(theirs) == before
