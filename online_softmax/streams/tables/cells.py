"""Cells: texts that become numbers, dates, strings and labels, each different one once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from decimal import Decimal
from math import inf, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from online_softmax.streams import labels
from online_softmax.streams.reading import Reading
from online_softmax.streams.spelling import Spelling
from online_softmax.streams.tables.columns import Coded
from online_softmax.streams.tables.kinds import TRUTH, Kind


def values_of(cells: Coded, kind: Kind, spelling: Spelling) -> NDArray[np.float64]:
    """Return the number that each cell, a text or a number, stands for: nan for a gap, inf for what is of another kind.

    Examples
    --------
    >>> from online_softmax.streams.spelling import Spelling
    >>> from online_softmax.streams.tables.cells import values_of
    >>> from online_softmax.streams.tables.columns import code
    >>> from online_softmax.streams.tables.kinds import Kind

    >>> values_of(code(["1.5", "?", "one"]), Kind("number"), Spelling())
    array([1.5, nan, inf])

    """
    read = _reader(kind, spelling)
    values = np.array([*map(read, cells.values), nan])  # the last is of code -1
    return values[cells.codes]


def _reader(kind: Kind, spelling: Spelling) -> Callable[[Any], float]:
    if kind.name == "truth":
        return lambda text: float(TRUTH.get(str(text).strip(), nan if spelling.is_gap(str(text)) else inf))
    read = spelling.number if kind.dates is None else kind.dates.seconds

    def number(text: Any) -> float:
        if isinstance(text, float):
            return text
        try:
            return nan if spelling.is_gap(text) else read(text)
        except ValueError:
            return inf

    return number


def strings_of(cells: Coded, reading: Reading) -> Coded:
    """Return strings without those that mark a gap."""
    if reading.spelling.gaps.isdisjoint(map(str.strip, cells.values)):  # type: ignore[arg-type]
        return cells
    return without(cells, reading.spelling.is_gap)


def typed_strings_of(cells: Coded, reading: Reading) -> Coded:
    """Return strings that have a way of their own to be missing, without those that are said to mark a gap."""
    marks = {text.strip() for text in reading.spelling.na}
    return without(cells, lambda text: isinstance(text, str) and text.strip() in marks) if marks else cells


def gap_number(value: Any, spelling: Spelling) -> str | None:
    """Return the mark of a gap that spells a number, or None.

    Examples
    --------
    >>> from online_softmax.streams.spelling import Spelling
    >>> from online_softmax.streams.tables.cells import gap_number

    >>> gap_number(-999.0, Spelling(na=("-999",))), gap_number(7, Spelling(na=("-999",)))
    ('-999', None)

    """
    marks = [] if isinstance(value, bool) else spelling.gap_numbers
    return next((mark for mark in marks if value in (float(mark), Decimal(mark))), None)


def without_gap_numbers(values: NDArray[Any], spelling: Spelling) -> NDArray[Any]:
    """Return numbers without those that mark a gap: they are nan.

    Examples
    --------
    >>> import numpy as np
    >>> from online_softmax.streams.spelling import Spelling
    >>> from online_softmax.streams.tables.cells import without_gap_numbers

    >>> without_gap_numbers(np.array([7, -999]), Spelling(na=("-999",)))
    array([ 7., nan])

    """
    if not spelling.gap_numbers:
        return values
    doubles = np.asarray(values, np.float64)
    return np.where(np.isin(doubles, [float(mark) for mark in spelling.gap_numbers]), nan, doubles)


def without(cells: Coded, is_gap: Callable[[Any], bool]) -> Coded:
    """Return a column without some of its values: their code is -1."""
    gaps = [i for i, text in enumerate(cells.values) if is_gap(text)]
    if not gaps:
        return cells
    kept = np.ones(len(cells.values) + 1, np.bool_)
    kept[[*gaps, -1]] = False
    codes = np.where(kept, np.cumsum(kept, dtype=np.int32) - np.int32(1), np.int32(-1))
    return Coded([value for value, keep in zip(cells.values, kept, strict=False) if keep], codes[cells.codes])


def labels_of(
    cells: Coded, kind: str, reading: Reading, spelled: dict[Any, str] | None = None
) -> tuple[Coded, dict[int, str]]:
    """Return the labels that texts stand for, and what is wrong with the rows whose labels are of another kind.

    Examples
    --------
    >>> from online_softmax.streams.reading import Reading
    >>> from online_softmax.streams.tables.cells import labels_of
    >>> from online_softmax.streams.tables.columns import code

    >>> found, refused = labels_of(code(["7", "?", "07"]), "int", Reading())
    >>> found.values, found.codes.tolist(), list(refused)
    ([7], [0, -1, -1], [2])

    """
    cells = strings_of(cells, reading)
    if kind == "text":
        return cells, {}
    index: dict[Hashable, int] = {}
    place = np.full(len(cells.values) + 1, -1, np.int32)
    unfit: dict[int, str] = {}
    asked = reading.asked_label_type
    for i, text in enumerate(cells.values):
        try:
            place[i] = index.setdefault(labels.label_of(str(text), kind, asked, spelled), len(index))
        except ValueError as error:
            unfit[i] = str(error) if reading.has_known_labels else f"{error}; label_type='text' reads all as texts"
    rows = np.flatnonzero(np.isin(cells.codes, list(unfit))).tolist() if unfit else []
    return Coded(list(index), place[cells.codes]), {row: unfit[int(cells.codes[row])] for row in rows}
