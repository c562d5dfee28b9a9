"""Pairs: an iterable of (x, y), as river's datasets are."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

from online_softmax.streams.columns import shorten


class PairStream:
    """A stream over an iterable of `(x, y)` or `(x, y, keywords)`.

    It is one chunk, which takes a sample from the iterable no sooner than the one before it has been used. So a source
    may wait for the model, or give the same dictionary again and again.

    Parameters
    ----------
    source
        The iterable. `x` is what the model takes; the keyword `w` is the weight of the sample.

    Examples
    --------
    >>> from online_softmax.streams import PairStream

    >>> stream = PairStream([({"a": 1}, "x"), ({"a": 2}, "y", {"w": 0.5})])
    >>> list(stream.pairs())
    [({'a': 1}, 'x', {}), ({'a': 2}, 'y', {'w': 0.5})]

    """

    def __init__(self, source: Iterable[Any]) -> None:
        self.source = source
        self._done = 0
        self._length = _length(source)

    @property
    def fraction(self) -> float | None:
        """Return the part of the source that has been read, or None where its length is unknown."""
        return min(1.0, self._done / self._length) if self._length else None

    def __iter__(self) -> Iterator[PairStream]:
        yield self

    def pairs(self) -> Iterator[tuple[Any, Hashable, Mapping[str, Any]]]:
        """Yield each sample as `(x, y, keywords)`."""
        self._done = 0
        for item in self.source:
            if not isinstance(item, tuple) or not 2 <= len(item) <= 3:
                raise TypeError(f"sample {self._done} is {shorten(item)}, not (x, y) or (x, y, {{'w': weight}})")
            x, y, *rest = item
            if rest and not isinstance(rest[0], Mapping):
                raise TypeError(f"sample {self._done} has {shorten(rest[0])} in third place, not {{'w': weight}}")
            if y is None:
                raise ValueError(f"sample {self._done} has no label: y is None")
            self._done += 1
            yield x, y, rest[0] if rest else {}


def _length(source: Iterable[Any]) -> int | None:
    """Return how many samples `source` says it has: by its length, or as river's datasets do."""
    try:
        return len(source)  # type: ignore[arg-type]
    except TypeError:
        n = getattr(source, "n_samples", None)
        return n if isinstance(n, int) else None
