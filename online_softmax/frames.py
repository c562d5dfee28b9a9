"""pandas, polars and pyarrow frames, NumPy arrays and SciPy matrices as rows."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from online_softmax._kernel.arrays import encoded, side_by_side
from online_softmax.checks import check_names, is_missing, shorten
from online_softmax.rows import Rows

if TYPE_CHECKING:
    from narwhals.stable.v2.typing import IntoDataFrame, IntoSeries
    from numpy.typing import ArrayLike


UNLABELLED = object()
CATEGORIES = (nw.Categorical, nw.Enum)  # columns of a few values, each of which is a text, whatever it is
ANYTHING = (nw.Object, nw.String, nw.Unknown)  # columns whose cells may be anything
_SPELLED = (*ANYTHING, *CATEGORIES)
HELD: dict[str, tuple[type, ...]] = {
    "truth": (bool, np.bool_),
    "number": (int, float, Decimal, np.integer, np.floating),
    "text": (str,),
    "date": (date,),
}

# The names, ids, values and starts of rows; see `Rows`. A value that is nan is a gap.
Entries = tuple[list[Hashable], NDArray[np.int32], NDArray[np.float64], NDArray[np.int64] | None]


def examples(values: Sequence[Any]) -> dict[type, Any]:
    """Return a value of each type that is not missing."""
    found = {}
    for kind in dict.fromkeys(map(type, values)):
        alike = (value for value in values if type(value) is kind and not is_missing(value))
        if (example := next(alike, None)) is not None:
            found[kind] = example
    return found


def held(column: Hashable, values: Sequence[Any]) -> str:
    """Return what objects hold, "number", "truth", "text" or "date"; None and nothing are numbers that are missing.

    Raises
    ------
    ValueError
        If they are of several kinds, or of another.

    Examples
    --------
    >>> from online_softmax.frames import held

    >>> held("a", [1, None, 2.5]), held("a", ["a"]), held("a", [None])
    ('number', 'text', 'number')

    """
    first: dict[str, Any] = {}
    for kind, value in examples(values).items():
        first.setdefault(_held_by(kind), value)
    if "" in first:
        what = f"values such as {shorten(first[''])}"
        raise ValueError(f"column {column!r} holds {what}, which are no features: drop the column, or convert it")
    if len(first) > 1:
        one, other = [*first.values()][:2]
        raise ValueError(f"column {column!r} holds {shorten(one)} and {shorten(other)}: convert its values to one kind")
    return next(iter(first), "number")


def _held_by(kind: type) -> str:
    return next((name for name, kinds in HELD.items() if issubclass(kind, kinds)), "")


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


def _numbers(column: Any) -> NDArray[Any]:
    """Return a column of numbers as an array, in which gaps are nan."""
    kind = column.dtype
    if kind == nw.Object:
        return _objects(column)
    if not (kind.is_numeric() or kind == nw.Boolean):
        option = ", or say categorical=True" if kind in (nw.String, nw.Categorical, nw.Enum) else ""
        raise TypeError(
            f"column {column.name!r} has type {kind}: columns must be numeric (one-hot encode others{option})"
        )
    if kind in (nw.Int128, nw.UInt128):
        column = column.cast(nw.Float64)
    values: NDArray[Any] = column.to_numpy()
    return values if values.dtype.kind in "biuf" else column.cast(nw.Float64).to_numpy()


def _objects(column: Any) -> NDArray[np.float64]:
    """Return a column of Python objects as doubles; each must be a number."""
    return np.array([_number(column.name, cell, i) for i, cell in enumerate(column.to_list())], np.float64)


def _number(name: Hashable, cell: Any, i: int) -> float:
    """Return the cell of a column in row i as a double."""
    if isinstance(cell, str | bytes | bytearray | None):
        raise TypeError(f"column {name!r} is {cell!r} in row {i}: values must be numbers{_option(cell)}")
    V = np.empty(1)
    try:
        V[0] = cell
    except (TypeError, ValueError, OverflowError):
        raise TypeError(
            f"column {name!r} is {type(cell).__name__} in row {i}: "
            f"numbers within doubles' range are needed{_option(cell)}"
        ) from None
    return float(V[0])


def _option(value: Any) -> str:
    """Return how a model is told to take such a value, for a refusal."""
    if isinstance(value, str):
        return ", or say categorical=True"
    return ", or say missing='zero' or 'indicate'" if is_missing(value) else ""


def _frame_entries(X: nw.DataFrame[Any], categorical: bool, missing: str, absent: bool) -> Entries:
    """Return the entries of a frame, one a cell; a text t of column a is the feature `a=t`.

    Of sparse columns of pandas, as of a sparse matrix, these are the cells that are stored.
    """
    columns = [*X.iter_columns()]
    sparse = {j: column for j, column in enumerate(columns) if column.dtype == nw.Unknown and _is_sparse(column)}
    dense = {j: column for j, column in enumerate(columns) if j not in sparse}
    entries, is_finite = _dense_entries([*dense.values()], len(X), categorical, missing != "raise", X.columns)
    if is_finite and not sparse:
        return entries
    if sparse:
        entries = _with_sparse(entries, [*dense], sparse, len(X))
    return _settled(entries, X.columns, missing, absent)


def _dense_entries(
    columns: list[Any], n: int, categorical: bool, has_gaps: bool, all_columns: list[str]
) -> tuple[Entries, bool]:
    """Return an entry for each cell of the columns, which may be a gap, and whether it is known that none is."""
    m = len(columns)
    spelled = _SPELLED if categorical else ANYTHING if has_gaps else ()
    if not spelled or not any(column.dtype in spelled for column in columns):
        V, is_finite = side_by_side([_numbers(column) for column in columns], n)
        return ([column.name for column in columns], np.arange(m, dtype=np.int32), V, None), is_finite
    ids, values = np.empty((n, m), np.int32), np.empty((n, m))
    names: list[Hashable] = []
    spelt: set[Hashable] = set()
    for j, column in enumerate(columns):
        own: list[Hashable] = [column.name]
        if column.dtype in spelled:
            own, ids[:, j], values[:, j] = _cells(column, categorical, has_gaps)
            if own != [column.name]:
                spelt.add(column.name)
        else:
            ids[:, j], values[:, j] = 0, _numbers(column)
        ids[:, j] += len(names)
        names += own
    check_names(all_columns, spelt)
    return (names, ids.ravel(), values.ravel(), np.arange(0, n * m + 1, m, dtype=np.int64)), False


def _is_sparse(column: Any) -> bool:
    """Whether it is a sparse column of pandas, of numbers."""
    kind = getattr(column.to_native(), "dtype", None)
    return type(kind).__name__ == "SparseDtype" and kind.subtype.kind in "biuf"  # type: ignore[union-attr]


def _with_sparse(entries: Entries, dense: list[int], sparse: dict[int, Any], n: int) -> Entries:
    """Return the entries of all columns in their order: of the dense ones these, of sparse ones what is stored."""
    names, ids, values, starts = entries
    ids = np.tile(ids, n) if starts is None else ids
    parts = [(np.repeat(np.arange(n), len(dense)), np.tile(np.array(dense, np.intp), n), ids, values.ravel())]
    for k, (j, column) in enumerate(sparse.items(), len(names)):
        cells = column.to_native().array
        at, stored = np.arange(n), cells
        if not cells.fill_value:
            at, stored = cells.sp_index.to_int_index().indices, cells.sp_values
        parts.append((at, np.full(len(at), j), np.full(len(at), k, np.int32), np.asarray(stored, np.float64)))
    rows, places, ids, values = map(np.concatenate, zip(*parts, strict=True))
    order = np.lexsort((places, rows))
    starts = np.append(0, np.cumsum(np.bincount(rows, minlength=n)))
    return [*names, *(column.name for column in sparse.values())], ids[order], values[order], starts


def _cells(
    column: Any, categorical: bool, has_gaps: bool
) -> tuple[list[Hashable], NDArray[np.int32], NDArray[np.float64]]:
    """Return the features of a column, and for each row which of them it has, and with which value."""
    distinct, codes = _codes(column.to_list(), f"column {column.name!r} has a cell that is")
    is_text = column.dtype in CATEGORIES or (categorical and any(isinstance(cell, str) for cell in distinct))
    if is_text and held(column.name, distinct) == "date":
        raise ValueError(f"column {column.name!r} holds dates, which are no features: drop the column, or convert it")
    names: dict[Hashable, int] = {}
    feature, value = np.empty(len(distinct), np.int32), np.empty(len(distinct))
    for k, cell in enumerate(distinct):
        if is_text and not is_missing(cell):
            text = str.__str__(cell) if isinstance(cell, str) else str(cell)
            name, value[k] = f"{column.name}={text}", 1.0
        elif has_gaps and is_missing(cell):
            name, value[k] = column.name, math.nan
        else:
            name, value[k] = column.name, _number(column.name, cell, int(np.argmax(codes == k)))
        feature[k] = names.setdefault(name, len(names))
    return [*names], feature[codes], value[codes]


def _settled(entries: Entries, columns: Iterable[Hashable], missing: str, absent: bool) -> Entries:
    """Return entries without gaps: one is 0, or absent, and beside that the feature `a=` where gaps are indicated."""
    names, ids, values, starts = entries
    bad = ~np.isfinite(values) if missing == "raise" else np.isinf(values)
    if bad.any():
        at = int(np.argmax(bad))
        row, k = divmod(at, values.shape[1]) if starts is None else (np.searchsorted(starts, at, side="right") - 1, at)
        name, value = names[ids[k]], float(values.flat[at])
        raise ValueError(f"column {name!r} is {value} in row {row}: values must be finite numbers{_option(value)}")
    gaps = np.isnan(values)
    if not gaps.any():
        return entries
    values = np.where(gaps, 0.0, values)
    if missing == "zero" and not absent:
        return names, ids, values, starts
    if starts is None:
        n, m = values.shape
        ids, values, gaps, starts = np.tile(ids, n), values.ravel(), gaps.ravel(), np.arange(0, n * m + 1, m)
    entries = names, ids, values, starts.astype(np.int64)
    if missing == "indicate":
        entries = indicated(entries, gaps, columns)
    return _without(entries, np.flatnonzero(gaps), missing == "indicate") if absent else entries


def _without(entries: Entries, at: NDArray[np.intp], marked: bool) -> Entries:
    """Return ragged entries without those that were at these places before each of them was marked."""
    names, ids, values, starts = entries
    assert starts is not None
    at = at + np.arange(len(at)) * marked
    return names, np.delete(ids, at), np.delete(values, at), starts - np.searchsorted(at, starts)


def indicated(entries: Entries, gaps: NDArray[np.bool_], columns: Iterable[Hashable]) -> Entries:
    """Return ragged entries with the feature `a=` behind each entry of column a that is a gap."""
    names, ids, values, starts = entries
    assert starts is not None
    at_gaps = np.flatnonzero(gaps)
    index, taken, marks = {name: i for i, name in enumerate(names)}, set(columns), np.zeros(len(names), np.int32)
    for k in np.unique(ids[at_gaps]).tolist():
        if (mark := f"{names[k]}=") in taken:
            raise ValueError(f"column {mark!r} is called like a gap of column {names[k]!r}; rename one")
        marks[k] = index.setdefault(mark, len(index))
    ids, values = np.insert(ids, at_gaps + 1, marks[ids[at_gaps]]), np.insert(values, at_gaps + 1, 1.0)
    return [*index], ids, values, (starts + np.searchsorted(at_gaps, starts)).astype(np.int64)


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


def label_array(labels: list[Any], codes: NDArray[np.intp]) -> NDArray[Any]:
    """Return labels by position as an array: of their own type where they share one, of objects otherwise."""
    kinds = {type(label) for label in labels}
    words: NDArray[Any] = np.empty(len(labels), dtype=object)
    words[:] = labels
    kind: type = kinds.pop() if len(kinds) == 1 else object
    if kind is int and not -(2**63) <= min(labels) <= max(labels) < 2**63:
        kind = np.uint64 if 0 <= min(labels) <= max(labels) < 2**64 else object
    return (words.astype(kind) if kind in (int, np.uint64, float, bool, str) else words)[codes]


def _codes(values: list[Hashable], what: str = "label") -> tuple[list[Hashable], NDArray[np.int32]]:
    try:
        return encoded(values)
    except TypeError:
        value = next((each for each in values if getattr(type(each), "__hash__", None) is None), None)
        if value is None:
            raise
        raise TypeError(f"{what} {value!r} must be hashable") from None


def _series_codes(y: nw.Series[Any]) -> tuple[list[Hashable], NDArray[np.int32]]:
    """Return the distinct labels and each label's position among them: of text by Arrow, which is quicker."""
    if y.dtype == nw.String and not y.null_count() and find_spec("pyarrow"):
        text = y.to_arrow().dictionary_encode()
        return text.dictionary.to_pylist(), text.indices.to_numpy().astype(np.int32, copy=False)
    return _codes(y.to_list())


