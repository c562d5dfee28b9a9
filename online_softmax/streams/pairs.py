"""Pairs: an iterable of (x, y), as river's datasets are."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

from online_softmax.streams.stream import BadRow
from online_softmax.streams.tables.columns import shorten


class PairStream:
    """A stream over an iterable of `(x, y)` or `(x, y, keywords)`.

    It is one chunk, which takes a sample from the iterable no sooner than the one before it has been used. So a source
    may wait for the model, or give the same dictionary again and again.

    Parameters
    ----------
    source
        The iterable. `x` is what the model takes; the keyword `w` is the weight of the sample.
    on_bad
        What becomes of what is no sample: "raise", or "skip", which puts a `BadRow` in its place.

    Examples
    --------
    >>> from online_softmax.streams import PairStream

    >>> stream = PairStream([({"a": 1}, "x"), ({"a": 2}, "y", {"w": 0.5})])
    >>> list(stream.pairs())
    [({'a': 1}, 'x', {}), ({'a': 2}, 'y', {'w': 0.5})]

    """

    def __init__(self, source: Iterable[Any], on_bad: str = "raise") -> None:
        self.source, self.on_bad = source, on_bad
        self._done = 0
        self._length = _length(source)

    @property
    def fraction(self) -> float | None:
        """Return the part of the source that has been read, or None where its length is unknown."""
        return min(1.0, self._done / self._length) if self._length else None

    def fingerprint(self) -> dict[str, Any]:
        """Return what little tells this stream from another, for JSON."""
        return {"kind": "pairs", "size": self._length, "skip": getattr(self.source, "skip", 0)}

    def __iter__(self) -> Iterator[PairStream]:
        yield self

    def pairs(self) -> Iterator[Any]:
        """Yield each sample as `(x, y, keywords)`."""
        self._done = 0
        for item in self.source:
            self._done += 1
            try:
                yield self._sample(item)
            except (TypeError, ValueError) as error:
                if self.on_bad == "raise":
                    raise
                yield BadRow(str(error))

    def _sample(self, item: Any) -> tuple[Any, Hashable, Mapping[str, Any]]:
        name = f"sample {self._done - 1}"
        if not isinstance(item, tuple) or not 2 <= len(item) <= 3:
            raise TypeError(f"{name} is {shorten(item)}, not (x, y) or (x, y, {{'w': weight}})")
        x, y, *rest = item
        if rest and not isinstance(rest[0], Mapping):
            raise TypeError(f"{name} has {shorten(rest[0])} in third place, not {{'w': weight}}")
        if y is None:
            raise ValueError(f"{name} has no label: y is None")
        return x, y, rest[0] if rest else {}


def _length(source: Iterable[Any]) -> int | None:
    """Return how many samples `source` says it has: by its length, or as river's datasets do."""
    try:
        return len(source)  # type: ignore[arg-type]
    except TypeError:
        n = getattr(source, "n_samples", None)
        return n if isinstance(n, int) else None
