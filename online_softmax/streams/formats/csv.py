"""CSV: the rows of a file, read in blocks of whole records."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from online_softmax.rows import Rows
from online_softmax.streams import labels
from online_softmax.streams._parsing.grid import Grid
from online_softmax.streams.reading import Reading
from online_softmax.streams.stream import Chunk
from online_softmax.streams.tables import (
    LARGE,
    ByteSource,
    Cells,
    Kind,
    NoRowsError,
    Quoted,
    RecordStream,
    coded,
    column_kind,
    pyarrow,
    read_csv,
    spells_number,
    unlabelled,
)

if TYPE_CHECKING:
    import pyarrow as pa


HEAD = 1 << 16  # bytes to look for codes in
CODE = re.compile(r"\s*[+-]?(?:0\d+|\d{17,})\s*", re.ASCII)  # a number that is perhaps none
CODE_LIKE = re.compile(rb"(?<![\d.])0\d|\d{17}")


class CsvStream(RecordStream):
    """A stream over a CSV file: a header, commas, and quotes where a field needs them.

    The first block decides what a column holds in the whole file: numbers, truth values, dates or strings. A column is
    one of numbers where nearly all of its cells are. A cell that does not fit is a bad one, which `missing` may mend;
    else it is an error that names line, column and text, and comes after the rows before it. The header, where it comes
    again, is a bad row.

    Parameters
    ----------
    path
        The file; `-` is standard input.
    target
        The column that holds the label.
    delimiter
        What is between two fields; None takes a comma, or the semicolon, tab or bar of a header without commas.
    header
        Whether the file begins with the names of its columns; else they are `names`, or x1, x2, ..
    names
        The names of the columns of a file without a header.
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

    delimiter: str
    space = b"\r\n"

    def __init__(
        self,
        path: str | Path | ByteSource,
        target: Hashable | None = None,
        *,
        delimiter: str | None = None,
        header: bool = True,
        names: Sequence[str] | None = None,
        block_bytes: int = LARGE,
        **reading: Any,
    ) -> None:
        check_delimiter(delimiter)
        if names is not None and (isinstance(names, str) or not all(isinstance(name, str) for name in names)):
            raise ValueError(f"names is a list of columns, not {names!r}")
        source = path if isinstance(path, ByteSource) else ByteSource(path)
        self._header, self._asked_names = header and names is None, names
        self._again = b""  # the header without its quotes, to know it by where it comes again
        self._grid: Grid | None = None  # for blocks of plain numbers
        self.delimiter = delimiter or ","
        self._sniffs = delimiter is None
        # A column's name is text, whatever the name that is asked for.
        asked = Reading(None if target is None else str(target), **reading)
        self.quoted = Quoted(source.name, self.delimiter.encode())
        super().__init__(source, asked, self.quoted, block_bytes)

    def start(self, block: bytes) -> int:
        """Read the header; return where the rows begin."""
        end = next((end for end in self.records.ends(block) if block[:end].strip()), 0)
        if not end:
            raise NoRowsError(f"{self.source} is empty")
        first = block[:end]
        text = first.decode(errors="replace")
        if "\0" in text or "\ufffd" in text:
            raise ValueError(f"{self.source} is not a CSV file: its header is not UTF-8 text")
        if self._sniffs and (found := sniffed(text)) != self.delimiter:
            self.delimiter = found
            self.records = self.quoted = Quoted(self.source.name, found.encode())
        if self.records.is_broken(first):
            raise ValueError(f"{self.source}, line 1: a carriage return outside quotes")
        self.columns = self._named(first)
        self.choose(self.columns)
        if not self._header:
            return 0
        self._again = _bare(first)
        return end

    def _named(self, first: bytes) -> list[str]:
        """Return the names of the columns, from the first record where it holds them."""
        try:
            found = read_csv(first + b"\n", None if self._header else [], delimiter=self.delimiter).column_names
        except ValueError as error:
            raise ValueError(f"{self.source} is not a CSV file: its header cannot be read ({error})") from None
        if self._header:
            return list(found)
        if self._asked_names is None:
            return [f"x{i}" for i in range(1, len(found) + 1)]
        if [name.encode() for name in self._asked_names] == self.quoted.fields(first):
            raise ValueError(f"{self.source} begins with a header, and names are for files without: leave them out")
        if len(self._asked_names) != len(found):
            raise ValueError(
                f"names has {len(self._asked_names)} columns, and {self.source} has {len(found)}: name each of them"
            )
        return list(self._asked_names)

    def layout(self) -> dict[str, Any]:
        """Return how its text is laid out, for JSON, where there is no header: that would tell the delimiter, too."""
        return {} if self._header else {"header": False, "delimiter": self.delimiter}

    def check(self, block: bytes) -> None:
        """Raise ValueError if the records of a block cannot be read together."""
        self.cells(block)

    def guess(self, block: bytes) -> pa.Table:
        """Return the records of a block as columns of the types that pyarrow takes them for."""
        if self._has_header(block):
            raise ValueError("the header again")
        self._check_bytes(block)
        text = pyarrow().string()
        types = {name: text for name in self.used if name == self.target or name in self.reading.text_columns}
        table = read_csv(block, self.columns, types, self.used, self.delimiter, self.reading.spelling.gaps)
        if any(str(field.type) == "binary" for field in table.schema):
            raise ValueError("a string that is not UTF-8 text")
        return table

    def look(self, block: bytes, guess: pa.Table) -> tuple[dict[Hashable, Kind], str]:
        """Return what each feature holds, by the records of a block, and of what kind the labels are."""
        text = self.reading.text_columns
        is_special = not self.reading.spelling.is_plain or self.reading.date_format is not None
        plain = {field.name: _plain(str(field.type)) for field in guess.schema}
        kinds = {name: Kind("text") if name in text else plain[str(name)] for name in self.features}
        odd = [name for name, kind in kinds.items() if name not in text and (kind is None or is_special)]
        found = {name: kind for name, kind in kinds.items() if kind is not None}
        if odd:
            strings = self._strings(block, odd)
            found |= {name: column_kind(name, coded(strings[name]), self.reading) for name in odd}
        label_kind = "text"
        if self.reading.labelled:
            different = guess[self.target].unique().drop_null().to_pylist()
            label_kind = labels.kind_of(different, self.reading.label_type)
        self.code_columns = self._codes(block, [name for name, kind in found.items() if kind.name == "number"])
        return {name: found[name] for name in self.features}, label_kind

    def settled(self) -> dict[str, Any]:
        """Return what was settled of the columns, and which look like codes."""
        return {**super().settled(), "codes": sorted(map(str, self.code_columns))}

    def settle(self, settled: Mapping[str, Any], begun: bytes) -> None:
        """Settle the columns as they were before, of a text that begins with their names."""
        self.start(begun)
        self.code_columns = frozenset(settled["codes"])
        super().settle(settled, begun)

    def _codes(self, block: bytes, columns: list[Hashable]) -> frozenset[Hashable]:
        """Return those of some columns of numbers whose first texts look like codes."""
        head = block[:HEAD]
        if not columns or not CODE_LIKE.search(head):
            return frozenset()
        ends = self.records.ends(head) if len(head) == len(block) else [0, *self.records.ends(head)][:-1]
        whole = head[: ends[-1]]
        try:
            strings = self._strings(whole, columns)
        except ValueError:
            return frozenset()
        return frozenset(name for name in columns if any(map(CODE.fullmatch, strings[name].unique().to_pylist())))

    def settle_kinds(self, kinds: dict[Hashable, Kind], label_kind: str) -> None:
        """Settle what each column holds."""
        super().settle_kinds(kinds, label_kind)
        assert self._types is not None
        self._types |= {str(self.target): pyarrow().string()} if self.reading.labelled else {}
        spelling = self.reading.spelling
        # Where a column of numbers is not called like a number, the header again is a row that does not fit.
        self._is_blind = all(spells_number(str(name), spelling) for name in self.numbers)
        is_plain = (label_kind in ("int", "text") and self.reading.label_type != "number") or not self.reading.labelled
        if (
            all(kind.name in ("number", "empty") for kind in kinds.values())
            and (is_plain and spelling.is_plain and not spelling.gap_numbers)
            and self.weight is None
            and len(self.columns) > 1
        ):
            label = self.target if self.reading.labelled else None
            self._grid = Grid(self.columns, self.features, label, label_kind == "int", self.delimiter)

    def quick(self, block: bytes) -> Chunk | None:
        """Return the records of a block as rows, or None where something is odd."""
        chunk = self._from_grid(block)
        if chunk is None and self.reading.spelling.is_plain:
            chunk = super().quick(block)
        if self._is_blind and chunk is not None and self._may_hold_header(chunk) and self._has_header(block):
            return None
        return chunk

    def _may_hold_header(self, chunk: Chunk) -> bool:
        """Whether columns of strings, or else the labels, hold what they are called."""
        is_gap = self.reading.spelling.is_gap
        if texts := [name for name in self.text_columns if not is_gap(str(name))]:
            return all(name in chunk.texts.get(name, ()) for name in texts)
        return not self.reading.labelled or self.target in chunk.rows.labels

    def _from_grid(self, block: bytes) -> Chunk | None:
        if self._grid is None or b'"' in block or b"\0" in block or (found := self._grid.read(block)) is None:
            return None
        values, labels, codes = found
        if not self.reading.labelled:
            labels, codes = unlabelled(len(values))
        elif self.label_kind == "text" and any(self.reading.spelling.is_gap(str(label)) for label in labels):
            return None
        ids = np.arange(len(self.features), dtype=np.int32)
        return Chunk(Rows([*self.features], ids, values, None, labels, codes))

    def _has_header(self, block: bytes) -> bool:
        """Whether a record of a block is the header again, in whatever quotes."""
        if not self._again:
            return False
        bare, n = block, len(self._again)
        for sign in (b'"', b"\xef\xbb\xbf"):
            bare = bare.replace(sign, b"") if sign in bare else bare
        at = bare.find(self._again)
        while at >= 0:
            if bare[at - 1 : at] in (b"", b"\n") and bare[at + n : at + n + 1] in (b"", b"\r", b"\n"):
                return any(map(self._is_header, self._records_of(block)))
            at = bare.find(self._again, at + 1)
        return False

    def _records_of(self, block: bytes) -> Iterator[bytes]:
        start = 0
        for stop in self.records.ends(block):
            yield block[start:stop]
            start = stop

    def _is_header(self, record: bytes) -> bool:
        return bool(self._again) and _bare(record) == self._again

    def table(self, block: bytes) -> pa.Table:
        """Return the records of a block as columns of the types that are settled."""
        self._check_bytes(block)
        gaps = self.reading.spelling.gaps
        return read_csv(block, self.columns, self._types, self.used, self.delimiter, gaps)

    def cells(self, block: bytes) -> tuple[Cells, int, dict[int, str]]:
        """Return the records of a block as columns of strings."""
        if self._has_header(block):
            raise ValueError("the header again")
        table = self._strings(block, self.used)
        return {name: table[name] for name in self.used}, table.num_rows, {}

    def _strings(self, block: bytes, only: Iterable[Hashable]) -> pa.Table:
        self._check_bytes(block)
        types: Mapping[str, Any] = dict.fromkeys(self.used, pyarrow().string())
        return read_csv(block, self.columns, types, [str(name) for name in only], self.delimiter)

    def _check_bytes(self, block: bytes) -> None:
        """Refuse what pyarrow would read in a way of its own."""
        if block.count(b'"') % 2 and self.records.is_open(block):
            raise ValueError("a quote never closes")
        if b"\0" in block:
            raise ValueError("a NUL byte")

    def reason(self, record: bytes) -> str:
        """Say what is wrong with a record as a whole, or nothing where there is no telling."""
        if b'"' in record and self.records.is_open(record):
            return ": a quote opens here and never closes"
        if b"\0" in record:
            return ": a NUL byte"
        if self.records.is_broken(record):
            return ": a carriage return outside quotes"
        if self._is_header(record):
            return ": the header again"
        fields = self.quoted.fields(record)
        if (n := len(fields)) != len(self.columns):
            return f": {n} field{'s' * (n != 1)} where the header has {len(self.columns)}"
        used = frozenset(self.used)
        for name, field in zip(self.columns, fields, strict=True):
            if name in used and not _is_text(field):
                return f", column {name!r}: {field.decode(errors='backslashreplace')!r} is not UTF-8 text"
        return ""

    def cell(self, record: bytes, column: str) -> str:
        """Return a cell of a record, to show it."""
        return self.quoted.fields(record)[self.columns.index(column)].decode()


