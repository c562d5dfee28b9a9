"""Values: what Python objects hold, dates that are written as text, and labels that have a type of their own."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from math import inf, nan
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from online_softmax.streams.dates import DATE_LIKE, Dates, dates_of
from online_softmax.streams.labels import kind_of, label_of
from online_softmax.streams.reading import Reading
from online_softmax.streams.tables.columns import Coded, merged, shorten

HELD: dict[str, tuple[type, ...]] = {
    "truth": (bool, np.bool_),
    "number": (int, float, Decimal, np.integer, np.floating),
    "text": (str,),
    "date": (date,),
}
LOOKED_AT = 16  # texts of which one at least seems to be a date where a column holds dates
SURE = 15  # decimal digits that a double always keeps


def present(values: Iterable[Any]) -> list[Any]:
    """Return values with None for each that is missing: None, nan, and NaT and NA of pandas.

    Examples
    --------
    >>> from online_softmax.streams.tables.values import present

    >>> present(["a", None, float("nan"), 3])
    ['a', None, None, 3]

    """
    return [None if _is_missing(value) else value for value in values]


def _is_missing(value: Any) -> bool:
    if value is None or isinstance(value, str):
        return value is None
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        return type(value).__name__ == "NAType"


def held(values: Iterable[Any]) -> str:
    """Return what objects hold, "number", "truth", "text" or "date"; None and nothing are numbers that are missing.

    Raises
    ------
    ValueError
        If they are of several kinds, or of another; it ends a sentence that begins with the column.

    Examples
    --------
    >>> from online_softmax.streams.tables.values import held

    >>> held([1, None, 2.5]), held(["a"]), held([None])
    ('number', 'text', 'number')

    """
    first: dict[str, Any] = {}
    for value in values:
        if value is not None:
            first.setdefault(_held_by(type(value)), value)
    if "" in first:
        raise ValueError(f"holds {shorten(first[''])}, not numbers, booleans or strings; convert it or leave it out")
    if len(first) > 1:
        one, other = [*first.values()][:2]
        raise ValueError(f"holds {shorten(one)} and {shorten(other)}, which are not of one kind; convert them to one")
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


def dates_among(column: Hashable, texts: Sequence[str], reading: Reading, where: str) -> Dates | None:
    """Return how a column of texts writes dates, None where it holds none; refuse dates that are not asked for.

    Parameters
    ----------
    column
        Its name.
    texts
        Distinct texts of its first rows.
    reading
        How the source is read.
    where
        What to call the source in an error.

    """
    if column in reading.text_columns:
        return None
    texts = [text for text in texts if not reading.spelling.is_gap(text)]
    if reading.date_format is None and not any(map(DATE_LIKE.match, texts[:LOOKED_AT])):
        return None
    found = dates_of(texts, reading.date_format)
    if found is None:
        return None
    if reading.dates != "parts":
        raise ValueError(
            f"{where}, column {column!r}: dates such as {shorten(texts[0])} are no features; "
            "ask for dates='parts', drop the column, or name it in text_columns"
        )
    if isinstance(found, str):
        raise ValueError(f"{where}, column {column!r} holds {found}: say which by date_format")
    return found


def seconds_of(coded: Coded, dates: Dates) -> NDArray[np.float64]:
    """Return texts as seconds since 1970; nan where one is missing or no date."""
    return np.array([*(_read(dates, str(text)) for text in coded.values), nan])[coded.codes]


def _read(dates: Dates, text: str) -> float:
    try:
        return dates.seconds(text)
    except (ValueError, OverflowError):
        return nan


@dataclass(frozen=True)
class TypedLabels:
    """How labels are read whose column has a type.

    Attributes
    ----------
    kind
        What they become: "int", "float", "bool" or "text".
    read
        Returns the label that a value stands for, or raises a ValueError; None where each value is its label.

    """

    kind: str
    read: Callable[[Any], Hashable] | None = None

    def of(self, coded: Coded) -> tuple[Coded, dict[int, str]]:
        """Return a column of values as labels, and what is wrong with the rows whose value stands for none."""
        if self.read is None:
            return coded, {}
        labels: list[Hashable] = []
        wrong: dict[int, str] = {}
        for i, value in enumerate(coded.values):
            try:
                labels.append(None if value is None else self.read(value))
            except ValueError as error:
                labels.append(None)
                wrong[i] = str(error)
        refused = {
            row: wrong[code] for row, code in enumerate(coded.codes.tolist()) if code in wrong
        } if wrong else {}  # fmt: skip
        return merged(labels, coded.codes), refused


def typed_labels(own: str, label_type: str, texts: Callable[[], Iterable[str]]) -> TypedLabels:
    """Return how to read labels.

    Parameters
    ----------
    own
        What they are: "int", "float", "bool", "text", or "decimal".
    label_type
        What is asked for.
    texts
        Gives the first of them, if they are texts.

    Raises
    ------
    ValueError
        If they cannot be what is asked for; it ends a sentence that begins with the column.

    """
    if label_type == "text" and own != "text":
        if own == "int":
            return TypedLabels("text", str)
        raise ValueError(
            f"holds labels that are {NAMES[own]}, and label_type='text' does not say how to spell them; convert them"
        )
    if label_type == "number" and own == "bool":
        raise ValueError("holds labels that are true or false, and label_type='number' asks for numbers; convert them")
    if label_type == "number" and own == "text":
        kind = "int" if kind_of(texts(), "number") == "int" else "float"
        return TypedLabels(kind, partial(label_of, kind=kind, label_type="number"))
    return TypedLabels("float", _sure_float) if own == "decimal" else TypedLabels(own)


NAMES = {"float": "floating-point numbers", "decimal": "decimal numbers", "bool": "true or false"}


def _sure_float(value: Any) -> float:
    number = float(value)
    if isinstance(value, Decimal) and len(value.normalize().as_tuple().digits) > SURE:
        raise ValueError(f"{value} has more than {SURE} digits, and two such labels could become one; convert it to text")
    return number


def own_kind(values: Iterable[Any]) -> str:
    """Return what labels are that come as objects: "int", "float", "bool", "decimal", or "text" for all that is none.

    Raises
    ------
    ValueError
        If they are of several kinds, or cannot be labels; it ends a sentence that begins with the column.

    Examples
    --------
    >>> from online_softmax.streams.tables.values import own_kind

    >>> own_kind([1, None, 2]), own_kind([1, 2.5]), own_kind(["a"])
    ('int', 'float', 'text')

    """
    first: dict[str, Any] = {}
    for value in values:
        if value is None:
            continue
        kind = _label_kind(type(value))
        if kind not in first and getattr(type(value), "__hash__", None) is None:
            raise ValueError(f"holds {shorten(value)}, which is no label; make labels numbers, booleans or strings")
        first.setdefault(kind, value)
    if first.keys() == {"int", "float"}:
        return "float"
    if len(first) > 1:
        one, other = [*first.values()][:2]
        raise ValueError(f"holds labels of two kinds, {shorten(one)} and {shorten(other)}; convert them to one")
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
    """Return labels or weights that are given beside n rows as an array; None for anything but an array, list or series.

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
