"""Flaws: the cells that no row can hold, and what becomes of their rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_softmax.streams.stream import NOWHERE, Chunk, Note
from online_softmax.streams.tables.columns import Table, assemble

WRONG = {
    "label": "is no label",
    "weight": "is no weight, a finite number that is at least 0",
    "number": "is not a finite number",
    "truth": "is not true or false",
    "text": "is no string",
}


class Flaw(NamedTuple):
    """Where a cell stands that no row can hold."""

    row: int
    column: Hashable


def why(role: str, shown: object) -> str:
    """Say what is wrong with a cell, by what its column is to the rows; see `WRONG`.

    Examples
    --------
    >>> from online_softmax.streams.tables.flaws import why

    >>> why("weight", -1)
    '-1 is no weight, a finite number that is at least 0'

    """
    return f"{shown} {WRONG[role]}"


def sifted(table: Table, missing: str, reason: Callable[[Flaw], str] = str) -> Chunk:
    """Return the sound rows of a table, with notes on what was mended, left out or bad.

    Parameters
    ----------
    table
        The columns.
    missing
        What becomes of a value that is missing or not finite; see `Reading`.
    reason
        Says what is wrong with a row, given its first flaw.

    Examples
    --------
    >>> import numpy as np
    >>> from online_softmax.streams.tables.columns import Table, code
    >>> from online_softmax.streams.tables.flaws import sifted

    >>> table = Table(["a"], np.array([[1.0], [np.nan], [3.0], [4.0]]), {}, ("y", code("uvuv")))
    >>> sifted(table, "error").bad
    (Note(place=1, reason="Flaw(row=1, column='a')"),)
    >>> sifted(table, "zero").mended, sifted(table, "skip-row").left_out
    (array([1]), array([1]))

    """
    fatal = np.logical_or.reduce([hole for _, hole in _fatal(table)])
    gaps = ~np.isfinite(table.numbers).all(axis=1)
    for coded in table.texts.values():
        gaps |= coded.codes < 0
    if not (gaps.any() or fatal.any()):
        return Chunk(assemble(table))
    flawed = fatal if missing == "zero" else fatal | gaps
    kept = table.only(~flawed) if flawed.any() else table
    gone = np.flatnonzero(flawed)
    if missing == "skip-row":
        return Chunk(assemble(kept), left_out=gone)
    mended = NOWHERE
    if missing == "zero":
        holes = ~np.isfinite(kept.numbers)
        rows = [np.nonzero(holes)[0], *(np.flatnonzero(coded.codes < 0) for coded in kept.texts.values())]
        kept, mended = kept._replace(numbers=np.where(holes, 0.0, kept.numbers)), np.sort(np.concatenate(rows))
    found = [*(_plain(table) if missing == "error" else []), *_fatal(table)]
    flaws = (Flaw(row, next(name for name, hole in found if hole[row])) for row in gone.tolist())
    return Chunk(assemble(kept), mended).with_bad([Note(flaw.row, reason(flaw)) for flaw in flaws])


def _plain(table: Table) -> list[tuple[Hashable, NDArray[np.bool_]]]:
    """Return each feature column, with where it has gaps."""
    numbers = [name for name in table.features if name not in table.texts]
    texts = [(name, coded.codes < 0) for name, coded in table.texts.items()]
    return [*zip(numbers, ~np.isfinite(table.numbers).T, strict=True), *texts]


def _fatal(table: Table) -> list[tuple[Hashable, NDArray[np.bool_]]]:
    """Return the columns of labels and weights, with where they hold none."""
    target, labels = table.target
    found = [(target, labels.codes < 0)]
    if table.weight is not None:
        weight, values = table.weight
        found.append((weight, ~((values >= 0) & (values < np.inf))))
    return found
