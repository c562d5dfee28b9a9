"""Parts: the rows of a source in runs, each of which a shard learns wherever it is."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

from online_softmax.streams import (
    Chunk,
    PairChunk,
    PairStream,
    Place,
    PlaceError,
    RowStream,
    Stream,
    chunk_of,
    open_stream,
    rows_after,
)

_OPENED = threading.local()  # the stream that this thread has opened last, and for which run


class Part(NamedTuple):
    """Some rows that follow one another.

    Attributes
    ----------
    chunks
        The rows, which travel to another process, or how to read them there; to be iterated once or more.
    begin
        Where in the source they begin.
    n
        How many rows of the source they are; of the last ones, at most.
    end
        Where they end; None where it is `n` rows later, or where the source ends.

    """

    chunks: Iterable[Any]
    begin: Place
    n: int
    end: Place | None = None


class Parts(Protocol):
    """A source that is cut into parts, one after the other."""

    def take(self, n: int) -> Part | None:
        """Return the next n rows, or as many as there are; None at the end of the source."""


@dataclass(frozen=True)
class Opening:
    """How to open a source wherever it is wanted, whose files are to be the same; each thread opens it once."""

    source: str | Path
    target: Any
    reading: Mapping[str, Any]
    files: tuple[int, str] | None
    key: str

    def stream(self) -> Any:
        """Return the source, opened."""
        if getattr(_OPENED, "key", None) != self.key:
            _OPENED.stream, _OPENED.key = open_stream(self.source, self.target, **self.reading), self.key
        return _OPENED.stream


@dataclass(frozen=True)
class Range:
    """Rows that are read where they are learned."""

    opening: Opening
    place: Place
    n: int

    def __iter__(self) -> Iterator[Chunk]:
        stream = self.opening.stream()
        check_files(stream, self.opening.files)
        with unchanged(stream, self.opening.files), closing(stream.since(self.place)) as chunks:
            yield from first_rows(chunks, self.n)


@dataclass(frozen=True)
class Load:
    """Rows that have been read: chunks, and items that may be samples, each with its number."""

    taken: Sequence[Chunk | list[tuple[int, Any]]]
    on_bad: str

    def __iter__(self) -> Iterator[Chunk | PairChunk]:
        for each in self.taken:
            yield each if isinstance(each, Chunk) else PairChunk(iter(each), self.on_bad)


class Ranges:
    """A source that workers open themselves: nothing is read here but where its rows begin."""

    def __init__(self, stream: RowStream, opening: Opening, place: Place) -> None:
        self._stream, self._opening = stream, opening
        self._next = next(stream.places(1), None) if place == stream.begin else place  # after rows that are skipped
        self._n = 0
        self._places: Iterator[Place] = iter(())

    def take(self, n: int) -> Part | None:
        """Return the next n rows, or as many as there are; None at the end of the source."""
        try:
            part = self._part(n)
        except Exception:
            check_files(self._stream, self._opening.files)
            raise
        if part is None:
            check_files(self._stream, self._opening.files)  # they may have become shorter
        return part

    def _part(self, n: int) -> Part | None:
        if self._next is not None and n != self._n:
            stream = open_stream(self._stream, at=self._next)
            assert isinstance(stream, RowStream)
            self._n, self._places = n, stream.places(n)
            self._next = next(self._places, None)
        if (begin := self._next) is None:
            return None
        self._next = next(self._places, None)
        return Part(Range(self._opening, begin, n), begin, n)


class Loads:
    """A source that is read here, and whose rows are sent to the workers."""

    def __init__(self, stream: Stream, place: Place, on_bad: str) -> None:
        self._chunks, self._place, self._on_bad = _since(stream, place), place, on_bad
        self._left: Chunk | PairChunk | None = None
        self._stream, self._files = stream, stream.files_now() if isinstance(stream, RowStream) else None

    def take(self, n: int) -> Part | None:
        """Return the next n rows, or as many as there are; None at the end of the source."""
        with unchanged(self._stream, self._files):
            return self._part(n)

    def _part(self, n: int) -> Part | None:
        begin, taken, left = self._place, list[Chunk | list[tuple[int, Any]]](), n
        while left and (self._left or self._more()):
            assert self._left is not None
            part, self._left = self._left.split(left)
            place = part.place if isinstance(part, Chunk) and part.place else self._place
            each = replace(part, rows=part.rows.compact()) if isinstance(part, Chunk) else part.items()
            if len(each):
                begin = begin if taken else place
                taken.append(each)
                left, self._place = left - len(each), place.after(len(each))
        return Part(Load(taken, self._on_bad), begin, n - left, self._place) if taken else None

    def _more(self) -> bool:
        self._left = next(self._chunks, None)
        return self._left is not None


def parts_of(stream: Stream, source: Any, target: Any, reading: Mapping[str, Any], place: Place) -> Parts:
    """Return a source that has been opened, cut into parts from a place on."""
    if isinstance(stream, RowStream) and isinstance(source, str | Path) and stream.seeks:
        return Ranges(stream, Opening(source, target, reading, stream.files_now(), uuid4().hex), place)
    return Loads(stream, place, reading["on_bad"])


@contextmanager
def unchanged(stream: Stream, files: tuple[int, str] | None) -> Iterator[None]:
    """Refuse what has been read where the files are others now; that is what is wrong then, whatever else seems so."""
    try:
        yield
    except Exception:
        check_files(stream, files)
        raise
    check_files(stream, files)


def check_files(stream: Stream, files: tuple[int, str] | None) -> None:
    """Refuse a stream whose files are others now."""
    if isinstance(stream, RowStream) and stream.files_now() != files:
        raise PlaceError("the source has changed since the run began, and a run learns one source: let it be as it was")


def first_rows(chunks: Iterable[Chunk], n: int) -> Iterator[Chunk]:
    """Yield the first n rows of some chunks, and take no more of these than it needs."""
    for chunk in chunks:
        part, _ = chunk.split(n)
        yield part
        if (n := n - len(part)) == 0:
            return


def _since(stream: Stream, place: Place) -> Iterator[Chunk | PairChunk]:
    if isinstance(stream, RowStream | PairStream):
        return stream.since(place)
    return rows_after(map(chunk_of, stream), place.rows)
