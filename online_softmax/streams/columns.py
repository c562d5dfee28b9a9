"""Columns: what the columns of a table are put together to: rows."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

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
    >>> from online_softmax.streams.columns import code

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


def check_names(features: Sequence[Hashable], words: Iterable[Hashable]) -> None:
    """Refuse columns whose one-hot features could carry the name of another column's."""
    for word in words:
        for feature in features:
            if feature != word and str(feature).startswith(f"{word}="):
                raise ValueError(f"column {feature!r} is called like a value of column {word!r}; rename one")


def choose(target: Hashable | None, columns: Sequence[Hashable], table: str) -> Hashable:
    """Return `target` if it is one of the columns, which must all have names of their own."""
    if len(set(columns)) < len(columns):
        twice = next(name for i, name in enumerate(columns) if name in columns[:i])
        raise ValueError(f"{table} has two columns called {twice!r}; rename one")
    known = ", ".join(name if name.isprintable() else repr(name) for name in map(str, columns[:20]))
    if len(columns) > 20:
        known += f" and {len(columns) - 20:,} more"
    if target is None:
        raise ValueError(f"name the target column of {table}, one of: {known}")
    if target not in columns:
        raise ValueError(f"{table} has no column {target!r} to be the target; its columns are: {known}")
    return target


def assemble(
    features: Sequence[Hashable],
    numbers: NDArray[np.float64],
    words: Mapping[Any, Coded],
    target: tuple[Hashable, Coded],
) -> Rows:
    """Put columns together as rows.

    Parameters
    ----------
    features
        The names of the feature columns, in order.
    numbers
        The values of the columns that are not in `words`, in the same order: one column each.
    words
        The columns of strings, each of which becomes a one-hot feature `column=value`.
    target
        The name and the labels of the target column.

    Raises
    ------
    FlawError
        At the first row with a missing label, a missing string or a number that is not finite.

    """
    _check(features, numbers, words, target)
    labels, codes = target[1]
    if not words:
        return Rows(list(features), np.arange(len(features), dtype=np.int32), numbers, None, labels, codes)

    n, m = len(codes), len(features)
    ids = np.empty((n, m), dtype=np.int32)
    values = np.ones((n, m))
    names: list[Hashable] = []
    first: list[int] = []  # the entry at which each name appears for the first time
    column = iter(numbers.T)
    for j, feature in enumerate(features):
        ids[:, j] = len(names)
        if feature in words:
            coded = words[feature]
            ids[:, j] += coded.codes
            row = np.empty(len(coded.words), dtype=np.int64)
            row[coded.codes[::-1]] = np.arange(n)[::-1]  # of a word's rows the last one written, its first, stays
            names += [f"{feature}={word}" for word in coded.words]
            first += (row * m + j).tolist()
        else:
            values[:, j] = next(column)
            names.append(feature)
            first.append(j)
    order = np.argsort(first)
    position = np.empty(len(names), dtype=np.int32)
    position[order] = np.arange(len(names))
    starts = np.arange(0, n * m + 1, m, dtype=np.int64)
    return Rows([names[i] for i in order], position[ids].ravel(), values.ravel(), starts, labels, codes)


def _check(
    features: Sequence[Hashable],
    numbers: NDArray[np.float64],
    words: Mapping[Any, Coded],
    target: tuple[Hashable, Coded],
) -> None:
    flaws: list[tuple[int, Hashable]] = []
    bad = ~np.isfinite(numbers)
    if bad.any():
        row, column = divmod(int(bad.argmax()), numbers.shape[1])
        flaws.append((row, [name for name in features if name not in words][column]))
    for name, coded in (*words.items(), target):
        if (missing := coded.codes < 0).any():
            flaws.append((int(missing.argmax()), name))
    if flaws:
        raise FlawError(*min(flaws, key=lambda flaw: flaw[0]))
