"""Chunks: what all streams of rows share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from online_softmax.rows import Rows


class Chunks(ABC):
    """A stream of `Rows`, which one thread may read while another uses them.

    Attributes
    ----------
    target
        The column that holds the label, or None where the format has a place for it.
    features
        The feature columns, in order; empty where names come as they are met.
    words
        Those of them that hold strings.

    """

    target: Hashable | None = None
    features: list[Hashable]
    words: set[Hashable]

    @property
    def fraction(self) -> float | None:
        """Return the part of the source that has been read, 0 to 1, or None where its length is unknown."""
        return None

    @abstractmethod
    def __iter__(self) -> Iterator[Rows]: ...

    def pairs(self) -> Iterator[tuple[dict[Hashable, float], Hashable, Mapping[str, Any]]]:
        """Yield each sample as `(x, y, keywords)`."""
        for rows in self:
            yield from rows.pairs()
