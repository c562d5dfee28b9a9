"""Frames: the rows of a pandas, polars or pyarrow frame."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import partial
from hashlib import sha256
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from online_softmax.streams.reading import Reading
from online_softmax.streams.stream import Chunk, RowStream
from online_softmax.streams.tables import Coded, Flaw, Table, check_names, code, sifted, unlabelled, why

HEAD = 1000  # rows to know a frame by


class FrameStream(RowStream):
    """A stream over a data frame.

    Parameters
    ----------
    frame
        An eager narwhals frame.
    target
        The column that holds the label.
    chunk_rows
        How many rows to take at a time.
    reading
        How else it is read; see `Reading`.

    Attributes
    ----------
    features
        The feature columns, in order.
    text_columns
        Those of them that hold strings.

    Examples
    --------
    >>> from online_softmax.streams import open_stream
    >>> import polars as pl

    >>> frame = pl.DataFrame({"size": [1.0, None], "kind": ["a", "b"]})
    >>> list(open_stream(frame, target="kind"))
    Traceback (most recent call last):
    ValueError: row 1, column 'size': None is not a finite number

    """

    def __init__(
        self, frame: nw.DataFrame[Any], target: Hashable | None = None, *, chunk_rows: int = 8192, **reading: Any
    ) -> None:
        self.reading = Reading(target, **reading).of(list(frame.columns), "the frame")
        self.text_columns = {name for name in self.features if _is_text(name, frame.get_column(name).dtype)}  # type: ignore[arg-type]
        truths = {name for name in self.features if frame.get_column(name).dtype == nw.Boolean}  # type: ignore[arg-type]
        self.kinds = {name: "truth" if name in truths else self.role(name) for name in self.features}
        check_names(self.features, self.text_columns)
        self.chunk_rows = chunk_rows
        self._frame = frame
        self._done = 0

    @property
    def fraction(self) -> float | None:
        """Return the part of the frame that has been read."""
        return self._done / max(1, len(self._frame))

    def identify(self) -> tuple[int, str] | None:
        """Return the number of rows, and a digest of the first."""
        head = repr(self._frame.head(HEAD).rows()).encode()
        return len(self._frame), sha256(head).hexdigest()

    def __iter__(self) -> Iterator[Chunk]:
        for start in range(0, len(self._frame), self.chunk_rows):
            part = self._frame[start : start + self.chunk_rows]
            self._done = start + len(part)
            yield from self.told(sifted(self._table(part), self.missing, partial(self._reason, part, start)))

    def _table(self, part: nw.DataFrame[Any]) -> Table:
        numbers = np.empty((len(part), len(self.features) - len(self.text_columns)))
        texts = {}
        j = 0
        for name in self.features:
            column = part.get_column(name)  # type: ignore[arg-type]
            if name in self.text_columns:
                texts[name] = _coded(column)
            else:
                numbers[:, j] = _numbers(column)
                j += 1
        target = unlabelled(len(part))
        if self.reading.labelled:
            target = _coded(part.get_column(self.target))  # type: ignore[arg-type]
        weight = None
        if self.weight is not None:
            weight = self.weight, _numbers(part.get_column(self.weight))  # type: ignore[arg-type]
        return Table(self.features, numbers, texts, (self.target, target), weight)

    def _reason(self, part: nw.DataFrame[Any], start: int, flaw: Flaw) -> str:
        role = self.role(flaw.column)
        missing = {"label": "the label is missing", "text": "the string is missing"}
        wrong = missing.get(role) or why(role, part.get_column(flaw.column)[flaw.row])  # type: ignore[arg-type]
        return f"row {start + flaw.row}, column {flaw.column!r}: {wrong}"


def _is_text(name: Hashable, dtype: nw.dtypes.DType) -> bool:
    if dtype.is_numeric() or dtype == nw.Boolean:
        return False
    if dtype in (nw.String, nw.Categorical, nw.Enum):
        return True
    raise ValueError(f"column {name!r} holds {dtype}, not numbers, booleans or strings; convert it or leave it out")


def _numbers(column: nw.Series[Any]) -> NDArray[np.float64]:
    values: NDArray[np.float64] = column.cast(nw.Float64).fill_null(float("nan")).to_numpy()
    return values


def _coded(column: nw.Series[Any]) -> Coded:
    values = column.to_list()
    missing = column.is_null().to_list()
    return code(None if gone or value != value else value for value, gone in zip(values, missing, strict=True))
