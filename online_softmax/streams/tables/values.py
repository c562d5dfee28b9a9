"""Values: what columns of Python objects hold."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from math import inf, nan
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from online_softmax.checks import is_missing
from online_softmax.streams.tables.columns import shorten
from online_softmax.streams.tables.kinds import refuse_column, refuse_labels

HELD: dict[str, tuple[type, ...]] = {
    "truth": (bool, np.bool_),
    "number": (int, float, Decimal, np.integer, np.floating),
    "text": (str,),
    "date": (date,),
}


def present(values: Iterable[Any]) -> list[Any]:
    """Return values with None for each that is missing: None, nan, and NaT and NA of pandas.

    Examples
    --------
    >>> from online_softmax.streams.tables.values import present

    >>> present(["a", None, float("nan"), 3])
    ['a', None, None, 3]

    """
    return [None if is_missing(value) else value for value in values]


def held(column: Hashable, values: Iterable[Any]) -> str:
    """Return what objects hold, "number", "truth", "text" or "date"; None and nothing are numbers that are missing.

    Raises
    ------
    ValueError
        If they are of several kinds, or of another.

    Examples
    --------
    >>> from online_softmax.streams.tables.values import held

    >>> held("a", [1, None, 2.5]), held("a", ["a"]), held("a", [None])
    ('number', 'text', 'number')

    """
    first: dict[str, Any] = {}
    for value in values:
        if value is not None:
            first.setdefault(_held_by(type(value)), value)
    if "" in first:
        refuse_column(column, f"values such as {shorten(first[''])}")
    if len(first) > 1:
        one, other = [*first.values()][:2]
        raise ValueError(f"column {column!r} holds {shorten(one)} and {shorten(other)}: convert its values to one kind")
    return next(iter(first), "number")


def _held_by(kind: type) -> str:
    return next((name for name, kinds in HELD.items() if issubclass(kind, kinds)), "")


def doubles(values: Iterable[Any]) -> NDArray[np.float64]:
    """Return numbers as doubles, nan for None; one beyond the doubles is infinite."""
    return np.array([nan if value is None else _double(value) for value in values], np.float64)


def _double(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return inf


def moments(values: Iterable[date | None]) -> NDArray[np.float64]:
    """Return dates as seconds since 1970, in UTC where they name no zone; nan for None."""
    return np.array([nan if value is None else _seconds(value) for value in values], np.float64)


def _seconds(value: date) -> float:
    when = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def own_kind(column: Hashable, values: Iterable[Any]) -> str:
    """Return what labels are that come as objects: "int", "float", "bool", "decimal", or else "text".

    Raises
    ------
    ValueError
        If they are of several kinds, or cannot be labels.

    Examples
    --------
    >>> from online_softmax.streams.tables.values import own_kind

    >>> own_kind("y", [1, None, 2]), own_kind("y", [1, 2.5]), own_kind("y", ["a"])
    ('int', 'float', 'text')

    """
    first: dict[str, Any] = {}
    for value in values:
        if value is None:
            continue
        kind = _label_kind(type(value))
        if kind not in first and (getattr(type(value), "__hash__", None) is None or isinstance(value, bytes)):
            refuse_labels(column, f"values such as {shorten(value)}")
        first.setdefault(kind, value)
    if first.keys() == {"int", "float"}:
        return "float"
    if len(first) > 1:
        one, other = [*first.values()][:2]
        raise ValueError(
            f"column {column!r} holds labels such as {shorten(one)} and {shorten(other)}: make them one kind"
        )
    kind = next(iter(first), "text")
    return kind if kind in ("int", "float", "bool", "decimal") else "text"


def _label_kind(kind: type) -> str:
    kinds = {"bool": HELD["truth"], "int": (int, np.integer), "float": (float, np.floating), "decimal": (Decimal,)}
    found = next((name for name, types in kinds.items() if issubclass(kind, types)), None)
    return found or ("text" if issubclass(kind, str) else kind.__name__)


def plain(value: Any) -> Any:
    """Return a label as Python's own: a number of NumPy is one of Python."""
    return value.item() if isinstance(value, np.generic) else value


def beside(role: str, given: Any, n: int) -> NDArray[Any] | None:
    """Return labels or weights that are given beside n rows as an array; None for what is no array, list or series.

    Those of a series go by their order, whatever index it has.

    Examples
    --------
    >>> from online_softmax.streams.tables.values import beside

    >>> beside("target", ["a", None], 2), beside("target", "y", 2)
    (array(['a', None], dtype=object), None)

    """
    if isinstance(given, np.ndarray):
        side = given
    elif isinstance(given, list):
        side = np.fromiter(given, object, len(given))
    else:
        if type(given).__module__.startswith("pyarrow") and hasattr(given, "to_pylist"):
            given = given.to_pylist()
            return beside(role, given, n)
        series = nw.from_native(given, series_only=True, pass_through=True)
        if not isinstance(series, nw.Series):
            return None
        is_plain = str(getattr(given, "dtype", "")) in PLAIN
        side = series.to_numpy() if is_plain else np.fromiter(series.to_list(), object, len(series))
    if side.shape != (n,):
        raise ValueError(f"{role} has shape {side.shape} for {n} rows")
    return side


PLAIN = {"bool", "float32", "float64", *(f"{sign}int{size}" for sign in ("", "u") for size in (8, 16, 32, 64))}