def rows_of(
    X: IntoDataFrame | Any,
    y: Any = UNLABELLED,
    w: float | IntoSeries | ArrayLike = 1.0,
    *,
    categorical: bool = False,
    missing: str = "raise",
    absent: bool = False,
) -> Rows:
    """Return a frame or an array, its labels and its weights as rows; `categorical` and `missing` as in the models.

    With `absent`, a row does not carry the feature of a gap, where it would be 0 otherwise.
    """
    if is_array(X):
        columns, ids, V, starts = matrix_entries(X)
        entries: Entries = [*columns], ids, V, starts
        if missing != "raise":
            entries = _settled(entries, columns, missing, absent)
        n = len(V) if starts is None else len(starts) - 1
    else:
        frame = frame_of(X)
        entries, n = _frame_entries(frame, categorical, missing, absent), len(frame)
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
    return Rows(*entries, labels, codes, weights)


def column_and_rest(X: Any, name: Hashable) -> tuple[list[Any], Any, list[Hashable] | None]:
    """Return the values of a column, the table without it, and of an array, the numbers that the other columns had."""
    if is_array(X):
        if not isinstance(X, np.ndarray) or X.ndim != 2:
            raise TypeError(f"X is {shorten(X)}: where a column is a key, give a frame or an array of rows and columns")
        if not isinstance(name, int) or not 0 <= name < X.shape[1]:
            raise ValueError(f"X has no column {name!r}: it has {X.shape[1]}, which are counted from 0")
        rest: list[Hashable] = [column for column in range(X.shape[1]) if column != name]
        return X[:, name].tolist(), np.delete(X, name, axis=1), rest
    frame = frame_of(X)
    if name not in frame.columns:
        raise ValueError(f"X has no column {name!r}: it has {shorten(frame.columns)}")
    return frame[name].to_list(), frame.drop(name).to_native(), None


