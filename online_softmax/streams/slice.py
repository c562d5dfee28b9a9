"""Slices: some of a stream's rows, in chunks of at most some size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from online_softmax.streams.place import Place
from online_softmax.streams.stream import Chunk, RowStream, Run


class SliceStream(RowStream):
    """A stream without its first rows, or without those after some number, or in smaller chunks.

    Parameters
    ----------
    stream
        The stream.
    begin
        Where to begin.
    skip
        How many rows of the source to pass over from there, those included that `missing` or `on_bad` would leave out.
    limit
        How many rows of the source to take at most.
    chunk_rows
        How many rows a chunk may have.

    """

    def __init__(
        self,
        stream: RowStream,
        begin: Place | None = None,
        skip: int = 0,
        limit: int | None = None,
        chunk_rows: int | None = None,
    ) -> None:
        self.stream, self.begin, self.chunk_rows = stream, stream.begin if begin is None else begin, chunk_rows
        self.skip = skip
        self.stop = None if limit is None else self.first + limit
        self.reading, self.text_columns = stream.reading, stream.text_columns
        self.dates, self.kinds, self.label_kind = stream.dates, stream.kinds, stream.label_kind
        self.delimiter, self.empty_columns = stream.delimiter, stream.empty_columns
        self.code_columns, self.seconds_to_open = stream.code_columns, stream.seconds_to_open

    @property
    def is_endless(self) -> bool:
        """Return whether the whole stream goes on until `end`."""
        return self.stream.is_endless

    def end(self) -> None:
        """Have the reading of the whole stream end."""
        self.stream.end()

    @property
    def first(self) -> int:
        """Return how many rows of the source are before the first of the slice."""
        return self.begin.rows + self.skip

    @property
    def fraction(self) -> float | None:
        """Return the part of the whole stream that has been read."""
        return self.stream.fraction

    @property
    def seeks(self) -> bool:
        """Whether others who open the whole source begin at once at any place."""
        return self.stream.seeks

    def fingerprint(self) -> dict[str, Any]:
        """Return that of the whole stream, and where this part of it begins."""
        return {**self.stream.fingerprint(), "skip": self.first}

    def files_now(self) -> tuple[int, str] | None:
        """Return what tells the files of the whole stream, as they are now, from others."""
        return self.stream.files_now()

    def since(self, place: Place) -> Iterator[Chunk]:
        """Yield the chunks from a place on."""
        self._reached, rows = place, place.rows
        if self.stop is not None and rows >= self.stop:
            return
        for chunk in self.stream.since(place):
            n = len(chunk)
            start, stop = max(0, self.first - rows), n if self.stop is None else min(n, self.stop - rows)
            for piece in self._pieces(chunk, start, stop):
                assert piece.place is not None
                self._reached = piece.place.after(len(piece))
                yield piece
            rows += n
            if self.stop is not None and rows >= self.stop:
                return

    def read(self, at: Mapping[str, Any] | None) -> Iterator[Chunk]:
        """Yield the chunks of the whole stream."""
        return self.stream.read(at)

    def runs(self, at: Mapping[str, Any] | None) -> Iterator[Run]:
        """Yield runs of rows of the whole stream."""
        return self.stream.runs(at)

    def _pieces(self, chunk: Chunk, start: int, stop: int) -> Iterator[Chunk]:
        step = self.chunk_rows or len(chunk)
        for first in range(start, stop, step):
            yield chunk.part(first, min(first + step, stop))
