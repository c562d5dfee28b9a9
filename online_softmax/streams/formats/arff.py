"""ARFF: a header that names and types the columns, then rows of commas."""

from __future__ import annotations

import re
from collections.abc import Generator, Hashable, Iterator, Sequence
from functools import partial
from itertools import islice
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from online_softmax.streams.reading import Reading
from online_softmax.streams.stream import Chunk, Note
from online_softmax.streams.tables import (
    ByteSource,
    FileStream,
    Flaw,
    Lines,
    Table,
    check_names,
    code,
    shorten,
    sifted,
    unlabelled,
    why,
)

BLOCK = 1 << 20  # bytes to read at a time
CHUNK_ROWS = 8192
QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
ATTRIBUTE = re.compile(rf"@attribute\s+({QUOTED}|[^\s{{]+)\s*(\{{.*\}}|\w+)", re.IGNORECASE)
FIELD = re.compile(rf"\s*({QUOTED}|[^,'\"]*)\s*(?:,|$)")
ENTRY = re.compile(rf"\s*(?:(\d{{1,9}})\s+({QUOTED}|[^,'\"\s]+)\s*|[^,]*)(,|$)")
NUMBERS = {"numeric", "real", "integer"}


class ArffStream(FileStream):
    """A stream over an ARFF file: numbers as they are, nominal attributes and strings one-hot; `?` is missing.

    In a sparse row, `{index value, ..}`, an attribute that is not named is 0, or the first of its values.

    Parameters
    ----------
    path
        The file; `-` is standard input.
    target
        The attribute that holds the label.
    reading
        How else it is read; see `Reading`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from online_softmax.streams import ArffStream

    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "fruit.arff")
    ...     _ = path.write_text("@relation f\\n@attribute size real\\n@attribute kind {apple, fig}\\n@data\\n7, fig\\n")
    ...     print(*ArffStream(path, "kind").pairs())
    ({'size': 7.0}, 'fig', {})

    """

    def __init__(self, path: str | Path, target: Hashable | None = None, **reading: Any) -> None:
        self.source = ByteSource(path)
        wanted = Reading(target, **reading)
        lines = self._lines()
        attributes = list(self._header(lines))
        self._types, self.columns = dict(attributes), [name for name, _ in attributes]
        self.reading = wanted.of(self.columns, self.source.name)
        for name in [*self.features, *([] if self.weight is None else [self.weight])]:
            if self._types[str(name)] == "date":
                raise ValueError(f"{self.source}, column {name!r}: dates are no features; leave the column out")
        self.text_columns = {name for name in self.features if self._types[str(name)] not in NUMBERS}
        self._position = {name: i for i, name in enumerate(self.columns)}
        read = {*self.features, self.weight}
        self._numbers = [i for i, name in enumerate(self.columns) if name in read and self._types[name] in NUMBERS]
        check_names(self.features, self.text_columns)
        self._begun: Generator[tuple[int, str, str], None, None] | None = lines if self.source.is_pipe else None
        if self._begun is None:
            lines.close()

    def __iter__(self) -> Iterator[Chunk]:
        lines, self._begun = self._begun, None
        if lines is None:
            lines = self._lines()
            for _ in self._header(lines):
                pass
        more = True
        while more:
            more = False
            records: list[list[str]] = []
            numbers: list[int] = []
            bad: list[Note] = []
            try:
                for line, text, reason in islice(lines, CHUNK_ROWS):
                    more = True
                    fields, reason = ([], reason) if reason else self._fields(text)
                    if reason:
                        bad.append(Note(len(records) + len(bad), f"{self.source}, line {line}: {reason}"))
                        if self.on_bad == "raise":
                            break
                        continue
                    records.append(fields)
                    numbers.append(line)
            except ValueError:
                yield from self._part(records, numbers, bad)
                raise
            yield from self._part(records, numbers, bad)

    def _lines(self) -> Generator[tuple[int, str, str], None, None]:
        """Yield number, text and flaw, if any, of each line that is neither blank nor a comment."""
        with self.source.opened() as file:
            for start, block in Lines(self.source.name).numbered(file, BLOCK):
                for line, raw in enumerate(block.splitlines(), start):
                    reason = ""
                    try:
                        text = raw.decode().strip()
                    except UnicodeDecodeError as error:
                        text = raw.decode(errors="replace").strip()
                        reason = f"{shorten(raw[error.start : error.end])} is not UTF-8 text"
                    if text and not text.startswith("%"):
                        yield line, text, "a NUL byte" if "\0" in text else reason

    def _header(self, lines: Iterator[tuple[int, str, str]]) -> Iterator[tuple[str, str]]:
        """Yield name and type of each attribute, as far as the line @data."""
        self._absent: list[str] = []  # what a sparse row means by saying nothing
        for line, text, reason in lines:
            if reason:
                raise ValueError(f"{self.source}, line {line}: {reason}")
            keyword = text.split(None, 1)[0].lower()
            if keyword == "@data":
                return
            if keyword == "@relation":
                continue
            match = ATTRIBUTE.match(text)
            kind = match[2].lower() if match else ""
            if match is None or not (kind.startswith("{") or kind in {*NUMBERS, "string", "date"}):
                raise ValueError(f"{self.source}, line {line}: {shorten(text)} is no attribute that can be read")
            first = FIELD.match(match[2][1:-1]) if kind.startswith("{") else None
            self._absent.append(first[1].strip() if first else "0" if kind in NUMBERS else "?")
            yield _unquoted(match[1]), "nominal" if kind.startswith("{") else kind
        raise ValueError(f"{self.source} has no line @data, as an ARFF file does")

    def _fields(self, text: str) -> tuple[list[str], str]:
        """Return the fields of a row, still quoted, and what is wrong with it, or nothing."""
        if text.startswith("{"):
            fields, reason = self._sparse_fields(text)
        else:
            fields, reason = _split(text)
        if reason:
            return [], reason
        if (n := len(fields)) != len(self.columns):
            return [], f"{n} field{'s' * (n != 1)} where there are {len(self.columns)} attributes"
        for i in self._numbers:
            try:
                float(fields[i])
            except ValueError:
                if fields[i] != "?" and _number(fields[i]) is None:
                    return [], f"column {self.columns[i]!r}: {shorten(fields[i])} is not a number"
        return fields, ""

    def _sparse_fields(self, text: str) -> tuple[list[str], str]:
        """Return the fields of `{index value, ..}`: 0, or the first of its values, where an attribute is not named."""
        if not text.endswith("}"):
            return [], "a sparse row that never closes"
        fields, named = list(self._absent), set()
        entries = text[1:-1].strip()
        match = ENTRY.match(entries) if entries else None
        while match:
            number = len(fields) if match[1] is None else int(match[1])
            if not number < len(fields):
                entry = shorten(match[0].strip(" ,"))
                return [], f"{entry} is not an attribute's number, from 0 to {len(fields) - 1}, and its value"
            if number in named:
                return [], f"attribute {number} is there twice"
            named.add(number)
            fields[number] = match[2]
            match = ENTRY.match(entries, match.end()) if match[3] else None
        return fields, ""

    def _part(self, records: list[list[str]], lines: list[int], bad: list[Note]) -> Iterator[Chunk]:
        chunk = sifted(self._table(records), self.missing, partial(self._reason, records, lines))
        yield from self.told(chunk.with_bad(bad))

    def _reason(self, records: list[list[str]], lines: list[int], flaw: Flaw) -> str:
        shown = shorten(records[flaw.row][self._position[str(flaw.column)]])
        is_label = self.role(flaw.column) == "label"
        wrong = why("label", shown) if is_label else f"{shown} is missing or not a finite number"
        return f"{self.source}, line {lines[flaw.row]}, column {flaw.column!r}: {wrong}"

    def _table(self, records: list[list[str]]) -> Table:
        cells = zip(*records, strict=True) if records else [()] * len(self.columns)
        columns = dict(zip(self.columns, cells, strict=True))
        plain = [name for name in self.features if name not in self.text_columns]
        numbers = np.empty((len(records), len(plain)))
        for j, name in enumerate(plain):
            numbers[:, j] = _values(columns[str(name)])
        texts = {name: code(map(_text, columns[str(name)])) for name in self.features if name in self.text_columns}
        labels = unlabelled(len(records))
        if self.reading.labelled:
            read = _label if self._types[str(self.target)] in NUMBERS else _text
            labels = code(map(read, columns[str(self.target)]))
        weight = None
        if self.weight is not None:
            weight = (self.weight, np.array(_values(columns[str(self.weight)])))
        return Table(self.features, numbers, texts, (self.target, labels), weight)


def _split(text: str) -> tuple[list[str], str]:
    """Return the fields between the commas, or why there are none."""
    if "'" not in text and '"' not in text:
        return [field.strip() for field in text.split(",")], ""
    fields, end = [], 0
    while end < len(text):
        match = FIELD.match(text, end)
        if match is None:
            return [], "a quote that is not the whole of a field, or never closes"
        fields.append(match[1])
        end = match.end()
    return fields + [""] * text.endswith(","), ""


def _unquoted(field: str) -> str:
    return re.sub(r"\\(.)", r"\1", field[1:-1]) if field[:1] in ("'", '"') else field


def _text(field: str) -> str | None:
    return None if field == "?" else _unquoted(field)


def _number(field: str) -> float | None:
    try:
        return float(_unquoted(field))
    except ValueError:
        return None


def _values(fields: Sequence[str]) -> list[float]:
    try:
        return list(map(float, fields))
    except ValueError:
        return [nan if (number := _number(field)) is None else number for field in fields]


def _label(field: str) -> float | None:
    number = _number(field)
    if number is None or number != number:
        return None
    return int(number) if number.is_integer() and re.fullmatch(r"[+-]?\d+", _unquoted(field)) else number
