"""Findings: whether a run improves, when it drifted and what it confuses, in words."""

from __future__ import annotations

import random
from math import exp, sqrt

import pytest

from online_softmax.drawing.findings import confusions, drift_sentences, trend


def fading(values, name="log_loss", step=100):
    return {"n_samples": [step * (i + 1) for i in range(len(values))], name: values}


def noisy(means, spread=0.05):
    chance = random.Random(1)
    return [mean + chance.gauss(0, spread) for mean in means]


@pytest.mark.parametrize(
    ("means", "direction", "words"),
    [
        ([2 - i / 200 for i in range(200)], "better", "Still improving: the fading log loss fell from "),
        ([1 + i / 200 for i in range(200)], "worse", "Getting worse: the fading log loss rose from "),
        ([1.0] * 200, "level", "Levelled off: the fading log loss was "),
    ],
)
def test_the_second_half_of_the_curve_decides(means, direction, words):
    found = trend({"window": 1000, "fading": fading(noisy(means)), "drifts": []})
    assert found["direction"] == direction
    assert found["sentence"].startswith(words)
    assert "row 10,100" in found["sentence"]
    assert "row 20,000" in found["sentence"]


def test_noise_is_told_from_a_trend_whatever_the_points_are_apart():
    for step in (50, 1000, 20_000):
        wrong = 0
        for seed in range(200):
            chance = random.Random(seed)
            value, values, kept = 1.0, [], exp(-step / 1000)
            for _ in range(100):
                value = 1 + kept * (value - 1) + chance.gauss(0, 0.05 * sqrt(1 - kept**2))
                values.append(value)
            wrong += trend({"window": 1000, "fading": fading(values, step=step), "drifts": []})["direction"] != "level"
        assert wrong <= 20, step


def test_its_numbers_are_points_of_the_curve():
    values = noisy([2 - i / 200 for i in range(200)])
    sentence = trend({"window": 1000, "fading": fading(values), "drifts": None})["sentence"]
    assert f"from {values[100]:.4f} at row 10,100 to {values[199]:.4f} at row 20,000" in sentence


def test_accuracy_stands_in_for_a_loss_that_a_model_has_not():
    table = fading([0.5 + i / 100 for i in range(40)], "accuracy") | {"log_loss": [None] * 40}
    sentence = trend({"window": 1000, "fading": table, "drifts": []})["sentence"]
    assert sentence == "Still improving: the fading accuracy rose from 70.00% at row 2,100 to 89.00% at row 4,000."


def test_rows_before_the_last_drift_do_not_count():
    values = [1.0 - i / 100 for i in range(50)] + [2.0 - i / 100 for i in range(50)]
    drift = {"row": 5000, "found": 5100, "before": 0.5, "after": 2.0}
    assert trend({"window": 500, "fading": fading(values), "drifts": [drift]})["direction"] == "better"
    assert trend({"window": 500, "fading": fading(values[:53]), "drifts": [drift]})["sentence"] == (
        "Too early to tell: the loss changed at row 5,000, a short while ago."
    )


@pytest.mark.parametrize("values", [[], [None], [0.5], [0.5] * 7])
def test_few_rows_tell_nothing(values):
    found = trend({"window": 1000, "fading": fading(values), "drifts": []})
    assert found == {"direction": "unknown", "sentence": "Too few rows to tell whether it improves."}


def test_drifts_rise_and_fall():
    drifts = [{"row": 1, "found": 2, "before": 1.0, "after": before} for before in (2.0, 0.5)]
    assert [sentence.split()[4] for sentence in drift_sentences(drifts)] == ["rose", "fell"]


def test_labels_of_confusions_are_texts_that_can_be_seen():
    (one,) = confusions({"confusions": [{"label": True, "predicted": "a" * 1_000_000, "n": 7, "support": 9}]})
    assert (one["label"], one["n"], one["support"]) == ("True", 7, 9)
    assert len(one["predicted"]) <= 60
