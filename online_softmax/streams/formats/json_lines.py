"""JSON lines: one object a line, its members the columns; or an array of such objects."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Mapping
from functools import cache
from itertools import chain
from math import inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from online_softmax.streams import labels
from online_softmax.streams.formats.json_objects import Objects, goes_on
from online_softmax.streams.reading import Reading
from online_softmax.streams.tables import (
    LARGE,
    ByteSource,
    Cells,
    Coded,
    Kind,
    NoRowsError,
    RecordStream,
    code,
    coded,
    column_kind,
    labels_of,
    pyarrow,
    read_json,
    shorten,
    spells_number,
)

if TYPE_CHECKING:
    import pyarrow as pa

# Where a line is no object: the first one, which may have a mark of its encoding, and a later one.
FIRST, LATER = re.compile(rb"(?:\xef\xbb\xbf)?+\s*+[^{\s]"), re.compile(rb"\n[^\S\n]*+[^{\s]")
MARK = b"\n\xef\xbb\xbf"  # where one file was put behind another
TYPES = {"int64": "number", "double": "number", "null": "empty", "bool": "truth"}  # that need no second look
PLAIN = ("int64", "double", "bool", "string")
MOST_EXACT = 2.0**53  # from here on a double holds not every integer
SURE = {"string": "text", "int64": "int", "bool": "bool"}  # of labels
LABELS: dict[type, str] = {str: "text", int: "int", float: "float", bool: "bool"}


class JsonStream(RecordStream):
    """A stream over JSON lines: one object a line, with numbers, truth values or strings as its members.

    An array of such objects is read likewise, however its lines are broken; errors count its objects.

    The first block decides what members there are and what they hold; a member that is not there is missing. A string
    among numbers is read as in CSV: it is a gap, a number, or a bad cell.

    Parameters
    ----------
    path
        The file; `-` is standard input.
    target
        The member that holds the label.
    block_bytes
        About how much to read at a time.
    reading
        How else it is read; see `Reading`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from online_softmax.streams import JsonStream

    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "fruit.jsonl")
    ...     _ = path.write_text('{"size": 7, "kind": "apple"}\\n{"kind": "banana"}\\n')
    ...     print(*JsonStream(path, "kind", missing="zero").pairs())
    ({'size': 7.0}, 'apple', {}) ({'size': 0.0}, 'banana', {})

    """

    def __init__(
        self, path: str | Path | ByteSource, target: Hashable | None = None, *, block_bytes: int = LARGE, **reading: Any
    ) -> None:
        source = path if isinstance(path, ByteSource) else ByteSource(path)
        self.columns: list[str] = []
        self._schema: pa.Schema | None = None
        self._guess: pa.Schema | None = None
        super().__init__(source, Reading(target, **reading), Objects(source.name), block_bytes)

    doubt = ": a number beyond what it can be read as, or members of different kinds"

    def start(self, block: bytes) -> int:
        """Begin at once: there is no header."""
        if not block.strip():
            raise NoRowsError(f"{self.source} is empty")
        if self.records.unit == "line" and goes_on(block):
            raise ValueError(
                f"{self.source} begins with an object of several lines: JSON lines have one object a line, and a JSON "
                "file an array of objects"
            )
        return 0

    def check(self, block: bytes) -> None:
        """Raise ValueError if a line of a block is no object, or has a member that is new."""
        self._objects(block)

    def guess(self, block: bytes) -> pa.Table | None:
        """Return what pyarrow takes the members for; None where it cannot tell."""
        block = block.replace(MARK, b"\n")
        self._check_bytes(block)
        try:
            return read_json(block)
        except ValueError:
            self.check(block)
            return None

    def look(self, block: bytes, guess: pa.Table | None) -> tuple[dict[Hashable, Kind], str]:
        """Return what each feature holds, by the lines of a block, and of what kind the labels are."""
        objects = cache(lambda: self._objects(block))
        try:
            self.columns = guess.column_names if guess is not None else list(dict.fromkeys(chain(*objects())))
        except UnicodeDecodeError:
            raise ValueError(f"{self.source}: a member's name is not UTF-8 text") from None
        self._guess = None if guess is None else guess.schema
        self._known = frozenset(self.columns)
        self.choose(self.columns)
        types = {} if guess is None else {field.name: str(field.type) for field in guess.schema}

        def values(name: Hashable) -> list[Any]:
            return [record.get(str(name)) for record in objects()]

        kinds: dict[Hashable, Kind] = {}
        for name in self.features:
            found = types.get(str(name))
            if name in self.reading.text_columns:
                kinds[name] = self._kind(name, values(name))
            elif found == "string" and guess is not None:
                kinds[name] = self._kind_of_strings(name, coded(guess[name]))
            else:
                kinds[name] = Kind(TYPES[found]) if found in TYPES else self._kind(name, values(name))
        label_kind = "text"
        if self.reading.labelled:
            sure = SURE.get(types.get(str(self.target), ""))
            label_kind = sure if sure and self.reading.label_type == "auto" else self._label_kind(values(self.target))
        return kinds, label_kind

    def settled(self) -> dict[str, Any]:
        """Return what was settled of the members, those that are not used among them."""
        unused = {field.name: str(field.type) for field in self._guess or () if str(field.type) in PLAIN}
        return {**super().settled(), "unused": unused}

    def settle(self, settled: Mapping[str, Any], begun: bytes) -> None:
        """Settle the members as they were before."""
        pa = pyarrow("JSON lines are")
        self._known = frozenset(settled["columns"])
        types = {name: pa.type_for_alias(type) for name, type in settled["unused"].items()}
        self._guess = pa.schema([*types.items()])
        super().settle(settled, begun)

    def _kind(self, name: Hashable, values: list[Any]) -> Kind:
        """Return what a member holds; a string among numbers may be one, or a gap."""
        values = [value for value in values if value is not None]
        if (nested := next((value for value in values if isinstance(value, list | dict)), None)) is not None:
            kind = "lists" if isinstance(nested, list) else "objects"
            raise ValueError(f"column {name!r}: {kind} are no features; drop the column, or name the wanted ones")
        if name in self.reading.text_columns:
            return Kind("text")
        texts = [value for value in values if isinstance(value, str)]
        if len(texts) == len(values):
            return self._kind_of_strings(name, code(texts))
        truths = sum(isinstance(value, bool) for value in values)
        if truths == len(values):
            return Kind("truth")
        spelled = sum(spells_number(text, self.reading.spelling) for text in texts)
        numbers = len(values) - truths - len(texts) + spelled
        is_number = 2 * numbers >= len(values) or (numbers and name in self.reading.number_columns)
        return Kind("number") if is_number else Kind("truth" if truths > len(texts) else "text")

    def _kind_of_strings(self, name: Hashable, texts: Coded) -> Kind:
        """Return what a member holds that is strings: those that spell numbers are codes, unless more is said."""
        found, spelling = column_kind(name, texts, self.reading), self.reading.spelling
        is_said = name in self.reading.number_columns or not spelling.is_plain
        return Kind("text") if found.name in ("number", "truth") and not is_said else found

    def _label_kind(self, values: list[Any]) -> str:
        """Return of what kind labels are: text, if any of them is."""
        values = [value for value in values if value is not None]
        if (nested := next((value for value in values if isinstance(value, list | dict)), None)) is not None:
            raise ValueError(
                f"column {self.target!r} holds {shorten(nested)}, and a label is a string, a number, true or false"
            )
        kinds = {LABELS[type(value)] for value in values if not isinstance(value, float) or isfinite(value)}
        if self.reading.label_type != "auto" or "text" in kinds:
            is_text = self.reading.label_type != "number"
            return "text" if is_text else labels.kind_of(map(_spelled, values), self.reading.label_type)
        if kinds == {"int", "float"} and any(value != int(float(value)) for value in values if type(value) is int):
            return "text"  # an integer that no double holds
        return labels.together(kinds) if kinds else "text"

    def settle_kinds(self, kinds: dict[Hashable, Kind], label_kind: str) -> None:
        """Settle what each member holds."""
        super().settle_kinds(kinds, label_kind)
        assert self._types is not None
        pa = pyarrow("JSON lines are")
        if self.reading.labelled:
            # Where a type is asked for, a label is read as its text.
            kind = label_kind if self.reading.label_type == "auto" else "text"
            types = {"text": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
            self._types[str(self.target)] = types[kind]
        unused = [(field.name, field.type) for field in self._guess or () if field.name not in self._types]
        self._schema = pa.schema([*self._types.items(), *unused])

    def table(self, block: bytes) -> pa.Table:
        """Return the lines of a block as columns of the types that are settled."""
        assert self._schema is not None
        if not block.strip():
            return self._schema.empty_table()
        block = block.replace(MARK, b"\n")
        self._check_bytes(block)
        return read_json(block, self._schema)

    def _check_bytes(self, block: bytes) -> None:
        if FIRST.match(block) or LATER.search(block):
            raise ValueError("a line is not an object")  # on some of them pyarrow crashes

    def typed_labels(self, cells: Coded) -> tuple[Coded, dict[int, str]]:
        """Return the labels of a column of their own type."""
        if self.label_kind == "text" or self.reading.label_type != "auto":
            return self._labels_of(cells)
        # A double is nan, infinite, or perhaps an integer that no double holds: the text of the label tells.
        if self.label_kind == "float" and not all(map(_is_exact, cells.values)):
            raise ValueError("a label that a double may not hold")
        return cells, {}

    def _labels_of(self, cells: Coded) -> tuple[Coded, dict[int, str]]:
        return labels_of(cells, self.label_kind, self.reading)  # 1 and 1.0 are one number

    def cells(self, block: bytes) -> tuple[Cells, int, dict[int, str]]:
        """Return the lines of a block as cells: texts, and numbers as they are."""
        records = self._objects(block)
        cells: dict[Hashable, Coded] = {}
        wrong: dict[int, str] = {}
        for name in self.used:
            values = [record.get(name) for record in records]
            if name == self.target:
                cells[name] = code(None if value is None else _spelled(value) for value in values)
                none = [row for row, value in enumerate(values) if _is_no_label(value)]
                wrong |= {row: f", column {name!r}: {shorten(values[row])} is no label" for row in none}
                continue
            kind = "number" if name == self.weight else self._kinds[name].name
            if name in self.reading.text_columns:
                values = [value if value is None else _spelled(value) for value in values]
            cells[name] = code(_cell(value, kind) for value in values)
            if kind == "text":
                for row, value in enumerate(values):
                    if value is not None and not isinstance(value, str):
                        wrong.setdefault(row, f", column {name!r}: {shorten(value)} is not a string")
        return cells, len(records), wrong

    def reason(self, record: bytes) -> str:
        """Say what is wrong with a line as a whole, or nothing where there is no telling."""
        try:
            self._object(record)
        except ValueError as error:
            return str(error)
        return ""

    def _object(self, record: bytes) -> dict[str, Any]:
        """Return the members of a line, or raise what is wrong with it."""
        try:
            text = record.decode()
        except UnicodeDecodeError as error:
            raise ValueError(f": {shorten(record[error.start : error.end])} is not UTF-8 text") from None
        try:
            members = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_once)
        except RecursionError:
            raise ValueError(": no JSON (it is nested too deep)") from None
        except ValueError as error:
            raise ValueError(f": no JSON ({error})") from None
        if not isinstance(members, dict):
            raise ValueError(f": {shorten(members)} is not an object")
        if self.columns and not members.keys() <= self._known:
            name = next(name for name in members if name not in self._known)
            first = ", ".join(self.columns[:20])
            raise ValueError(f": the member {name!r} is new; the first lines have {first}")
        return members

    def _objects(self, block: bytes) -> list[dict[str, Any]]:
        return [self._object(line) for line in block.split(b"\n") if line.strip()]

    def cell(self, record: bytes, column: str) -> Any:
        """Return a member, to show it."""
        return self._object(record).get(column)


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members of an object, each of which is there once."""
    found = dict(members)
    if len(found) < len(members):
        names = [name for name, _ in members]
        raise ValueError(f"the member {next(name for name in names if names.count(name) > 1)!r} is there twice")
    return found


def _spelled(value: Any) -> str:
    """Return a label as text."""
    return value if isinstance(value, str) else json.dumps(value)


def _is_exact(label: Any) -> bool:
    return label is None or abs(label) < MOST_EXACT


def _is_no_label(value: Any) -> bool:
    return isinstance(value, list | dict) or (isinstance(value, float) and not isfinite(value))


def _cell(value: Any, kind: str) -> float | str | None:
    """Return a member as a cell of a column: None for what no text or number is."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value) if kind == "truth" else None
    if kind == "truth" and value in (0, 1):
        return str(int(value))
    if kind in ("number", "empty") and isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return inf
    return None
