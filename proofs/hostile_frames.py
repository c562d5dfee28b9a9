"""Hostile tables: frames, arrays and sparse matrices of every type, and labels and weights that match or do not."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from scipy import sparse

from proofs.hostile import NO_MAPPINGS, NO_WEIGHTS, Generator

DAY = datetime.date(2020, 1, 1)
DTYPES = [
    "f8",
    "f4",
    "f2",
    "i8",
    "i4",
    "i1",
    "u8",
    "u4",
    "u1",
    "?",
    ">f8",
    ">i4",
    "g",
    "c16",
    "M8[D]",
    "m8[s]",
    "U3",
    "S2",
    "O",
]
PLAIN = {int, float, bool, str, bytes, list, dict, datetime.date, type(None)}
EXTREMES = [0.0, 1.0, -1.0, 1e300, -1e300, 5e-324, 1e154, np.nan, np.inf]


def column(g: Generator, n: int, mood: float) -> Any:
    """Give n values of one column, as an array or a list."""
    rng = g.rng
    if rng.random() > mood * 0.5:
        values = np.array([rng.gauss(0, 1) for _ in range(n)])
        for _ in range(n and rng.random() < mood):
            values[rng.randrange(n)] = rng.choice(EXTREMES)
        return values
    kind = rng.randrange(9)
    if kind < 4:
        with np.errstate(all="ignore"):
            return np.array([rng.randrange(3) for _ in range(n)]).astype(rng.choice(DTYPES))
    if kind < 6:
        return [g.value(mood) for _ in range(n)]
    if kind == 6:
        return [rng.choice([None, 1.0, 2]) for _ in range(n)]
    return [rng.choice([DAY, Decimal("1.5"), "red", [1.0], {"a": 1}])] * n


def plain(values: Any) -> Any:
    """Give a column without the objects on which polars or pyarrow themselves crash."""
    if isinstance(values, np.ndarray) and values.dtype.kind != "O":
        return values
    return [value if type(value) in PLAIN else None for value in values]


def pandas_frame(g: Generator, n: int, mood: float) -> Any:
    names = [g.name(mood) for _ in range(g.rng.choice([0, 1, 3, 3, 8]))]
    frame = pd.DataFrame({j: pd.Series(column(g, n, mood)) for j in range(len(names))}, index=range(n))
    frame.columns = pd.Index(names, dtype=object)
    kind = g.rng.random() / mood if mood else 1
    if kind < 0.1:
        return frame.convert_dtypes()
    if kind < 0.15:
        return frame.astype("category")
    if kind < 0.2:
        return frame.set_index(np.array([7] * n))
    if kind < 0.23:
        frame.columns = pd.MultiIndex.from_tuples([(name, 1) for name in range(len(names))] or [(0, 0)][:0], names="ab")
    return frame


def polars_frame(g: Generator, n: int, mood: float) -> Any:
    names = g.rng.sample(g.names, min(len(g.names), g.rng.choice([0, 1, 3, 3])))
    series = [pl.Series(name, plain(column(g, n, mood)), strict=g.rng.random() < 0.5) for name in names]
    frame = pl.DataFrame(series)
    return frame.lazy() if g.rng.random() < mood * 0.05 else frame


def arrow_table(g: Generator, n: int, mood: float) -> Any:
    names = [g.rng.choice(g.names) for _ in range(g.rng.choice([0, 1, 3, 3]))]
    if g.rng.random() > mood * 0.2:
        names = list(dict.fromkeys(names))
    arrays = [pa.array(plain(column(g, n, mood))) for _ in names]
    table = pa.table(arrays, names=names)
    if g.rng.random() < mood * 0.2 and names:
        return table.take([]) if g.rng.random() < 0.5 else pa.concat_tables([table, table.slice(0, 0)])
    return table


def matrix(g: Generator, n: int, mood: float) -> Any:
    rng = g.rng
    m = rng.choice([0, 1, 3, 3, 8])
    X = np.array([g.rng.gauss(0, 1) for _ in range(n * m)]).reshape(n, m)
    if rng.random() > mood:
        return X
    if X.size and rng.random() < 0.5:
        X.flat[rng.randrange(X.size)] = rng.choice(EXTREMES)
    kind = rng.randrange(8)
    with np.errstate(all="ignore"):
        if kind < 3:
            return X.astype(np.int64).astype(rng.choice(DTYPES))
    match kind:
        case 3:
            return np.asfortranarray(X)
        case 4:
            return X[::-1, ::-1]
        case 5:
            return rng.choice([X.ravel(), X[None], np.float64(1), np.array(1.0), np.zeros((n, 0)), np.zeros((n, 2, 2))])
        case 6:
            return np.ma.masked_array(X)
    return np.array([g.value(mood) for _ in range(n)] + [None], dtype=object)[:n, None]


def sparse_matrix(g: Generator, n: int, mood: float) -> Any:
    rng = g.rng
    m = rng.choice([1, 3, 8, 1000, 2**31 - 1])
    entries = rng.choice([0, n, 3 * n])
    rows, columns = (
        ([rng.randrange(n) for _ in range(entries)], [rng.randrange(m) for _ in range(entries)]) if n else ([], [])
    )
    values = np.array([rng.gauss(0, 1) for _ in rows])
    if mood and len(values) and rng.random() < mood:
        values[rng.randrange(len(values))] = rng.choice(EXTREMES)
    if rng.random() > mood:
        return sparse.csr_matrix((values, (rows, columns)), shape=(n, m))
    X = sparse.coo_array((values, (rows, columns)), shape=(n, m))
    kind = rng.randrange(7)
    if kind == 0:
        return rng.choice([X, X.tocsr().tocoo(), X.tocsr().reshape((m, n)).tocsr() if m < 9 else X])
    out = X.tocsr()
    if kind == 1:
        out = out.astype(rng.choice(["f4", "i4", "i1", "?", "c16"]))
    elif kind == 2 and n:
        out = out[rng.randrange(n) :]
    elif kind == 3 and len(out.indices):
        out.indices[0] = rng.choice([-1, m if m < 2**31 - 1 else -5, -(2**31)])
    elif kind == 4 and len(out.data):
        out.data[0] = 0.0
    elif kind == 5 and len(out.indices):  # a column given twice, out of order
        indptr = np.arange(n + 1) * 3
        out = sparse.csr_array((np.ones(3 * n), np.tile([m - 1, 0, m - 1], n), indptr), shape=(n, m))
    return out


KINDS = [pandas_frame, polars_frame, arrow_table, matrix, sparse_matrix]


def labelled(g: Generator, mood: float) -> tuple[Any, Any, Any]:
    """Give X, y and w; what no library can hold is drawn anew."""
    rng = g.rng
    while True:
        kind = rng.choice(KINDS)
        n = rng.choice([0, 1, 2, 5, 8])
        try:
            X = kind(g, n, mood)
            length = n + rng.choice([-1, 1]) if rng.random() < mood * 0.1 and n else n
            labels = [g.label(mood) for _ in range(length)]
            y = _series(g, kind, labels, mood)
            w = 1.0 if rng.random() > mood else _weights(g, kind, n, mood)
        except (Exception, pl.exceptions.PanicException):  # whatever a library says of what it cannot hold
            mood *= 0.9
            continue
        if rng.random() < mood * 0.05:
            X = rng.choice(NO_MAPPINGS)
        return X, y, w


def _series(g: Generator, kind: Any, labels: list[Any], mood: float) -> Any:
    rng = g.rng
    if rng.random() < mood * 0.05:
        return rng.choice([None, "red", 5, labels, {}, pd.DataFrame({"y": [1]}), np.array(1), np.ones((2, 2)), object])
    if kind in (matrix, sparse_matrix):
        if rng.random() < 0.5:
            return labels
        if rng.random() < 0.5:
            return np.array([rng.randrange(3) for _ in labels]).astype(rng.choice([*DTYPES[:9], "U3", "O"]))
        words = np.empty(len(labels), object)
        words[:] = labels
        return words
    if kind is pandas_frame:
        return pd.Series(labels, dtype=object) if rng.random() < 0.7 else pd.Series(labels)
    if rng.random() < 0.8:
        labels = [str(label) if label == label else None for label in labels]
    return pl.Series(plain(labels)) if kind is polars_frame else pa.chunked_array([pa.array(plain(labels))])


def _weights(g: Generator, kind: Any, n: int, mood: float) -> Any:
    if g.rng.random() < 0.3:
        return g.weight(mood) if g.rng.random() < 0.5 else g.rng.choice(NO_WEIGHTS)
    weights = [g.weight(mood) for _ in range(n)]
    if kind in (matrix, sparse_matrix):
        return np.array(weights, np.float64) if g.rng.random() < 0.7 else weights
    if kind is pandas_frame:
        return pd.Series(weights)
    return pl.Series(plain(weights)) if kind is polars_frame else pa.chunked_array([pa.array(plain(weights))])
