"""CSV: the rows of a file, read in blocks of whole records."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import cache, lru_cache
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from online_softmax.rows import Rows
from online_softmax.streams._parsing.grid import Grid
from online_softmax.streams.reading import Reading
from online_softmax.streams.stream import Chunk
from online_softmax.streams.tables import (
    LARGE,
    ByteSource,
    Quoted,
    RecordStream,
    pyarrow,
    read_csv,
    shorten,
    unlabelled,
    why,
)

if TYPE_CHECKING:
    import pyarrow as pa


class CsvStream(RecordStream):
    """A stream over a CSV file: a header, commas, and quotes where a field needs them.

    The first block decides what a column holds in the whole file: numbers, truth values or strings. A value that does
    not fit is an error that names line and column, and comes after the rows before it.

    Parameters
    ----------
    path
        The file; `-` is standard input.
    target
        The column that holds the label.
    delimiter
        What is between two fields.
    block_bytes
        About how much to read at a time.
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
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from online_softmax.streams import CsvStream

    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "fruit.csv")
    ...     _ = path.write_text("size,colour,kind\\n7,green,apple\\n19,yellow,banana\\n")
    ...     (chunk,) = CsvStream(path, "kind")
    >>> chunk.rows.names
    ['size', 'colour=green', 'colour=yellow']
    >>> chunk.rows.x(1), chunk.rows.y(1)
    ({'size': 19.0, 'colour=yellow': 1.0}, 'banana')

    """

    blank = ""
    space = b"\r\n"
    bytes_are_text = True

    def __init__(
        self,
        path: str | Path,
        target: Hashable | None = None,
        *,
        delimiter: str = ",",
        block_bytes: int = LARGE,
        **reading: Any,
    ) -> None:
        source = ByteSource(path)
        self.delimiter = delimiter
        self._grid: Grid | None = None  # for blocks of plain numbers
        # A column's name is text, whatever the name that is asked for.
        asked = Reading(None if target is None else str(target), **reading)
        self.quoted = Quoted(source.name, delimiter.encode())
        self._cells: list[tuple[int, str, str]] = []  # position, name and kind of the columns that are used
        super().__init__(source, asked, self.quoted, block_bytes)

    def start(self, block: bytes) -> int:
        """Read the header; return where the rows begin."""
        end = next((end for end in self.records.ends(block) if block[:end].strip()), 0)
        if not end:
            raise ValueError(f"{self.source} is empty")
        text = block[:end].decode(errors="replace")
        if "\0" in text or "\ufffd" in text:
            raise ValueError(f"{self.source} is not a CSV file: its header is not UTF-8 text")
        if self.records.is_broken(block[:end]):
            raise ValueError(f"{self.source}, line 1: a carriage return outside quotes")
        try:
            self.columns = read_csv(block[:end] + b"\n", delimiter=self.delimiter).column_names
        except ValueError as error:
            raise ValueError(f"{self.source} is not a CSV file: its header cannot be read ({error})") from None
        self.choose(self.columns)
        return end

    def table(self, block: bytes) -> pa.Table:
        """Return the records of a block as columns."""
        if block.count(b'"') % 2 and self.records.is_open(block):
            raise ValueError("a quote never closes")
        if b"\0" in block:
            raise ValueError("a NUL byte")
        return read_csv(block, self.columns, self._types, self.used, self.delimiter)

    def settle(self, schema: Iterable[pa.Field]) -> None:
        """Settle what each column holds."""
        super().settle(schema)
        assert self._types is not None
        kinds = {str(self._types[str(name)]) for name in self.features}
        target = str(self._types.get(str(self.target)))
        self._cells = [(i, name, str(self._types[name])) for i, name in enumerate(self.columns) if name in self.used]
        is_plain = target in ("int64", "string") or not self.reading.labelled
        if kinds <= {"double"} and is_plain and self.weight is None and len(self.columns) > 1:
            label = self.target if self.reading.labelled else None
            self._grid = Grid(self.columns, self.features, label, target == "int64", self.delimiter)

    def parse(self, block: bytes) -> Chunk:
        """Return the records of a block as rows, or raise where one of them is bad."""
        grid = None if b'"' in block or b"\0" in block else self._grid
        if grid is not None and (found := grid.read(block)) is not None:
            values, labels, codes = found
            if not self.reading.labelled:
                labels, codes = unlabelled(len(values))
            ids = np.arange(len(self.features), dtype=np.int32)
            return Chunk(Rows([*self.features], ids, values, None, labels, codes))
        return super().parse(block)

    def label_type(self, field: pa.Field, is_plain: bool) -> Any:
        """Return the type to read labels as: dates stay text."""
        return field.type if is_plain else pyarrow().string()

    def reason(self, record: bytes) -> str:
        """Say what is wrong with a record, or nothing where there is no telling."""
        if b'"' in record and self.records.is_open(record):
            return ": a quote opens here and never closes"
        if b"\0" in record:
            return ": a NUL byte"
        if self.records.is_broken(record):
            return ": a carriage return outside quotes"
        fields = self.quoted.fields(record)
        if (n := len(fields)) != len(self.columns):
            return f": {n} field{'s' * (n != 1)} where the header has {len(self.columns)}"
        for i, column, wants in self._cells:
            if self._is_flawed(fields[i], column, wants):
                return f", column {column!r}: {self._wrong(fields[i], column, wants)}"
        return ""

    def _is_flawed(self, cell: bytes, column: str, wants: str) -> bool:
        is_label, is_weight = column == self.target, column == self.weight
        value: Any
        try:
            if wants == "string":
                value = cell.decode() or (None if is_label else "")
            else:
                value = _number(cell) if wants == "double" else _value(cell, wants)
        except ValueError:
            return True
        if value is not None and (is_label or wants != "double" or (isfinite(value) and not (is_weight and value < 0))):
            return False
        # What `missing` mends is no flaw.
        return self.missing == "error" or (self.missing == "zero" and (is_label or is_weight))

    def _wrong(self, cell: bytes, column: str, wants: str) -> str:
        shown, role = shorten(cell.decode(errors="backslashreplace")), self.role(column)
        if wants == "string" and cell:
            return f"{shown} is not UTF-8 text"
        if role == "label" and cell.strip():
            return f"{shown} does not fit the labels before it, which are {wants}"
        return why("truth" if wants == "bool" and role == "number" else role, shown)


def _number(cell: bytes) -> float | None:
    return None if cell in _nulls() else float(cell)


@cache
def _nulls() -> frozenset[bytes]:
    """Return what pyarrow reads as nothing."""
    pyarrow()
    from pyarrow import csv

    return frozenset(text.encode() for text in csv.ConvertOptions().null_values)


@lru_cache(1 << 12)
def _value(cell: bytes, kind: str) -> Any:
    """Return what pyarrow reads a cell as."""
    quoted = b'"%s"\n' % cell.replace(b'"', b'""')
    return read_csv(quoted, ["cell"], {"cell": kind})["cell"][0].as_py()
