"""Avro: messages of a schema that stands in a file, as columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from online_softmax.streams.formats.batches import BatchStream
from online_softmax.streams.stream import Chunk, Note
from online_softmax.streams.tables import pyarrow, shorten

if TYPE_CHECKING:
    import pyarrow as pa

FRAMINGS = ("none", "confluent")
MAGIC, FRAME = 0, 5  # the first byte of Confluent's frame, and its length: the number of the schema follows


class AvroSchema:
    """The schema that messages were written by.

    Parameters
    ----------
    file
        A file that holds it as JSON.
    framing
        What a message begins with: "none", or "confluent", the five bytes of Confluent's serializers. All messages have
        then the number of the first one's schema, and another is a bad message.
    number
        That number, where it is known already.

    """

    def __init__(self, file: str | Path, framing: str = "none", number: int | None = None) -> None:
        if framing not in FRAMINGS:
            raise ValueError(f"framing is {' or '.join(FRAMINGS)}, not {framing!r}")
        self._read, parse = _fastavro()
        self.framing, self.number = framing, number
        try:
            text = Path(file).read_text(encoding="utf-8")
            self._schema = parse(json.loads(text))
        except OSError:
            raise
        except Exception as error:  # whatever fastavro says of a schema that is none
            raise ValueError(f"{file} holds no schema of Avro ({' '.join(str(error).split())})") from None
        if not isinstance(self._schema, dict) or self._schema.get("type") != "record":
            raise ValueError(f"{file} holds no record's schema, and the rows of a topic are records")
        self.digest = sha256(text.encode()).hexdigest()
        types = _Types(self._schema.get("__named_schemas", {}))
        self.fields: dict[str, Any] = {field["name"]: types.of(field["type"]) for field in self._schema["fields"]}

    def record(self, value: bytes) -> dict[str, Any]:
        """Return the fields of a message, or raise what is wrong with it."""
        start = 0
        if self.framing == "confluent":
            if len(value) < FRAME or value[0] != MAGIC:
                raise ValueError(": it does not begin with Confluent's five bytes: say framing=none")
            number = int.from_bytes(value[1:FRAME], "big")
            if self.number is None:
                self.number = number
            elif number != self.number:
                raise ValueError(f": it was written by schema {number}, and the first messages by schema {self.number}")
            start = FRAME
        stream = BytesIO(value)
        stream.seek(start)
        try:
            found = self._read(stream, self._schema, None)
        except Exception as error:  # what a stranger wrote can fail in any way
            raise ValueError(
                f": it is not of the schema ({' '.join(str(error).split()) or type(error).__name__})"
            ) from None
        if (left := len(value) - stream.tell()) > 0:
            raise ValueError(f": it is not of the schema ({left} byte{' is' if left == 1 else 's are'} left over)")
        assert isinstance(found, dict)
        return found


class AvroColumns(BatchStream):
    """Messages of Avro as columns.

    Parameters
    ----------
    source
        What holds the messages.
    schema
        The schema that they were written by.
    added
        The columns that are added to its fields, with their types.
    head
        The records of the first messages.
    target, reading
        As of other streams.

    """

    kind = "a topic of Avro"

    def __init__(
        self,
        source: Any,
        schema: AvroSchema,
        added: Mapping[str, Any],
        head: Sequence[Mapping[str, Any]],
        target: Any,
        **reading: Any,
    ) -> None:
        both = [name for name in added if name in schema.fields]
        if both:
            raise ValueError(f"{source} has a field {both[0]!r} of its own: add no column of that name")
        self._fields, self._first = {**added, **schema.fields}, head
        super().__init__(source, target, **reading)

    def open(self) -> pa.Schema:
        """Return the schema as Arrow's."""
        return pyarrow().schema([*self._fields.items()])

    def batches(self, row: int = 0) -> Generator[pa.RecordBatch, None, None]:
        """Yield the first messages, of the used columns."""
        yield from self.table(self._first).to_batches()

    def table(self, records: Sequence[Mapping[str, Any]]) -> pa.Table:
        """Return records as the used columns."""
        pa = pyarrow()
        used = [str(name) for name in self.used]
        columns = [pa.array([_cell(record[name]) for record in records], self._fields[name]) for name in used]
        return pa.Table.from_arrays(columns, names=used)

    def chunk(self, records: Sequence[Mapping[str, Any]]) -> Chunk:
        """Return records as rows."""
        return self._sifted(self.table(records))

    def fitting(
        self, records: list[dict[str, Any]], places: list[int], bad: list[Note]
    ) -> tuple[list[dict[str, Any]], list[int], list[Note]]:
        """Return records and their places without those of a value that no column holds, which are noted as bad."""
        try:
            self.table(records)
        except (ValueError, TypeError, OverflowError):
            found = [(record, place, self._unfit(record)) for record, place in zip(records, places, strict=True)]
            notes = [Note(place, reason) for _, place, reason in found if reason]
            sound = [(record, place) for record, place, reason in found if not reason]
            return [record for record, _ in sound], [place for _, place in sound], sorted([*bad, *notes])
        return records, places, bad

    def _unfit(self, record: Mapping[str, Any]) -> str:
        for name in map(str, self.used):
            try:
                pyarrow().array([_cell(record[name])], self._fields[name])
            except (ValueError, TypeError, OverflowError):
                return f", column {name!r}: {shorten(record[name])} is out of range"
        return ""


