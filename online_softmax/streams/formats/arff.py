"""ARFF: a header that names and types the columns, then rows of commas."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, dropwhile, islice
from math import inf, isfinite, nan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_softmax.streams.dates import Dates, dates_of
from online_softmax.streams.formats.arff_attribute import Attribute, attribute_of
from online_softmax.streams.formats.arff_row import (
    fields_of,
    sparse_fields_of,
    unquoted,
    without_comment,
    without_weight,
)
from online_softmax.streams.labels import kind_of, label_of
from online_softmax.streams.place import Place, count_at
from online_softmax.streams.reading import Reading, asked
from online_softmax.streams.stream import Chunk, Note, Run
from online_softmax.streams.tables import (
    WRONG,
    ByteSource,
    Coded,
    FileStream,
    Flaw,
    Lines,
    Table,
    check_names,
    check_parts,
    code,
    in_parts,
    kind_if_empty,
    refuse_dates,
    shorten,
    sifted,
    spells_number,
    unlabelled,
    why_cell,
)

BLOCK = 1 << 20  # bytes to read at a time
CHUNK_ROWS = 8192
LOOK = 512  # rows by which strings are known to be dates


class Line(NamedTuple):
    """A line: its number, its text, what is wrong with it, and its first byte: 0 for what follows @data in its line."""

    number: int
    text: str
    reason: str
    byte: int

    @property
    def at(self) -> dict[str, Any]:
        """Return where the line begins, for a place."""
        return {"byte": self.byte, "line": self.number}


class ArffStream(FileStream):
    """A stream over an ARFF file: numbers as they are, nominal attributes and strings one-hot.

    Missing is what marks a gap, as `?` does, is not quoted, and is not declared. A value that a nominal attribute does
    not declare makes its row a bad one. In a sparse row, `{index value, ..}`, an attribute that is not named is 0, or
    the first of its values. `{5}` after the last field is the weight of a row.

    Parameters
    ----------
    path
        The file; `-` is standard input.
    target
        The attribute that holds the label.
    reading
        How else it is read; see `Reading`.

    Attributes
    ----------
    label_kind
        What the labels are: "text", "int" or "float".

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

    label_kind: str

    def __init__(self, path: str | Path, target: Hashable | None = None, **reading: Any) -> None:
        self.source = ByteSource(path)
        wanted = Reading(target, **reading)
        lines = self._lines()
        attributes, rows = self._header(lines)
        self.columns = [name for name, _ in attributes]
        self.reading = wanted.of(self.columns, self.source.name)
        self._is_feature = frozenset(self.features)
        self._position = {name: i for i, name in enumerate(self.columns)}
        self._absent = [attribute.absent for _, attribute in attributes]
        self._attributes = {name: self._asked(name, attribute) for name, attribute in attributes}
        self._declared = {name: frozenset(attribute.values) for name, attribute in self._attributes.items()}
        spelling = self.reading.spelling
        self._is_plain = spelling.is_plain and not spelling.na and not spelling.not_na
        first: list[Line] = []
        if any(self._is_doubtful(name) for name in self.columns):
            first = self._first(rows)
        self._begun: Iterator[Line] | None = chain(first, rows) if self.source.is_pipe else None
        if self._begun is None:
            lines.close()
        found = [self._fields(line.text) for line in first if not line.reason]
        sound = [fields for fields, _, reason in found if not reason]
        for name in filter(self._is_doubtful, self.columns):
            cells = (fields[self._position[name]] for fields in sound)
            if name in self.reading.number_columns and self._spells_numbers(cells):
                self._attributes[name] = Attribute("numeric")
        self.dates = self._known_dates(sound)
        self.text_columns = {name for name in self.features if self._is_text(str(name))}
        check_names(self.features, self.text_columns)
        self.label_kind = self._label_kind()
        check_parts(self.features, self.dates)

    def read(self, at: Mapping[str, Any] | None) -> Iterator[Chunk]:
        """Yield the chunks from a byte of the text on."""
        rows = self._rows(at)
        while (first := next(rows, None)) is not None:
            records: list[list[str]] = []
            weights: dict[int, float] = {}
            lines: list[int] = []
            bad: list[Note] = []
            try:
                for line, text, reason, _ in islice(chain([first], rows), CHUNK_ROWS):
                    fields, weight, reason = ([], 1, reason) if reason else self._fields(text)
                    if reason:
                        bad.append(Note(len(records) + len(bad), f"{self.source}, line {line}: {reason}"))
                        if self.on_bad == "raise":
                            break
                        continue
                    if weight != 1:
                        weights[len(records)] = weight
                    records.append(fields)
                    lines.append(line)
            except ValueError:
                yield from self.told(self._chunk(records, lines, weights, bad), first.at)
                raise
            yield from self.told(self._chunk(records, lines, weights, bad), first.at)

    def runs(self, at: Mapping[str, Any] | None) -> Iterator[Run]:
        """Yield runs of rows, from a byte of the text on, as lines."""
        rows = self._rows(at)
        while lines := [*islice(rows, CHUNK_ROWS)]:
            yield Run(len(lines), lambda row, lines=lines: Place(0, lines[row].at))  # type: ignore[misc]

    def _rows(self, at: Mapping[str, Any] | None) -> Iterator[Line]:
        """Return the lines of the rows, from a byte of the text on."""
        line, byte = (1, 0) if at is None else (count_at(at, "line"), count_at(at, "byte"))
        rows, self._begun = self._begun, None
        if rows is not None:
            return dropwhile(lambda line: line.byte < byte, rows)
        return self._lines(line, byte) if byte else self._header(self._lines())[1]

    def _lines(self, line: int = 1, byte: int = 0) -> Generator[Line, None, None]:
        """Yield each line that is neither blank nor a comment, from one on."""
        with self.source.opened(byte) as file:
            for start, end, block in Lines(self.source.name).numbered(file, BLOCK, line, byte):
                for number, raw in enumerate(block.splitlines(keepends=True), start):
                    reason, end = "", end + len(raw)
                    try:
                        text = raw.decode().strip()
                    except UnicodeDecodeError as error:
                        text = raw.decode(errors="replace").strip()
                        reason = f"{shorten(raw[error.start : error.end])} is not UTF-8 text"
                    if text and not text.startswith("%"):
                        yield Line(number, text, "a NUL byte" if "\0" in text else reason, end - len(raw))

    def _header(self, lines: Iterator[Line]) -> tuple[list[tuple[str, Attribute]], Iterator[Line]]:
        """Return names and attributes, as far as the line @data, and the lines of the rows."""
        attributes: list[tuple[str, Attribute]] = []
        for line, text, reason, _ in lines:
            if reason:
                raise ValueError(f"{self.source}, line {line}: {reason}")
            keyword, *row = text.split(None, 1)
            if keyword.lower() == "@data":
                begun = [Line(line, row[0], "", 0)] if row and not row[0].startswith("%") else []
                return attributes, chain(begun, lines)
            if keyword.lower() == "@relation":
                continue
            if (attribute := attribute_of(text)) is None:
                raise ValueError(f"{self.source}, line {line}: {shorten(text)} is no attribute that can be read")
            attributes.append(attribute)
        raise ValueError(f"{self.source} has no line @data, as an ARFF file does")

    def _asked(self, name: str, attribute: Attribute) -> Attribute:
        """Return an attribute as it is to be read."""
        if name == self.weight:
            if not attribute.is_number:
                raise ValueError(f"{self.source}, column {name!r}: weights are numbers, and it is {attribute.kind}")
        elif name in self._is_feature and name in self.reading.number_columns:
            is_asked = name in asked(self.reading.number_columns)
            if is_asked or (attribute.kind == "nominal" and self._spells_numbers(attribute.values)):
                return Attribute("numeric")
        elif name in self._is_feature and name in self.reading.text_columns and attribute.kind != "nominal":
            return Attribute("string")
        return attribute

    def _is_doubtful(self, name: str) -> bool:
        """Tell whether the strings of a feature may be dates."""
        is_string = name in self._is_feature and self._attributes[name].kind == "string"
        return is_string and name not in self.reading.text_columns

    def _spells_numbers(self, cells: Iterable[str]) -> bool:
        """Tell whether any of some cells spells a number, or all are gaps."""
        spelling = self.reading.spelling
        texts = [text for text in map(unquoted, cells) if not spelling.is_gap(text)]
        return not texts or any(spells_number(text, spelling) for text in texts)

    def _is_text(self, name: str) -> bool:
        return not self._attributes[name].is_number and name not in self.dates

    def _first(self, rows: Iterator[Line]) -> list[Line]:
        """Take the first rows; what is wrong with a file is said when it is read on."""
        first: list[Line] = []
        try:
            first.extend(islice(rows, LOOK))
        except ValueError:
            if self.source.is_pipe:
                raise
        return first

    def _known_dates(self, first: list[list[str]]) -> dict[Hashable, Dates]:
        """Return how the columns of dates write them."""
        found: dict[Hashable, Dates] = {}
        for name in map(str, self.features):
            if self._attributes[name].kind != "date" and not self._is_doubtful(name):
                continue
            try:
                dates = self._dates_of(name, [fields[self._position[name]] for fields in first])
            except ValueError as error:
                raise ValueError(f"{self.source}, {error}") from None
            if dates is not None:
                found[name] = dates
        return found

    def _dates_of(self, name: str, cells: Sequence[str]) -> Dates | None:
        format = self.reading.date_format
        found: Dates | str | None
        if self._attributes[name].kind == "date":
            what, has_time = "dates", format is not None and ("%H" in format or "%I" in format)
            found = self._attributes[name].dates() if format is None else Dates(format, has_time)
        else:
            texts = [unquoted(cell) for cell in dict.fromkeys(cells) if not self.reading.spelling.is_gap(cell)]
            if not texts:
                return kind_if_empty(name, self.reading).dates
            found = dates_of(texts, format)
            what = f"dates such as {shorten(texts[0])}"
        if found is None:
            return None
        if self.reading.dates == "refuse":
            refuse_dates(name, what)
        if isinstance(found, str):
            raise ValueError(f"column {name!r} holds {found}")
        return found

    def _label_kind(self) -> str:
        attribute, asked = self._attributes.get(str(self.target)), self.reading.label_type
        if not self.reading.labelled or attribute is None or asked == "text":
            return "text"
        if attribute.is_number:
            return "int" if attribute.kind == "integer" else "float"
        if asked == "auto":
            return "text"
        return kind_of(attribute.values, asked) if attribute.values else "float"

    def _fields(self, text: str) -> tuple[list[str], float, str]:
        """Return the fields of a row, still quoted, its weight, and what is wrong with it, or nothing."""
        if "%" in text:
            text = without_comment(text)
        weight = 1.0
        if text.endswith(("}", "},")):
            text, own = without_weight(text)
            if own is not None and self.weight is not None:
                return [], 1, f"a weight of its own, {{{own}}}, where column {self.weight!r} holds the weights"
            if own is not None and not 0 <= (weight := self._number(own)) < inf:
                return [], 1, f"{shorten(own)} {WRONG['weight']}"
        n = len(self.columns)
        fields, reason = sparse_fields_of(text, self._absent) if text.startswith("{") else fields_of(text, n)
        if not reason and len(fields) != n:
            reason = f"{len(fields)} field{'s' * (len(fields) != 1)} where there are {n} attributes"
        return fields, weight, reason

    def _chunk(self, records: list[list[str]], lines: list[int], weights: dict[int, float], bad: list[Note]) -> Chunk:
        refused: dict[int, str] = {}
        table = self._table(records, weights, refused)
        reasons = {row: f"{self.source}, line {lines[row]}, {refused[row]}" for row in refused}
        return sifted(table, self.missing, partial(self._reason, records, lines), reasons).with_bad(bad)

    def _reason(self, records: list[list[str]], lines: list[int], flaw: Flaw) -> str:
        cell = records[flaw.row][self._position[str(flaw.column)]]
        wrong = why_cell(self.role(flaw.column), unquoted(cell), shorten(cell), self.reading.spelling)
        return f"{self.source}, line {lines[flaw.row]}, column {flaw.column!r}: {wrong}"

    def _table(self, records: list[list[str]], weights: dict[int, float], refused: dict[int, str]) -> Table:
        """Return rows as columns; note what is wrong with those that are bad whatever `missing` says."""
        n = len(records)
        cells: Any = zip(*records, strict=True) if records else [()] * len(self.columns)
        columns: dict[str, Sequence[str]] = dict(zip(self.columns, cells, strict=True))
        texts: dict[str, Coded] = {}
        numbers: list[Any] = []
        for name in map(str, self.features):
            if name in self.text_columns:
                texts[name] = code(self._each(name, columns[name], partial(self._text, name), refused))
            elif name in self.dates:
                numbers.append(self._each(name, columns[name], partial(self._seconds, self.dates[name])))
            else:
                numbers.append(self._numbers(columns[name]))
        values = np.empty((n, len(numbers)))
        for j, column in enumerate(numbers):
            values[:, j] = column
        labels = unlabelled(n)
        if self.reading.labelled:
            target = str(self.target)
            labels = code(self._each(target, columns[target], self._label, refused))
        weight: tuple[Hashable, NDArray[np.float64]] | None = None
        if self.weight is not None:
            weight = self.weight, np.array(self._numbers(columns[str(self.weight)]), np.float64)
        elif weights:
            weight = "", np.ones(n)
            weight[1][[*weights]] = [*weights.values()]
        return in_parts(Table(self.features, values, texts, (self.target, labels), weight), self.dates)

    def _each(
        self, name: str, cells: Sequence[str], read: Callable[[str], Any], refused: dict[int, str] | None = None
    ) -> list[Any]:
        """Return what each cell is read as, each distinct one once; note the rows of those that are refused."""
        known: dict[str, Any] = dict.fromkeys(cells)
        wrong: dict[str, str] = {}
        for cell in known:
            try:
                known[cell] = read(cell)
            except ValueError as error:
                wrong[cell] = f"column {name!r}: {shorten(cell)} {error}"
        if wrong and refused is not None:
            for row, cell in enumerate(cells):
                if cell in wrong:
                    refused.setdefault(row, wrong[cell])
        return [known[cell] for cell in cells]

    def _numbers(self, cells: Sequence[str]) -> list[float]:
        """Return what cells spell, nan for a gap, inf for what is no number."""
        together = "".join(cells)
        if not (self._is_plain and together.isascii() and "_" not in together):
            return [self._number(cell) for cell in cells]
        try:
            return [*map(float, cells)]
        except ValueError:
            return [self._float(cell) for cell in cells]

    def _float(self, cell: str) -> float:
        try:
            return float(cell)
        except ValueError:
            return self._number(cell)

    def _number(self, cell: str) -> float:
        try:
            return self.reading.spelling.number(unquoted(cell))
        except ValueError:
            return inf

    def _seconds(self, dates: Dates, cell: str) -> float:
        try:
            return nan if self.reading.spelling.is_gap(cell) else dates.seconds(unquoted(cell))
        except (ValueError, OverflowError):
            return inf

    def _text(self, name: str, cell: str) -> str | None:
        """Return the text of a field; None for a gap."""
        text, declared = unquoted(cell), self._declared[name]
        is_gap = text is cell and (cell == "?" or (text not in declared and self.reading.spelling.is_gap(cell)))
        if is_gap:
            return None
        if self._attributes[name].kind == "nominal" and text not in declared:
            values = self._attributes[name].values
            shown = ", ".join(map(repr, values[:10])) + ", .." * (len(values) > 10)
            raise ValueError(f"is not among the values that the header declares: {shown}")
        return text

    def _label(self, cell: str) -> Any:
        """Return the label that a field holds; None for a gap."""
        name = str(self.target)
        if not self._attributes[name].is_number:
            text = self._text(name, cell)
            if text is None or self.label_kind == "text":
                return text
            try:
                return label_of(text, self.label_kind, "number")
            except ValueError:
                who = "the model" if self.reading.has_known_labels else "label_type='number'"
                raise ValueError(f"is no number, as {who} has it") from None
        if self.reading.spelling.is_gap(cell):
            return None
        text = unquoted(cell)
        try:
            value = self.reading.spelling.number(text)
        except ValueError:
            value = nan
        if not isfinite(value):
            raise ValueError(f"is no label: attribute {name!r} is {self._attributes[name].kind}")
        if self.reading.label_type == "text":
            return text
        return int(text) if re.fullmatch(r"[+-]?\d+", text, re.ASCII) else value