def check_delimiter(delimiter: str | None) -> None:
    """Refuse what can be between no two fields."""
    if delimiter is not None and (len(delimiter.encode()) != 1 or delimiter in '"\r\n'):
        raise ValueError(f"delimiter is one ASCII character, no quote and no line end, not {delimiter!r}")


def sniffed(header: str) -> str:
    """Return what is between the fields of a header: a comma, or what else is there if no comma is.

    Examples
    --------
    >>> from online_softmax.streams.formats.csv import sniffed

    >>> sniffed("size;kind"), sniffed('"a;b",c'), sniffed('"size, cm"|kind')
    (';', ',', '|')

    """
    bare = re.sub(r'"[^"]*"', "", header)
    return "," if "," in bare else max(";\t|", key=lambda sign: bare.count(sign)) if re.search(r"[;\t|]", bare) else ","


def _bare(record: bytes) -> bytes:
    """Return a record without its line end, its quotes and a mark of its encoding."""
    return record.strip(b"\r\n").removeprefix(b"\xef\xbb\xbf").replace(b'"', b"")


def _is_text(field: bytes) -> bool:
    try:
        field.decode()
    except UnicodeDecodeError:
        return False
    return True


def _plain(type: str) -> Kind | None:
    """Return what a column holds that pyarrow takes for one of a type, if that is all there is to know."""
    name = {"int64": "number", "double": "number", "null": "empty", "bool": "truth"}.get(type)
    return Kind(name) if name else None
