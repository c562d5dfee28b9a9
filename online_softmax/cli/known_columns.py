"""Columns of a source, as a saved model knows them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from online_softmax.models.scaled import native
from online_softmax.streams import RowStream, open_stream


class Known:
    """The columns that a saved model has learned from, as far as its features tell: hashed ones tell nothing.

    It contains those that hold strings to the model, whatever they seem to hold where they are read.

    Parameters
    ----------
    model
        A model, or a scaler before one.
    file
        Where it is from.
    text_columns
        Columns that are asked to hold strings besides.

    """

    def __init__(self, model: Any, file: Path, text_columns: Sequence[str] = ()) -> None:
        known = native(model)
        assert known is not None
        self.file, self._asked = file, text_columns
        self._features = set(known.features) if known.hash_bits is None else set()
        self._sorted = sorted(str(name) for name in self._features)

    def __contains__(self, column: object) -> bool:
        prefix = f"{column}="
        at = bisect_left(self._sorted, prefix)
        is_known = column not in self._features and at < len(self._sorted) and self._sorted[at].startswith(prefix)
        return is_known or column in self._asked

    def check(self, stream: RowStream) -> None:
        """Refuse a column of strings that the model knows as numbers, and a source none of whose columns it knows."""
        if not self._features or not stream.features:
            return
        for name in stream.text_columns:
            if name in self._features:
                raise ValueError(f"column {name!r} holds strings, and the model in {self.file} knows it as numbers")
        if not any(name in self._features or name in self for name in stream.features):
            shown = ", ".join(map(str, stream.features[:5]))
            more = " .." * (len(stream.features) > 5)
            raise ValueError(f"the model in {self.file} knows none of the columns {shown}{more}")


def open_for(
    model: Any, file: Path, source: str, target: str | None, *, text_columns: Sequence[str] = (), **reading: Any
) -> RowStream:
    """Open a source for the model in a file: with columns of strings where the model knows strings."""
    known = Known(model, file, text_columns)
    stream = open_stream(source, target, text_columns=known, **reading)
    assert isinstance(stream, RowStream)
    known.check(stream)
    return stream
