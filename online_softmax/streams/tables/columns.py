"""Columns of a table, and the rows made of them."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_softmax.rows import Rows
from online_softmax.streams.dates import Dates


class Coded(NamedTuple):
    """A column as its distinct `values`, in the order of their first appearance, and each row's code, or -1."""

    values: list[Hashable]
    codes: NDArray[np.int32]

    def only(self, keep: NDArray[np.bool_]) -> Coded:
        """Return the rows to keep, with the values that are left."""
        kept = self.codes[keep]
        used, first = np.unique(kept, return_index=True)
        order = used[np.argsort(first)]
        order = order[order >= 0]
        codes = np.full(len(self.values) + 1, -1, dtype=np.int32)  # the last is of code -1
        codes[order] = np.arange(len(order))
        return Coded([self.values[i] for i in order], codes[kept])


def code(values: Iterable[Hashable]) -> Coded:
    """Code a column of Python objects, where None is missing.

    Examples
    --------
    >>> from online_softmax.streams.tables.columns import code

    >>> code(["b", "a", None, "b"])
    Coded(values=['b', 'a'], codes=array([ 0,  1, -1,  0], dtype=int32))

    """
    index: dict[Hashable, int] = {}
    codes = [-1 if value is None else index.setdefault(value, len(index)) for value in values]
    return Coded(list(index), np.array(codes, dtype=np.int32))


def merged(values: Sequence[Hashable], codes: NDArray[np.int32]) -> Coded:
    """Code a column anew whose values may be missing, or there twice, or in another order, or in no row.

    Examples
    --------
    >>> import numpy as np
    >>> from online_softmax.streams.tables.columns import merged

    >>> merged(["a", "b", "a", "c"], np.array([1, 2, 0, -1], np.int32))
    Coded(values=['b', 'a'], codes=array([ 0,  1,  1, -1], dtype=int32))

    """
    distinct, place = code(values)
    coded = Coded(distinct, np.append(place, np.int32(-1))[codes])
    return coded.only(np.ones(len(codes), np.bool_))


def unlabelled(n: int) -> Coded:
    """Return the labels of n rows that have none."""
    return Coded([None], np.zeros(n, np.int32))


def check_parts(features: Sequence[Hashable], dates: Mapping[Hashable, Dates]) -> None:
    """Refuse dates whose parts would carry the name of another column."""
    taken = {*map(str, features)} if dates else set()
    for name, date in dates.items():
        if part := next((part for part in date.names(name)[1:] if part in taken), None):
            raise ValueError(f"column {part!r} is called like a part of the dates in column {name!r}; rename one")


class Table(NamedTuple):
    """The columns of some rows.

    Attributes
    ----------
    features
        The names of the feature columns, in order.
    numbers
        The values of the columns that are not in `texts`, in the same order: one column each, nan where one is missing.
    texts
        The columns of strings, each of which becomes a one-hot feature `column=value`.
    target
        The name and the labels of the target column.
    weight
        The name and the values of the column of weights.
    gaps
        For columns whose gaps are features of their own, `column=`: code 0 where there is one, else -1.
    derived
        The features that are made of the column before them: their gaps are its gaps.

    """

    features: Sequence[Hashable]
    numbers: NDArray[np.float64]
    texts: Mapping[Any, Coded]
    target: tuple[Hashable, Coded]
    weight: tuple[Hashable, NDArray[np.float64]] | None = None
    gaps: Mapping[Any, Coded] = {}
    derived: Container[Hashable] = ()

    @property
    def n_rows(self) -> int:
        """Return how many rows there are."""
        return len(self.target[1].codes)

    def only(self, keep: NDArray[np.bool_]) -> Table:
        """Return the rows to keep, with the strings and labels that are left."""
        name, labels = self.target
        return Table(
            self.features,
            np.ascontiguousarray(self.numbers[keep]),
            {column: coded.only(keep) for column, coded in self.texts.items()},
            (name, labels.only(keep)),
            None if self.weight is None else (self.weight[0], self.weight[1][keep]),
            {column: coded.only(keep) for column, coded in self.gaps.items()},
            self.derived,
        )


def in_parts(table: Table, dates: Mapping[Hashable, Dates]) -> Table:
    """Return a table with the parts of each date, of which its column holds the seconds since 1970."""
    if not dates:
        return table
    features: list[Hashable] = []
    columns, derived = [], set()
    numbers = iter(table.numbers.T)
    for name in table.features:
        features.append(name)
        if name in table.texts:
            continue
        column = next(numbers)
        if name in dates:
            parts = dates[name].names(name)[1:]
            features += parts
            derived.update(parts)
        columns.append(dates[name].parts(column) if name in dates else column[:, np.newaxis])
    return table._replace(features=features, numbers=np.hstack(columns), derived=derived)


def assemble(table: Table) -> Rows:
    """Put columns together as rows: each number is finite, and a missing string is no feature."""
    labels, codes = table.target[1]
    weights = None if table.weight is None else np.ascontiguousarray(table.weight[1], np.float64)
    if table.texts or table.gaps:
        names, ids, values, starts = _one_hot(table)
    else:
        m = len(table.features)
        names, ids, values, starts = list(table.features), np.arange(m, dtype=np.int32), table.numbers, None
    return Rows(names, ids, np.ascontiguousarray(values), starts, labels, codes, weights)


def _one_hot(table: Table) -> tuple[list[Hashable], NDArray[np.int32], NDArray[np.float64], NDArray[np.int64]]:
    """Return names, ids, values and starts of rows of numbers and strings."""
    n, m = table.n_rows, len(table.features) + sum(name not in table.texts for name in table.gaps)
    ids = np.empty((n, m), dtype=np.int32)
    values = np.ones((n, m))
    names: list[Hashable] = []
    first: list[int] = []  # the entry at which each name appears for the first time
    column = iter(table.numbers.T)
    j = 0

    def add(feature: Hashable, texts: Sequence[Hashable], codes: NDArray[np.int32]) -> None:
        ids[:, j] = len(names) + codes
        ids[codes < 0, j] = -1
        row = np.empty(len(texts) + 1, dtype=np.int64)  # the last is of codes -1
        row[codes[::-1]] = np.arange(n)[::-1]  # of a text's rows the last one written, its first, stays
        names.extend([f"{feature}={text}" for text in texts])
        first.extend((row[:-1] * m + j).tolist())

    for feature in table.features:
        if feature in table.texts:
            add(feature, *table.texts[feature])
        else:
            ids[:, j] = len(names)
            values[:, j] = next(column)
            names.append(feature)
            first.append(j)
            if feature in table.gaps:
                j += 1
                add(feature, *table.gaps[feature])
        j += 1
    order = np.argsort(first)
    position = np.empty(len(names) + 1, dtype=np.int32)
    position[order] = np.arange(len(names))
    ordered = [names[i] for i in order]
    there = ids >= 0
    if not there.all():
        starts = np.concatenate([[0], np.cumsum(there.sum(axis=1))]).astype(np.int64)
        return ordered, position[ids[there]], values[there], starts
    return ordered, position[ids].ravel(), values.ravel(), np.arange(0, n * m + 1, m, dtype=np.int64)
