"""What every model keeps when it explains itself: sums to the last bit, the same each time, and nothing learned."""

from __future__ import annotations

import io
import json
import math
import random
import threading
from collections import UserDict

import numpy as np
import pytest
from river import compose, preprocessing

from online_softmax import explain_one, load, save

COLOURS = ("red", "green", "blue")
X = {"c": 3.0, "a": 0.25, "word 3": 1.0, "never seen": 7.0, "zero": 0.0}


def samples(n=80):
    noise = random.Random(0)
    for i in range(n):
        yield {"a": math.sin(i), "b": 100 + i % 4, "c": noise.random(), f"word {i % 13}": 1.0}, COLOURS[i % 3]


def trained(model, n=80):
    for x, y in samples(n):
        model.learn_one(x, y)
    return model


def kinds(model):
    return ("whole", "linear") if hasattr(model, "interactions") else (None,)


def explained(model, x, of=None):
    return explain_one(model, x) if of is None else explain_one(model, x, of=of)


def softmax(scores):
    z = np.array(list(scores.values()))
    return np.exp(z - z.max()) / np.exp(z - z.max()).sum()


def test_scores_are_sums_and_answer_for_the_probabilities(make_model):
    model = trained(make_model())
    for of in kinds(model):
        explanation = explained(model, X, of)
        for label, terms in explanation.contributions.items():
            parts = [explanation.base[label], *terms.values()]
            random.Random(1).shuffle(parts)
            assert explanation.scores[label] == math.fsum(parts)
            assert terms["never seen"] == 0
            assert list(terms) == list(explanation.values)
        assert softmax(explanation.scores) == pytest.approx(list(explanation.probabilities.values()), abs=1e-9)
        if of == "whole":
            p = {label: math.exp(score) for label, score in explanation.scores.items()}
            assert p == pytest.approx(explanation.probabilities, rel=1e-9)
        if of != "linear":
            assert explanation.probabilities == model.predict_proba_one(X)
            assert explanation.prediction == model.predict_one(X)


def test_an_explanation_leaves_no_trace(make_model, learned):
    model, untouched = trained(make_model()), trained(make_model())
    before = learned(model)
    for of in kinds(model):
        explained(model, X, of)
        assert learned(model) == before
    for x, y in samples(20):
        assert model.predict_proba_one(x) == untouched.predict_proba_one(x)
        model.learn_one(x, y), untouched.learn_one(x, y)
    assert learned(model) == learned(untouched)


def test_explanations_are_the_same_each_time(make_model):
    model, file = trained(make_model()), io.BytesIO()
    save(model, file)
    others = [trained(make_model()), model.copy(), load(io.BytesIO(file.getvalue()))]
    for of in kinds(model):
        explanation = explained(model, X, of)
        assert all(explained(other, X, of) == explanation for other in [model, *others])
        assert explained(model, UserDict(X), of) == explanation


def test_a_model_that_has_learned_nothing_has_nothing_to_explain(make_model):
    for of in kinds(make_model()):
        explanation = explained(make_model(), X, of)
        assert explanation.probabilities == explanation.contributions == explanation.scores == {}
        assert explanation.prediction is None
        assert explanation.values == X
        assert repr(explanation) == "the model has learned no class yet"
        assert "no class yet" in explanation._repr_html_()
        assert explanation.to_dict()["classes"] == []


def test_a_sample_without_features_is_explained(make_model):
    model = trained(make_model())
    for of in kinds(model):
        explanation = explained(model, {}, of)
        for label, score in explanation.scores.items():
            assert score == math.fsum([explanation.base[label], *explanation.contributions[label].values()])
        assert all(value is None for value in explanation.values.values())


@pytest.mark.parametrize(
    "x", [{"a": math.nan}, {"a": "red"}, {"a": None}, {("a", ()): []}, None, 7, [1.0], {"a": 10**400}]
)
def test_what_a_prediction_refuses_an_explanation_refuses(make_model, x):
    model = trained(make_model(), 6)
    with pytest.raises((TypeError, ValueError)) as refusal:
        model.predict_proba_one(x)
    for of in kinds(model):
        with pytest.raises(refusal.type) as same:
            explained(model, x, of)
        assert str(same.value) == str(refusal.value)


def test_scaled_features_have_the_values_of_the_sample(make_model, learned):
    scaler, model = preprocessing.StandardScaler(), make_model()
    pipeline = trained(scaler | model)
    before = learned(model)
    for of in kinds(model):
        explanation, inner = explained(pipeline, X, of), explained(model, scaler.transform_one(X), of)
        assert {name: value for name, value in explanation.values.items() if value is not None} == X
        assert explanation.contributions == inner.contributions
        assert explanation.base == inner.base
        if of != "linear":
            assert explanation.probabilities == pipeline.predict_proba_one(X)
    assert learned(model) == before


def test_other_steps_of_a_pipeline_are_followed(make_model):
    pipeline = trained(compose.Select("a", "b") | preprocessing.MinMaxScaler() | make_model())
    explanation = explain_one(pipeline, {"a": 0.5, "b": 101, "c": 4.0})
    assert explanation.values == {"a": 0.5, "b": 101}
    assert explanation.probabilities == pipeline.predict_proba_one({"a": 0.5, "b": 101, "c": 4.0})


def test_an_explanation_is_written_as_json(make_model):
    model = trained(make_model())
    for of in kinds(model):
        explanation = explained(model, X, of)
        content = json.loads(json.dumps(explanation.to_dict(), allow_nan=False))
        assert [one["label"] for one in content["classes"]] == model.classes
        for one in content["classes"]:
            assert one["score"] == math.fsum([one["base"], *one["contributions"]])
            assert len(one["contributions"]) == len(content["features"])


def test_texts_gaps_and_buckets_are_explained(make_model):
    model = make_model()
    x = {"job": "cook", "age": None, "pay": 1200.0, "home": None}
    for change in (
        {"categorical": True, "missing": "indicate"},
        {"categorical": True, "missing": "zero", "hash_bits": 2},
    ):
        other = model.clone(change)
        for i in range(40):
            job = ("cook", "nurse", None)[i % 3]
            other.learn_one({"job": job, "age": 30.0 + i % 7 if i % 5 else None, "pay": 900.0 + 50 * i}, COLOURS[i % 3])
        for of in kinds(other):
            explanation = explained(other, x, of)
            assert explanation.values["job=cook"] == 1.0
            assert explanation.values["age"] == 0.0
            assert ("age=" in explanation.values) == (change["missing"] == "indicate")
            for label, score in explanation.scores.items():
                assert score == math.fsum([explanation.base[label], *explanation.contributions[label].values()])
            assert softmax(explanation.scores) == pytest.approx(list(explanation.probabilities.values()), abs=1e-9)
            if of != "linear":
                assert explanation.probabilities == other.predict_proba_one(x)


def test_explanations_go_side_by_side_with_learning(make_model):
    model, stop, wrong = trained(make_model()), threading.Event(), []

    def learn():
        while not stop.is_set():
            for x, y in samples(20):
                model.learn_one(x, y)

    def explain():
        for of in kinds(model) * 6:
            explanation = explained(model, X, of)
            if softmax(explanation.scores) != pytest.approx(list(explanation.probabilities.values()), abs=1e-9):
                wrong.append(explanation)

    learner, readers = threading.Thread(target=learn), [threading.Thread(target=explain) for _ in range(2)]
    for thread in (learner, *readers):
        thread.start()
    for thread in readers:
        thread.join()
    stop.set()
    learner.join()
    assert not wrong
