"""Kinds: what a column of text holds, by its first cells."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np

from online_softmax.checks import shorten
from online_softmax.streams.dates import DATE_LIKE, NEARLY, Dates, dates_of, is_nearly
from online_softmax.streams.labels import TRUTHS
from online_softmax.streams.reading import Reading, asked
from online_softmax.streams.spelling import Hint, Spelling
from online_softmax.streams.tables.columns import Coded

LOOKED_AT = 2000  # different cells, or up to twice as many
GLANCE = 16  # strings of which one at least is like a date where a column holds dates
TIME = re.compile(r"\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?", re.ASCII)
KINDS = ("number", "truth", "text", "date", "empty")
TRUTH = {**TRUTHS, "1": True, "0": False}


class Kind(NamedTuple):
    """What a column holds: "number", "truth", "text", "date", or nothing, "empty"; and how its dates are written."""

    name: str
    dates: Dates | None = None


def kinds_state(kinds: Mapping[Hashable, Kind]) -> dict[str, Any]:
    """Return what columns hold as plain values, for JSON."""
    dates = {name: kind.dates for name, kind in kinds.items()}
    return {
        str(name): [kind.name, None if (date := dates[name]) is None else [date.format, date.has_time]]
        for name, kind in kinds.items()
    }


def kinds_of(state: Mapping[str, Any]) -> dict[Hashable, Kind]:
    """Return what columns hold, from plain values; ValueError where these tell it of no column."""
    found: dict[Hashable, Kind] = {}
    for name, (kind, dates) in state.items():
        if kind not in KINDS or (dates is None) == (kind == "date"):
            raise ValueError(f"column {name!r} holds no {kind!r}")
        found[name] = Kind(kind, None if dates is None else Dates(*dates))
    return found


def column_kind(column: Hashable, cells: Coded, reading: Reading) -> Kind:
    """Return what a column holds that came as text.

    Parameters
    ----------
    column
        Its name.
    cells
        Its first cells, in order.
    reading
        How it is to be read.

    Raises
    ------
    ValueError
        If it holds dates, or numbers written in another way, and nothing says that they are to be read.

    Examples
    --------
    >>> from online_softmax.streams.reading import Reading, asked
    >>> from online_softmax.streams.tables.columns import code
    >>> from online_softmax.streams.tables.kinds import column_kind

    >>> column_kind("size", code(["cm", "1.5", "?", "2"]), Reading()).name
    'number'
    >>> column_kind("price", code(["$12", "$13.50"]), Reading())
    Traceback (most recent call last):
    ValueError: column 'price' holds numbers such as '$12': say currency=True to read them, or name it in text_columns

    """
    if column in reading.text_columns:
        return Kind("text")
    spelling = reading.spelling
    texts, counts = _counted(cells, spelling)
    total = sum(counts)
    is_number = [spells_number(text, spelling) for text in texts]
    numbers = sum(n for n, one in zip(counts, is_number, strict=True) if one)
    if not total:
        return Kind("empty")
    if reading.date_format is not None and isinstance(found := dates_of(texts, reading.date_format, counts), Dates):
        return Kind("date", found)
    if numbers and column in reading.number_columns:
        return Kind("number")
    if column in asked(reading.number_columns):
        raise ValueError(
            f"column {column!r} is to be read as numbers, and holds none, but strings such as {shorten(texts[0])}: "
            "leave it out of number_columns"
        )
    if all(text.strip() in TRUTH for text in texts) and numbers < total:
        return Kind("truth")
    if is_nearly(numbers, total):
        return Kind("number")
    hints = _hints(
        [(text, n) for text, n, one in zip(texts, counts, is_number, strict=True) if not one], total, spelling
    )
    if hints:
        text, ways = next((text, ways) for text, ways in hints.items() if ways)
        fit = [hint for hint in ways if all(hint in others for others in hints.values() if others)] or ways[:1]
        raise ValueError(
            f"column {column!r} holds numbers such as {text!r}: say {' or '.join(map(str, fit))} to read them, "
            "or name it in text_columns"
        )
    return _dates_kind(column, texts, counts, reading)


def text_kind(column: Hashable, cells: Coded, reading: Reading) -> Kind:
    """Return what a column of strings holds, by its first cells: "text", whatever they spell, or "date".

    One that is to hold numbers does; one that a model knows as numbers does where any of its cells spells one.

    Raises
    ------
    ValueError
        If it holds dates, and nothing says that they are to be read.

    """
    if column in reading.text_columns:
        return Kind("text")
    if column in reading.number_columns:
        is_asked = column in asked(reading.number_columns)
        texts, _ = _counted(cells, reading.spelling)
        if is_asked or not texts or any(spells_number(text, reading.spelling) for text in texts):
            return Kind("number")
    glance = [str(text) for text in cells.values[:GLANCE]]
    if reading.date_format is None and not any(DATE_LIKE.match(text) or TIME.match(text) for text in glance):
        return Kind("text")
    texts, counts = _counted(cells, reading.spelling)
    return _dates_kind(column, texts, counts, reading) if texts else Kind("text")


def kind_if_empty(column: Hashable, reading: Reading) -> Kind:
    """Return what a column holds whose first cells are all gaps: dates, where that is known; else nothing."""
    dates = reading.known_dates.get(column) if reading.dates == "parts" else None
    return Kind("empty") if dates is None else Kind("date", dates)


def _dates_kind(column: Hashable, texts: Sequence[str], counts: Sequence[int], reading: Reading) -> Kind:
    """Return whether a column of texts, each there so many times, holds dates."""
    times = sum(n for text, n in zip(texts, counts, strict=True) if TIME.fullmatch(text.strip()))
    if times >= NEARLY * sum(counts):
        refuse_dates(column, f"times such as {texts[0]!r}", "")
    found = dates_of(texts, reading.date_format, counts)
    if found is None:
        return Kind("text")
    if reading.dates == "refuse":
        refuse_dates(column, f"dates such as {texts[0]!r}")
    if isinstance(found, str):
        raise ValueError(f"column {column!r} holds {found}")
    return Kind("date", found)


def refuse_dates(column: Hashable, what: str, read: str = "say dates='parts' to read them, ") -> None:
    """Say that dates are no features, and what can be done."""
    raise ValueError(
        f"column {column!r} holds {what}, which are no features: {read}drop the column, or name it in text_columns"
    )


def refuse_column(column: Hashable, what: str, *, is_date: bool = False) -> NoReturn:
    """Say that a column of a type is no feature, and what can be done."""
    read = "say dates='parts' to read them, or drop the column" if is_date else "drop the column, or convert it"
    raise ValueError(f"column {column!r} holds {what}, which are no features: {read}")


def refuse_labels(column: Hashable, what: str) -> NoReturn:
    """Say that a column cannot hold labels."""
    raise ValueError(f"column {column!r} holds {what}, which are no labels: make them numbers, booleans or strings")


def _hints(texts: Iterable[tuple[str, int]], total: int, spelling: Spelling) -> dict[str, list[Hint]]:
    """Return what would have to be said for each text to be a number; nothing if that helps not nearly all cells."""
    hints: dict[str, list[Hint]] = {}
    left = total
    for text, n in texts:
        hints[text] = spelling.hints(text)
        left -= 0 if hints[text] else n
        if not is_nearly(left, total):
            return {}
    return hints if any(hints.values()) else {}


def _counted(cells: Coded, spelling: Spelling) -> tuple[list[str], list[int]]:
    """Return different cells that are no gaps, from the first to the last, and how often each is there."""
    step = max(1, len(cells.values) // LOOKED_AT)
    counts = np.bincount(cells.codes[cells.codes >= 0], minlength=len(cells.values))[::step].tolist()
    texts = [str(text) for text in cells.values[::step]]
    found = [(text, n) for text, n in zip(texts, counts, strict=True) if not spelling.is_gap(text)]
    return [text for text, _ in found], [n for _, n in found]


def spells_number(text: str, spelling: Spelling) -> bool:
    """Whether a text spells a number, or marks a gap."""
    try:
        spelling.number(text)
    except ValueError:
        return False
    return True
