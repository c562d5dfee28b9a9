"""Parts: some of a stream's rows, in chunks of at most some size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from online_softmax.rows import Rows
from online_softmax.streams.stream import BadRow, RowStream


class SliceStream(RowStream):
    """A stream without its first rows, or without those after some number, or in smaller chunks.

    Parameters
    ----------
    stream
        The stream.
    skip
        How many rows of the source to pass over, those included that `missing` or `on_bad` would leave out.
    limit
        How many rows of the source to take at most.
    chunk_rows
        How many rows a chunk may have.

    """

    def __init__(
        self, stream: RowStream, skip: int = 0, limit: int | None = None, chunk_rows: int | None = None
    ) -> None:
        self.stream, self.skip, self.limit, self.chunk_rows = stream, skip, limit, chunk_rows
        self.target, self.features, self.words = stream.target, stream.features, stream.words
        self.weight, self.missing, self.on_bad = stream.weight, stream.missing, stream.on_bad

    @property
    def fraction(self) -> float | None:
        """Return the part of the whole stream that has been read."""
        return self.stream.fraction

    def fingerprint(self) -> dict[str, Any]:
        """Return that of the whole stream, and where this part of it begins."""
        return {**self.stream.fingerprint(), "skip": self.skip}

    def __iter__(self) -> Iterator[Rows | BadRow]:
        left, skip = self.limit, self.skip
        for rows in self.stream:
            n = 1 if isinstance(rows, BadRow) else len(rows) + _n_skipped(rows)
            start = min(skip, n)
            stop = n if left is None else min(n, start + left)
            skip -= start
            if isinstance(rows, BadRow):
                if start < stop:
                    yield rows
            elif start < stop or not n:
                yield from self._pieces(rows if stop - start == n else _cut(rows, start, stop))
            if left is not None and not (left := left - (stop - start)):
                return

    def _pieces(self, rows: Rows) -> Iterator[Rows]:
        step = self.chunk_rows or max(1, len(rows))
        for start in range(0, max(1, len(rows)), step):
            yield rows.slice(start, min(len(rows), start + step)) if step < len(rows) else rows


def _n_skipped(rows: Rows) -> int:
    return 0 if rows.skipped is None else len(rows.skipped)


def _cut(rows: Rows, start: int, stop: int) -> Rows:
    """Return those of the rows that were `start` to `stop` in the source, where some may have been left out."""
    if rows.skipped is None:
        return rows.slice(start, stop)
    places = rows.skipped + np.arange(len(rows.skipped))  # in the source
    first, last = np.searchsorted(places, [start, stop]).tolist()
    part = rows.slice(start - first, stop - last)
    return replace(part, skipped=rows.skipped[first:last] - (start - first))
