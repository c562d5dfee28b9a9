"""Text tables: records that become columns at once, or cell by cell where something is odd."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from online_softmax.checks import check_names, shorten
from online_softmax.streams.labels import keeps_spelling, spelled_at
from online_softmax.streams.place import Place, count_at
from online_softmax.streams.reading import Reading
from online_softmax.streams.stream import Chunk, Note, Run
from online_softmax.streams.tables.arrow import coded, matrix, pyarrow
from online_softmax.streams.tables.arrow import numbers as numbers_of
from online_softmax.streams.tables.cells import labels_of, strings_of, values_of, without_gap_numbers
from online_softmax.streams.tables.columns import Coded, Table, check_parts, in_parts, unlabelled
from online_softmax.streams.tables.file_bytes import ByteSource
from online_softmax.streams.tables.file_stream import NoRowsError
from online_softmax.streams.tables.flaws import Flaw, sifted, why_cell
from online_softmax.streams.tables.kinds import Kind, kind_if_empty, kinds_of, kinds_state
from online_softmax.streams.tables.records import Block, Lines, since
from online_softmax.streams.tables.table_stream import TableStream

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 1 << 20  # bytes to decide from what each column holds
LARGE = 1 << 19  # bytes to read at a time: they stay in the cache from step to step
WIDE = 300  # columns for which there is as much to read again: each of them costs something a block
PART = 512  # records to look at one by one, where a block cannot be read

Cells = Mapping[Hashable, Any]  # columns of text: coded, or of Arrow


class RecordStream(TableStream):
    """A stream over a text whose records become tables, a block at a time.

    The first block decides what a column holds in the whole text. A block in which every cell fits is read at once. Any
    other is read cell by cell: what does not fit is a gap, or a bad row that is named with line, column and text.
    """

    columns: list[str]
    doubt = ": it cannot be read"  # what is wrong where there is no other reason
    space: bytes | None = None  # a record of nothing else is no row

    def __init__(self, source: ByteSource, reading: Reading, records: Lines, block_bytes: int) -> None:
        super().__init__(source, reading)
        self.records, self.block_bytes = records, block_bytes
        self._spelled: dict[Any, str] = {}  # how each label was written when it was first met
        self._begun: Iterator[Block] | None = None  # standard input, read so far to decide
        with source.opened() as file:
            if source.settled is not None:
                self.settle(source.settled, file.read(BLOCK))
                return
            blocks = records.numbered(file, BLOCK)
            first = next(blocks, Block(1, 0, b""))
            self._start = first.since(self.start(first.text))
            begun = self._start if self._start.text.strip() else next(blocks, self._start)
            self._start = self._start._replace(text=b"")
            self._decide(begun.line, begun.text)
        if source.is_pipe:
            self._begun = chain([begun], blocks)

    def read(self, at: Mapping[str, Any] | None) -> Iterator[Chunk]:
        """Yield the chunks from a byte of the text on."""
        self._spelled = {} if at is None else spelled_at(at, self.label_kind)
        for block in self._blocks(at):
            here = {**block.at, **self.spelled()}
            yield from self.told(self.chunk(block.text, block.line), here)

    def runs(self, at: Mapping[str, Any] | None) -> Iterator[Run]:
        """Yield runs of rows, from a byte of the text on: as lines, unless their places are to tell of labels."""
        return super().runs(at) if self._keeps_spelling else map(self._run, self._blocks(at))

    def _run(self, block: Block) -> Run:
        if block.text.count(b"\r") == block.text.count(b"\r\n"):
            return self.records.run(block)
        # A carriage return alone may end a line, or make it a bad one.
        return Run(len(self.chunk(block.text, block.line)), Place(0, block.at).after)

    @property
    def seeks(self) -> bool:
        """Whether others who open the file begin at once at any place, found without reading what rows hold."""
        return super().seeks and self.records.unit == "line" and not self._keeps_spelling

    @property
    def _keeps_spelling(self) -> bool:
        return self.reading.labelled and keeps_spelling(self.label_kind, self.reading.asked_label_type)

    def chunk(self, block: bytes, line: int) -> Chunk:
        """Return the records of a block as rows; the first of them begins on a line."""
        chunk = self.quick(block)
        return self._careful(line, block) if chunk is None else chunk

    def spelled(self) -> dict[str, Any]:
        """Return how labels were written that have been met, for a place."""
        return {"spelled": [*self._spelled.values()]} if self._spelled else {}

    # ---- what a format fills in ----

    @abstractmethod
    def start(self, block: bytes) -> int:
        """Take what the text begins with from its first block; return where the records begin."""

    @abstractmethod
    def guess(self, block: bytes) -> Any:
        """Return what the records of a block seem to be; ValueError where they cannot be read together."""

    @abstractmethod
    def look(self, block: bytes, guess: Any) -> tuple[dict[Hashable, Kind], str]:
        """Return what each feature holds, by the records of a block, and of what kind the labels are."""

    @abstractmethod
    def table(self, block: bytes) -> pa.Table:
        """Return the records of a block as columns of the types that are settled; ValueError where one does not fit."""

    @abstractmethod
    def cells(self, block: bytes) -> tuple[Cells, int, dict[int, str]]:
        """Return the records of a block as cells of text, how many they are, and what is wrong with some of them.

        ValueError where a record is none.
        """

    @abstractmethod
    def check(self, block: bytes) -> None:
        """Raise ValueError if the records of a block cannot be read together."""

    @abstractmethod
    def reason(self, record: bytes) -> str:
        """Say what is wrong with a record as a whole, or nothing where there is no telling."""

    @abstractmethod
    def cell(self, record: bytes, column: str) -> Any:
        """Return a cell of a record, to show it."""

    # ---- deciding ----

    def _decide(self, line: int, block: bytes) -> None:
        """Decide what each column holds, from the records of `block` that can be read at all."""
        if not block.strip():
            raise NoRowsError(f"{self.source} holds {'a header and ' if self._start else ''}no rows")
        try:
            guess = self.guess(block)
        except ValueError:
            block = b"".join(self._together(line, block))
            guess = self.guess(block)
        try:
            kinds, label_kind = self.look(block, guess)
            kinds |= {name: kind_if_empty(name, self.reading) for name, kind in kinds.items() if kind.name == "empty"}
            self.settle_kinds(kinds, label_kind)
        except ValueError as error:
            said = str(error)
            raise ValueError(said if said.startswith(str(self.source)) else f"{self.source}, {said}") from None

    def _together(self, line: int, block: bytes) -> list[bytes]:
        """Return the records of a block that can be read together; none after a flaw, if that is an error."""
        sound: list[bytes] = []
        for number, record in self._numbered(line, block):
            if not (reason := self.reason(record)):
                sound.append(record)
            elif self.on_bad == "raise":
                if not sound:
                    raise ValueError(f"{self.source.where(self.records.unit, number)}{reason}")
                break
        if not (sound := self._readable(sound)):
            raise ValueError(
                f"{self.source}, {self.records.unit} {line}: no row of the first {len(block):,} bytes can be read"
            )
        return sound

    def _readable(self, records: list[bytes]) -> list[bytes]:
        """Search for the records that can be read."""
        half = len(records) // 2
        try:
            self.check(b"".join(records))
        except ValueError:
            if not half:
                return []
            before = self._readable(records[:half])
            stops = self.on_bad == "raise" and len(before) < half
            return before if stops else before + self._readable(records[half:])
        return records

    def settle_kinds(self, kinds: dict[Hashable, Kind], label_kind: str) -> None:
        """Settle what each column holds."""
        self._kinds, self.label_kind = kinds, label_kind
        self.kinds = {name: kind.name for name, kind in kinds.items()}
        self.text_columns = {name for name, kind in kinds.items() if kind.name == "text"}
        self.empty_columns = {name for name, kind in kinds.items() if kind.name == "empty"}
        self.numbers = [name for name in self.features if name not in self.text_columns]
        check_names(self.features, self.text_columns)
        self.dates = {name: kind.dates for name, kind in kinds.items() if kind.dates is not None}
        check_parts(self.features, self.dates)
        if self.reading.date_format is not None and not self.dates:
            raise ValueError(f"no column holds dates as date_format={self.reading.date_format!r} writes them")
        pa = pyarrow()
        types = {
            "number": pa.float64(),
            "empty": pa.float64(),
            "truth": pa.bool_(),
            "text": pa.string(),
            "date": pa.string(),
        }
        self._types = {str(name): types[kind.name] for name, kind in kinds.items()}
        if self.weight is not None:
            self._types[str(self.weight)] = pa.float64()

    def settled(self) -> dict[str, Any]:
        """Return what was settled of the columns, for JSON: `settle` takes it in the place of a first block."""
        return {"columns": self.columns, "kinds": kinds_state(self._kinds), "labels": self.label_kind}

    def settle(self, settled: Mapping[str, Any], begun: bytes) -> None:
        """Settle the columns as they were before, of a text that begins so."""
        self.columns = [*settled["columns"]]
        self.choose(self.columns)
        self.settle_kinds(kinds_of(settled["kinds"]), settled["labels"])

    # ---- reading ----

    def quick(self, block: bytes) -> Chunk | None:
        """Return the records of a block as rows, or None where something is odd."""
        try:
            found, refused = self._typed(self.table(block))
        except ValueError:
            return None
        chunk = sifted(found, self.missing, refused=refused)
        return None if chunk.bad else chunk

    def _typed(self, table: pa.Table) -> tuple[Table, dict[int, str]]:
        """Return the columns of a table of the types that are settled."""
        texts = {
            name: strings_of(coded(table[name]), self.reading) for name in self.features if name in self.text_columns
        }
        if not self.dates:
            numbers = matrix(table.select(self.numbers))
        else:
            numbers = np.empty((table.num_rows, len(self.numbers)))
            for j, name in enumerate(self.numbers):
                is_date = name in self.dates
                numbers[:, j] = (
                    self._values(name, coded(table[name])) if is_date else matrix(table.select([name]))[:, 0]
                )
        weight = None if self.weight is None else matrix(table.select([self.weight]))[:, 0]
        labels = self.typed_labels(coded(table[self.target])) if self.reading.labelled else None
        return self._assembled(table.num_rows, texts, numbers, labels, weight)

    def _from_cells(self, cells: Cells, n: int) -> tuple[Table, dict[int, str]]:
        """Return columns of cells as what they hold."""
        texts = {
            name: strings_of(_coded(cells[name]), self.reading) for name in self.features if name in self.text_columns
        }
        numbers = np.empty((n, len(self.numbers)))
        for j, name in enumerate(self.numbers):
            numbers[:, j] = self._values(name, cells[name])
        weight = None if self.weight is None else self._values(self.weight, cells[self.weight])
        labels = None
        if self.reading.labelled:
            labels = self._labels_of(_coded(cells[self.target]))
        return self._assembled(n, texts, numbers, labels, weight)

    def _values(self, name: Hashable, cells: Any) -> NDArray[np.float64]:
        """Return the numbers of a column of cells, coded or in a column of strings."""
        kind = Kind("number") if name == self.weight else self._kinds[name]
        if isinstance(cells, Coded):
            return values_of(cells, kind, self.reading.spelling)
        if kind.name in ("number", "empty"):
            return numbers_of(cells, self.reading.spelling)
        return values_of(coded(cells), kind, self.reading.spelling)

    def _assembled(
        self,
        n: int,
        texts: Cells,
        numbers: NDArray[np.float64],
        labels: tuple[Coded, dict[int, str]] | None,
        weight: NDArray[np.float64] | None,
    ) -> tuple[Table, dict[int, str]]:
        found, refused = labels or (unlabelled(n), {})
        weights = None if weight is None else (self.weight, weight)
        if self.reading.spelling.gap_numbers:
            plain = [name not in self.dates for name in self.numbers]
            numbers[:, plain] = without_gap_numbers(numbers[:, plain], self.reading.spelling)
        table = Table(self.features, numbers, texts, (self.target, found), weights)
        return in_parts(table, self.dates), refused

    def typed_labels(self, cells: Coded) -> tuple[Coded, dict[int, str]]:
        """Return the labels of a column of the type that is settled, and what is wrong with those that do not fit."""
        return self._labels_of(cells)

    def _labels_of(self, cells: Coded) -> tuple[Coded, dict[int, str]]:
        return labels_of(cells, self.label_kind, self.reading, self._spelled)

    def _careful(self, line: int, block: bytes) -> Chunk:
        """Read the records of a block cell by cell, but for those that are none."""
        try:
            cells, n, wrong = self.cells(block)
        except ValueError:
            records = list(self._numbered(line, block))
            reasons = self._reasons([record for _, record in records])
            sound = [record for record, reason in zip(records, reasons, strict=False) if not reason]
            cells, n, wrong = self.cells(b"".join(record for _, record in sound))
            notes = [
                Note(i, f"{self.source.where(self.records.unit, number)}{reason}")
                for i, ((number, _), reason) in enumerate(zip(records, reasons, strict=False))
                if reason
            ]
            return self._chunk(cells, n, wrong, lambda: sound).with_bad(notes)
        return self._chunk(cells, n, wrong, lambda: list(self._numbered(line, block)))

    def _chunk(
        self, cells: Cells, n: int, wrong: Mapping[int, str], find: Callable[[], list[tuple[int, bytes]]]
    ) -> Chunk:
        """Return n records of cells as rows; `find` gives the records, each with its line."""
        table, unfit = self._from_cells(cells, n)
        records = cache(find)

        def place(row: int) -> str:
            return self.source.where(self.records.unit, records()[row][0])

        def reason(flaw: Flaw) -> str:
            shown = self.cell(records()[flaw.row][1], str(flaw.column))
            return f"{place(flaw.row)}, column {flaw.column!r}: {self._why(flaw.column, shown)}"

        refused = {row: f"{place(row)}, column {self.target!r}: {said}" for row, said in unfit.items()}
        refused |= {row: place(row) + said for row, said in wrong.items()}
        return sifted(table, self.missing, reason, refused)

    def _why(self, column: Any, value: Any) -> str:
        """Say what is wrong with a cell that is a gap, or of another kind than its column."""
        role = self.role(column)
        if role == "number" and (kind := self._kinds[column].name) != "empty":
            role = kind
        return why_cell(role, value, shorten(value), self.reading.spelling)

    def _reasons(self, records: Sequence[bytes]) -> list[str]:
        """Say of each record why it is none, or nothing; of none after a flaw, if that is an error."""
        reasons: list[str] = []
        for start in range(0, len(records), PART):
            part = records[start : start + PART]
            try:
                self.check(b"".join(part))
            except ValueError:
                reasons += self._doubted(part)
                if self.on_bad == "raise" and any(reasons):
                    break
            else:
                reasons += [""] * len(part)
        return reasons

    def _doubted(self, records: Sequence[bytes]) -> list[str]:
        """Say of each record why it is none, where one cannot be read."""
        reasons = [self.reason(record) for record in records]
        doubts = iter(self._doubts([record for record, reason in zip(records, reasons, strict=True) if not reason]))
        return [reason or next(doubts) for reason in reasons]

    def _doubts(self, records: list[bytes]) -> list[str]:
        """Search for the records that cannot be read, though nothing is known to be wrong with them."""
        half = len(records) // 2
        try:
            self.check(b"".join(records))
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

    def _blocks(self, at: Mapping[str, Any] | None) -> Iterator[Block]:
        """Yield the blocks of the text, from one on."""
        start = self._start if at is None else Block(count_at(at, "line"), count_at(at, "byte"), b"")
        size = self.block_bytes * (1 + len(self.used) // WIDE)
        if not self.source.is_pipe and self.records.unit == "line":
            with self.source.opened(start.byte) as file:
                yield from self.records.numbered(file, size, start.line, start.byte)
            return
        with self.source.opened() as file:
            begun, self._begun = self._begun, None
            yield from since(begun or self.records.numbered(file, size), start.byte)


def _coded(cells: Any) -> Coded:
    return cells if isinstance(cells, Coded) else coded(cells)
