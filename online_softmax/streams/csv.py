"""CSV: the rows of a file, read in blocks of whole records."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from online_softmax.rows import Rows
from online_softmax.streams._grid import Grid
from online_softmax.streams.arrow import pyarrow, read_csv
from online_softmax.streams.columns import Wanted, shorten
from online_softmax.streams.recorded import LARGE, RecordStream
from online_softmax.streams.records import Quoted
from online_softmax.streams.source import Source

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
    wanted
        What else is wanted of the columns; see `Wanted`.

    Attributes
    ----------
    features
        The feature columns, in order.
    words
        Those of them that hold strings.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from online_softmax.streams import CsvStream

    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "fruit.csv")
    ...     _ = path.write_text("size,colour,kind\\n7,green,apple\\n19,yellow,banana\\n")
    ...     (rows,) = CsvStream(path, "kind")
    >>> rows.names
    ['size', 'colour=green', 'colour=yellow']
    >>> rows.x(1), rows.y(1)
    ({'size': 19.0, 'colour=yellow': 1.0}, 'banana')

    """

    blank = ""
    bytes_are_text = True

    def __init__(
        self,
        path: str | Path,
        target: Hashable | None = None,
        *,
        delimiter: str = ",",
        block_bytes: int = LARGE,
        **wanted: Any,
    ) -> None:
        source = Source(path)
        self.delimiter = delimiter
        self._grid: Grid | None = None  # for blocks of plain numbers
        # A column's name is text, whatever the name that is asked for.
        asked = Wanted(None if target is None else str(target), **wanted)
        super().__init__(source, asked, Quoted(source.name, delimiter.encode()), block_bytes)

    def start(self, block: bytes) -> int:
        """Read the header; return where the rows begin."""
        end = next((end for end in self.records.ends(block) if block[:end].strip()), 0)
        if not end:
            raise ValueError(f"{self.place} is empty")
        text = block[:end].decode(errors="replace")
        if "\0" in text or "\ufffd" in text:
            raise ValueError(f"{self.place} is not a CSV file: its header is not UTF-8 text")
        if self.records.is_broken(block[:end]):
            raise ValueError(f"{self.place}, line 1: a carriage return outside quotes")
        try:
            self.columns = read_csv(block[:end] + b"\n", delimiter=self.delimiter).column_names
        except ValueError as error:
            raise ValueError(f"{self.place} is not a CSV file: its header cannot be read ({error})") from None
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
        if kinds <= {"double"} and target in ("int64", "string") and self.weight is None and len(self.columns) > 1:
            self._grid = Grid(self.columns, self.features, self.target, target == "int64", self.delimiter)

    def parse(self, block: bytes) -> Rows:
        """Return the records of a block as rows."""
        if self._grid is not None and b'"' not in block and (found := self._grid.read(block)) is not None:
            values, labels, codes = found
            return Rows([*self.features], np.arange(len(self.features), dtype=np.int32), values, None, labels, codes)
        return super().parse(block)

    def label_type(self, field: pa.Field, is_plain: bool) -> Any:
        """Return the type to read labels as: dates stay text."""
        return field.type if is_plain else pyarrow().string()

    def reason(self, record: bytes) -> str:
        """Say what is wrong with a record that cannot be read."""
        if self.records.is_open(record):
            return ": a quote opens here and never closes"
        if b"\0" in record:
            return ": a NUL byte"
        if self.records.is_broken(record):
            return ": a carriage return outside quotes"
        if (n := read_csv(record + b"\n", names=[], delimiter=self.delimiter).num_columns) != len(self.columns):
            return f": {n} field{'s' * (n != 1)} where the header has {len(self.columns)}"
        column = next((name for name in self.used if self._is_flawed(record, name)), self.used[0])
        as_bytes = read_csv(record, self.columns, dict.fromkeys(self.columns, "binary"), delimiter=self.delimiter)
        raw = as_bytes[column][0].as_py()
        text = raw.decode(errors="backslashreplace")
        wants = str(self._types[str(column)]) if self._types else ""
        if wants == "string" and raw:
            wrong = "is not UTF-8 text"
        elif column == self.target:
            wrong = f"does not fit the labels before it, which are {wants}" if raw.strip() else "is no label"
        elif column == self.weight:
            wrong = "is no weight, a finite number that is at least 0"
        else:
            wrong = "is not true or false" if wants == "bool" else "is not a finite number"
        return f", column {column!r}: {shorten(text)} {wrong}"

    def _is_flawed(self, record: bytes, column: str) -> bool:
        try:
            value = read_csv(record, self.columns, self._types, [column], self.delimiter)[column][0].as_py()
        except ValueError:
            return True
        if column == self.target:
            return value is None or value == ""
        if isinstance(value, float) and (not isfinite(value) or (column == self.weight and value < 0)):
            # What `missing` mends is no flaw, but in a weight.
            return self.wanted.missing == "error" or column == self.weight
        return value is None and (self.wanted.missing == "error" or column == self.weight)
