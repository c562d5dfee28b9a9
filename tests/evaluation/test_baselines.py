"""The baselines are right where a loop over the rows before says so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_softmax import SoftmaxRegression, progressive_validation
from online_softmax.evaluation.baselines import Baselines
from tests.reference import scores as reference


def said(labels, sizes=()):
    baselines, found, start = Baselines(), [], 0
    for size in [*sizes, len(labels)]:
        if part := labels[start : start + size]:
            found.append(baselines.add(np.array(part)))
        start += size
    return [[bool(one) for pair in found for one in pair[i]] for i in range(2)], baselines


@given(st.lists(st.integers(0, 4), min_size=1, max_size=80), st.lists(st.integers(1, 20), max_size=6))
def test_they_say_what_a_loop_does(labels, sizes):
    found, baselines = said(labels, sizes)

    assert found == [reference.no_change(labels), reference.majority(labels)]
    assert baselines.last == labels[-1]
    assert baselines.support.tolist() == np.bincount(labels).tolist()


def test_of_equals_the_one_that_reached_the_count_first_leads():
    assert said([0, 1, 1, 0, 0, 1, 1, 1])[0][1] == [False, False, False, False, False, False, False, True]
    assert said([1, 0, 1, 0, 0])[0][1] == [False, False, True, False, False]


def test_codes_that_no_short_integer_holds():
    rng = np.random.default_rng(0)
    labels = np.where(rng.random(3000) < 0.5, 3, rng.integers(0, 70_000, 3000)).tolist()

    assert said(labels, [1, 1000])[0] == [reference.no_change(labels), reference.majority(labels)]


@pytest.mark.parametrize(
    ("labels", "verdict"),
    [
        ("uuuuuuvvvvvvuuuuuu" * 9, "saying the last label again is right more often than the model: "),
        ("uuuuuvuuuuuuw" * 9, "always saying the most frequent label so far is right more often than the model: "),
    ],
)
def test_a_stream_on_which_a_baseline_wins_is_called_so(labels, verdict):
    """The model is told nothing, and says w; its probabilities are those of guessing."""
    rows = [({}, y) for y in labels]
    result = progressive_validation(rows, Stubborn())

    assert result.verdict.startswith(verdict)
    assert result.no_change_accuracy == sum(reference.no_change(labels)) / len(labels)
    assert result.majority_accuracy == sum(reference.majority(labels)) / len(labels)
    assert result.to_dict()["verdict"] == result.verdict
    assert f"{max(result.no_change_accuracy, result.majority_accuracy):.2%}" in result.verdict


class Stubborn(SoftmaxRegression):
    def learn_one(self, x, y, w=1.0):
        pass

    def predict_proba_one(self, x):
        return {"w": 1.0}


def test_a_model_that_is_as_right_has_no_verdict():
    result = progressive_validation([({}, "u")] * 20, SoftmaxRegression())

    assert result.no_change_accuracy == result.majority_accuracy == result.accuracy == 19 / 20
    assert result.verdict is None
