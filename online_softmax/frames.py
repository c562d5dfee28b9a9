"""pandas, polars and pyarrow frames, NumPy arrays and SciPy matrices as rows."""

from __future__ import annotations

from collections.abc import Hashable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from online_softmax._kernel.arrays import encoded, side_by_side
from online_softmax.rows import Rows

if TYPE_CHECKING:
    from narwhals.stable.v2.typing import IntoDataFrame, IntoSeries
    from numpy.typing import ArrayLike


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
            if kind in (nw.Int128, nw.UInt128):
                column = column.cast(nw.Float64)
            values = column.to_numpy()
            columns.append(values if values.dtype.kind in "biuf" else column.cast(nw.Float64).to_numpy())
    V, is_finite = side_by_side(columns, len(X))
    if not is_finite:
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


def is_array(X: Any) -> bool:
    """Tell a NumPy array or SciPy matrix from a frame."""
    return isinstance(X, np.ndarray) or (type(X).__module__.startswith("scipy.sparse") and hasattr(X, "format"))


def matrix_entries(
    X: Any,
) -> tuple[list[int], NDArray[np.int32], NDArray[np.float64], NDArray[np.int64] | None]:
    """Return the columns, ids, values and starts of the rows of an array; a sparse one has the columns in use alone."""
    if isinstance(X, np.ma.MaskedArray):
        raise TypeError("X is a masked array: fill it first")
    if X.dtype.kind not in "biuf":
        raise TypeError(f"X has dtype {X.dtype}: an array must be of numbers")
    if X.ndim != 2:
        raise ValueError(f"X has shape {X.shape}: an array must have rows and columns")
    if isinstance(X, np.ndarray):
        m = X.shape[1]
        return list(range(m)), np.arange(m, dtype=np.int32), np.ascontiguousarray(X, np.float64), None
    if X.format != "csr":
        raise TypeError(f"X is a sparse matrix of format {X.format!r}: convert it with tocsr()")
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    start, stop = int(X.indptr[0]), int(X.indptr[-1])
    indices = X.indices[start:stop]
    if len(indices) and not 0 <= indices.min() <= indices.max() < X.shape[1]:
        raise ValueError(f"X has entries outside of its {X.shape[1]} columns")
    used = np.zeros(X.shape[1], dtype=np.bool_)
    used[indices] = True
    columns = np.flatnonzero(used)
    position = np.empty(X.shape[1], dtype=np.int32)
    position[columns] = np.arange(len(columns), dtype=np.int32)
    values = np.ascontiguousarray(X.data[start:stop], np.float64)
    return columns.tolist(), position[indices], values, X.indptr.astype(np.int64) - start


def label_codes(y: NDArray[Any]) -> tuple[list[Hashable], NDArray[np.int32]]:
    """Return the distinct labels of an array, in the order of their first appearance, and each label's position."""
    if y.dtype.kind in "iu" and len(y):
        low, span = int(y.min()), int(y.max()) - int(y.min())
        if span < 4 * len(y):
            offsets = (y - y.dtype.type(low)).astype(np.int64)
            first = np.full(span + 1, -1, dtype=np.int64)
            first[offsets[::-1]] = np.arange(len(y))[::-1]  # of a label's rows the last one written, its first, stays
            order = np.sort(first[first >= 0])
            position = np.empty(span + 1, dtype=np.int32)
            position[offsets[order]] = np.arange(len(order), dtype=np.int32)
            return y[order].tolist(), position[offsets]
    return _codes(y.tolist())


def label_array(labels: list[Hashable], codes: NDArray[np.intp]) -> NDArray[Any]:
    """Return labels by position as an array: of their own type where they share one, of objects otherwise."""
    kinds = {type(label) for label in labels}
    words: NDArray[Any] = np.empty(len(labels), dtype=object)
    words[:] = labels
    return (words.astype(kinds.pop()) if len(kinds) == 1 and kinds <= {int, float, bool, str} else words)[codes]


def _codes(labels: list[Hashable]) -> tuple[list[Hashable], NDArray[np.int32]]:
    try:
        return encoded(labels)
    except TypeError:
        label = next((each for each in labels if getattr(type(each), "__hash__", None) is None), None)
        if label is None:
            raise
        raise TypeError(f"label {label!r} must be hashable") from None


def _series_codes(y: nw.Series[Any]) -> tuple[list[Hashable], NDArray[np.int32]]:
    """Return the distinct labels and each label's position among them: of text by Arrow, which is quicker."""
    if y.dtype == nw.String and not y.null_count() and find_spec("pyarrow"):
        text = y.to_arrow().dictionary_encode()
        return text.dictionary.to_pylist(), text.indices.to_numpy().astype(np.int32, copy=False)
    return _codes(y.to_list())


def rows_of(X: IntoDataFrame | Any, y: Any = UNLABELLED, w: float | IntoSeries | ArrayLike = 1.0) -> Rows:
    """Return a frame or an array, its labels and its weights as rows."""
    names: list[Hashable]
    starts = None
    if is_array(X):
        columns, ids, V, starts = matrix_entries(X)
        names, n = [*columns], len(V) if starts is None else len(starts) - 1
    else:
        frame = frame_of(X)
        names = [*frame.columns]
        ids, V, n = np.arange(len(names), dtype=np.int32), _values(frame), len(frame)
    labels: list[Hashable] = [None]
    codes = np.zeros(n, np.int32)
    if isinstance(y, np.ndarray | list | tuple) and is_array(X):
        if len(y) != n or (isinstance(y, np.ndarray) and y.ndim != 1):
            raise ValueError(f"y has {len(y)} values for the {n} rows of X")
        labels, codes = label_codes(y) if isinstance(y, np.ndarray) else _codes([*y])
    elif y is not UNLABELLED:
        labels, codes = _series_codes(_series("y", y, n))
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
    return Rows(names, ids, V, starts, labels, codes, weights)
