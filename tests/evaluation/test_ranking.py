"""The area under the ROC curve is scikit-learn's, to the width of a bin."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from river import datasets as river_datasets
from river import naive_bayes, preprocessing

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, progressive_validation
from online_softmax.evaluation.ranking import Ranking
from online_softmax.streams import open_stream


def area(true, P, chunk=10**9):
    """Give the area of labels, and of the probabilities of label 1."""
    ranking = Ranking()
    for start in range(0, len(true), chunk):
        y, p = (np.asarray(one[start : start + chunk]) for one in (true, P))
        ranking.add(y, y, np.where(y == 1, p, 1 - p), np.ones(len(y), np.bool_))
    return ranking.area


tenths = st.integers(0, 10).map(lambda one: one / 10)


@given(st.lists(st.tuples(st.integers(0, 1), tenths), min_size=2, max_size=60), st.integers(1, 30))
def test_it_is_scikit_learns_where_no_two_share_a_bin(rows, chunk):
    true, P = zip(*rows, strict=True)
    found = area(true, P)

    if len({*true}) == 1:
        assert math.isnan(found)
    else:
        assert found == pytest.approx(sklearn.metrics.roc_auc_score(true, P), abs=1e-12)
    assert repr(area(true, P, chunk)) == repr(found)


MODELS = {
    "softmax, scaled": lambda: preprocessing.StandardScaler() | SoftmaxRegression(),
    "auto": AutoSoftmaxRegression,
    "naive Bayes": naive_bayes.GaussianNB,
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("source", ["phishing", river_datasets.Bananas], ids=["phishing", "bananas"])
def test_on_streams_it_is_scikit_learns_to_2e_4(source, make):
    """But for the rows before the first class was known, which have no probability.

    A linear model finds next to nothing in the bananas, so that many rows share a bin.
    """
    opened = source if isinstance(source, str) else source()
    result = progressive_validation(opened, make())
    model, true, P = make(), [], []
    opened = source if isinstance(source, str) else source()
    for chunk in open_stream(opened):
        for x, y, _ in chunk.pairs():
            if chances := model.predict_proba_one(x):
                true.append(bool(y))
                P.append(chances.get(1, 0.0))
            model.learn_one(x, y)

    assert result.roc_auc == pytest.approx(sklearn.metrics.roc_auc_score(true, P), abs=2e-4)
    assert result.to_dict()["roc_auc"] == result.roc_auc


def test_other_than_two_classes_have_none():
    one = progressive_validation([({}, "u")] * 9, SoftmaxRegression())
    three = progressive_validation([({}, y) for y in "uvuvuvwuv"], SoftmaxRegression())
    late = progressive_validation([({}, y) for y in "uvuvuvuvw"], SoftmaxRegression())
    two = progressive_validation([({}, y) for y in "uvuvuvuv"], SoftmaxRegression())

    assert all(math.isnan(result.roc_auc) for result in (one, three, late))
    assert three.to_dict()["roc_auc"] is None
    assert 0 <= two.roc_auc <= 1


def test_a_third_class_that_is_only_predicted_is_one():
    class Wrong(SoftmaxRegression):
        def predict_proba_one(self, x):
            return {"u": 0.2, "w": 0.8}

    result = progressive_validation([({}, y) for y in "uvuv"], Wrong())

    assert result.labels == ["u", "v", "w"]
    assert math.isnan(result.roc_auc)


def test_probabilities_of_0_and_1_are_the_outermost():
    assert area([0, 1, 1], [0.0, 1.0, 1.0]) == 1
    assert area([0, 1], [1.0, 0.0]) == 0
    assert area([0, 1], [1e-300, 1e-300]) == 0.5
