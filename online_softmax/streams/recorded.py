"""Text tables: records that become Arrow tables, and the search for the one that cannot."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from online_softmax.rows import Rows
from online_softmax.streams.bad import BadRow
from online_softmax.streams.columns import Wanted
from online_softmax.streams.records import Lines
from online_softmax.streams.source import Readable, Source
from online_softmax.streams.table import TableStream

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
BLOCK = 1 << 20  # bytes to decide from what each column holds
LARGE = 1 << 19  # bytes to read at a time: they stay in the cache from step to step


class RecordStream(TableStream):
    """A stream over a text whose records become tables, a block at a time.

    The first block decides what a column holds in the whole text. A value that does not fit is an error that names line
    and column, and comes after the rows before it.
    """

    def __init__(self, source: Source, wanted: Wanted, records: Lines, block_bytes: int) -> None:
        super().__init__(source.name, wanted)
        self.source, self.records, self.block_bytes = source, records, block_bytes
        self._begun: Iterator[tuple[int, bytes]] | None = None  # standard input, read so far to decide
        with source.opened() as file:
            blocks = records.numbered(file, BLOCK)
            block = next(blocks, (1, b""))[1]
            self._start = self.start(block)
            self._line = 1 + block.count(b"\n", 0, self._start)
            first = self._line, block[self._start :]
            if not first[1].strip():
                first = next(blocks, first)
            self._decide(*first)
        if source.is_pipe:
            self._begun = chain([first], blocks)

    @property
    def fraction(self) -> float | None:
        """Return the part of the file that has been read, 0 to 1, or None for standard input."""
        return self.source.fraction

    def identify(self) -> tuple[int, str] | None:
        """Return the file's size and a digest of its head; None for standard input."""
        return self.source.identify()

    def __iter__(self) -> Iterator[Rows | BadRow]:
        with self.source.opened() as file:
            for line, block in self._blocks(file):
                for rows in self._read(line, block, self.parse):
                    if not isinstance(rows, Rows) or len(rows) or rows.skipped is not None:
                        yield rows

    def _read(self, line: int, block: bytes, parse: Callable[[bytes], T]) -> Iterator[T | BadRow]:
        """Parse the records of a block: at once, or else in parts that shrink before a flaw and grow after it."""
        stops, begin, end = [0, len(block)], 0, 1
        while begin < len(stops) - 1:
            try:
                yield parse(block[stops[begin] : stops[end]])
            except ValueError:
                if len(stops) == 2:
                    stops = [0, *self.records.ends(block)]
                    end = len(stops) - 1
                if end > begin + 1:
                    end = (begin + end + 1) // 2
                    continue
                place = line + block.count(b"\n", 0, stops[begin])
                yield self.bad(f"{self.place}, line {place}{self.reason(block[stops[begin] : stops[end]])}")
            begin, end = end, min(end + 2 * (end - begin), len(stops) - 1)

    def _blocks(self, file: Readable) -> Iterator[tuple[int, bytes]]:
        if self._begun is not None:
            begun, self._begun = self._begun, None
            return begun
        left = 0 if self.source.is_pipe else self._start
        while left:
            left -= len(file.read(left))
        return self.records.numbered(file, self.block_bytes, self._line)

    @abstractmethod
    def start(self, block: bytes) -> int:
        """Take what the text begins with from its first block; return where the records begin."""

    @abstractmethod
    def table(self, block: bytes) -> pa.Table:
        """Return the records of a block as columns, of the types that are settled if any are."""

    @abstractmethod
    def reason(self, record: bytes) -> str:
        """Say what is wrong with a record that cannot be read."""

    def parse(self, block: bytes) -> Rows:
        """Return the records of a block as rows."""
        return self.rows(self.table(block))

    def _decide(self, line: int, block: bytes) -> None:
        """Decide what each column holds, from the records of `block` that can be read at all."""
        if not block.strip():
            raise ValueError(f"{self.place} holds {'a header and ' if self._start else ''}no rows")
        sound = self._sound(line, block, together=False)
        try:
            table = self.table(sound)
        except ValueError:  # each part can be read, but as different kinds
            table = self.table(self._sound(line, block, together=True))
        self.settle(table.schema)

    def _sound(self, line: int, block: bytes, together: bool) -> bytes:
        """Return the records of a block that can be read: each alone, or all of them together."""
        sound = b""

        def read(part: bytes) -> bytes:
            self.table(sound + part if together else part)
            return part

        try:
            for part in self._read(line, block, read):
                sound += part if isinstance(part, bytes) else b""
        except ValueError:
            if not sound:
                raise
        if not sound:
            raise ValueError(f"{self.place}, line {line}: no row of the first {len(block):,} bytes can be read")
        return sound
