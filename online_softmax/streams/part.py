"""Parts: some of a stream's rows, in chunks of at most some size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from online_softmax.rows import Rows
from online_softmax.streams.bad import BadRow
from online_softmax.streams.chunks import Chunks


class PartStream(Chunks):
    """A stream without its first rows, or without those after some number, or in smaller chunks.

    Parameters
    ----------
    stream
        The stream.
    skip
        How many rows to pass over.
    limit
        How many rows to give at most.
    chunk_rows
        How many rows a chunk may have.

    """

    def __init__(self, stream: Chunks, skip: int = 0, limit: int | None = None, chunk_rows: int | None = None) -> None:
        self.stream, self.skip, self.limit, self.chunk_rows = stream, skip, limit, chunk_rows
        self.target, self.features, self.words = stream.target, stream.features, stream.words

    @property
    def fraction(self) -> float | None:
        """Return the part of the whole stream that has been read."""
        return self.stream.fraction

    def fingerprint(self) -> dict[str, Any] | None:
        """Return that of the whole stream, and where this part of it begins."""
        found = self.stream.fingerprint()
        return None if found is None else {**found, "skip": self.skip}

    def __iter__(self) -> Iterator[Rows | BadRow]:
        left, skip = self.limit, self.skip
        for rows in self.stream:
            if isinstance(rows, BadRow):
                yield rows
                continue
            passed = min(skip, len(rows))
            skip -= passed
            part = rows.slice(passed, len(rows)) if passed else rows
            part = part if left is None else part.head(left)
            step = self.chunk_rows or max(1, len(part))
            for start in range(0, max(1, len(part)), step):
                yield part.slice(start, min(len(part), start + step)) if step < len(part) else part
            if left is not None and not (left := left - len(part)):
                return
