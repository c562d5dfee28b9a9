"""Fields: what a value in a file must be, by type, shape and range, or by what it was before."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

MOST = 1 << 53  # of a count


class Array(NamedTuple):
    """An array's type and shape, and the bounds of its values."""

    dtype: str
    shape: tuple[int, ...]
    least: float = -math.inf
    most: float = math.inf

    def holds(self, value: Any) -> bool:
        """Whether a value is such an array."""
        return isinstance(value, np.ndarray) and value.dtype == self.dtype and value.shape == self.shape

    def __str__(self) -> str:
        return f"an array of {np.dtype(self.dtype)} of shape {self.shape}"


class Number(NamedTuple):
    """A number's type and bounds."""

    kind: type
    least: float = -math.inf
    most: float = math.inf

    def holds(self, value: Any) -> bool:
        """Whether a value is such a number."""
        return type(value) is self.kind

    def __str__(self) -> str:
        return f"a number of type {self.kind.__name__}"


def check_value(name: str, wanted: Array | Number, value: Any) -> None:
    """Refuse a value that is not such an array or number, or out of its range."""
    if not wanted.holds(value):
        raise ValueError(f"{name!r} must be {wanted}")
    low, high = (np.min(value), np.max(value)) if np.size(value) else (0, 0)
    if not (-math.inf < low and wanted.least <= low and high <= wanted.most and high < math.inf):
        raise ValueError(
            f"{name!r} has values from {low} to {high}: they must be finite, from {wanted.least} to {wanted.most}"
        )


def check_same(what: str, then: Any, now: Any) -> None:
    """Refuse what is not as it was: the first difference, where both are dictionaries.

    Examples
    --------
    >>> check_same("source", {"kind": "CsvStream", "size": 100}, {"kind": "CsvStream", "size": 99})
    Traceback (most recent call last):
    ValueError: the source's size was 100 and is 99
    """
    if isinstance(then, dict) and isinstance(now, dict):
        for name in {**then, **now}:
            check_same(f"{what}'s {name}", then.get(name), now.get(name))
    elif then != now:
        is_digest = isinstance(then, str) and len(then) == 64
        was, is_now = ("not given" if value is None else repr(value) for value in (then, now))
        raise ValueError(f"the {what} changed" if is_digest else f"the {what} was {was} and is {is_now}")
