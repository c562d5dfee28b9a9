"""Scores agree with scikit-learn and river, however the rows are cut into chunks."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from river import metrics, utils

from online_softmax.evaluation.metrics import Scores

N_CLASSES = 4

row = st.tuples(
    st.integers(0, N_CLASSES - 1),
    st.integers(0, N_CLASSES - 1),
    st.one_of(st.floats(0, 1), st.just(math.nan)),
)
rows = st.lists(row, min_size=1, max_size=60)


def confusion(scores, n):
    """Give how often each of n classes was predicted as each."""
    matrix = np.zeros((n, n), dtype=np.int64)
    for true, predicted, count in scores.counts.tolist():
        if predicted >= 0:
            matrix[true, predicted] = count
    return matrix


def scored(rows, *, window=1000, chunk=1000):
    scores = Scores(window)
    for start in range(0, len(rows), chunk):
        scores.add(*zip(*rows[start : start + chunk], strict=True))
    return scores


def losses(rows):
    return [-math.log(max(p, 1e-15)) for _, _, p in rows if not math.isnan(p)]


@given(rows)
def test_accuracy_and_confusion_are_scikit_learns(rows):
    true, predicted, _ = zip(*rows, strict=True)
    scores = scored(rows)

    assert scores.accuracy == pytest.approx(sklearn.metrics.accuracy_score(true, predicted), rel=1e-12)
    expected = sklearn.metrics.confusion_matrix(true, predicted, labels=range(N_CLASSES))
    np.testing.assert_array_equal(confusion(scores, N_CLASSES), expected)


@given(rows)
def test_class_scores_are_scikit_learns(rows):
    true, predicted, _ = zip(*rows, strict=True)
    labels = sorted({*true, *predicted})
    expected = sklearn.metrics.precision_recall_fscore_support(true, predicted, labels=labels, zero_division=0)
    found = scored(rows).classes(range(N_CLASSES))

    assert [one.label for one in found] == labels
    for name, figures in zip(("precision", "recall", "f1", "support"), expected, strict=True):
        assert [getattr(one, name) for one in found] == pytest.approx(figures.tolist(), rel=1e-12)


@given(rows)
def test_mean_f1_is_rivers_macro_f1(rows):
    river = metrics.MacroF1()
    for true, predicted, _ in rows:
        river.update(true, predicted)
    f1 = [one.f1 for one in scored(rows).classes(range(N_CLASSES))]

    assert sum(f1) / len(f1) == pytest.approx(river.get(), rel=1e-12)


@given(rows)
def test_log_loss_leaves_unseen_labels_out(rows):
    scores = scored(rows)
    expected = losses(rows)

    assert scores.n_unseen == len(rows) - len(expected)
    if expected:
        assert scores.log_loss == pytest.approx(math.fsum(expected) / len(expected), rel=1e-12)
    else:
        assert math.isnan(scores.log_loss)


@given(rows, st.integers(1, 70))
def test_window_figures_are_those_of_the_last_rows(rows, window):
    scores = scored(rows, window=window, chunk=7)
    accuracy = utils.Rolling(metrics.Accuracy, window_size=window)
    for true, predicted, _ in rows:
        accuracy.update(true, predicted)
    expected = losses(rows[-window:])

    assert scores.window_accuracy == pytest.approx(accuracy.get(), rel=1e-12)
    if expected:
        assert scores.window_log_loss == pytest.approx(math.fsum(expected) / len(expected), rel=1e-12)
    else:
        assert math.isnan(scores.window_log_loss)


@given(rows, st.integers(1, 20), st.integers(1, 20))
def test_chunks_of_any_size_give_the_same_bits(rows, window, chunk):
    one, other = scored(rows, window=window, chunk=chunk), scored(rows, window=window)

    for name in ("n_samples", "n_unseen", "accuracy", "log_loss", "window_accuracy", "window_log_loss"):
        assert repr(getattr(one, name)) == repr(getattr(other, name))
    assert one.classes(range(N_CLASSES)) == other.classes(range(N_CLASSES))


def test_row_without_prediction_is_wrong_and_lowers_the_recall_alone():
    scores = Scores(10)
    scores.add([0, 0, 1], [-1, 0, 1], [math.nan, 0.5, 0.5])
    zero, one = scores.classes("ab")

    assert scores.accuracy == pytest.approx(2 / 3)
    assert (zero.precision, zero.recall, zero.support) == (1.0, 0.5, 2)
    assert (one.precision, one.recall, one.support) == (1.0, 1.0, 1)
    assert confusion(scores, 2).sum() == 2


def test_log_loss_is_clipped():
    scores = Scores(10)
    scores.add([0, 0], [0, 0], [0.0, 1.0])

    assert scores.log_loss == pytest.approx(-math.log(1e-15) / 2, rel=1e-12)


def test_row_may_be_seen_and_have_no_probability():
    scores = Scores(10)
    scores.add([0, 0], [-1, 0], [math.nan, math.nan], unseen=[True, False])

    assert scores.n_unseen == 1
    assert math.isnan(scores.log_loss)


def test_many_classes_are_counted_as_few_are():
    rng = np.random.default_rng(7)
    true, predicted = rng.integers(0, 3000, (2, 500))
    scores = Scores(10)
    scores.add(true, predicted, np.full(500, 0.5))

    expected = sklearn.metrics.confusion_matrix(true, predicted, labels=range(3000))
    np.testing.assert_array_equal(confusion(scores, 3000), expected)


def test_nothing_added_is_no_number():
    scores = Scores(10)
    scores.add([], [], [])

    assert scores.n_samples == 0
    assert all(
        math.isnan(x) for x in (scores.accuracy, scores.log_loss, scores.window_accuracy, scores.window_log_loss)
    )


def test_window_larger_than_any_stream_costs_nothing():
    scores = Scores(10**24)
    scores.add([0, 1], [0, 0], [0.5, 0.5])

    assert scores.window_accuracy == 0.5
