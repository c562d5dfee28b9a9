"""Places: where in its source a stream is, so that another can go on from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from online_softmax.checks import shorten

MOST = 1 << 62


class PlaceError(ValueError):
    """A place that is none of the source: it is of another one, or the source has changed."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place between two rows of a source.

    Attributes
    ----------
    rows
        How many rows of the source are before it: samples, bad rows and rows left out alike.
    at
        Where to begin to read, in the terms of the format, for JSON: a byte offset, a row, an offset a partition; None
        where that is the start of the source.
    over
        How many of the rows from there are before the place, and are read only to be passed over.

    Examples
    --------
    >>> import pandas as pd
    >>> from online_softmax.streams import open_stream

    >>> frame = pd.DataFrame({"size": [7, 19, 12], "kind": ["apple", "melon", "apple"]})
    >>> stream = open_stream(frame, "kind", limit=2)
    >>> for x, y, _ in stream.pairs():
    ...     print(x, y)
    {'size': 7.0} apple
    {'size': 19.0} melon
    >>> list(open_stream(frame, "kind", at=stream.place()).pairs())
    [({'size': 12.0}, 'apple', {})]

    """

    rows: int = 0
    at: Mapping[str, Any] | None = None
    over: int = 0

    def after(self, n: int) -> Self:
        """Return the place n rows later; a stream whose rows `over` cannot count gives places with a way of their own.

        Examples
        --------
        >>> from online_softmax.streams.place import Place

        >>> Place(10, {"byte": 120}).after(3)
        Place(rows=13, at={'byte': 120}, over=3)

        """
        return replace(self, rows=self.rows + n, over=self.over + n) if n else self

    def to_json(self) -> dict[str, Any]:
        """Return the place for JSON."""
        return {"rows": self.rows, "at": None if self.at is None else dict(self.at), "over": self.over}

    @staticmethod
    def from_json(found: Any) -> Place:
        """Return the place that `to_json` made this of, or raise ValueError."""
        if not (isinstance(found, dict) and found.keys() == {"rows", "at", "over"}):
            raise ValueError(f"{shorten(found)} is no place")
        rows, at, over = found["rows"], found["at"], found["over"]
        if not (type(rows) is int and type(over) is int and 0 <= over <= rows <= MOST):
            raise ValueError(
                f"there is no place {shorten(over)} rows after another and {shorten(rows)} after the start"
            )
        if at is not None and not isinstance(at, dict):
            raise ValueError(f"{shorten(at)} is no place of a source")
        return Place(rows, at, over)


def count_at(at: Mapping[str, Any], name: str, most: int = MOST) -> int:
    """Return a count that tells where to begin to read; PlaceError where it is none, or more than `most`."""
    count = at.get(name) if isinstance(at, Mapping) else None
    if type(count) is not int or count < 0:
        raise PlaceError(f"{shorten(at)} is no place of this source: its {name} is {shorten(count)}")
    if count > most:
        raise PlaceError(f"the source ends at {name} {most:,}, before {name} {count:,}, the place")
    return count
