"""Arrays and sparse matrices are rows whose features are the numbers of their columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from online_softmax import SoftmaxRegression, progressive_validation
from online_softmax.evaluation import RowError
from online_softmax.streams import Place, PlaceError, open_stream

RNG = np.random.default_rng(3)
X = RNG.normal(size=(90, 4))
Y = RNG.choice(["u", "v", "w"], 90)
S = sp.csr_matrix(np.where(RNG.random((90, 30)) < 0.2, RNG.normal(size=(90, 30)), 0))


def one_by_one(rows, y, w=None):
    model = SoftmaxRegression()
    for i, x in enumerate(rows):
        model.learn_one(x, y[i], 1.0 if w is None else w[i])
    return model


def dense(X):
    return [dict(enumerate(row)) for row in X.tolist()]


def sparse(S):
    return [dict(zip(row.indices.tolist(), row.data.tolist(), strict=True)) for row in S]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int8, bool])
def test_learning_an_array_is_learning_its_rows(kind, order, learned):
    A = np.array(X * 3, dtype=kind, order=order)
    w = RNG.random(90)
    model = SoftmaxRegression()
    model.learn_many(A, Y, w)

    assert learned(model) == learned(one_by_one(dense(A), Y.tolist(), w))


@pytest.mark.parametrize("make", [sp.csr_matrix, sp.csr_array])
def test_learning_a_sparse_matrix_is_learning_its_rows(make, learned):
    model = SoftmaxRegression()
    model.learn_many(make(S), Y.tolist())

    assert learned(model) == learned(one_by_one(sparse(S), Y.tolist()))


def test_entries_that_are_there_twice_are_summed():
    twice = sp.csr_matrix((np.array([1.0, 2.0, 4.0]), np.array([1, 1, 0]), np.array([0, 3])), shape=(1, 2))
    model = SoftmaxRegression()
    model.learn_many(twice, ["u"])

    assert twice.nnz == 3
    assert set(model.weights["u"]) == {0, 1}


@pytest.mark.parametrize("A", [X, S], ids=["dense", "sparse"])
@pytest.mark.parametrize("labels", [Y, np.arange(90) % 3, np.arange(90) % 3 / 2, np.arange(90) % 2 == 0])
def test_predictions_are_arrays(A, labels):
    model = SoftmaxRegression()
    assert model.predict_many(A).tolist() == [None] * 90
    model.learn_many(A, labels)
    rows = dense(A) if A is X else sparse(A)

    P, best = model.predict_proba_many(A), model.predict_many(A)
    assert best.dtype.kind == labels.dtype.kind
    assert best.tolist() == [model.predict_one(x) for x in rows]
    for p, x in zip(P, rows, strict=True):
        assert dict(zip(model.classes, p.tolist(), strict=True)) == model.predict_proba_one(x)


def test_labels_of_many_kinds_are_objects():
    model = SoftmaxRegression()
    model.learn_many(X[:3], [1, "a", (2, 3)])

    assert set(model.predict_many(X).tolist()) <= {1, "a", (2, 3)}


@given(st.lists(st.integers(-5, 5) | st.integers(-(2**62), 2**62), min_size=1, max_size=40))
def test_integer_labels_stay_what_they_are(labels):
    model = SoftmaxRegression()
    model.learn_many(np.ones((len(labels), 1)), np.array(labels))

    assert list(model.classes) == list(dict.fromkeys(labels))


@pytest.mark.parametrize(
    ("A", "y", "message"),
    [
        (np.ones(3), Y[:3], r"X has shape \(3,\)"),
        (np.array([["a"]]), Y[:1], "X has dtype <U1: an array must be of numbers"),
        (np.ones((1, 1), complex), Y[:1], "X has dtype complex128"),
        (np.ma.masked_array(np.ones((1, 1))), Y[:1], "X is a masked array"),
        (sp.csc_matrix(np.eye(2)), Y[:2], r"of format 'csc': convert it with tocsr\(\)"),
        (np.ones((2, 1)), Y[:1], "y has 1 values for the 2 rows of X"),
        (np.ones((2, 1)), np.ones((2, 1)), "y has 2 values"),
        (np.array([[1.0], [np.inf]]), Y[:2], "feature 0"),
    ],
)
def test_wrong_arrays_are_refused_and_change_nothing(A, y, message, learned):
    model = one_by_one(dense(X), Y.tolist())
    before = learned(model)

    with pytest.raises((TypeError, ValueError), match=message):
        model.learn_many(A, y)
    assert learned(model) == before


@pytest.mark.parametrize("A", [X, S], ids=["dense", "sparse"])
@pytest.mark.parametrize("chunk_rows", [None, 7])
def test_an_array_is_a_stream(A, chunk_rows):
    rows = dense(A) if A is X else sparse(A)
    stream = open_stream(A, Y, chunk_rows=chunk_rows)

    assert [(x, y) for x, y, _ in stream.pairs()] == list(zip(rows, Y.tolist(), strict=True))
    assert (
        progressive_validation(A, SoftmaxRegression(), target=Y).log_loss
        == progressive_validation(zip(rows, Y.tolist(), strict=True), SoftmaxRegression()).log_loss
    )


def test_a_column_may_be_the_label_or_the_weight():
    A = np.column_stack([np.arange(5) % 2, X[:5], np.ones(5)])
    found = list(open_stream(A, 0, weight=5, drop=[1]).pairs())

    assert found == [({2: r[1], 3: r[2], 4: r[3]}, i % 2, {"w": 1.0}) for i, r in enumerate(X[:5].tolist())]
    with pytest.raises(ValueError, match="the array has no column 9"):
        open_stream(A, 9)


@pytest.mark.parametrize("make", [np.array, sp.csr_matrix], ids=["dense", "sparse"])
def test_gaps_follow_the_policy(make):
    A = X.copy()
    A[[4, 8], [1, 2]] = np.nan, np.inf
    A = make(A)

    zero = progressive_validation(open_stream(A, Y, missing="zero"), SoftmaxRegression())
    skip = progressive_validation(open_stream(A, Y, missing="skip-row"), SoftmaxRegression())
    assert (zero.n_samples, zero.n_zeroed, skip.n_samples, skip.n_skipped) == (90, 2, 88, 2)
    kept = [i for i in range(90) if i not in (4, 8)]
    assert skip.log_loss == progressive_validation(X[kept], SoftmaxRegression(), target=Y[kept]).log_loss
    with pytest.raises(RowError, match=r"row 4, column 1: it is not a finite number \(4 rows were scored before it\)"):
        progressive_validation(A, SoftmaxRegression(), target=Y)


@pytest.mark.parametrize("chunk_rows", [1, 2, 100])
@pytest.mark.parametrize("make", [np.array, sp.csr_matrix, sp.csr_array], ids=["dense", "matrix", "array"])
def test_gaps_may_be_features(make, chunk_rows, learned):
    A = np.array([[1.0, np.nan, 3.0], [np.inf, 2.0, np.nan], [5.0, 6.0, 7.0], [np.nan, 8.0, 9.0]])
    stream = open_stream(make(A), [*"uvuv"], missing="indicate", chunk_rows=chunk_rows)
    found = [(x, y) for x, y, _ in stream.pairs()]
    assert found == [
        ({0: 1.0, 1: 0.0, "1=": 1.0, 2: 3.0}, "u"),
        ({0: 0.0, "0=": 1.0, 1: 2.0, 2: 0.0, "2=": 1.0}, "v"),
        ({0: 5.0, 1: 6.0, 2: 7.0}, "u"),
        ({0: 0.0, "0=": 1.0, 1: 8.0, 2: 9.0}, "v"),
    ]
    result = progressive_validation(stream, streamed := SoftmaxRegression(missing="indicate"))
    assert (result.n_zeroed, result.columns.gaps, result.columns.bad_cells) == (4, {0: 1, 1: 1, 2: 1}, {0: 1})
    # With a row that is none before others that have gaps.
    y = np.array([np.nan, 1.0, 0.0, 1.0])
    skipped = list(open_stream(make(A), y, missing="indicate", on_bad="skip", chunk_rows=chunk_rows).pairs())
    assert [x for x, _, _ in skipped] == [x for x, _ in found[1:]]
    A[1, 0] = np.nan  # learn_many refuses what is infinite
    many = SoftmaxRegression(missing="indicate")
    many.learn_many(make(A), [*"uvuv"])
    assert learned(many) == learned(streamed)
    some = open_stream(make(A), [*"uvuv"], features=[2, 1], missing="indicate", chunk_rows=chunk_rows)
    assert next(iter(some.pairs()))[0] == {2: 3.0, 1: 0.0, "1=": 1.0}


def test_a_sparse_array_has_no_features_for_what_is_no_gap():
    A = sp.csr_matrix([[1.0, 0.0], [0.0, np.nan], [0.0, 2.0]])
    assert [x for x, _, _ in open_stream(A, [*"uvu"], missing="indicate").pairs()] == [
        {0: 1.0},
        {1: 0.0, "1=": 1.0},
        {1: 2.0},
    ]


def test_missing_labels_are_named():
    labels = pd.Series(["u"] * 90, dtype=object)
    labels[3] = None

    with pytest.raises(RowError, match="row 3, label: it is missing"):
        progressive_validation(X, SoftmaxRegression(), target=labels)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "an array needs target=: the labels, or the number of the column that holds them"),
        ({"target": Y, "features": [7]}, "the array has no column 7: they are 0 to 3"),
        ({"target": Y, "drop": ["a"]}, "the array has no column 'a': they are 0 to 3"),
        ({"target": Y, "weight": "w"}, "weight is a column's number or 90 values, not 'str'"),
    ],
)
def test_columns_that_an_array_does_not_have_are_refused(options, said):
    with pytest.raises(ValueError, match=f"^{said}$"):
        open_stream(X, **options)


def test_an_array_goes_on_at_a_row():
    later = open_stream(X, Y, at=Place(80, {"row": 80}), chunk_rows=4)
    assert list(later.pairs()) == list(open_stream(X, Y).pairs())[80:]
    with pytest.raises(PlaceError, match="the source ends at row 90, before row 91, the place"):
        list(open_stream(X, Y, at=Place(91, {"row": 91})))
