"""Streams: whatever holds labelled samples, as chunks of rows."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import narwhals.stable.v2 as nw

from online_softmax.streams.csv import CsvStream
from online_softmax.streams.frame import FrameStream
from online_softmax.streams.pairs import PairStream

__all__ = ["Chunk", "CsvStream", "FrameStream", "PairStream", "Stream", "open_file", "open_stream"]


class Chunk(Protocol):
    """A run of samples: a `Rows`, or anything else that gives them one by one."""

    def pairs(self) -> Iterator[tuple[Any, Hashable, Mapping[str, Any]]]:
        """Yield each sample as `(x, y, keywords)`."""


@runtime_checkable
class Stream(Protocol):
    """An iterable of chunks that knows how much of its source has been read."""

    @property
    def fraction(self) -> float | None:
        """Return the part of the source that has been read, 0 to 1, or None where its length is unknown."""

    def __iter__(self) -> Iterator[Chunk]: ...


def open_stream(source: Any, *, target: Hashable | None = None) -> Stream:
    """Open a source of labelled samples.

    Parameters
    ----------
    source
        The path of a CSV file with a header; or the name of a bundled stream (a file of that name wins); or a
        pandas, polars or pyarrow frame; or an iterable of `(x, y)` or `(x, y, {"w": weight})`; or a stream that is
        open already.
    target
        The column that holds the label. Bundled streams know theirs, and pairs carry their own.

    Returns
    -------
    stream
        An iterable of chunks. Numbers and booleans become features of that value, a string becomes the feature
        `column=value` with value 1.

    Examples
    --------
    >>> from online_softmax.streams import open_stream
    >>> import pandas as pd

    >>> frame = pd.DataFrame({"size": [1, 2], "colour": ["red", "blue"], "kind": ["a", "b"]})
    >>> for chunk in open_stream(frame, target="kind"):
    ...     for x, y, _ in chunk.pairs():
    ...         print(x, y)
    {'size': 1.0, 'colour=red': 1.0} a
    {'size': 2.0, 'colour=blue': 1.0} b

    """
    if isinstance(source, str | Path):
        return open_file(source, target)
    frame = nw.from_native(source, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        return FrameStream(frame, target)
    if isinstance(frame, nw.LazyFrame):
        raise TypeError("a lazy frame has no rows yet; collect() it first")
    if target is not None:
        raise ValueError(f"target={target!r} names a column, and only files and frames have columns")
    if isinstance(source, Stream) and not isinstance(source, type):
        return source
    if isinstance(source, Iterable) and not isinstance(source, Mapping | bytes):
        return PairStream(source)
    raise TypeError(
        f"a stream is a path, a bundled name, a frame or an iterable of (x, y), not {type(source).__name__!r}"
    )


def open_file(source: str | Path, target: Hashable | None = None) -> CsvStream:
    """Open a file, or the bundled stream of that name, with the label in the column `target`."""
    path = Path(source)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a directory, not a CSV file")
    if path.exists():
        return CsvStream(path, target)

    from online_softmax import datasets

    name = str(source)
    if name not in datasets.BUNDLED:
        raise FileNotFoundError(f"no file {name!r}, nor a bundled stream of that name: {', '.join(datasets.BUNDLED)}")
    return CsvStream(datasets.path(name), datasets.BUNDLED[name].target if target is None else target)
