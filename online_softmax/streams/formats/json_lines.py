"""JSON lines: one object a line, its members the columns."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from sys import float_info
from typing import TYPE_CHECKING, Any

from online_softmax.streams.reading import Reading
from online_softmax.streams.tables import LARGE, WRONG, ByteSource, Lines, RecordStream, pyarrow, read_json, shorten

if TYPE_CHECKING:
    import pyarrow as pa

# Where a line is no object: the first one, which may have a mark of its encoding, and a later one.
FIRST, LATER = re.compile(rb"(?:\xef\xbb\xbf)?+\s*+[^{\s]"), re.compile(rb"\n[^\S\n]*+[^{\s]")


class JsonStream(RecordStream):
    """A stream over JSON lines: one object a line, with numbers, truth values or strings as its members.

    The first block decides what members there are and what they hold; a member that is not there is missing.

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
        self, path: str | Path, target: Hashable | None = None, *, block_bytes: int = LARGE, **reading: Any
    ) -> None:
        source = ByteSource(path)
        self.columns: list[str] = []
        self._kinds: dict[str, str] = {}
        self._schema: pa.Schema | None = None
        super().__init__(source, Reading(target, **reading), Lines(source.name), block_bytes)

    doubt = ": a number beyond what it can be read as, or members of different kinds"

    def start(self, block: bytes) -> int:
        """Begin at once: there is no header."""
        if not block.strip():
            raise ValueError(f"{self.source} is empty")
        return 0

    def settle(self, schema: Any) -> None:
        """Settle what each member holds."""
        try:
            self.columns = [field.name for field in schema]
        except UnicodeDecodeError:
            raise ValueError(f"{self.source}: a member's name is not UTF-8 text") from None
        self._names = frozenset(self.columns)
        self.choose(self.columns)
        super().settle(schema)
        assert self._types is not None
        self._kinds = {name: str(self._types[name]) for name in self.used}
        pa = pyarrow("JSON lines are")
        self._schema = pa.schema([(field.name, self._types.get(field.name, field.type)) for field in schema])

    def table(self, block: bytes) -> pa.Table:
        """Return the lines of a block as columns."""
        if not block.strip():
            return self._schema.empty_table() if self._schema else pyarrow().table({})
        if FIRST.match(block) or LATER.search(block):
            raise ValueError("a line is not an object")  # on some of them pyarrow crashes
        return read_json(block, self._schema)

    def reason(self, record: bytes) -> str:
        """Say what is wrong with a line, or nothing where there is no telling."""
        try:
            text = record.decode()
        except UnicodeDecodeError as error:
            return f": {shorten(record[error.start : error.end])} is not UTF-8 text"
        try:
            members = json.loads(text)
        except ValueError as error:
            return f": no JSON ({error})"
        if not isinstance(members, dict):
            return f": {shorten(members)} is not an object"
        if self.columns and not members.keys() <= self._names:
            name = next(name for name in members if name not in self._names)
            return f": the member {name!r} is new; the first lines have {', '.join(self.columns[:20])}"
        for name, wants in self._kinds.items():
            if (wrong := self._wrong(name, members.get(name), wants)) is not None:
                return f", column {name!r}: {shorten(members.get(name))} {wrong}"
        return ""

    def alike(self, records: list[bytes]) -> Iterator[bytes]:
        """Yield the lines whose members are of the kinds of those before; none after a flaw, if that is an error."""
        kinds: dict[str, type] = {}
        for record in records:
            members = {name: type(value) for name, value in json.loads(record).items() if value is not None}
            own = {name: float if kind is int else kind for name, kind in members.items()}
            if all(kinds.get(name, kind) is kind for name, kind in own.items()):
                kinds |= own
                yield record
            elif self.on_bad == "raise":
                return

    def _wrong(self, name: str, value: Any, wants: str) -> str | None:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is None and (self.missing == "skip-row" or (self.missing == "zero" and name in self.features)):
            return None
        if name == self.target:
            kinds = {"string": str, "bool": bool, "int64": int, "double": int | float}
            fits = isinstance(value, kinds.get(wants, object)) and (wants == "bool" or not isinstance(value, bool))
            unlike = f"is no label like those before it, of {wants}"
            return WRONG["label"] if value is None else None if fits else unlike
        if value is None:
            return "is missing"
        if wants == "string":
            return None if isinstance(value, str) else "is not a string"
        if wants == "bool":
            return None if isinstance(value, bool) else WRONG["truth"]
        if is_number and self.missing == "skip-row":
            return None
        if name == self.weight and not (is_number and 0 <= value <= float_info.max):
            return WRONG["weight"]
        is_sound = is_number and (abs(value) <= float_info.max or self.missing == "zero")
        return None if is_sound else WRONG["number"]
