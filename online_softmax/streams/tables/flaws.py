"""Sieve: all flawed rows of a table at once, and the sound rows between them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from online_softmax.rows import Rows
from online_softmax.streams.tables.columns import Coded, FlawError, Table, assemble


def sift(table: Table, missing: str) -> Iterator[Rows | FlawError]:
    """Yield the rows of a table, and in its place each flaw that `missing` does not mend.

    Examples
    --------
    >>> import numpy as np
    >>> from online_softmax.streams.tables.columns import Table, code
    >>> from online_softmax.streams.tables.flaws import sift

    >>> table = Table(["a"], np.array([[1.0], [np.nan], [3.0], [4.0]]), {}, ("y", code("uvuv")))
    >>> [len(part) if isinstance(part, Rows) else str(part) for part in sift(table, "error")]
    [1, "row 1, column 'a'", 2]

    """
    try:
        yield assemble(table, missing)
    except FlawError:
        yield from between(assemble(mended(table), "zero"), flaws(table, missing))


def flaws(table: Table, missing: str) -> list[FlawError]:
    """Return the first flaw of each row that has any."""
    holes = list(_holes(table, missing))
    flawed = np.flatnonzero(np.any([hole for _, hole in holes], axis=0))
    return [FlawError(row, next(name for name, hole in holes if hole[row])) for row in flawed.tolist()]


def mended(table: Table) -> Table:
    """Return a table in whose flawed rows stands any label, and any weight."""
    name, (words, codes) = table.target
    used = np.bincount(codes[codes >= 0], minlength=max(1, len(words))) > 0
    position = np.cumsum(used, dtype=np.int32) - used
    left = [word for word, is_used in zip(words, used, strict=False) if is_used]
    table = table._replace(target=(name, Coded(left or [None], position[np.maximum(codes, 0)])))
    if table.weight is None:
        return table
    name, weights = table.weight
    return table._replace(weight=(name, np.where(_are_weights(weights), weights, 1.0)))


def between(rows: Rows, found: Sequence[FlawError]) -> Iterator[Rows | FlawError]:
    """Yield rows, and a flaw in the place of each row that has one."""
    start = 0
    for flaw in found:
        if flaw.row > start:
            yield rows.slice(start, flaw.row)
        yield flaw
        start = flaw.row + 1
    if start < len(rows):
        yield rows.slice(start, len(rows))


def cut(rows: Rows, places: Sequence[int]) -> Iterator[Rows | int]:
    """Yield rows, and between them the places of the rows of the same source that are not among them."""
    gone = np.empty(0, np.int64) if rows.skipped is None else rows.skipped + np.arange(len(rows.skipped))
    start, first = 0, 0
    for n, place in enumerate([*places, -1]):
        last = len(gone) if place < 0 else int(np.searchsorted(gone, place - n))
        stop = len(rows) if place < 0 else place - n - last
        if stop > start or last > first:
            part = rows.slice(start, stop)
            yield part if rows.skipped is None else replace(part, skipped=rows.skipped[first:last] - start)
        if place >= 0:
            yield place
        start, first = stop, last


def _holes(table: Table, missing: str) -> Iterator[tuple[Hashable, NDArray[np.bool_]]]:
    """Yield each column that can have flaws, with where they are."""
    if missing == "error":
        plain = [name for name in table.features if name not in table.words]
        yield from zip(plain, ~np.isfinite(table.numbers).T, strict=True)
        for word, coded in table.words.items():
            yield word, coded.codes < 0
    target, labels = table.target
    yield target, labels.codes < 0
    if table.weight is not None:
        weight, values = table.weight
        yield weight, ~_are_weights(values)


def _are_weights(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    are: NDArray[np.bool_] = (values >= 0) & (values < np.inf)
    return are
