"""Records: where the lines of a text end, and where they only seem to, inside the quotes of CSV."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_softmax.streams._parsing.records import starts, whole
from online_softmax.streams.place import Place, PlaceError
from online_softmax.streams.stream import Run
from online_softmax.streams.tables.file_bytes import Readable

LONGEST = 1 << 26  # bytes a record may take


class Block(NamedTuple):
    """Whole records: the number of their first line, from 1, that of their first byte, from 0, and the records."""

    line: int
    byte: int
    text: bytes

    @property
    def at(self) -> dict[str, Any]:
        """Return where the block begins, for a place."""
        return {"byte": self.byte, "line": self.line}

    def since(self, byte: int) -> Block:
        """Return what there is from a byte on, the first of a line."""
        n = min(byte - self.byte, len(self.text))
        if 0 < n < len(self.text) and self.text[n - 1] not in b"\r\n":
            raise PlaceError(f"no line begins at byte {byte:,}, the place")
        return self.from_byte(n) if n > 0 else self

    def from_byte(self, n: int) -> Block:
        """Return what there is from its byte n on."""
        return Block(self.line + self.text.count(b"\n", 0, n), self.byte + n, self.text[n:])


def since(blocks: Iterable[Block], byte: int) -> Iterator[Block]:
    """Yield what there is of some blocks from a byte on."""
    end = 0
    for block in blocks:
        end = block.byte + len(block.text)
        if (left := block.since(byte)).text:
            yield left
    if end < byte:
        raise PlaceError(f"the source ends at byte {end:,}, before byte {byte:,}, the place")


class Lines:
    """Records that are lines.

    Parameters
    ----------
    name
        What to call the source in an error.

    Attributes
    ----------
    unit
        What an error counts: lines, or something else that is made into one.

    """

    unit = "line"
    blanks = b" \t\r\n\x0b\x0c"  # what a record that is no row consists of
    comment = b"\0"  # what a line that is no row begins with

    def __init__(self, name: str = "the text") -> None:
        self.name = name

    def blocks(self, file: Readable, size: int) -> Iterator[bytes]:
        """Read whole records, about `size` bytes at a time; more than `LONGEST` bytes are a record too long to finish.

        Examples
        --------
        >>> from io import BytesIO
        >>> from online_softmax.streams.tables.records import Lines

        >>> list(Lines().blocks(BytesIO(b"1,2\\n3,4"), size=6))
        [b'1,2\\n', b'3,4']

        """
        rest = b""
        while more := file.read(max(size, len(rest))):
            rest += more
            if (end := self.whole(rest)) or len(rest) > LONGEST:
                yield rest[: end or None]
                rest = rest[end:] if end else b""
        if rest:
            yield rest

    def numbered(self, file: Readable, size: int, line: int = 1, byte: int = 0) -> Iterator[Block]:
        """Yield the blocks, each with the numbers of its first line and byte: for the first these."""
        blocks = self.blocks(file, size)
        while True:
            try:
                block = next(blocks, b"")
            except ValueError as error:
                raise ValueError(f"{self.name}, {self.unit} {line}: {error}") from None
            if not block:
                return
            if len(block) > LONGEST:
                raise ValueError(f"{self.name}, {self.unit} {line}: a record of more than {LONGEST:,} bytes")
            yield Block(line, byte, block)
            line, byte = line + block.count(b"\n"), byte + len(block)

    def whole(self, text: bytes) -> int:
        """Return how many bytes the records take that end in a text."""
        return text.rfind(b"\n") + 1

    def ends(self, block: bytes) -> list[int]:
        """Return where the records of `block` end."""
        stops = [line.end() for line in re.finditer(rb"\n", self.bare(block))]
        return stops if stops and stops[-1] == len(block) else [*stops, len(block)]

    def run(self, block: Block) -> Run:
        """Return the rows of a block, found without reading what they hold.

        Examples
        --------
        >>> from online_softmax.streams.tables.records import Block, Lines

        >>> run = Lines().run(Block(7, 100, b"1,2\\n\\n3,4\\n"))
        >>> run.n, run.place(1).at
        (2, {'byte': 105, 'line': 9})

        """
        found = self.starts(block.text)
        return Run(len(found), lambda row: Place(0, block.from_byte(int(found[row])).at))

    def starts(self, text: bytes) -> NDArray[np.int64]:
        """Return where each row of a text begins."""
        return starts(text, b"\0", self.blanks, self.comment)

    def is_open(self, record: bytes) -> bool:
        """Tell whether a quote opens in `record` and never closes."""
        return False

    def is_broken(self, record: bytes) -> bool:
        """Tell whether there is a carriage return outside quotes that does not end `record`."""
        return False

    def bare(self, block: bytes) -> bytes:
        """Return `block` with its quoted line ends blotted out."""
        return block


class Quoted(Lines):
    """Records whose fields may be in double quotes, with lines that end inside them.

    Parameters
    ----------
    name
        What to call the source in an error.
    delimiter
        What is between two fields.

    Examples
    --------
    >>> from online_softmax.streams.tables.records import Quoted

    >>> Quoted().ends(b'1,"one\\nline"\\n2,two\\n')
    [13, 19]

    """

    def __init__(self, name: str = "the text", delimiter: bytes = b",") -> None:
        super().__init__(name)
        begin = rb'"(?<![^%s\r\n]")' % delimiter  # a quoted field begins where a field begins
        self._split = re.compile(rb'(?:"([^"]*+(?:""[^"]*+)*+)")?([^%s]*+)(%s|\Z)' % (delimiter, delimiter))
        self._delimiter = delimiter
        # The group is empty where its closing quote is still to come.
        self._field = re.compile(begin + rb'[^"]*+(?:""[^"]*+)*+("?)')
        self._break = re.compile(begin + rb'[^"\r\n]*+(?:""[^"\r\n]*+)*+[\r\n]')

    blanks = b"\r\n"

    def whole(self, text: bytes) -> int:
        """Return how many bytes the records take that end in a text."""
        return whole(text, self._delimiter) if b'"' in text else super().whole(text)

    def starts(self, text: bytes) -> NDArray[np.int64]:
        """Return where each row of a text begins."""
        return starts(text, self._delimiter, self.blanks)

    def is_open(self, record: bytes) -> bool:
        """Tell whether a quote opens in `record` and never closes."""
        closings: list[bytes] = self._field.findall(record)
        return bool(closings) and not closings[-1]

    def fields(self, record: bytes) -> list[bytes]:
        """Return the fields of a record, without their quotes.

        Examples
        --------
        >>> from online_softmax.streams.tables.records import Quoted

        >>> Quoted().fields(b'1,"a ""b"", c",\\n')
        [b'1', b'a "b", c', b'']

        """
        record = record.rstrip(b"\r\n")
        if b'"' not in record:
            return record.split(self._delimiter)
        fields, match = [], self._split.match(record)
        while match:
            fields.append((match[1] or b"").replace(b'""', b'"') + match[2])
            match = self._split.match(record, match.end()) if match[3] else None
        return fields

    def is_broken(self, record: bytes) -> bool:
        """Tell whether there is a carriage return outside quotes that does not end `record`."""
        return b"\r" in self.bare(record).rstrip(b"\r\n")

    def bare(self, block: bytes) -> bytes:
        """Return `block` with its quoted fields blotted out, if a line breaks within one of them."""
        if b'"' not in block or not self._break.search(block):
            return block
        return self._field.sub(lambda field: b"." * len(field[0]), block)
