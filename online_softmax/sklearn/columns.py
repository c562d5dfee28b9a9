"""Columns: what X was made of when an estimator was first fitted, by which later ones become rows."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.validation import validate_data

from online_softmax.checks import is_missing, shorten
from online_softmax.frames import ANYTHING, CATEGORIES, frame_of, rows_of
from online_softmax.rows import Rows


def is_frame(X: Any) -> bool:
    """Tell a frame from anything that is an array, or becomes one, as a pandas frame of sparse columns does."""
    lazy: bool = nw.dependencies.is_polars_lazyframe(X)  # a frame, if not one that has its rows
    return lazy or (nw.dependencies.is_into_dataframe(X) and not hasattr(X, "sparse"))


def _filled(X: Any) -> Any:
    """Return a frame without the sparse columns of pandas: their zeros are numbers, as those of other columns."""
    if not nw.dependencies.is_pandas_dataframe(X):
        return X
    sparse = {name: kind.subtype for name, kind in X.dtypes.items() if type(kind).__name__ == "SparseDtype"}
    return X.astype(sparse) if sparse else X


def refuse_masks(name: str, values: Any) -> None:
    """Refuse a masked array, whose mask would be lost."""
    if isinstance(values, np.ma.MaskedArray):
        raise ValueError(f"{name} is a masked array: fill it first, with NaN where a value is missing")


@dataclass(frozen=True)
class Columns:
    """The columns of X.

    Attributes
    ----------
    names
        What each is called as a feature: its name in a frame, and its number in an array.
    named
        Whether X had names as scikit-learn knows them, which are strings.
    framed
        Whether X was a frame, whose columns may hold texts. Where it was not, columns of later ones are numbers.
    kinds
        Of a frame, "text" or "number", for each column that has held anything.
    """

    names: Sequence[Hashable]
    named: bool = False
    framed: bool = False
    kinds: dict[Hashable, str] = field(default_factory=dict)
    dense: tuple[list[Hashable], NDArray[np.int32]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        few = self.names if len(self.names) < 1 << 16 else []  # a wide matrix is sparse
        object.__setattr__(self, "dense", (list(few), np.arange(len(few), dtype=np.int32)))

    @property
    def texts(self) -> list[Hashable]:
        """The columns that hold texts."""
        return [name for name, kind in self.kinds.items() if kind == "text"]


def plain_rows(columns: Columns, X: Any) -> Rows | None:
    """Return a NumPy array of finite doubles, which is as the columns are, as rows; None if there is more to check."""
    names, ids = columns.dense
    if (
        type(X) is not np.ndarray
        or X.dtype != np.float64
        or X.ndim != 2
        or X.shape[1] != len(ids)
        or columns.named
        or columns.framed
        or not X.size
    ):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        if not np.isfinite(X.sum()):
            return None
    return Rows(names, ids, np.ascontiguousarray(X), None, [None], np.zeros(len(X), np.int32))


def rows_and_columns(
    estimator: Any, X: Any, columns: Columns | None, *, missing: str, scaled: bool | None
) -> tuple[Rows, Columns, bool]:
    """Return X as rows, the columns that are known now, and whether it was a sparse matrix.

    Parameters
    ----------
    estimator
        Whose `n_features_in_` and `feature_names_in_` are set where there are no columns yet, and heeded otherwise.
    X
        Anything that scikit-learn takes for a table.
    columns
        Those of the tables before, or None before the first.
    missing
        What becomes of gaps, as in the models.
    scaled
        Whether numbers are standardised: then a gap is absent, and so the mean. None says that dense ones are.
    """
    reset = columns is None
    if is_frame(X) and (columns is None or columns.framed):
        frame = frame_of(X)
        if columns is None or frame.columns != columns.names:
            validate_data(estimator, X, reset=reset, skip_check_array=True)
        if not len(frame) or not frame.columns:
            raise ValueError(f"X has {len(frame)} sample(s) and {len(frame.columns)} feature(s): at least 1 is needed")
        if columns is None:
            named = all(isinstance(name, str) for name in frame.columns)
            if named:  # polars' own names are news to earlier versions
                estimator.feature_names_in_ = np.array(frame.columns, object)
            columns = Columns([*frame.columns], named, True)
        if scaled is not False:
            frame = frame_of(_filled(X))
        columns = _checked(columns, frame)
        rows = rows_of(frame, categorical=True, missing=missing, absent=scaled is not False)
        return rows, columns, False
    refuse_masks("X", X)
    X = validate_data(
        estimator,
        X,
        reset=reset,
        accept_sparse="csr",
        ensure_all_finite="allow-nan" if missing != "raise" else True,
    )
    if columns is None:
        names = getattr(estimator, "feature_names_in_", None)
        columns = Columns(range(X.shape[1]) if names is None else names.tolist(), names is not None)
    elif columns.texts:
        raise ValueError(f"X is an array, and column {columns.texts[0]!r} held texts before: give a frame")
    is_sparse = sparse.issparse(X)
    if is_sparse and reset and scaled:
        raise ValueError("X is sparse, and scaling='standard' would fill it: say 'auto' or None, or give X dense")
    if is_sparse and scaled:
        X = X.toarray()  # as wide as the dense ones before it
    elif is_sparse and not np.all(X.data):
        X = X.copy()
        X.eliminate_zeros()
    rows = rows_of(X, missing=missing, absent=scaled is True or (scaled is None and not is_sparse))
    return _named(rows, columns.names), columns, is_sparse


def _checked(columns: Columns, frame: nw.DataFrame[Any]) -> Columns:
    """Return the columns with the kinds of a frame's, or refuse a frame of others."""
    if frame.columns != columns.names:
        raise ValueError(
            f"X has the columns {shorten(frame.columns)}, and had {shorten(columns.names)} when it was first fitted"
        )
    kinds = dict(columns.kinds)
    for column in frame.iter_columns():
        kind = _kind(column)
        if kind and kinds.setdefault(column.name, kind) != kind:
            raise ValueError(f"column {column.name!r} holds {kind}s, and held {kinds[column.name]}s before: convert it")
    return columns if kinds == columns.kinds else replace(columns, kinds=kinds)


def _kind(column: Any) -> str | None:
    """Return what a column holds, "text" or "number"; None where nothing tells."""
    if column.dtype in CATEGORIES:
        return "text"
    if column.dtype not in ANYTHING:
        return "number"
    cells = column.to_list()
    if any(isinstance(cell, str) for cell in cells):
        return "text"
    return None if all(map(is_missing, cells)) else "number"


def _named(rows: Rows, names: Sequence[Hashable]) -> Rows:
    """Return rows of an array under the names of its columns; a number with a mark, as in "3=", is of column 3."""
    if isinstance(names, range):
        return rows
    own = [names[name] if isinstance(name, int) else f"{names[int(str(name)[:-1])]}=" for name in rows.names]
    if len({*own}) < len(own):
        mark = next(name for name in own if own.count(name) > 1)
        raise ValueError(f"column {mark!r} is called like a gap of column {str(mark)[:-1]!r}; rename one")
    return replace(rows, names=own)
