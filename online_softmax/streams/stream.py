"""RowStream: what all streams of rows share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from online_softmax.rows import Rows


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was passed over: a chunk without samples.

    Attributes
    ----------
    reason
        Where it stood, and what is wrong with it.

    """

    reason: str

    def pairs(self) -> Iterator[Any]:
        """Yield nothing."""
        return iter(())


class RowStream(ABC):
    """A stream of `Rows`, which one thread may read while another uses them.

    Attributes
    ----------
    target
        The column that holds the label, or None where the format has a place for it.
    features
        The feature columns, in order; empty where names come as they are met.
    words
        Those of them that hold strings.
    weight
        The column that holds the rows' weights.
    missing
        What becomes of a value that is missing or not finite: "error", "zero" or "skip-row".
    on_bad
        What becomes of a row that cannot be read: "raise", or "skip", which puts a `BadRow` in its place.

    """

    target: Hashable | None = None
    features: list[Hashable]
    words: set[Hashable]
    weight: Hashable | None = None
    missing: str = "error"
    on_bad: str = "raise"

    @property
    def fraction(self) -> float | None:
        """Return the part of the source that has been read, 0 to 1, or None where its length is unknown."""
        return None

    def fingerprint(self) -> dict[str, Any]:
        """Return what tells this stream from another, for JSON: its source, and the way it is read."""
        size, head = self.identify() or (None, None)
        columns = sha256(repr((self.features, sorted(map(str, self.words)))).encode()).hexdigest()
        source = {"kind": type(self).__name__, "size": size, "head": head, "skip": 0}
        reading = {
            "target": repr(self.target),
            "columns": columns,
            "weight": repr(self.weight),
            "missing": self.missing,
        }
        return {**source, **reading}

    def identify(self) -> tuple[int, str] | None:
        """Return the size of the source and a digest of its head, or None where there is no telling."""
        return None

    @abstractmethod
    def __iter__(self) -> Iterator[Rows | BadRow]: ...

    def bad(self, reason: str) -> BadRow:
        """Return what takes the place of a row that cannot be read, or raise."""
        if self.on_bad == "raise":
            raise ValueError(reason) from None
        return BadRow(reason)

    def pairs(self) -> Iterator[tuple[dict[Hashable, float], Hashable, Mapping[str, Any]]]:
        """Yield each sample as `(x, y, keywords)`."""
        for rows in self:
            yield from rows.pairs()
