"""Frames in, frames out: pandas, polars and pyarrow tables as rows, and a model's `*_many` methods over them."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from online_softmax._kernel.reader import encoded
from online_softmax.rows import Rows

if TYPE_CHECKING:
    from narwhals.stable.v2.typing import IntoDataFrame, IntoSeries


BLOCK = 2048  # rows that a transposition keeps in the cache


def _frame(X: Any) -> nw.DataFrame[Any]:
    try:
        return nw.from_native(X, eager_only=True)
    except TypeError:
        raise TypeError(f"X must be a pandas, polars or pyarrow frame, got {type(X).__name__}") from None


def _series(name: str, y: Any, n: int) -> nw.Series[Any]:
    try:
        series = nw.from_native(y, series_only=True)
    except TypeError:
        raise TypeError(f"{name} must be a pandas, polars or pyarrow series, got {type(y).__name__}") from None
    if len(series) != n:
        raise ValueError(f"{name} has {len(series)} values for the {n} rows of X")
    return series


def _values(X: nw.DataFrame[Any]) -> NDArray[np.float64]:
    """Return the cells as a C-contiguous matrix of finite doubles, or an error that names column and row."""
    columns = []
    for column in X.iter_columns():
        if not (column.dtype.is_numeric() or column.dtype in (nw.Boolean, nw.Object)):
            raise TypeError(f"column {column.name!r} has type {column.dtype}: columns must be numeric (one-hot encode others)")
        try:
            columns.append(np.asarray((column.cast(nw.Float64) if column.null_count() else column).to_numpy(), float))
        except (TypeError, ValueError):
            raise TypeError(f"column {column.name!r} holds values that are not numbers") from None
    V = np.empty(X.shape)
    for start in range(0, len(V), BLOCK):
        block = slice(start, start + BLOCK)
        for j, column in enumerate(columns):
            V[block, j] = column[block]
    if not math.isfinite(V.sum()) and not np.isfinite(V).all():
        i, j = np.argwhere(~np.isfinite(V))[0]
        raise ValueError(f"column {X.columns[j]!r} is {V[i, j]} in row {i}: values must be finite numbers")
    return V


def _codes(labels: list[Hashable]) -> tuple[list[Hashable], NDArray[np.int32]]:
    try:
        return encoded(labels)
    except TypeError:
        label = next(each for each in labels if getattr(type(each), "__hash__", None) is None)
        raise TypeError(f"label {label!r} must be hashable") from None


def rows_of(X: IntoDataFrame, y: IntoSeries | None = None, w: float | IntoSeries = 1.0) -> Rows:
    """Return a frame, its labels and its weights as rows; without `y`, every label is None."""
    frame = _frame(X)
    names, V = list(frame.columns), _values(frame)
    n = len(frame)
    labels, codes = ([None], np.zeros(n, np.int32)) if y is None else _codes(_series("y", y, n).to_list())
    weights = None
    if not isinstance(w, int | float):
        weights = np.ascontiguousarray(_series("w", w, n).to_numpy(), np.float64)
    elif w != 1:
        weights = np.full(n, float(w))
    if weights is not None and not (np.isfinite(weights) & (weights >= 0)).all():
        i = int(np.argmin(np.isfinite(weights) & (weights >= 0)))
        raise ValueError(f"w is {weights[i]} in row {i}: weights must be finite and at least 0")
    return Rows(names, np.arange(len(names), dtype=np.int32), V, None, labels, codes, weights)


class FrameMethods:
    """`learn_many` and its kin, for a model that reads rows."""

    def learn_many(self, X: IntoDataFrame, y: IntoSeries, w: float | IntoSeries = 1.0) -> None:
        """Learn every row of a frame in turn: the same, to the last bit, as a loop of `learn_one`; or none, if one is refused.

        Parameters
        ----------
        X
            A pandas, polars or pyarrow frame, one numeric column a feature.
        y
            The labels, a series of the same length.
        w
            The weights of the samples: one number, or a series.
        """
        self._learn_rows(rows_of(X, y, w))  # type: ignore[attr-defined]

    def predict_proba_many(self, X: IntoDataFrame) -> Any:
        """Return the probability of each class for every row, as a frame of X's own kind, one column a class.

        pandas keeps the labels as column names, and its index; the others take the labels' text.

        Parameters
        ----------
        X
            A pandas, polars or pyarrow frame, one numeric column a feature.
        """
        frame = _frame(X)
        P = self._predict_rows(rows_of(X))  # type: ignore[attr-defined]
        if frame.implementation.is_pandas_like():
            return frame.implementation.to_native_namespace().DataFrame(P, index=frame.to_native().index, columns=self.classes)  # type: ignore[attr-defined]
        names = [str(label) for label in self.classes]  # type: ignore[attr-defined]
        if len(set(names)) < len(names):
            raise ValueError(f"labels {self.classes!r} have equal texts: predict on a pandas frame, which keeps labels as they are")  # type: ignore[attr-defined]
        columns = {name: P[:, c] for c, name in enumerate(names)}
        return nw.from_dict(columns, backend=frame.implementation).to_native()

    def predict_many(self, X: IntoDataFrame) -> Any:
        """Return the most probable label of every row, as a series of X's own kind; None before the first sample.

        Parameters
        ----------
        X
            A pandas, polars or pyarrow frame, one numeric column a feature.
        """
        frame = _frame(X)
        P = self._predict_rows(rows_of(X))  # type: ignore[attr-defined]
        labels = self.classes  # type: ignore[attr-defined]
        best = [labels[c] for c in P.argmax(axis=1)] if labels else [None] * len(P)
        series = nw.new_series("prediction", best, backend=frame.implementation).to_native()
        if frame.implementation.is_pandas_like():
            series.index = frame.to_native().index
        return series
