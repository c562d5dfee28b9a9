"""Slices: some of a stream's rows, in chunks of at most some size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from online_softmax.streams.stream import Chunk, RowStream


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
        self.reading, self.text_columns = stream.reading, stream.text_columns
        self.dates, self.kinds, self.label_kind = stream.dates, stream.kinds, stream.label_kind
        self.delimiter, self.empty_columns = stream.delimiter, stream.empty_columns
        self.code_columns, self.seconds_to_open = stream.code_columns, stream.seconds_to_open

    @property
    def fraction(self) -> float | None:
        """Return the part of the whole stream that has been read."""
        return self.stream.fraction

    def fingerprint(self) -> dict[str, Any]:
        """Return that of the whole stream, and where this part of it begins."""
        return {**self.stream.fingerprint(), "skip": self.skip}

    def __iter__(self) -> Iterator[Chunk]:
        start, stop = self.skip, None if self.limit is None else self.skip + self.limit  # from the next chunk on
        for chunk in self.stream:
            n = len(chunk)
            yield from self._pieces(chunk, min(start, n), n if stop is None else min(stop, n))
            start = max(0, start - n)
            if stop is not None and (stop := stop - n) <= 0:
                return

    def _pieces(self, chunk: Chunk, start: int, stop: int) -> Iterator[Chunk]:
        step = self.chunk_rows or len(chunk)
        for first in range(start, stop, step):
            yield chunk.part(first, min(first + step, stop))
