"""Frames, arrays and sparse matrices become rows; what cannot is refused by column and row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from online_softmax.frames import is_array, label_array, label_codes, matrix_entries, rows_of


def pairs(rows):
    return [(x, y) for x, y, _ in rows.pairs()]


def test_a_frame_is_its_columns(backend):
    frame, labels = backend.frame({"a": [1, 2], "b": [0.5, -1.0], "c": [True, False]}), backend.series(["u", "v"])
    rows = rows_of(frame, labels, backend.series([1.0, 2.0]))
    assert pairs(rows) == [({"a": 1, "b": 0.5, "c": 1}, "u"), ({"a": 2, "b": -1, "c": 0}, "v")]
    assert [rows.w(0), rows.w(1)] == [1.0, 2.0]
    assert rows.starts is None
    assert rows.values.flags.c_contiguous


def test_an_array_is_numbered_columns():
    rows = rows_of(np.array([[1, 2], [3, 4]], np.int8), ["u", ("v", 1)], 0.5)
    assert pairs(rows) == [({0: 1.0, 1: 2.0}, "u"), ({0: 3.0, 1: 4.0}, ("v", 1))]
    assert [rows.w(0), rows.w(1)] == [0.5, 0.5]
    assert rows_of(np.zeros((2, 1)), [1, 2]).weights is None


def test_a_sparse_matrix_has_the_columns_in_use():
    X = sparse.csr_array(([1.0, 2.0, 3.0, 4.0], ([0, 0, 2, 2], [7, 7, 1, 9])), shape=(3, 12))
    rows = rows_of(X, np.array([5, 6, 5]))
    assert pairs(rows) == [({7: 3.0}, 5), ({}, 6), ({1: 3.0, 9: 4.0}, 5)]
    assert rows.names == [1, 7, 9]
    assert pairs(rows_of(X[1:], np.array([6, 5]))) == [({}, 6), ({1: 3.0, 9: 4.0}, 5)]


def test_sparse_columns_of_pandas_are_what_is_stored_in_them():
    columns = {
        "size": [1.0, 2.0, 3.0],
        "red": pd.arrays.SparseArray([0, 5, 0]),
        "flag": pd.arrays.SparseArray([True, False, True]),
        "block": pd.arrays.SparseArray([0.5, 0.0, 0.0], fill_value=0.0, kind="block"),
        "one": pd.arrays.SparseArray([1, 1, 4], fill_value=1),  # what fills it is a number, too
    }
    X = pd.DataFrame(columns)
    expected = [
        {"size": 1.0, "flag": 1.0, "block": 0.5, "one": 1.0},
        {"size": 2.0, "red": 5.0, "one": 1.0},
        {"size": 3.0, "flag": 1.0, "one": 4.0},
    ]
    assert [x for x, _ in pairs(rows_of(X))] == expected
    assert [*pairs(rows_of(X[[*columns][::-1]]))[0][0]] == ["one", "block", "flag", "size"]  # as learn_one adds them up
    assert [x for x, _ in pairs(rows_of(X[["red", "block"]]))] == [{"block": 0.5}, {"red": 5.0}, {}]
    assert pairs(rows_of(X[:0])) == []
    X["job"] = ["nurse", None, "cook"]
    jobs = [{"job=nurse": 1.0}, {"job": 0.0, "job=": 1.0}, {"job=cook": 1.0}]
    found = [x for x, _ in pairs(rows_of(X, categorical=True, missing="indicate"))]
    assert found == [x | job for x, job in zip(expected, jobs, strict=True)]


def test_gaps_and_names_of_sparse_columns_are_those_of_any():
    X = pd.DataFrame({"gap": pd.arrays.SparseArray([1.0, np.nan, 0.0]), "red": pd.arrays.SparseArray([0, 5, 0])})
    with pytest.raises(ValueError, match=r"^column 'gap' is nan in row 1: .* or say missing='zero' or 'indicate'$"):
        rows_of(X)
    assert [x for x, _ in pairs(rows_of(X, missing="zero"))] == [{"gap": 1.0}, {"gap": 0.0, "red": 5.0}, {"gap": 0.0}]
    X = pd.DataFrame({"job": ["nurse"], "job=nurse": pd.arrays.SparseArray([1])})
    with pytest.raises(ValueError, match="column 'job=nurse' is called like a value of column 'job'; rename one"):
        rows_of(X, categorical=True)
    X = pd.DataFrame({"job": [np.nan], "job=": pd.arrays.SparseArray([1])})
    with pytest.raises(ValueError, match="column 'job=' is called like a gap of column 'job'; rename one"):
        rows_of(X, missing="indicate")
    X = pd.DataFrame({"text": pd.arrays.SparseArray(["a", "b"], fill_value="a")})
    with pytest.raises(TypeError, match="column 'text'"):
        rows_of(X)


@pytest.mark.parametrize(
    "labels",
    [
        np.array([7, 3, 7, 5]),
        np.array([10**12, -(10**12), 0, 0]),
        np.array([], int),
        np.array(["b", "a", "b"]),
        np.array([True, False, True]),
        np.array([2.5, 1.0, 2.5]),
    ],
    ids=["close", "far apart", "none", "text", "flags", "floats"],
)
def test_labels_are_numbered_in_the_order_of_their_first_appearance(labels):
    distinct, codes = label_codes(labels)
    assert distinct == list(dict.fromkeys(labels.tolist()))
    assert [distinct[code] for code in codes] == labels.tolist()
    assert codes.dtype == np.int32


def test_labels_of_one_type_are_an_array_of_it():
    codes = np.array([1, 0, 1])
    assert label_array([3, 5], codes).dtype.kind == "i"
    assert label_array(["a", "b"], codes).tolist() == ["b", "a", "b"]
    assert label_array(["a", 1], codes).dtype == object
    assert label_array([1, 2**63 + 1], codes).tolist() == [2**63 + 1, 1, 2**63 + 1]
    assert label_array([-1, 2**63 + 1], codes).tolist() == [2**63 + 1, -1, 2**63 + 1]
    assert label_array([("a", 1), ("b", 2)], codes).tolist() == [("b", 2), ("a", 1), ("b", 2)]


def test_what_is_an_array():
    assert all(map(is_array, (np.zeros(3), sparse.csr_matrix((2, 2)), sparse.coo_array((2, 2)))))
    assert not any(map(is_array, (pd.DataFrame(), pd.Series(), [[1.0]], None)))


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.zeros(3), ValueError, r"^X has shape \(3,\): an array must have rows and columns$"),
        (np.array([["a"]]), TypeError, r"^X has dtype <U1: an array must be of numbers$"),
        (np.ma.masked_array(np.zeros((1, 1))), TypeError, r"^X is a masked array: fill it first$"),
        (sparse.coo_array((2, 2)), TypeError, r"^X is a sparse matrix of format 'coo': convert it with tocsr\(\)$"),
    ],
    ids=["one axis", "text", "masked", "no csr"],
)
def test_other_arrays_are_refused(X, error, message):
    with pytest.raises(error, match=message):
        matrix_entries(X)


@pytest.mark.parametrize(
    ("y", "w", "error", "message"),
    [
        (["u"], 1.0, ValueError, "^y has 1 values for the 2 rows of X$"),
        (np.zeros((2, 1)), 1.0, ValueError, "^y has 2 values for the 2 rows of X$"),
        ([["u"], "v"], 1.0, TypeError, r"^label \['u'\] must be hashable$"),
        (["u", "v"], [1.0], ValueError, r"^w has shape \(1,\) for the 2 rows of X$"),
        (["u", "v"], [1.0, -1.0], ValueError, r"^w is -1.0 in row 1: weights must be finite and at least 0$"),
        (["u", "v"], np.nan, ValueError, r"^w is nan in row 0: weights must be finite and at least 0$"),
        (["u", "v"], "1", TypeError, "^w must be a pandas, polars or pyarrow series, got str$"),
    ],
)
def test_other_labels_and_weights_are_refused(y, w, error, message):
    with pytest.raises(error, match=message):
        rows_of(np.zeros((2, 1)), y, w)


@pytest.mark.parametrize("missing", ["zero", "indicate"])
def test_a_gap_may_be_absent(missing):
    table = pd.DataFrame({"size": [1.0, None, None], "colour": ["red", None, "blue"], "zero": [0.0, 0.0, None]})
    rows = rows_of(table, categorical=True, missing=missing, absent=True)
    marks = {"size=": 1.0} if missing == "indicate" else {}
    others = {"colour=": 1.0} if marks else {}
    assert [rows.x(i) for i in range(3)] == [
        {"size": 1.0, "colour=red": 1.0, "zero": 0.0},
        {**marks, **others, "zero": 0.0},
        {**marks, "colour=blue": 1.0, **({"zero=": 1.0} if marks else {})},
    ]
    array = rows_of(table[["size", "zero"]].to_numpy(), missing=missing, absent=True)
    assert array.x(2) == ({"0=": 1.0, "1=": 1.0} if marks else {})
