"""Pairs: an iterable of (x, y), as river's datasets are."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from online_softmax.rows import Rows
from online_softmax.streams.place import Place, PlaceError
from online_softmax.streams.stream import NOWHERE, Chunk, Note, Places, Sample, others
from online_softmax.streams.tables import shorten


class PairChunk:
    """A chunk of samples that are taken from their source no sooner than they are asked for.

    Nobody knows how many there are until the source ends. Until then the chunk is true; its length is the number of
    samples that have been taken, and `bad` has notes on what was among them and is no sample.

    Parameters
    ----------
    items
        The source: what may be a sample, each with its number.
    on_bad
        What becomes of what is no sample: "raise", or "skip", which notes it in `bad`.

    """

    on_bad: str
    mended: Places = NOWHERE
    left_out: Places = NOWHERE

    def __init__(self, items: Iterator[tuple[int, Any]], on_bad: str = "raise") -> None:
        self._items, self.on_bad = items, on_bad
        self.bad: list[Note] = []
        self._n, self._ended = 0, False

    def __len__(self) -> int:
        return self._n

    def __bool__(self) -> bool:
        return not self._ended

    def split(self, n: int) -> tuple[PairChunk, PairChunk]:
        """Return the next n samples, which have to be taken first, and the rest."""
        return PairChunk(self._take(n), self.on_bad), self

    def copies(self, n: int) -> list[PairChunk]:
        """Take all that is left, and return n chunks that each give it, with dictionaries of their own."""
        items: list[tuple[int, Any]] = []
        error: Exception | None = None
        try:
            for item in self._items:
                items.append(item)
        except Exception as broken:
            error = broken

        def again() -> Iterator[tuple[int, Any]]:
            yield from map(_own, items)
            if error is not None:
                raise error

        return [PairChunk(again(), self.on_bad) for _ in range(n)]

    def items(self) -> list[tuple[int, Any]]:
        """Take all that is left: what may be a sample, with a dictionary of its own, and its number."""
        return [*map(_own, self._items)]

    def places(self) -> Places:
        """Return the places of the samples that have been taken."""
        return others([place for place, _ in self.bad], self._n)

    def upto(self, n: int) -> PairChunk:
        """Return what has been taken."""
        return self

    def drop(self) -> int:
        """Take all that is left, and return how many it was."""
        for _ in self.pairs():
            pass
        return self._n

    def pairs(self) -> Iterator[Sample]:
        """Yield each sample as `(x, y, keywords)`."""
        for number, item in self._items:
            self._n += 1
            try:
                sample = _sample(number, item)
            except (TypeError, ValueError) as error:
                if self.on_bad == "raise":
                    raise
                self.bad.append(Note(self._n - 1, str(error)))
            else:
                yield sample
        self._ended = True

    def _take(self, n: int) -> Iterator[tuple[int, Any]]:
        for _ in range(n):
            item = next(self._items, None)
            if item is None:
                self._ended = True
                return
            yield item


def chunk_of(given: Any) -> Chunk | PairChunk:
    """Return a chunk, or rows, or anything else that gives samples by `pairs()`, as a chunk.

    Parameters
    ----------
    given
        The chunk, rows or other thing.
    """
    if isinstance(given, Chunk | PairChunk):
        return given
    return Chunk(given) if isinstance(given, Rows) else PairChunk(enumerate(given.pairs()))


def rows_after(chunks: Iterable[Chunk | PairChunk], n: int) -> Iterator[Chunk | PairChunk]:
    """Yield what is left of some chunks after their first n rows, which are read and passed over.

    Parameters
    ----------
    chunks
        The chunks.
    n
        How many rows are passed over.
    """
    for chunk in chunks:
        while n and chunk:
            part, chunk = chunk.split(n)
            n -= len(part) if isinstance(part, Chunk) else part.drop()
        if chunk:
            yield chunk
    if n:
        raise PlaceError(f"the source ends {n:,} rows before the place")


class PairStream:
    """A stream over an iterable of `(x, y)` or `(x, y, keywords)`.

    It is one chunk, which takes a sample from the iterable no sooner than the one before it has been used. So a source
    may wait for the model, or give the same dictionary again and again.

    Parameters
    ----------
    source
        The iterable. `x` is what the model takes; the keyword `w` is the weight of the sample.
    on_bad
        What becomes of what is no sample: "raise", or "skip", which notes it in the chunk.
    skip
        How many to pass over first.
    limit
        How many to take at most.

    Examples
    --------
    >>> from online_softmax.streams import PairStream

    >>> stream = PairStream([({"a": 1}, "x"), ({"a": 2}, "y", {"w": 0.5})])
    >>> list(stream.pairs())
    [({'a': 1}, 'x', {}), ({'a': 2}, 'y', {'w': 0.5})]

    """

    source: Iterable[Any]
    on_bad: str
    limit: int | None
    begin: Place

    def __init__(self, source: Iterable[Any], on_bad: str = "raise", skip: int = 0, limit: int | None = None) -> None:
        self.source, self.on_bad, self.limit = source, on_bad, limit
        self.begin = self._place = Place(skip, None, skip)
        self._length = _length(source)

    @property
    def fraction(self) -> float | None:
        """Return the part of the source that has been read, or None where its length is unknown."""
        return min(1.0, self._place.rows / self._length) if self._length else None

    def fingerprint(self) -> dict[str, Any]:
        """Return what little tells this stream from another, for JSON."""
        return {"kind": "pairs", "size": self._length, "skip": self.begin.rows}

    def __iter__(self) -> Iterator[PairChunk]:
        return self.since(self.begin)

    def since(self, place: Place) -> Iterator[PairChunk]:
        """Yield the samples after a place; those before it are taken and passed over."""
        items = enumerate(self.source)
        last = max((number for number, _ in islice(items, place.rows)), default=-1)
        if last + 1 < place.rows and place.rows > self.begin.rows:
            raise PlaceError(f"the source ends {place.rows - last - 1:,} rows before the place")
        self._place = place
        stop = None if self.limit is None else max(0, self.begin.rows + self.limit - place.rows)
        yield PairChunk(self._counted(islice(items, stop)), self.on_bad)

    def place(self) -> Place:
        """Return the place after the last sample that was taken."""
        return self._place

    def pairs(self) -> Iterator[Sample]:
        """Yield each sample as `(x, y, keywords)`."""
        for chunk in self:
            yield from chunk.pairs()

    def _counted(self, items: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        for number, item in items:
            self._place = Place(number + 1, None, number + 1)
            yield number, item


def _sample(number: int, item: Any) -> Sample:
    name = f"sample {number}"
    if not isinstance(item, tuple) or not 2 <= len(item) <= 3:
        raise TypeError(f"{name} is {shorten(item)}, not (x, y) or (x, y, {{'w': weight}})")
    x, y, *rest = item
    if rest and not isinstance(rest[0], Mapping):
        raise TypeError(f"{name} has {shorten(rest[0])} in third place, not {{'w': weight}}")
    if y is None:
        raise ValueError(f"{name} has no label: y is None")
    return x, y, rest[0] if rest else {}


def _own(item: tuple[int, Any]) -> tuple[int, Any]:
    """Return what may be a sample, with its number and dictionaries of its own."""
    number, parts = item
    if not isinstance(parts, tuple):
        return item
    return number, tuple(copy.copy(part) if isinstance(part, Mapping) else part for part in parts)


def _length(source: Iterable[Any]) -> int | None:
    """Return how many samples `source` says it has: by its length, or as river's datasets do."""
    try:
        return len(source)  # type: ignore[arg-type]
    except TypeError:
        n = getattr(source, "n_samples", None)
        return n if isinstance(n, int) else None