def records_of(
    messages: Sequence[Any], schema: AvroSchema, names: Sequence[str], extras: Callable[[Any], list[Any]]
) -> tuple[list[dict[str, Any]], list[int], list[Note]]:
    """Return the records of messages, the places of these, and notes on those that are none."""
    records, places, bad = [], [], []
    for place, message in enumerate(messages):
        try:
            record = schema.record(message.value())
            if names:
                record |= zip(names, extras(message), strict=True)
            records.append(record)
            places.append(place)
        except ValueError as error:
            bad.append(Note(place, str(error)))
    return records, places, bad


def _cell(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def _fastavro() -> tuple[Callable[..., Any], Callable[..., Any]]:
    try:
        from fastavro import parse_schema, schemaless_reader
    except ImportError:
        raise ImportError("Avro is read by fastavro: pip install 'online-softmax[kafka]'") from None
    return schemaless_reader, parse_schema


class _Types:
    """The types of Arrow that hold what Avro's do.

    Parameters
    ----------
    named
        The types of the schema that have names.

    """

    def __init__(self, named: Mapping[str, Any]) -> None:
        self._named, self._pa = named, pyarrow("topics of Avro are")

    def of(self, kind: Any) -> Any:
        """Return the type of Arrow for a type of Avro; what is nested, or of several types, is no feature."""
        pa = self._pa
        if isinstance(kind, list):
            return self._of_union([self.of(one) for one in kind if one != "null"])
        about = kind if isinstance(kind, dict) else {"type": kind}
        name = about["type"]
        if not isinstance(name, str):
            return self.of(name)
        if name in self._named:
            return self.of(self._named[name])
        plain = {
            "null": pa.null(),
            "boolean": pa.bool_(),
            "int": pa.int32(),
            "long": pa.int64(),
            "float": pa.float32(),
            "double": pa.float64(),
            "string": pa.string(),
            "enum": pa.string(),
            "bytes": pa.binary(),
            "fixed": pa.binary(),
        }
        return self._logical(about) or plain.get(name, pa.struct([]))

    def _of_union(self, inner: list[Any]) -> Any:
        pa = self._pa
        for sizes in ([pa.int32(), pa.int64()], [pa.float32(), pa.float64()]):
            if inner and {*inner} <= {*sizes}:
                return max(inner, key=sizes.index)
        if len(inner) < 2:
            return inner[0] if inner else pa.null()
        return pa.sparse_union([pa.field(str(i), one) for i, one in enumerate(inner)])

    def _logical(self, about: Mapping[str, Any]) -> Any:
        """Return the type for values that fastavro makes something else of; None for others."""
        pa, name = self._pa, about.get("logicalType")
        if name == "decimal":
            return pa.decimal128(about["precision"], about.get("scale", 0)) if about["precision"] <= 38 else None
        return {
            "date": pa.date32(),
            "timestamp-millis": pa.timestamp("ms", tz="UTC"),
            "timestamp-micros": pa.timestamp("us", tz="UTC"),
            "local-timestamp-millis": pa.timestamp("ms"),
            "local-timestamp-micros": pa.timestamp("us"),
            "time-millis": pa.time32("ms"),
            "time-micros": pa.time64("us"),
        }.get(str(name))
