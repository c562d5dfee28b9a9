"""Text tables: records that become Arrow tables, and the search for those that cannot."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from online_softmax.streams.reading import Reading
from online_softmax.streams.stream import Chunk, Note
from online_softmax.streams.tables.file_bytes import ByteSource, Readable
from online_softmax.streams.tables.records import Lines
from online_softmax.streams.tables.table_stream import TableStream

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 1 << 20  # bytes to decide from what each column holds
LARGE = 1 << 19  # bytes to read at a time: they stay in the cache from step to step
WIDE = 1000  # columns for which there is as much to read again: each of them costs something a block
PART = 512  # records to look at one by one, where a block cannot be read


class RecordStream(TableStream):
    """A stream over a text whose records become tables, a block at a time.

    The first block decides what a column holds in the whole text. A value that does not fit is an error that names line
    and column, and comes after the rows before it.
    """

    doubt = ": it cannot be read"  # what is wrong where there is no other reason
    space: bytes | None = None  # a record of nothing else is no row

    def __init__(self, source: ByteSource, reading: Reading, records: Lines, block_bytes: int) -> None:
        super().__init__(source, reading)
        self.records, self.block_bytes = records, block_bytes
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

    def __iter__(self) -> Iterator[Chunk]:
        with self.source.opened() as file:
            for line, block in self._blocks(file):
                yield from self.told(self._read(line, block))

    def _read(self, line: int, block: bytes) -> Chunk:
        """Parse the records of a block: at once, or else those that nothing is wrong with."""
        try:
            return self.parse(block)
        except ValueError:
            records = list(self._numbered(line, block))
        lines, texts = zip(*records, strict=True) if records else ((), ())
        reasons = self._reasons(texts)
        try:
            chunk = self.parse(b"".join(_sound(texts, reasons)))
        except ValueError:
            doubts = iter(self._doubts(_sound(texts, reasons)))
            reasons = [reason or next(doubts) for reason in reasons]
            chunk = self.parse(b"".join(_sound(texts, reasons)))
        return chunk.with_bad(
            [Note(i, f"{self.source}, line {lines[i]}{reason}") for i, reason in enumerate(reasons) if reason]
        )

    def _reasons(self, records: Sequence[bytes]) -> list[str]:
        """Say of each record what is wrong with it, or nothing; of none some way after a flaw, if that is an error."""
        reasons: list[str] = []
        for start in range(0, len(records), PART):
            part = records[start : start + PART]
            try:
                self.parse(b"".join(part))
            except ValueError:
                reasons += map(self.reason, part)
                if self.on_bad == "raise" and any(reasons):
                    break
            else:
                reasons += [""] * len(part)
        return reasons

    def _doubts(self, records: list[bytes]) -> list[str]:
        """Search for the records that cannot be read, though nothing is known to be wrong with them."""
        half = len(records) // 2
        try:
            self.parse(b"".join(records))
        except ValueError:
            return self._doubts(records[:half]) + self._doubts(records[half:]) if half else [self.doubt]
        return [""] * len(records)

    def _numbered(self, line: int, block: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the records of a block that are not blank, each with the number of its first line."""
        start = 0
        for stop in self.records.ends(block):
            record = block[start:stop]
            if record.strip(self.space):
                yield line, record
            line, start = line + record.count(b"\n"), stop

    def _blocks(self, file: Readable) -> Iterator[tuple[int, bytes]]:
        if self._begun is not None:
            begun, self._begun = self._begun, None
            return begun
        left = 0 if self.source.is_pipe else self._start
        while left:
            left -= len(file.read(left))
        size = self.block_bytes * (1 + len(self.used) // WIDE)
        return self.records.numbered(file, size, self._line)

    @abstractmethod
    def start(self, block: bytes) -> int:
        """Take what the text begins with from its first block; return where the records begin."""

    @abstractmethod
    def table(self, block: bytes) -> pa.Table:
        """Return the records of a block as columns, of the types that are settled if any are."""

    @abstractmethod
    def reason(self, record: bytes) -> str:
        """Say what is wrong with a record, or nothing where there is no telling."""

    def parse(self, block: bytes) -> Chunk:
        """Return the records of a block as rows, or raise where one of them is bad."""
        chunk = self.sifted(self.table(block))
        if chunk.bad:
            raise ValueError(chunk.bad[0].reason)
        return chunk

    def _decide(self, line: int, block: bytes) -> None:
        """Decide what each column holds, from the records of `block` that can be read at all."""
        if not block.strip():
            raise ValueError(f"{self.source} holds {'a header and ' if self._start else ''}no rows")
        try:
            table = self.table(block)
        except ValueError:
            table = self.table(b"".join(self._together(line, block)))
        self.settle(table.schema)

    def _together(self, line: int, block: bytes) -> list[bytes]:
        """Return the records of a block that can be read together; none after a flaw, if that is an error."""
        sound: list[bytes] = []
        for number, record in self._numbered(line, block):
            if not (reason := self.reason(record)):
                sound.append(record)
            elif self.on_bad == "raise":
                if not sound:
                    raise ValueError(f"{self.source}, line {number}{reason}")
                break
        if not (sound := self._readable(list(self.alike(sound)))):
            raise ValueError(f"{self.source}, line {line}: no row of the first {len(block):,} bytes can be read")
        return sound

    def _readable(self, records: list[bytes]) -> list[bytes]:
        """Search for the records that can be read."""
        half = len(records) // 2
        try:
            self.table(b"".join(records))
        except ValueError:
            if not half:
                return []
            before = self._readable(records[:half])
            stops = self.on_bad == "raise" and len(before) < half
            return before if stops else before + self._readable(records[half:])
        return records

    def alike(self, records: list[bytes]) -> Iterator[bytes]:
        """Yield the records whose values are of the kinds of those before; none after a flaw, if that is an error."""
        return iter(records)


def _sound(records: Sequence[bytes], reasons: list[str]) -> list[bytes]:
    """Return the records that nothing is wrong with, as far as there are reasons."""
    return [record for record, reason in zip(records, reasons, strict=False) if not reason]
