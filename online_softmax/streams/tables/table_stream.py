"""Tables: files of columns, and which of them are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from online_softmax.streams.reading import Reading
from online_softmax.streams.tables.file_bytes import ByteSource
from online_softmax.streams.tables.file_stream import FileStream

if TYPE_CHECKING:
    import pyarrow as pa


class TableStream(FileStream):
    """A stream over a file of columns.

    Parameters
    ----------
    source
        The file.
    reading
        How it is read.

    """

    label_kind: str

    def __init__(self, source: ByteSource, reading: Reading) -> None:
        self.source, self.reading = source, reading
        self._types: dict[str, pa.DataType] | None = None

    def choose(self, columns: list[str]) -> None:
        """Choose target and features among the columns."""
        self.reading = self.reading.of(columns, self.source.name)
        used = {*self.features, self.weight}
        if self.reading.labelled:
            used.add(self.target)
        self.used = [name for name in columns if name in used]
