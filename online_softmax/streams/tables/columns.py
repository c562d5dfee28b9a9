"""Columns: what the columns of a table are put together to: rows."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_softmax.checks import check_missing, check_on_bad
from online_softmax.rows import Rows


class Coded(NamedTuple):
    """A column as `words`, in the order of their first appearance, and each row's position among them, or -1."""

    words: list[Hashable]
    codes: NDArray[np.int32]


class FlawError(ValueError):
    """A value that no row can hold: where it stands."""

    def __init__(self, row: int, column: Hashable) -> None:
        super().__init__(f"row {row}, column {column!r}")
        self.row = row
        self.column = column


def code(values: Iterable[Hashable]) -> Coded:
    """Code a column of Python objects, where None is missing.

    Examples
    --------
    >>> from online_softmax.streams.tables.columns import code

    >>> code(["b", "a", None, "b"])
    Coded(words=['b', 'a'], codes=array([ 0,  1, -1,  0], dtype=int32))

    """
    index: dict[Hashable, int] = {}
    codes = [-1 if value is None else index.setdefault(value, len(index)) for value in values]
    return Coded(list(index), np.array(codes, dtype=np.int32))


def shorten(value: object) -> str:
    """Return the repr of `value`, cut to what fits into a sentence."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def unlabelled(n: int) -> Coded:
    """Return the labels of n rows that have none."""
    return Coded([None], np.zeros(n, np.int32))


def check_names(features: Sequence[Hashable], words: Iterable[Hashable]) -> None:
    """Refuse columns whose one-hot features could carry the name of another column's."""
    for word in words:
        for feature in features:
            if feature != word and str(feature).startswith(f"{word}="):
                raise ValueError(f"column {feature!r} is called like a value of column {word!r}; rename one")


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a table.

    Attributes
    ----------
    target
        The column that holds the label.
    features
        The feature columns; None is every other column.
    drop
        Columns that are no features.
    weight
        The column that holds the sample weights.
    missing
        What becomes of a value that is missing or not finite: "error"; "zero", by which a number is 0 and a string no
        feature; or "skip-row". A label or a weight cannot be 0 for want of another: there "zero" is an error, too.
    on_bad
        What becomes of a row that cannot be read: "raise" or "skip".
    labelled
        Whether rows have labels; where they have none, each is None, and there need be no target.
    words
        Columns that hold strings, even where all of them spell numbers.

    """

    target: Hashable | None = None
    features: Sequence[Hashable] | None = None
    drop: Sequence[Hashable] = ()
    weight: Hashable | None = None
    missing: str = "error"
    on_bad: str = "raise"
    labelled: bool = True
    words: Container[Hashable] = ()

    def __post_init__(self) -> None:
        check_on_bad(self.on_bad)
        check_missing(self.missing)
        for name, columns in (("features", self.features), ("drop", self.drop)):
            if isinstance(columns, str) or not isinstance(columns, Sequence | None):
                raise ValueError(f"{name} is a list of columns, not {columns!r}")

    def among(self, columns: Sequence[Hashable], table: str) -> tuple[Hashable, list[Hashable]]:
        """Return the target and the features among the columns of a table, which must have names of their own."""
        if len(set(columns)) < len(columns):
            twice = next(name for i, name in enumerate(columns) if name in columns[:i])
            raise ValueError(f"{table} has two columns called {twice!r}; rename one")
        known = ", ".join(name if name.isprintable() else repr(name) for name in map(str, columns[:20]))
        if len(columns) > 20:
            known += f" and {len(columns) - 20:,} more"
        if self.target is None and self.labelled:
            raise ValueError(f"name the target column of {table}, one of: {known}")
        if self.target is not None and self.target not in columns:
            raise ValueError(f"{table} has no column {self.target!r} to be the target; its columns are: {known}")
        others = {"the weight": [] if self.weight is None else [self.weight], "a feature": self.features or []}
        for role, names in {**others, "dropped": self.drop}.items():
            for name in names:
                if name not in columns:
                    raise ValueError(f"{table} has no column {name!r} to be {role}; its columns are: {known}")
        for role, names in others.items():
            if self.target in names and self.target is not None:
                raise ValueError(f"column {self.target!r} of {table} cannot be the target and {role}")
        if self.features is not None and self.weight in self.features:
            raise ValueError(f"column {self.weight!r} of {table} cannot be the weight and a feature")
        no_features = {self.target, self.weight, *self.drop} if self.weight is not None else {self.target, *self.drop}
        wanted = columns if self.features is None else self.features
        return self.target, [name for name in wanted if name not in no_features]


class Table(NamedTuple):
    """The columns of some rows.

    Attributes
    ----------
    features
        The names of the feature columns, in order.
    numbers
        The values of the columns that are not in `words`, in the same order: one column each, nan where one is missing.
    words
        The columns of strings, each of which becomes a one-hot feature `column=value`.
    target
        The name and the labels of the target column.
    weight
        The name and the values of the column of weights.

    """

    features: Sequence[Hashable]
    numbers: NDArray[np.float64]
    words: Mapping[Any, Coded]
    target: tuple[Hashable, Coded]
    weight: tuple[Hashable, NDArray[np.float64]] | None = None


def assemble(table: Table, missing: str = "error") -> Rows:
    """Put columns together as rows.

    Parameters
    ----------
    table
        The columns.
    missing
        What becomes of a value that is missing or not finite; see `Wanted`.

    Raises
    ------
    FlawError
        At the first row with a value that `missing` does not mend.

    """
    zeroed = skipped = None
    bad = np.flatnonzero(~np.isfinite(table.numbers).all(axis=1)) if table.numbers.size else np.empty(0, np.int64)
    gone = [column.codes < 0 for column in table.words.values()]
    fatal = table.target[1].codes < 0
    if table.weight is not None:
        fatal = fatal | ~((table.weight[1] >= 0) & (table.weight[1] < np.inf))
    if bad.size or fatal.any() or any(column.any() for column in gone):
        flawed = fatal | np.any(gone, axis=0) if gone else fatal.copy()
        flawed[bad] = True
        if missing == "skip-row":
            table, skipped = _kept(table, ~flawed), np.cumsum(~flawed)[flawed]
            gone = []
        elif missing == "error" or fatal.any():
            raise _flaw(table, int((flawed if missing == "error" else fatal).argmax()))
        else:
            holes = ~np.isfinite(table.numbers)
            table = table._replace(numbers=np.where(holes, 0.0, table.numbers))
            rows = [np.nonzero(holes)[0], *map(np.flatnonzero, gone)]
            zeroed = np.sort(np.concatenate(rows)).astype(np.int64)

    labels, codes = table.target[1]
    weights = None if table.weight is None else np.ascontiguousarray(table.weight[1], np.float64)
    if table.words:
        names, ids, values, starts = _one_hot(table, holes=zeroed is not None)
    else:
        m = len(table.features)
        names, ids, values, starts = list(table.features), np.arange(m, dtype=np.int32), table.numbers, None
    return Rows(names, ids, np.ascontiguousarray(values), starts, labels, codes, weights, zeroed, skipped)


def _one_hot(
    table: Table, holes: bool
) -> tuple[list[Hashable], NDArray[np.int32], NDArray[np.float64], NDArray[np.int64]]:
    """Return names, ids, values and starts of rows of numbers and strings; a missing string is no entry."""
    n, m = len(table.target[1].codes), len(table.features)
    ids = np.empty((n, m), dtype=np.int32)
    values = np.ones((n, m))
    names: list[Hashable] = []
    first: list[int] = []  # the entry at which each name appears for the first time
    column = iter(table.numbers.T)
    for j, feature in enumerate(table.features):
        ids[:, j] = len(names)
        if feature in table.words:
            words, codes = table.words[feature]
            ids[:, j] += codes
            ids[codes < 0, j] = -1
            row = np.empty(len(words) + 1, dtype=np.int64)  # the last is of codes -1
            row[codes[::-1]] = np.arange(n)[::-1]  # of a word's rows the last one written, its first, stays
            names += [f"{feature}={word}" for word in words]
            first += (row[:-1] * m + j).tolist()
        else:
            values[:, j] = next(column)
            names.append(feature)
            first.append(j)
    order = np.argsort(first)
    position = np.empty(len(names) + 1, dtype=np.int32)
    position[order] = np.arange(len(names))
    ordered = [names[i] for i in order]
    if holes:
        there = ids >= 0
        starts = np.concatenate([[0], np.cumsum(there.sum(axis=1))]).astype(np.int64)
        return ordered, position[ids[there]], values[there], starts
    return ordered, position[ids].ravel(), values.ravel(), np.arange(0, n * m + 1, m, dtype=np.int64)


def _kept(table: Table, keep: NDArray[np.bool_]) -> Table:
    """Return the rows to keep, with the words and labels that are left."""
    name, labels = table.target
    return Table(
        table.features,
        np.ascontiguousarray(table.numbers[keep]),
        {column: _left(coded, keep) for column, coded in table.words.items()},
        (name, _left(labels, keep)),
        None if table.weight is None else (table.weight[0], table.weight[1][keep]),
    )


def _left(column: Coded, keep: NDArray[np.bool_]) -> Coded:
    kept = column.codes[keep]
    used, first = np.unique(kept, return_index=True)
    order = used[np.argsort(first)]
    position = np.empty(len(column.words), dtype=np.int32)
    position[order] = np.arange(len(order))
    return Coded([column.words[i] for i in order], position[kept])


def _flaw(table: Table, row: int) -> FlawError:
    """Return what is wrong with a row: its first number that is not finite, or else what is missing."""
    bad = ~np.isfinite(table.numbers[row])
    if bad.any():
        return FlawError(row, [name for name in table.features if name not in table.words][int(bad.argmax())])
    for name, coded in (*table.words.items(), table.target):
        if coded.codes[row] < 0:
            return FlawError(row, name)
    assert table.weight is not None
    return FlawError(row, table.weight[0])
