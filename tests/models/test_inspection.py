"""Inspections: what they say is what the model is, in text, as JSON and in a notebook, however large it is."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pytest
from river import compose, linear_model, optim, preprocessing

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, inspection, load
from online_softmax._kernel.bank.auto import EXPERTS as BANK
from online_softmax.models.inspection import EXPERTS
from online_softmax.models.scaled import NumberScaler
from online_softmax.rows import Rows

HOSTILE = "<script>alert('x')</script>&"


def trained(model, n=60):
    for i in range(n):
        model.learn_one({"a": i % 7 - 3.0, "b": 100.0 + i % 4, f"word {i % 5}": 1.0}, ("red", "green", "blue")[i % 3])
    return model


def test_every_expert_is_told_in_words():
    assert set(EXPERTS) == set(BANK)


def test_sizes_and_counts_are_those_of_the_model(make_model, learned):
    model = trained(make_model())
    before = learned(model)
    seen = inspection(model)
    assert (seen.model, seen.steps) == (type(model).__name__, [])
    assert (seen.n_classes, seen.n_features, seen.n_samples) == (3, 7, 60)
    assert [one.label for one in seen.classes] == model.classes
    assert seen.n_bytes == sys.getsizeof(model)
    assert seen.expert_weights == getattr(model, "expert_weights", {})
    assert learned(model) == before
    counts = {one.n_samples for one in seen.classes}
    assert counts == ({20.0} if isinstance(model, AutoSoftmaxRegression) else {None})
    for text in (repr(seen), repr(inspection(model, top=0)), repr(inspection(make_model()))):
        assert "\n\n\n" not in text


def test_an_inspection_is_the_same_after_a_file(make_model, tmp_path):
    model = trained(make_model())
    model.save(tmp_path / "model")
    one, other = inspection(model).to_dict(), inspection(load(tmp_path / "model")).to_dict()
    assert {**one, "n_bytes": 0} == {**other, "n_bytes": 0}
    json.dumps(one, allow_nan=False)


def test_the_strongest_features_of_a_softmax_regression_are_its_largest_weights():
    model = trained(SoftmaxRegression(optim.AdaGrad(0.3), intercept=True))
    for top in (0, 1, 3, 7, 100):
        for one in inspection(model, top).classes:
            weights = model.weights[one.label]
            wanted = sorted(weights.items(), key=lambda item: -abs(item[1]))
            assert list(one.strongest.items()) == [item for item in wanted if item[1]][:top]
            assert one.intercept == model.intercepts[one.label]


def test_weights_of_a_bank_are_those_of_its_explanations():
    model = trained(AutoSoftmaxRegression())
    seen, centre = inspection(model, 100), model.explain_one({}, of="linear")
    assert {one.label: one.intercept for one in seen.classes} == pytest.approx(centre.base, rel=1e-12)
    assert {name for one in seen.classes for name in one.strongest} == set(model.features)
    small = inspection(model, 2)
    for one, all_of_it in zip(small.classes, seen.classes, strict=True):
        assert list(one.strongest.items()) == list(all_of_it.strongest.items())[:2]


def test_a_fresh_model(make_model, text_of):
    seen = inspection(make_model())
    assert (seen.n_classes, seen.n_features, seen.n_samples, seen.classes) == (0, 0, 0, [])
    assert "0 classes, 0 features, 0 samples learned" in repr(seen)
    assert "0 classes" in text_of(make_model()._repr_html_())


def test_a_model_shows_itself_in_a_notebook(make_model, text_of):
    model = trained(make_model())
    html = model._repr_html_()
    text = text_of(html)
    assert len(html) < 10_000
    assert type(model).__name__ in text
    assert "3 classes, 7 features, 60 samples learned" in text
    for name in getattr(model, "expert_weights", {}):
        assert f"{name}: " in text
    assert "red" in text


def test_a_pipeline_still_shows_itself(make_model):
    pipeline = trained(preprocessing.StandardScaler() | make_model(), 3)
    assert type(pipeline.steps["StandardScaler"]).__name__ in pipeline._repr_html_()
    assert type(list(pipeline.steps.values())[-1]).__name__ in pipeline._repr_html_()


def test_parameters_that_are_not_the_default():
    model = SoftmaxRegression(
        optim.Adam(optim.schedulers.InverseScaling(0.1)),
        optim.losses.CrossEntropy({"red": 2.0}),
        0.01,
        intercept=True,
        max_features=5,
        missing="zero",
    )
    seen = inspection(trained(model))
    assert seen.parameters == {
        "class_weight": "{'red': 2.0}",
        "l2": 0.01,
        "intercept": True,
        "max_features": 5,
        "missing": "zero",
    }
    assert seen.optimizer == {
        "name": "Adam",
        "parameters": {
            "lr": "InverseScaling(learning_rate=0.1, power=0.5)",
            "beta_1": 0.9,
            "beta_2": 0.999,
            "eps": 1e-08,
        },
    }
    assert seen.n_evicted == model.n_evicted > 0
    assert "made room for others" in repr(seen)
    assert inspection(SoftmaxRegression()).optimizer == {"name": "SGD", "parameters": {"lr": 0.01}}
    assert inspection(AutoSoftmaxRegression(interactions=False)).parameters == {"interactions": False}
    assert inspection(AutoSoftmaxRegression()).optimizer is None


def test_samples_count_from_the_optimisers_own_first_step():
    optimizer = optim.SGD(0.1)
    optimizer.n_iterations = 1000
    assert inspection(trained(SoftmaxRegression(optimizer))).n_samples == 60


def test_sample_weights_count_in_a_bank():
    model = AutoSoftmaxRegression()
    model.learn_one({"a": 1.0}, "x", 2.5)
    model.learn_one({"a": 1.0}, "y", 0.0)
    assert [one.n_samples for one in inspection(model).classes] == [2.5, 0.0]
    assert inspection(model).n_samples == 2


@pytest.mark.parametrize(
    ("scaler", "said"),
    [
        (preprocessing.StandardScaler(), "weights are those of standardised values"),
        (NumberScaler(["a", "b"]), "weights are those of standardised numbers, and of other values as they come"),
        (compose.Select("a", "b"), "weights are those of the values as they reach the model"),
    ],
)
def test_a_pipeline_says_what_its_weights_are_of(scaler, said):
    seen = inspection(trained(scaler | SoftmaxRegression()))
    assert seen.steps == [type(scaler).__name__]
    assert said in repr(seen)
    assert f"SoftmaxRegression behind {type(scaler).__name__}" in repr(seen)


def test_some_classes():
    model = trained(SoftmaxRegression())
    assert [one.label for one in inspection(model, labels=["blue", "red"]).classes] == ["blue", "red"]
    with pytest.raises(ValueError, match="class pink is unknown: the model's are red, green, blue"):
        inspection(model, labels=["pink"])
    with pytest.raises(ValueError, match="class pink is unknown: the model has learned no class yet"):
        inspection(SoftmaxRegression(), labels=["pink"])


@pytest.mark.parametrize("top", [-1, 2.0, True, "many", None])
def test_what_is_no_number_of_features(top):
    with pytest.raises(ValueError, match="top must be an int of at least 0, got "):
        inspection(SoftmaxRegression(), top)


@pytest.mark.parametrize("model", [linear_model.SoftmaxRegression(), None, AutoSoftmaxRegression, compose.Pipeline()])
def test_models_that_are_none_of_ours(model):
    with pytest.raises(TypeError, match=r"inspection takes a SoftmaxRegression, an Auto.*, got "):
        inspection(model)


def test_hostile_labels_and_names(text_of):
    for model in (SoftmaxRegression(), AutoSoftmaxRegression()):
        for label in (HOSTILE, "x" * 1_000_000, "two\nlines", ("a", 1), b"b", 10**5000):
            model.learn_one({HOSTILE: 1.0, "n" * 1_000_000: 2.0, 10**5000: 1.0, "\ud800": 1.0}, label)
        for html in (model._repr_html_(), inspection(model)._repr_html_()):
            assert "<script" not in html
            assert len(html.encode()) < 30_000
            assert HOSTILE[:20] in text_of(html)
        assert len(repr(inspection(model)).encode()) < 10_000
        json.dumps(inspection(model).to_dict(), allow_nan=False)
        with pytest.raises(ValueError, match="is unknown") as refusal:
            inspection(model, labels=["y" * 1_000_000])
        assert len(str(refusal.value)) < 500


def large(model, features, classes, n):
    rng = np.random.default_rng(0)
    ids = rng.integers(0, features, (n, 50)).astype(np.int32)
    ids[: features // 50] = np.arange(features // 50 * 50).reshape(-1, 50)
    starts = np.arange(0, 50 * n + 1, 50, dtype=np.int64)
    codes = np.arange(n, dtype=np.int32) % classes
    labels = [f"class {c}" for c in range(classes)]
    model._learn_rows(Rows(list(range(features)), ids.ravel(), np.ones(50 * n), starts, labels, codes))
    return model


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "features", "classes"),
    [
        (SoftmaxRegression, 100, 10_000),
        (SoftmaxRegression, 100_000, 10),
        (AutoSoftmaxRegression, 100, 1_000),
        (AutoSoftmaxRegression, 100_000, 10),
    ],
)
def test_many_classes_or_features_are_folded_and_quick(kind, features, classes, text_of):
    model = large(kind(), features, classes, max(classes, features // 50))
    start = time.perf_counter()
    seen = inspection(model)
    text, html = repr(seen), model._repr_html_()
    assert time.perf_counter() - start < 5
    assert len(text) < 10_000
    assert len(html) < 10_000
    assert f"{classes:,} classes, {features:,} features" in text_of(html)
    assert len(seen.classes) == classes
    assert (f"and {classes - 10:,} more classes" in text) == (classes > 10)
    assert text.count("feature  weight") + text.count("feature   weight") >= min(classes, 10) - 1
