"""Distance: how far along its stream a run is, while rows are read ahead of it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing

from online_softmax.streams import Chunk, PairChunk, PairStream, Place, RowStream, Stream, chunk_of, rows_after
from online_softmax.streams.ahead import ahead


class Distance:
    """Hands out the chunks of a stream, and knows which part of it has been used.

    A stream says how much of it has been read, to the end of the next chunk or the one after it. Here that is kept with
    each chunk, and the rows of the chunk that are done tell the rest.

    Parameters
    ----------
    stream
        The stream.

    Examples
    --------
    >>> import numpy as np
    >>> from online_softmax.evaluation.distance import Distance
    >>> from online_softmax.streams import open_stream

    >>> distance = Distance(open_stream(np.zeros((8, 1)), np.zeros(8, int)))
    >>> for chunk in distance.chunks():
    ...     print(len(chunk), distance.fraction(left=2))
    8 0.75

    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._start: float | None = 0.0
        self._stop: float | None = 0.0
        self._n = 0  # rows between the two

    def chunks(self, place: Place | None = None) -> Generator[Chunk | PairChunk, None, None]:
        """Yield the chunks from a place on; without one, from where the stream begins."""
        if not isinstance(self._stream, RowStream):  # a source of pairs may wait for the model
            self._start = self._stop = None
            yield from _chunks(self._stream, place)
            return
        chunks = iter(self._stream) if place is None else self._stream.since(place)
        self._stop = 0.0 if place is None else None
        with closing(ahead((chunk_of(chunk), self._stream.fraction) for chunk in chunks)) as read:
            for chunk, fraction in read:
                self._start, self._stop, self._n = self._stop, fraction, len(chunk)
                yield chunk

    def fraction(self, left: int) -> float | None:
        """Return the part of the stream that is done, 0 to 1; None if its length is unknown.

        Parameters
        ----------
        left
            The rows of the last chunk that are not done.
        """
        if self._start is None or self._stop is None:
            return self._stream.fraction
        return self._stop - (self._stop - self._start) * min(1.0, left / max(1, self._n))


def _chunks(stream: Stream, place: Place | None) -> Iterator[Chunk | PairChunk]:
    if isinstance(stream, PairStream) and place is not None:
        return stream.since(place)
    return rows_after(map(chunk_of, stream), 0 if place is None else place.rows)
