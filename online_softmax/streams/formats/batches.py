"""Parquet and Arrow files: batches of columns, as they were written."""

from __future__ import annotations

import json
from abc import abstractmethod
from base64 import b64decode
from collections.abc import Generator, Hashable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from online_softmax.checks import check_names
from online_softmax.streams.dates import Dates
from online_softmax.streams.place import Place, PlaceError, count_at
from online_softmax.streams.reading import Reading
from online_softmax.streams.stream import Chunk, Run
from online_softmax.streams.tables import (
    ByteSource,
    Flaw,
    Kind,
    Table,
    TableStream,
    check_parts,
    coded,
    has_time,
    holds,
    in_parts,
    kind_if_empty,
    kinds_of,
    kinds_state,
    label_type_of,
    matrix,
    pyarrow,
    refuse_column,
    shorten,
    sifted,
    spelled,
    text_kind,
    texts_of,
    typed_labels,
    typed_strings_of,
    unlabelled,
    values_of,
    why_value,
    without_gap_numbers,
)

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 4096  # rows at a time
SMALL = 1 << 14  # rows that may be read for the last of them
HEAD = 1000  # rows to know by what strings are

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
    largest: float = inf  # rows that have to be read to read the last of them

    def __init__(self, path: str | Path | ByteSource, target: Hashable | None = None, **reading: Any) -> None:
        super().__init__(path if isinstance(path, ByteSource) else ByteSource(path), Reading(target, **reading))
        self._done, self._length = 0, None
        pyarrow(f"{self.kind} files are")
        try:
            schema = self.open()
        except DAMAGE as error:
            raise ValueError(f"{self.source} is not {self.kind}, or cut off or damaged ({_one_line(error)})") from None
        self.choose(schema.names)
        self._settle(schema)

    def _settle(self, schema: pa.Schema) -> None:
        """Settle what each column holds: by its type, or, of strings, by the first rows."""
        used = frozenset(self.used)
        types = {field.name: field.type for field in schema if field.name in used}
        kinds = {name: self._kind(str(name), types[str(name)]) for name in self.features}
        self.empty_columns = {name for name in self.features if pyarrow().types.is_null(types[str(name)])}
        empty = {name: kind_if_empty(name, self.reading) for name in self.empty_columns if kinds[name].name != "text"}
        kinds |= {name: kind for name, kind in empty.items() if kind.name == "date"}
        strings = {name: holds(types[str(name)]) for name in self.features if name not in self.reading.text_columns}
        wanted = self.reading.number_columns
        unsure = [name for name, held in strings.items() if held == "text" or (held == "category" and name in wanted)]
        head = self._head() if unsure or self.reading.label_type == "number" else None
        try:
            if head is not None:
                kinds |= {name: text_kind(name, spelled(head[name]), self.reading) for name in unsure}
            if self.reading.labelled:
                own = label_type_of(str(self.target), types[str(self.target)])
                texts = partial(texts_of, head[self.target]) if head is not None else list[str]
                self._labels = typed_labels(str(self.target), own, self.reading, texts)
                self.label_kind = self._labels.kind
            if self.weight is not None and holds(types[str(self.weight)]) not in ("number", "truth"):
                raise ValueError(f"column {self.weight!r} holds {types[str(self.weight)]} values, which are no weights")
        except ValueError as error:
            raise ValueError(f"{self.source}, {error}") from None
        if (settled := self.source.settled) is not None:
            kinds |= kinds_of(settled["kinds"])
            if self.reading.labelled:
                self.label_kind = settled["labels"]
                self._labels = replace(self._labels, kind=self.label_kind)
        self._kinds = kinds
        self.kinds = {name: kind.name for name, kind in kinds.items()}
        self.text_columns = {name for name, kind in kinds.items() if kind.name == "text"}
        self.numbers = [name for name in self.features if name not in self.text_columns]
        self.dates = {name: kind.dates for name, kind in kinds.items() if kind.dates is not None}
        self._as_text = {name for name in self.numbers if holds(types[str(name)]) in ("text", "category")}
        check_names(self.features, self.text_columns)
        check_parts(self.features, self.dates)

    def _kind(self, name: str, kind: pa.DataType) -> Kind:
        """Return what a feature column of a type holds."""
        held = holds(kind)
        if held and name in self.reading.text_columns:
            return Kind("text")
        if held in ("text", "category"):
            return Kind("number" if name in self.reading.number_columns else "text")
        if held in ("number", "truth"):
            return Kind(held)
        if held != "date":
            what = f"{kind} values"
        elif self.reading.dates == "parts":
            return Kind("date", Dates(has_time=has_time(kind)))
        else:
            what = "dates"
        try:
            refuse_column(name, what, is_date=held == "date")
        except ValueError as error:
            raise ValueError(f"{self.source}, {error}") from None

    def _head(self) -> pa.Table | None:
        """Return the first rows; None where they cannot be read, which is said once they are needed."""
        try:
            with closing(self.batches()) as batches:
                batch = next(batches, None)
                if batch is None:
                    return None
                batch = batch.slice(0, HEAD)
                batch.validate(full=True)
                return pyarrow().Table.from_batches([batch])
        except DAMAGE:
            return None

    def settled(self) -> dict[str, Any]:
        """Return what was settled of the columns, for JSON: a source has it where that is known."""
        labels = self.label_kind if self.reading.labelled else None
        return {"kinds": kinds_state(self._kinds), "labels": labels}

    @property
    def fraction(self) -> float | None:
        """Return the part of the rows that has been read, 0 to 1, or None where their number is unknown."""
        return None if self._length is None else self._done / max(1, self._length)

    @property
    def seeks(self) -> bool:
        """Whether others who open the file begin at once at any place: not where they read all of a large part."""
        return super().seeks and self.largest <= SMALL

    def runs(self, at: Mapping[str, Any] | None) -> Iterator[Run]:
        """Yield the rows from one on."""
        first, n = 0 if at is None else count_at(at, "row"), self.count()
        yield Run(n - first, lambda row: Place(0, {"row": first + row}))

    def read(self, at: Mapping[str, Any] | None) -> Iterator[Chunk]:
        """Yield the chunks from a row on."""
        self._done = 0 if at is None else count_at(at, "row")
        if self._length is not None and self._done > self._length:
            raise PlaceError(f"{self.source} has {self._length:,} rows, and the place is after {self._done:,}")
        batches = self.batches(self._done)
        while True:
            try:
                batch = next(batches, None)
                if batch is None:
                    return
                batch.validate(full=True)  # damaged offsets would lead out of its memory
            except PlaceError:
                raise
            except DAMAGE as error:
                wrong = f"the data is cut off or damaged ({_one_line(error)})"
                raise ValueError(f"{self.source}, row {self._done}: {wrong}") from None
            for start in range(0, batch.num_rows, BATCH):
                table, at = pyarrow().Table.from_batches([batch.slice(start, BATCH)]), {"row": self._done}
                chunk = self._sifted(table)
                self._done += table.num_rows
                yield from self.told(chunk, at)

    def _sifted(self, table: pa.Table) -> Chunk:
        """Return a table's rows."""

        def named(row: int, column: Hashable, wrong: str) -> str:
            return f"{self.source.where('row', self._done + row)}, column {column!r}: {wrong}"

        def reason(flaw: Flaw) -> str:
            value = table[flaw.column][flaw.row].as_py()
            return named(*flaw, why_value(self.role(flaw.column), value, self.reading.spelling, shorten(value)))

        strings = {name: spelled(table[name]) for name in self.features if name in self.text_columns}
        texts = {name: typed_strings_of(cells, self.reading) for name, cells in strings.items()}
        numbers = self._without_gaps(matrix(self._with_doubles(table).select(self.numbers)))
        weight = None
        if self.weight is not None:
            weight = self.weight, without_gap_numbers(matrix(table.select([self.weight]))[:, 0], self.reading.spelling)
        labels, wrong = unlabelled(table.num_rows), dict[int, str]()
        if self.reading.labelled:
            labels, wrong = self._labels.of(coded(table[self.target]))
        found = in_parts(Table(self.features, numbers, texts, (self.target, labels), weight), self.dates)
        refused = {row: named(row, self.target, said) for row, said in wrong.items()}
        return sifted(found, self.missing, reason, refused)

    def _with_doubles(self, table: pa.Table) -> pa.Table:
        """Return a table with doubles where texts write numbers or dates."""
        if not self._as_text:
            return table
        columns = {
            name: values_of(spelled(column), self._kinds[name], self.reading.spelling)
            if name in self._as_text
            else column
            for name, column in zip(table.column_names, table.columns, strict=True)
        }
        return pyarrow().table(columns)

    def _without_gaps(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the columns of numbers without those that mark a gap: they are nan."""
        if self.reading.spelling.gap_numbers:
            for j, name in enumerate(self.numbers):
                if self.kinds[name] == "number":
                    matrix[:, j] = without_gap_numbers(matrix[:, j], self.reading.spelling)
        return matrix

    @abstractmethod
    def open(self) -> pa.Schema:
        """Look at the file and return its schema."""

    def count(self) -> int:
        """Return how many rows there are."""
        return sum(batch.num_rows for batch in self.batches())

    @abstractmethod
    def batches(self, row: int = 0) -> Generator[pa.RecordBatch, None, None]:
        """Yield the batches from a row on, of the used columns or more."""


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

        with parquet.ParquetFile(self.source.path) as file:
            self._length = file.metadata.num_rows
            groups = (file.metadata.row_group(i).num_rows for i in range(file.num_row_groups))
            self.largest = max(groups, default=0)
            return _as_written(file.schema_arrow, file.metadata.metadata or {})

    def count(self) -> int:
        """Return how many rows there are, as the file says."""
        return self._length or 0

    def batches(self, row: int = 0) -> Generator[pa.RecordBatch, None, None]:
        """Yield the batches of the used columns from a row on; of its group of rows those before it are read, too."""
        from pyarrow import parquet

        with parquet.ParquetFile(self.source.path, buffer_size=1 << 16, pre_buffer=False) as file:
            sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
            first = 0
            while first < len(sizes) and row >= sizes[first]:
                row, first = row - sizes[first], first + 1
            groups = [*range(first, len(sizes))]
            # Without threads of its own: it reads beside the learning already, and needs less memory.
            yield from _since(file.iter_batches(BATCH, groups, self.used, use_threads=False), row)


class ArrowStream(BatchStream):
    """A stream over an Arrow IPC file, which is Feather of version 2, or an Arrow IPC stream."""

    kind = "an Arrow file"

    def open(self) -> pa.Schema:
        """Look at the file and return its schema."""
        from pyarrow import ipc

        with pyarrow().memory_map(str(self.source.path)) as file:
            if file.read(6) == b"ARROW1":
                return ipc.open_file(file).schema
            file.seek(0)
            return ipc.open_stream(file).schema

    def count(self) -> int:
        """Return how many rows there are, by the sizes of the batches."""
        try:
            with self._opened(of_one_column=True) as reader:
                return sum(batch.num_rows for batch in _batches(reader))
        except DAMAGE as error:
            raise ValueError(f"{self.source}: the data is cut off or damaged ({_one_line(error)})") from None

    def batches(self, row: int = 0) -> Generator[pa.RecordBatch, None, None]:
        """Yield the batches from a row on."""
        first = 0
        with self._opened() as reader, self._opened(of_one_column=True) as sizes:
            if row and hasattr(sizes, "get_batch"):
                while first < sizes.num_record_batches and row >= (n := sizes.get_batch(first).num_rows):
                    row, first = row - n, first + 1
            yield from _since(_batches(reader, first), row)

    @contextmanager
    def _opened(self, *, of_one_column: bool = False) -> Iterator[Any]:
        """Open the file for its batches, or for little more than their sizes."""
        from pyarrow import ipc

        options = ipc.IpcReadOptions(included_fields=[0]) if of_one_column else None
        with pyarrow().memory_map(str(self.source.path)) as file:
            is_file = file.read(6) == b"ARROW1"
            if not is_file:
                file.seek(0)
            yield (ipc.open_file if is_file else ipc.open_stream)(file, options=options)


def _batches(reader: Any, first: int = 0) -> Iterable[pa.RecordBatch]:
    """Return the batches of a file from one on, or those of a stream."""
    return map(reader.get_batch, range(first, reader.num_record_batches)) if hasattr(reader, "get_batch") else reader


def _since(batches: Iterable[pa.RecordBatch], row: int) -> Iterator[pa.RecordBatch]:
    """Yield what there is of some batches from a row on."""
    for batch in batches:
        if row < batch.num_rows:
            yield batch.slice(row) if row else batch
        row = max(0, row - batch.num_rows)
    if row:
        raise PlaceError(f"the source ends {row:,} rows before the place")


def _as_written(schema: pa.Schema, metadata: Mapping[bytes, bytes]) -> pa.Schema:
    """Return a Parquet file's schema with the categories that were written: it keeps their values alone."""
    pa = pyarrow()
    written: set[str] = set()
    try:
        if ours := metadata.get(b"ARROW:schema"):
            fields = pa.ipc.read_schema(pa.BufferReader(b64decode(ours)))
            written |= {field.name for field in fields if pa.types.is_dictionary(field.type)}
        if frame := metadata.get(b"pandas"):
            columns = json.loads(frame)["columns"]
            written |= {column["field_name"] for column in columns if column["pandas_type"] == "categorical"}
    except DAMAGE:  # what others wrote there is theirs
        return schema
    categories = (field.name in written and not pa.types.is_dictionary(field.type) for field in schema)
    return pa.schema(
        field.with_type(pa.dictionary(pa.int32(), field.type)) if is_one else field
        for field, is_one in zip(schema, categories, strict=True)
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
