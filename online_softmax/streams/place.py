"""Places: where in its source a stream is, so that another can go on from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """A place between two rows of a source.

    Attributes
    ----------
    rows
        How many rows the stream has given before it: samples and bad rows, but not those left out for a gap.
    at
        Where to begin to read, in the terms of the format, for JSON: a byte offset, a row group, an offset a partition;
        None where that is the start of the source.
    over
        How many of the rows from there are before the place, and are read only to be passed over.

    """

    rows: int = 0
    at: Mapping[str, Any] | None = None
    over: int = 0
