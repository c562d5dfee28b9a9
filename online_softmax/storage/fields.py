"""Fields: what a value in a file must be, by type, shape and range."""

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
