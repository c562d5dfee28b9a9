"""Parquet and Arrow files: batches of columns, as they were written."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from online_softmax.streams.reading import Reading
from online_softmax.streams.stream import Chunk
from online_softmax.streams.tables import ByteSource, Flaw, TableStream, pyarrow, shorten, why

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 4096  # rows at a time

DAMAGE = (ValueError, OSError, MemoryError, LookupError, TypeError, NotImplementedError)  # as pyarrow reports it


class BatchStream(TableStream):
    """A stream over a file of Arrow batches.

    Parameters
    ----------
    path
        The file.
    target
        The column that holds the label.
    reading
        How else it is read; see `Reading`.

    """

    kind: str  # what the file should be

    def __init__(self, path: str | Path, target: Hashable | None = None, **reading: Any) -> None:
        super().__init__(ByteSource(path), Reading(target, **reading))
        self.path = self.source.path
        self._done, self._length = 0, None
        pyarrow(f"{self.kind} files are")
        try:
            schema = self.open()
        except DAMAGE as error:
            raise ValueError(f"{self.source} is not {self.kind}, or cut off or damaged ({_one_line(error)})") from None
        self.choose(schema.names)
        self.settle(schema)

    @property
    def fraction(self) -> float | None:
        """Return the part of the rows that has been read, 0 to 1, or None where their number is unknown."""
        return None if self._length is None else self._done / max(1, self._length)

    def __iter__(self) -> Iterator[Chunk]:
        self._done = 0
        batches = self.batches()
        while True:
            try:
                batch = next(batches, None)
                if batch is None:
                    return
                batch.validate(full=True)  # damaged offsets would lead out of its memory
            except DAMAGE as error:
                wrong = f"the data is cut off or damaged ({_one_line(error)})"
                raise ValueError(f"{self.source}, row {self._done}: {wrong}") from None
            for start in range(0, batch.num_rows, BATCH):
                table = pyarrow().Table.from_batches([batch.slice(start, BATCH)])
                yield from self.told(self.sifted(table, partial(self._reason, table)))
                self._done += table.num_rows

    def _reason(self, table: pa.Table, flaw: Flaw) -> str:
        wrong = why(self.role(flaw.column), shorten(table[flaw.column][flaw.row].as_py()))
        return f"{self.source}, row {self._done + flaw.row}, column {flaw.column!r}: {wrong}"

    @abstractmethod
    def open(self) -> pa.Schema:
        """Look at the file and return its schema."""

    @abstractmethod
    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches, of the used columns or more."""


class ParquetStream(BatchStream):
    """A stream over a Parquet file.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pyarrow as pa, pyarrow.parquet
    >>> from online_softmax.streams import ParquetStream

    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "fruit.parquet")
    ...     pa.parquet.write_table(pa.table({"size": [7, 19], "kind": ["apple", "banana"]}), path)
    ...     print(*ParquetStream(path, "kind").pairs())
    ({'size': 7.0}, 'apple', {}) ({'size': 19.0}, 'banana', {})

    """

    kind = "a Parquet file"

    def open(self) -> pa.Schema:
        """Look at the file and return its schema."""
        from pyarrow import parquet

        with parquet.ParquetFile(self.path) as file:
            self._length = file.metadata.num_rows
            return file.schema_arrow

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches of the used columns."""
        from pyarrow import parquet

        with parquet.ParquetFile(self.path, buffer_size=1 << 16, pre_buffer=False) as file:
            # Without threads of its own: it reads beside the learning already, and needs less memory.
            yield from file.iter_batches(BATCH, columns=self.used, use_threads=False)


class ArrowStream(BatchStream):
    """A stream over an Arrow IPC file, which is Feather of version 2, or an Arrow IPC stream."""

    kind = "an Arrow file"

    def open(self) -> pa.Schema:
        """Look at the file and return its schema."""
        from pyarrow import ipc

        with pyarrow().memory_map(str(self.path)) as file:
            if file.read(6) == b"ARROW1":
                return ipc.open_file(file).schema
            file.seek(0)
            return ipc.open_stream(file).schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches."""
        from pyarrow import ipc

        with pyarrow().memory_map(str(self.path)) as file:
            if file.read(6) == b"ARROW1":
                reader = ipc.open_file(file)
                for i in range(reader.num_record_batches):
                    yield reader.get_batch(i)
            else:
                file.seek(0)
                yield from ipc.open_stream(file)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
