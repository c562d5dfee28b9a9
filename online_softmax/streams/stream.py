"""Streams: what all streams of rows share, the chunks they give, and how they are read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_softmax.checks import check_count
from online_softmax.rows import Rows
from online_softmax.streams.dates import Dates
from online_softmax.streams.place import Place, PlaceError
from online_softmax.streams.reading import Reading

Sample = tuple[Any, Hashable, Mapping[str, Any]]
Places = NDArray[np.int64]

NOWHERE: Places = np.empty(0, np.int64)


def others(places: Sequence[int], n: int) -> Places:
    """Return those of n places that are not among these."""
    return np.delete(np.arange(n, dtype=np.int64), np.array(places, np.int64))


class Note(NamedTuple):
    """What is wrong with a row.

    Attributes
    ----------
    place
        Where it stood.
    reason
        Why it is none.

    """

    place: int
    reason: str


class Run(NamedTuple):
    """Rows of a source that follow one another.

    Attributes
    ----------
    n
        How many.
    place
        What gives the place of each by its number, from 0.

    """

    n: int
    place: Callable[[int], Place]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of a source's rows: the sound ones as samples, and notes on the others.

    The places of the notes count the rows of the source from 0: samples, rows left out and bad rows alike.

    Attributes
    ----------
    rows
        The samples.
    mended
        For each value that was set to 0, or of strings to no feature, the place of its row.
    left_out
        The places of the rows that were left out for a missing value.
    bad
        The rows that could not be read, in the order of their places.
    mended_columns
        For each value that was set to 0, the number of its column among `columns`; empty where there are none.
    was_bad
        For each value that was set to 0, whether there was something in its cell, infinite or of another kind; empty
        where there are no columns.
    left_out_columns
        For each row that was left out, the number among `columns` of the column where its first gap is.
    columns
        The columns that may have gaps.
    texts
        The columns of strings, each with the strings that it holds in these rows, or in more.
    place
        Where in its source it begins; None where nobody knows.

    Examples
    --------
    >>> import pandas as pd
    >>> from online_softmax.streams import open_stream

    >>> frame = pd.DataFrame({"size": [1.0, None, 3.0], "kind": ["a", "a", "b"]})
    >>> (chunk,) = open_stream(frame, "kind", on_bad="skip")
    >>> len(chunk), len(chunk.rows), chunk.bad[0].place
    (3, 2, 1)
    >>> first, rest = chunk.split(2)
    >>> list(first.pairs()), list(rest.pairs())
    ([({'size': 1.0}, 'a', {})], [({'size': 3.0}, 'b', {})])

    """

    rows: Rows
    mended: Places = field(default_factory=lambda: NOWHERE)
    left_out: Places = field(default_factory=lambda: NOWHERE)
    bad: tuple[Note, ...] = ()
    mended_columns: Places = field(default_factory=lambda: NOWHERE)
    columns: Sequence[Hashable] = ()
    texts: Mapping[Hashable, Sequence[Hashable]] = field(default_factory=dict)
    left_out_columns: Places = field(default_factory=lambda: NOWHERE)
    was_bad: NDArray[np.bool_] = field(default_factory=lambda: NOWHERE.astype(np.bool_))
    place: Place | None = None

    def __len__(self) -> int:
        return len(self.rows) + len(self.left_out) + len(self.bad)

    def split(self, n: int) -> tuple[Chunk, Chunk]:
        """Return the first n rows of the source, and the rest."""
        return self.part(0, n), self.part(n, len(self))

    def part(self, start: int, stop: int) -> Chunk:
        """Return the rows of the source from `start` to `stop`, without copying the samples."""
        start, stop = min(start, len(self)), min(stop, len(self))
        if start == 0 and stop == len(self):
            return self
        mend, mend_end = np.searchsorted(self.mended, [start, stop]).tolist()
        out, out_end = np.searchsorted(self.left_out, [start, stop]).tolist()
        bad, bad_end = (bisect_left(self.bad, place, key=_place) for place in (start, stop))
        return Chunk(
            self.rows.slice(start - out - bad, stop - out_end - bad_end),
            self.mended[mend:mend_end] - start,
            self.left_out[out:out_end] - start,
            tuple(Note(place - start, reason) for place, reason in self.bad[bad:bad_end]),
            self.mended_columns[mend:mend_end],
            self.columns,
            self.texts,
            self.left_out_columns[out:out_end],
            self.was_bad[mend:mend_end],
            None if self.place is None else self.place.after(start),
        )

    def with_bad(self, bad: Sequence[Note]) -> Chunk:
        """Return the chunk with bad rows between its own, which move to make way for them."""
        if not bad:
            return self
        own = others([place for place, _ in bad], len(self) + len(bad))
        moved = (Note(int(own[place]), reason) for place, reason in self.bad)
        return replace(self, mended=own[self.mended], left_out=own[self.left_out], bad=tuple(sorted([*moved, *bad])))

    def with_left_out(self, gone: Sequence[int], column: Hashable) -> Chunk:
        """Return the chunk with rows left out between its own, of which one column is said to have the gap."""
        own = others(gone, len(self) + len(gone))
        left_out = np.append(own[self.left_out], np.array(gone, np.int64))
        columns = np.append(self.left_out_columns, np.full(len(gone), len(self.columns)))
        order = np.argsort(left_out)
        return replace(
            self,
            mended=own[self.mended],
            left_out=left_out[order],
            left_out_columns=columns[order],
            columns=[*self.columns, column],
            bad=tuple(Note(int(own[place]), reason) for place, reason in self.bad),
        )

    def places(self) -> Places:
        """Return the places of the samples."""
        return others([*self.left_out.tolist(), *(place for place, _ in self.bad)], len(self))

    def upto(self, n: int) -> Chunk:
        """Return what comes before sample `n`, but for the rows that were left out right before it."""
        given = others(self.left_out.tolist(), len(self))
        before = int(np.searchsorted(given, self.places()[n]))
        return self.part(0, int(given[before - 1]) + 1 if before else 0)

    def pairs(self) -> Iterator[Sample]:
        """Yield each sample as `(x, y, keywords)`."""
        return self.rows.pairs()


