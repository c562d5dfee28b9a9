"""pandas, polars and pyarrow frames as rows."""

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
    from numpy.typing import ArrayLike


BLOCK = 2048  # rows that a transposition keeps in the cache
UNLABELLED = object()


def frame_of(X: Any) -> nw.DataFrame[Any]:
    """Return a pandas, polars or pyarrow frame behind narwhals' interface, or say what X is instead."""
    try:
        return nw.from_native(X, eager_only=True)
    except TypeError:
        raise TypeError(f"X must be a pandas, polars or pyarrow frame, got {type(X).__name__}") from None


def _series(name: str, y: Any, n: int) -> nw.Series[Any]:
    try:
        series: nw.Series[Any] = nw.from_native(y, series_only=True)
    except TypeError:
        raise TypeError(f"{name} must be a pandas, polars or pyarrow series, got {type(y).__name__}") from None
    if len(series) != n:
        raise ValueError(f"{name} has {len(series)} values for the {n} rows of X")
    return series


def _values(X: nw.DataFrame[Any]) -> NDArray[np.float64]:
    """Return the cells as a C-contiguous matrix of finite doubles, or an error that names column and row."""
    columns: list[NDArray[Any]] = []
    for column in X.iter_columns():
        kind = column.dtype
        if not (kind.is_numeric() or kind in (nw.Boolean, nw.Object)):
            raise TypeError(f"column {column.name!r} has type {kind}: columns must be numeric (one-hot encode others)")
        if kind == nw.Object:
            columns.append(_objects(column))
        else:
            columns.append((column.cast(nw.Float64) if column.null_count() else column).to_numpy())
    V = np.empty(X.shape)
    for start in range(0, len(V), BLOCK):
        block = slice(start, start + BLOCK)
        for j, values in enumerate(columns):
            V[block, j] = values[block]
    with np.errstate(over="ignore", invalid="ignore"):
        total = V.sum()
    if not math.isfinite(total) and not np.isfinite(V).all():
        i, j = np.argwhere(~np.isfinite(V))[0]
        raise ValueError(f"column {X.columns[j]!r} is {V[i, j]} in row {i}: values must be finite numbers")
    return V


def _objects(column: Any) -> NDArray[np.float64]:
    """Return a column of Python objects as doubles; each must be a number."""
    V = np.empty(len(column))
    for i, value in enumerate(column.to_list()):
        if isinstance(value, str | bytes | bytearray | None):
            raise TypeError(f"column {column.name!r} is {value!r} in row {i}: values must be numbers")
        try:
            V[i] = value
        except (TypeError, ValueError, OverflowError):
            raise TypeError(
                f"column {column.name!r} is {type(value).__name__} in row {i}: numbers within doubles' range are needed"
            ) from None
    return V


def _codes(labels: list[Hashable]) -> tuple[list[Hashable], NDArray[np.int32]]:
    try:
        return encoded(labels)
    except TypeError:
        label = next(each for each in labels if getattr(type(each), "__hash__", None) is None)
        raise TypeError(f"label {label!r} must be hashable") from None


def rows_of(X: IntoDataFrame, y: Any = UNLABELLED, w: float | IntoSeries | ArrayLike = 1.0) -> Rows:
    """Return a frame, its labels and its weights as rows."""
    frame = frame_of(X)
    names: list[Hashable] = [*frame.columns]
    V, n = _values(frame), len(frame)
    labels: list[Hashable] = [None]
    codes = np.zeros(n, np.int32)
    if y is not UNLABELLED:
        labels, codes = _codes(_series("y", y, n).to_list())
    weights = None
    if isinstance(w, np.ndarray | list | tuple):
        weights = np.ascontiguousarray(w, np.float64)
        if weights.shape != (n,):
            raise ValueError(f"w has shape {weights.shape} for the {n} rows of X")
    elif not isinstance(w, int | float | np.number):
        weights = np.ascontiguousarray(_series("w", w, n).to_numpy(), np.float64)
    elif w != 1:
        weights = np.full(n, float(w))
    if weights is not None and not (np.isfinite(weights) & (weights >= 0)).all():
        i = int(np.argmin(np.isfinite(weights) & (weights >= 0)))
        raise ValueError(f"w is {weights[i]} in row {i}: weights must be finite and at least 0")
    return Rows(names, np.arange(len(names), dtype=np.int32), V, None, labels, codes, weights)
