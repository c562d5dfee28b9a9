"""Checks of what a caller asks for: policies, counts and limits, each refused in one sentence."""

from __future__ import annotations

import math
from collections.abc import Container, Hashable, Iterable
from typing import Any

import numpy as np

from online_softmax.hashing import MOST_BITS
from online_softmax.texts import folded, written

MISSING = ("error", "zero", "indicate", "skip-row")  # what may become of a value that is missing or not finite
MISSING_IN_RECORDS = ("raise", "zero", "indicate")  # what a model may make of a value that is missing in a record
ON_BAD = ("raise", "skip")  # what may become of a row that cannot be read, scored or learned


def is_missing(value: Any) -> bool:
    """Tell what stands for no value: None, and what is unlike itself, as NaN, NaT and pandas.NA are.

    Examples
    --------
    >>> is_missing(None), is_missing(float("nan")), is_missing(""), is_missing(False)
    (True, True, False, False)
    """
    if value is None:
        return True
    try:
        unlike = value != value
    except Exception:
        return False
    return bool(unlike) if isinstance(unlike, bool | np.bool_) else unlike is value


def shorten(value: object) -> str:
    """Return the repr of `value`, cut to what fits into a sentence."""
    return folded(written(value, repr), 60)


def check_missing(missing: object) -> None:
    """Refuse what is no policy for missing values."""
    if missing not in MISSING:
        raise ValueError(f"missing is {', '.join(map(repr, MISSING))}, not {missing!r}")


def check_on_bad(on_bad: object) -> None:
    """Refuse what says neither to raise nor to skip."""
    if on_bad not in ON_BAD:
        raise ValueError(f"on_bad is {' or '.join(map(repr, ON_BAD))}, not {on_bad!r}")


def check_names(columns: Iterable[Hashable], text_columns: Container[Hashable]) -> None:
    """Refuse columns whose one-hot features could carry the name of another column's."""
    columns, texts = list(columns), dict[str, Hashable]()
    for name in columns:
        if name in text_columns and (other := texts.setdefault(str(name), name)) is not name:
            raise ValueError(f"columns {other!r} and {name!r} have values of the same names; rename one")
    for column in columns if texts else ():
        said = str(column)
        at = said.find("=")
        while at >= 0:
            if (text := texts.get(said[:at], column)) != column:
                raise ValueError(f"column {column!r} is called like a value of column {text!r}; rename one")
            at = said.find("=", at + 1)


def check_count(name: str, count: object, least: int = 1) -> None:
    """Refuse what is no number of rows."""
    if not isinstance(count, int) or isinstance(count, bool) or count < least:
        raise ValueError(f"{name} is a number of rows, {least} or more, not {count!r}")


def check_limits(max_features: object, hash_bits: object) -> None:
    """Check max_features and hash_bits."""
    if hash_bits is not None and (type(hash_bits) is not int or not 1 <= hash_bits <= MOST_BITS):
        raise ValueError(f"hash_bits must be an int from 1 to {MOST_BITS}, or None, got {hash_bits!r}")
    if max_features is not None and (type(max_features) is not int or not 1 <= max_features < 2**31):
        raise ValueError(f"max_features must be an int of at least 1, or None, got {max_features!r}")


def check_reading(categorical: object, missing: object) -> None:
    """Check what a model is to make of texts and gaps."""
    if not isinstance(categorical, bool):
        raise TypeError(f"categorical must be True or False, got {categorical!r}")
    if missing not in MISSING_IN_RECORDS:
        raise ValueError(f"missing must be 'raise', 'zero' or 'indicate', got {missing!r}")


def finite(what: str, value: Any, least: float = -math.inf) -> float:
    """Return `value` as a finite float, or refuse it by name."""
    try:
        v = float(value)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{what} must be a number, got {value!r}") from None
    if isinstance(value, str | bytes):
        raise TypeError(f"{what} must be a number, got {value!r}")
    if not (math.isfinite(v) and v >= least):
        wanted = "a finite number" if least == -math.inf else f"a finite number of at least {least:g}"
        raise ValueError(f"{what} must be {wanted}, got {value!r}")
    return v