def _place(note: Note) -> int:
    return note.place


class RowStream(ABC):
    """A stream of chunks of rows, which one thread may read while another uses them.

    Attributes
    ----------
    reading
        How its source is read.
    features
        The feature columns, in order; empty where names come as they are met.
    text_columns
        Those of them that hold strings.
    delimiter
        What is between two fields, in text that has such.
    asked
        What `open_stream` was asked for that makes the rows others than they are by default, for JSON.
    seconds_to_open
        How long it took to open it.
    dates
        The feature columns that hold dates, each of which becomes several numbers.
    code_columns
        Those that are read as numbers and look like codes: some begin with a 0, or are longer than a double is exact.
    label_kind
        What the labels are: "int", "float", "bool" or "text"; None where nobody knows.
    empty_columns
        The feature columns that hold nothing, as far as was looked; whatever comes there later are numbers.
    begin
        Where in its source it begins.
    stop
        How many rows of the source there are to its end; None for all.

    """

    reading: Reading
    text_columns: set[Hashable]
    delimiter: str | None = None
    asked: Mapping[str, Any] = MappingProxyType({})
    seconds_to_open: float = 0.0
    dates: Mapping[Hashable, Dates] = MappingProxyType({})
    label_kind: str | None = None
    empty_columns: Set[Hashable] = frozenset()
    code_columns: Set[Hashable] = frozenset()
    begin: Place = Place()
    stop: int | None = None
    _reached: Place | None = None

    @property
    def is_endless(self) -> bool:
        """Return whether it goes on until `end`."""
        return False

    def end(self) -> None:  # noqa: B027
        """Have the reading end in order, from whatever thread, where the source has no end."""

    @property
    def target(self) -> Hashable | None:
        """Return the column that holds the label, or None where the format has a place for it."""
        return self.reading.target

    @property
    def features(self) -> list[Hashable]:
        """Return the feature columns, in order."""
        features = self.reading.features
        return features if isinstance(features, list) else [*(features or ())]

    @cached_property
    def kinds(self) -> dict[Hashable, str]:
        """Return what each feature column holds, in order: a "number", "truth", "text" or "date"."""
        return {name: self.role(name) for name in self.features}

    @property
    def words(self) -> set[Hashable]:
        """Return `text_columns`, by the name they had."""
        return self.text_columns

    @property
    def weight(self) -> Hashable | None:
        """Return the column that holds the rows' weights."""
        return self.reading.weight

    @property
    def missing(self) -> str:
        """Return what becomes of a value that is missing: "error", "zero", "indicate" or "skip-row"."""
        return self.reading.missing

    @property
    def on_bad(self) -> str:
        """Return what becomes of a row that cannot be read: "raise"; or "skip", which notes it in its chunk."""
        return self.reading.on_bad

    @property
    def fraction(self) -> float | None:
        """Return the part of the source that has been read, 0 to 1, or None where its length is unknown."""
        return None

    def fingerprint(self) -> dict[str, Any]:
        """Return what tells this stream from another, for JSON: its source, and the way it is read."""
        size, head = self.identify() or (None, None)
        columns = sha256(repr((self.features, sorted(map(str, self.text_columns)))).encode()).hexdigest()
        source = {"kind": type(self).__name__, "size": size, "head": head, "skip": 0}
        reading = {
            "target": repr(self.target),
            "columns": columns,
            "weight": repr(self.weight),
            "missing": self.missing,
        }
        return {**source, **reading, **self.layout(), **self.asked}

    def layout(self) -> dict[str, Any]:
        """Return how its text is laid out, where that is not so by default, for JSON."""
        return {}

    def identify(self) -> tuple[int, str] | None:
        """Return the size of the source and a digest of its head, or None where there is no telling."""
        return None

    def files_now(self) -> tuple[int, str] | None:
        """Return what tells its files, as they are now, from others; None where it reads none, or a pipe."""
        return None

    @abstractmethod
    def read(self, at: Mapping[str, Any] | None) -> Iterator[Chunk]:
        """Yield the chunks from where a place begins to read: by None from the start, else by what `told` was given."""

    def told(self, chunk: Chunk, at: Mapping[str, Any] | None = None) -> Iterator[Chunk]:
        """Yield a chunk, if it has rows. Where bad rows are errors, yield what is before the first one, and raise.

        Parameters
        ----------
        chunk
            The chunk.
        at
            Where to begin to read to get it first, for JSON; without it its rows follow those before it.

        """
        reason = ""
        if at is not None:
            chunk = replace(chunk, place=Place(0, at))
        if chunk.bad and self.on_bad == "raise":
            place, reason = chunk.bad[0]
            chunk, _ = chunk.split(place)
        if len(chunk):
            yield chunk
        if reason:
            raise ValueError(reason)

    def __iter__(self) -> Iterator[Chunk]:
        return self.since(self.begin)

    def since(self, place: Place) -> Iterator[Chunk]:
        """Yield the chunks from a place on: the rows that whoever reads from the start gets after it.

        Raises
        ------
        PlaceError
            A ValueError if the place is none of this source.

        """
        self._reached = place
        here, left = replace(place, rows=place.rows - place.over, over=0), place.over
        for chunk in self.read(place.at):
            if chunk.place is not None:
                here = replace(chunk.place, rows=here.rows)
            chunk, here = replace(chunk, place=here), here.after(len(chunk))
            if left:
                n = min(left, len(chunk))
                chunk, left = chunk.part(n, len(chunk)), left - n
            if len(chunk):
                self._reached = here
                yield chunk
        if left:
            raise PlaceError(f"the source ends {left:,} rows before the place")

    def place(self) -> Place:
        """Return the place after the last chunk that was given; `since` and `open_stream` go on from there."""
        return self._reached or self.begin

    @property
    def first(self) -> int:
        """Return how many rows of the source are before the first of the stream."""
        return self.begin.rows

    def places(self, n: int) -> Iterator[Place]:
        """Yield the places of its rows 0, n, 2n, .., as far as there are rows: who takes n rows at each takes all.

        Where the format lets one find rows without reading what they hold, a row that is bad is found no sooner than
        it is read.

        Examples
        --------
        >>> import pandas as pd
        >>> from online_softmax.streams import open_stream

        >>> frame = pd.DataFrame({"size": [7, 19, 12], "kind": ["apple", "melon", "apple"]})
        >>> for place in open_stream(frame, "kind").places(2):
        ...     print([y for _, y, _ in open_stream(frame, "kind", at=place, limit=2).pairs()])
        ['apple', 'melon']
        ['apple']

        """
        check_count("n", n)
        rows, due = self.begin.rows - self.begin.over, self.first
        for run in self.runs(self.begin.at):
            end = rows + run.n if self.stop is None else min(rows + run.n, self.stop)
            while due < end:
                yield replace(run.place(due - rows), rows=due)
                due += n
            rows += run.n

    @property
    def seeks(self) -> bool:
        """Whether others who open its source begin at once at any place, found without reading what rows hold."""
        return False

    def runs(self, at: Mapping[str, Any] | None) -> Iterator[Run]:
        """Yield runs of rows, from where a place begins to read."""
        for chunk in self.since(Place(0, at)):
            assert chunk.place is not None
            yield Run(len(chunk), chunk.place.after)

    def role(self, column: Hashable) -> str:
        """Return what a column is to the rows: their "label", their "weight", a "text", a "date" or a "number"."""
        if column == self.target:
            return "label"
        if column == self.weight:
            return "weight"
        return "text" if column in self.text_columns else "date" if column in self.dates else "number"

    def pairs(self) -> Iterator[Sample]:
        """Yield each sample as `(x, y, keywords)`."""
        for chunk in self:
            yield from chunk.pairs()
