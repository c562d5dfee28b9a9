"""CSV: the rows of a file, read in blocks of whole records."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterator
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from online_softmax.rows import Rows
from online_softmax.streams.arrow import coded, matrix, pyarrow, read_csv
from online_softmax.streams.columns import assemble, check_names, choose, shorten
from online_softmax.streams.records import LONGEST, blocks, ends, is_broken, is_open

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 1 << 20  # bytes to read at a time, and to decide from what each column holds


class CsvStream:
    """A stream over a CSV file: a header, commas, and quotes where a field needs them.

    The first block decides what a column holds in the whole file: numbers, truth values or strings. A value that does
    not fit is an error that names line and column, and comes after the rows before it.

    Parameters
    ----------
    path
        The file.
    target
        The column that holds the label.
    block_bytes
        About how much to read at a time.

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

    def __init__(self, path: str | Path, target: Hashable | None = None, *, block_bytes: int = BLOCK) -> None:
        self.path = Path(path)
        self.block_bytes = block_bytes
        self._read = 0
        self._size = self.path.stat().st_size
        with self.path.open("rb") as file:
            self.columns, self._start, self._line = self._header(file)
            self.target = str(choose(target, self.columns, str(self.path)))
            self.features = [name for name in self.columns if name != self.target]
            self._types: dict[str, pa.DataType] | None = None  # to be decided by the first block
            self._types = self._decide(next(self._blocks(file, BLOCK), (0, b""))[1])
        self.words = {name for name in self.features if str(self._types[name]) == "string"}
        check_names(self.features, self.words)

    @property
    def fraction(self) -> float | None:
        """Return the part of the file that has been read, 0 to 1."""
        return min(1.0, self._read / self._size)

    def __iter__(self) -> Iterator[Rows]:
        with self.path.open("rb") as file:
            for line, block in self._blocks(file, self.block_bytes):
                self._read = file.tell()
                reason = ""
                try:
                    rows = self._rows(block)
                except ValueError:
                    sound, reason = self._flaw(block, line)
                    rows = self._rows(block[:sound])
                if len(rows):
                    yield rows
                if reason:
                    raise ValueError(reason)

    def _header(self, file: BinaryIO) -> tuple[list[str], int, int]:
        """Return the names of the columns, and the offset and the line at which the rows begin."""
        block = next(blocks(file, BLOCK), b"")
        end = next((end for end in ends(block) if block[:end].strip()), 0)
        if not end:
            raise ValueError(f"{self.path} is empty")
        text = block[:end].decode(errors="replace")
        if "\0" in text or "\ufffd" in text:
            raise ValueError(f"{self.path} is not a CSV file: its header is not UTF-8 text")
        if is_broken(block[:end]):
            raise ValueError(f"{self.path}, line 1: a carriage return outside quotes")
        return read_csv(block[:end] + b"\n").column_names, end, 1 + block.count(b"\n", 0, end)

    def _blocks(self, file: BinaryIO, size: int) -> Iterator[tuple[int, bytes]]:
        """Yield the blocks after the header, each with the number of its first line."""
        file.seek(self._start)
        line = self._line
        for block in blocks(file, size):
            if len(block) > LONGEST:
                raise ValueError(f"{self.path}, line {line}: a record of more than {LONGEST:,} bytes")
            yield line, block
            line += block.count(b"\n")

    def _decide(self, block: bytes) -> dict[str, pa.DataType]:
        """Decide what each column holds, from the records of `block` that can be read at all."""
        if not block.strip():
            raise ValueError(f"{self.path} holds a header and no rows")
        try:
            table = self._table(block)
        except ValueError:
            sound, reason = self._flaw(block, self._line)
            if not sound:
                raise ValueError(reason) from None
            table = self._table(block[:sound])
        return {field.name: self._type(field) for field in table.schema}

    def _type(self, field: pa.Field) -> pa.DataType:
        pa = pyarrow()
        if pa.types.is_boolean(field.type):
            return pa.bool_()
        if pa.types.is_string(field.type) or pa.types.is_binary(field.type):
            return pa.string()
        number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        if field.name == self.target:
            return field.type if number else pa.string()
        if number or pa.types.is_null(field.type):
            return pa.float64()
        raise ValueError(f"{self.path}, column {field.name!r}: dates and times are no features; leave the column out")

    def _table(self, block: bytes) -> pa.Table:
        return read_csv(block, names=self.columns, types=self._types)

    def _rows(self, block: bytes) -> Rows:
        if block.count(b'"') % 2 and is_open(block):
            raise ValueError("a quote never closes")
        table = self._table(block)
        words = {name: coded(table[name]) for name in self.features if name in self.words}
        labels = coded(table[self.target], missing="")
        numbers = matrix(table.select([name for name in self.features if name not in words]))
        return assemble(self.features, numbers, words, (self.target, labels))

    def _flaw(self, block: bytes, line: int) -> tuple[int, str]:
        """Find the first record that cannot be read: return where it begins, and what is wrong with it."""
        parse = self._rows if self._types else self._table

        def fails(end: int) -> bool:
            try:
                parse(block[:end])
            except ValueError:
                return True
            return False

        stops = ends(block)
        first = bisect_left(stops, True, key=fails)
        start = stops[first - 1] if first else 0
        line += block.count(b"\n", 0, start)
        return start, f"{self.path}, line {line}{self._reason(block[start : stops[first]])}"

    def _reason(self, record: bytes) -> str:
        """Say what is wrong with a record that cannot be read."""
        if is_open(record):
            return ": a quote opens here and never closes"
        if is_broken(record):
            return ": a carriage return outside quotes"
        if (n := read_csv(record, names=[]).num_columns) != len(self.columns):
            return f": {n} field{'s' * (n != 1)} where the header has {len(self.columns)}"
        column = next((name for name in self.columns if self._is_flawed(record, name)), self.target)
        raw = read_csv(record, names=self.columns, types=dict.fromkeys(self.columns, "binary"))[column][0].as_py()
        text = raw.decode(errors="backslashreplace")
        wants = str(self._types[column]) if self._types else ""
        if wants == "string" and raw:
            wrong = "is not UTF-8 text"
        elif column == self.target:
            wrong = f"does not fit the labels before it, which are {wants}" if raw.strip() else "is no label"
        else:
            wrong = "is not true or false" if wants == "bool" else "is not a finite number"
        return f", column {column!r}: {shorten(text)} {wrong}"

    def _is_flawed(self, record: bytes, column: str) -> bool:
        try:
            table = read_csv(record, names=self.columns, types=self._types, only=[column])
        except ValueError:
            return True
        value = table[column][0].as_py()
        if column == self.target:
            return value is None or value == ""
        return value is None or (isinstance(value, float) and not isfinite(value))