def probabilities_like(X: Any, P: NDArray[np.float64], labels: list[Hashable]) -> Any:
    """Return the probabilities of rows as a frame of X's own kind, one column a class; for an array, as an array."""
    if is_array(X):
        return P
    frame = frame_of(X)
    if frame.implementation.is_pandas_like():
        pandas = frame.implementation.to_native_namespace()
        return pandas.DataFrame(P, index=frame.to_native().index, columns=labels)
    texts = [str(label) for label in labels]
    if len(set(texts)) < len(texts):
        raise ValueError(
            f"labels {labels!r} have equal texts: use a pandas frame, whose columns keep labels as they are"
        )
    return nw.from_dict({text: P[:, c] for c, text in enumerate(texts)}, backend=frame.implementation).to_native()


def predictions_like(X: Any, labels: list[Hashable], positions: NDArray[np.intp]) -> Any:
    """Return the labels at these positions, None at -1, as a series of X's own kind; for an array, as an array."""
    is_whole = len(labels) > 0 and bool((positions >= 0).all())
    if is_array(X) and is_whole:
        return label_array(labels, positions)
    best = [None if position < 0 else labels[position] for position in positions.tolist()]
    if is_array(X):
        found: NDArray[Any] = np.empty(len(best), dtype=object)
        found[:] = best
        return found
    frame = frame_of(X)
    if frame.implementation.is_pandas_like():
        pandas = frame.implementation.to_native_namespace()
        kind = None if len({*map(type, labels)}) == 1 and labels != [None] and is_whole else object
        return pandas.Series(best, frame.to_native().index, kind, "prediction")
    try:
        return nw.new_series("prediction", best, backend=frame.implementation).to_native()
    except Exception as error:
        raise ValueError(f"labels {labels!r} do not fit into one column: use a pandas frame") from error
