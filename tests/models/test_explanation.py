"""What a person sees of an explanation, and which models have one."""

from __future__ import annotations

import copy
import json
import pickle
import re

import pytest
from river import compose, linear_model, preprocessing

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, explain_one

HOSTILE = "<script>alert('x')</script>&"


def two_classes(**parameters):
    model = SoftmaxRegression(**parameters)
    for i in range(20):
        model.learn_one({f"f{j}": float((i + j) % 5) for j in range(15)}, ("yes", "no")[i % 2])
    return model


def test_the_strongest_features_come_first_and_the_rest_in_one_line():
    explanation = two_classes().explain_one({f"f{j}": float(j) for j in range(15)})
    lines = repr(explanation).splitlines()
    shown = [line.split()[0] for line in lines[3:13]]
    terms = explanation.contributions[explanation.prediction]
    assert shown == sorted(terms, key=lambda name: -abs(terms[name]))[:10]
    assert [line.split()[0] for line in lines[13:]] == ["and", "base", "score"]
    assert "and 5 more" in lines[13]
    assert lines[0].startswith(f"{explanation.prediction} ")


def test_labels_and_names_are_escaped_and_folded(text_of):
    model = SoftmaxRegression()
    for label in (HOSTILE, "x" * 1_000_000, "two\nlines", ("a", 1), b"b", 10**5000):
        model.learn_one({HOSTILE: 1.0, "n" * 1_000_000: 2.0, 10**5000: 1.0, "\ud800": 1.0}, label)
    explanation = model.explain_one({HOSTILE: 1.0, "n" * 1_000_000: 2.0, 10**5000: 1.0, "\ud800": 1.0})
    html = explanation._repr_html_()
    assert "<script" not in html
    assert len(html.encode()) < 20_000
    assert HOSTILE[:20] in text_of(html)
    assert len(repr(explanation)) < 5000
    assert "and 2 more classes" in repr(explanation)
    repr(explanation).encode()
    json.dumps(explanation.to_dict(), allow_nan=False).encode()


def test_ten_thousand_classes_are_folded():
    model = SoftmaxRegression()
    for label in range(10_000):
        model.learn_one({"a": 1.0}, label)
    explanation = model.explain_one({"a": 1.0})
    assert len(repr(explanation)) < 2000
    assert len(explanation._repr_html_()) < 5000
    assert "and 9,996 more classes" in repr(explanation)


def test_explanations_are_values():
    explanation = two_classes().explain_one({"f1": 1.0})
    assert pickle.loads(pickle.dumps(explanation)) == copy.deepcopy(explanation) == explanation
    with pytest.raises(AttributeError):
        explanation.of = "whole"


def test_a_value_that_the_sample_does_not_carry_has_none():
    model = AutoSoftmaxRegression()
    for i in range(30):
        model.learn_one({"a": i % 3, "b": 5.0 + i % 2}, i % 3)
    explanation = model.explain_one({"a": 1.0})
    assert explanation.values == {"a": 1.0, "b": None}
    assert re.search(r"^b +- ", repr(explanation), re.MULTILINE)


@pytest.mark.parametrize(
    "model", [linear_model.SoftmaxRegression(), preprocessing.StandardScaler(), None, SoftmaxRegression, "model"]
)
def test_models_that_cannot_explain_themselves(model):
    with pytest.raises(TypeError, match=r"explain_one takes a SoftmaxRegression, an Auto.*, got ") as refusal:
        explain_one(model, {"a": 1.0})
    assert "\n" not in str(refusal.value)


def test_pipelines_that_cannot_be_seen_through():
    with pytest.raises(TypeError, match="pipeline that ends with one"):
        explain_one(preprocessing.StandardScaler() | linear_model.LogisticRegression(), {"a": 1.0})
    with pytest.raises(TypeError, match="pipeline that ends with one"):
        explain_one(compose.Pipeline(), {"a": 1.0})


def test_a_feature_that_a_pipeline_holds_back_has_no_value():
    model = AutoSoftmaxRegression()
    for i in range(30):
        model.learn_one({"a": i % 3, "b": 5.0 + i % 2}, i % 3)
    explanation = explain_one(compose.Select("a") | model, {"a": 1.0, "b": 6.0})
    assert explanation.values == {"a": 1.0, "b": None}


def test_features_that_a_pipeline_makes_have_the_values_it_made():
    model = compose.FuncTransformer(lambda x: {**x, "a*b": x["a"] * x["b"]}) | SoftmaxRegression()
    model.learn_one({"a": 2.0, "b": 3.0}, "yes")
    assert explain_one(model, {"a": 2.0, "b": 4.0}).values == {"a": 2.0, "b": 4.0, "a*b": 8.0}
