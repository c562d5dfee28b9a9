"""Values: what columns of Python objects hold."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from math import inf, nan
from operator import is_
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from online_softmax._kernel.arrays import encoded
from online_softmax.checks import is_missing, shorten
from online_softmax.frames import HELD, examples, held
from online_softmax.streams.tables.columns import Coded, merged
from online_softmax.streams.tables.kinds import refuse_labels


def coded_values(values: list[Any]) -> Coded:
    """Code a column of objects, where None, nan, and NaT and NA of pandas are missing.

    Examples
    --------
    >>> from online_softmax.streams.tables.values import coded_values

    >>> coded_values(["b", float("nan"), None, "b"])
    Coded(values=['b'], codes=array([ 0, -1, -1,  0], dtype=int32))

    """
    found, codes = encoded(values)
    own = [None if is_missing(value) else value.item() if isinstance(value, np.generic) else value for value in found]
    is_plain = None not in own and all(map(is_, own, found))
    return Coded(found, codes) if is_plain else merged(own, codes)


def doubles(values: Sequence[Any]) -> NDArray[np.float64]:
    """Return numbers as doubles, nan where one is missing; one beyond the doubles is infinite."""
    try:
        return np.array(values, np.float64)
    except (TypeError, ValueError, OverflowError):
        return np.array([nan if is_missing(value) else _double(value) for value in values], np.float64)


def _double(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return inf


def moments(values: Sequence[Any]) -> NDArray[np.float64]:
    """Return dates as seconds since 1970, in UTC where they name no zone; nan where one is missing."""
    return np.array([nan if is_missing(value) else _seconds(value) for value in values], np.float64)


def _seconds(value: date) -> float:
    when = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def own_kind(column: Hashable, values: Sequence[Any]) -> str:
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
    for kind, value in examples(values).items():
        if getattr(kind, "__hash__", None) is None or issubclass(kind, bytes):
            refuse_labels(column, f"values such as {shorten(value)}")
        first.setdefault(_label_kind(kind), value)
    if first.keys() == {"int", "float"}:
        return "float"
    if len(first) > 1:
        one, other = [*first.values()][:2]
        raise ValueError(
            f"column {column!r} holds labels such as {shorten(one)} and {shorten(other)}: make them one kind"
        )
    own = next(iter(first), "text")
    return own if own in ("int", "float", "bool", "decimal") else "text"


def _label_kind(kind: type) -> str:
    kinds = {"bool": HELD["truth"], "int": (int, np.integer), "float": (float, np.floating), "decimal": (Decimal,)}
    found = next((name for name, types in kinds.items() if issubclass(kind, types)), None)
    return found or ("text" if issubclass(kind, str) else kind.__name__)


def beside(role: str, given: Any, n: int) -> NDArray[Any] | None:
    """Return labels or weights that are given beside n rows as an array; None for what is no array, list or series.

    Those of a series go by their order, whatever index it has.

    Examples
    --------
    >>> from online_softmax.streams.tables.values import beside

    >>> beside("target", ["a", None], 2), beside("target", "y", 2)
    (array(['a', None], dtype=object), None)

    """
    side: NDArray[Any]
    if isinstance(given, np.ma.MaskedArray):
        side = np.fromiter(given.tolist(), object, len(given))
    elif isinstance(given, np.ndarray):
        side = given.astype(OF_OBJECTS[given.dtype.kind]).astype(object) if given.dtype.kind in OF_OBJECTS else given
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


def weights_of(side: NDArray[Any]) -> NDArray[np.float64]:
    """Return weights that are given beside rows as doubles."""
    if side.dtype.kind in "biuf":
        return np.asarray(side, np.float64)
    if held("weight", values := side.tolist()) not in ("number", "truth"):
        raise ValueError(f"the weights are no numbers, but such as {shorten(values[0])}")
    return doubles(values)


OF_OBJECTS = {"M": "datetime64[us]", "m": "timedelta64[us]"}  # of others, NumPy makes integers
PLAIN = {"bool", "float32", "float64", *(f"{sign}int{size}" for sign in ("", "u") for size in (8, 16, 32, 64))}
