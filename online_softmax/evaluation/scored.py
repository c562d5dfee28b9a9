"""Scored rows: what a stretch of a stream came to, once it had been predicted and then learned."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from online_softmax.rows import Rows
from online_softmax.streams.stream import BadRow

if TYPE_CHECKING:
    from online_softmax.streams import Chunk

Pairs = Iterator[tuple[Any, Hashable, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Scored:
    """Rows that have been predicted and then learned.

    Attributes
    ----------
    true, predicted
        Codes of the labels and of the predictions, where -1 is a model that knew no class.
    p
        The probability the model gave the label; nan where it gave none.
    unseen
        Whether the model could not know the label.
    error
        Why the row after these was refused, if it was.
    zeroed, skipped
        How many values were set to 0 in these rows, and how many rows were left out before them.
    bad
        The rows among them that were passed over: how many of these rows came before each, and what is wrong with it.

    """

    true: NDArray[np.int32]
    predicted: NDArray[np.int32]
    p: NDArray[np.float64]
    unseen: NDArray[np.bool_]
    error: Exception | None = None
    zeroed: int = 0
    skipped: int = 0
    bad: tuple[tuple[int, str], ...] = ()

    @property
    def n_taken(self) -> int:
        """Return how many rows of the stream these are, scored or passed over."""
        return len(self) + len(self.bad)

    def __len__(self) -> int:
        return len(self.true)

    @classmethod
    def nothing(cls, error: Exception | None) -> Scored:
        """Return no rows, and the reason."""
        none = np.empty(0, dtype=np.int32)
        return cls(none, none, np.empty(0), np.empty(0, dtype=np.bool_), error)

    def of(self, rows: Rows) -> Scored:
        """Return the same with what was mended and left out of `rows`, of which these are the first."""
        if rows.zeroed is None and rows.skipped is None:
            return self
        return self.mending(rows if self.n_taken == len(rows) else rows.head(self.n_taken))

    def mending(self, rows: Rows) -> Scored:
        """Return the same with what was mended and left out of `rows`."""
        zeroed, skipped = (0 if each is None else len(each) for each in (rows.zeroed, rows.skipped))
        return replace(self, zeroed=zeroed, skipped=skipped)


def rest(chunk: Chunk | BadRow, n: int) -> tuple[Chunk | None, int, Scored]:
    """Pass over the first n rows of a chunk; return those after them, how many it were, and what was mended in them."""
    if isinstance(chunk, BadRow):
        return None, 1, Scored.nothing(None)
    if isinstance(chunk, Rows):
        n = min(n, len(chunk))
        mended = Scored.nothing(None).mending(chunk.head(n))
        return (chunk.slice(n, len(chunk)) if n < len(chunk) else None), n, mended
    pairs = chunk.pairs()
    n = sum(1 for _ in islice(pairs, n))
    return _Pairs(pairs), n, Scored.nothing(None)


class _Pairs:
    """Pairs that have been begun."""

    def __init__(self, pairs: Pairs) -> None:
        self._pairs = pairs

    def pairs(self) -> Pairs:
        """Return those that are left."""
        return self._pairs


def said(error: Exception) -> str:
    """Return what an error says, with its kind where that says more."""
    return str(error) if isinstance(error, ValueError | TypeError) else f"{type(error).__name__}: {error}"
