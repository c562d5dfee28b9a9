"""Columns: the messages of a topic as rows, by the format they are in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from online_softmax.streams.formats.csv import CsvStream
from online_softmax.streams.formats.json_lines import JsonStream
from online_softmax.streams.kafka.avro import AvroColumns, AvroSchema, records_of
from online_softmax.streams.kafka.messages import CsvForm, Form, JsonForm, Messages, joined
from online_softmax.streams.labels import spelled_at
from online_softmax.streams.stream import Chunk, Note, RowStream
from online_softmax.streams.tables import NoRowsError, pyarrow

PREFIX = "kafka_"  # of the columns that are added


class Columns(ABC):
    """The columns of a topic's messages.

    Parameters
    ----------
    source
        Holds messages while they are read, and knows what is settled already.
    added
        What of a message becomes a column, besides what it holds: its key, partition, offset or timestamp.

    Attributes
    ----------
    stream
        The stream of the format, by which messages become rows.

    """

    stream: RowStream

    def __init__(self, source: Messages, added: Sequence[str]) -> None:
        self.source, self._added = source, added

    @abstractmethod
    def chunk(self, messages: Sequence[Any]) -> Chunk:
        """Return messages that have values as rows."""

    @abstractmethod
    def settled(self) -> dict[str, Any]:
        """Return what the first messages decided, for JSON."""

    def spelled(self) -> dict[str, Any]:
        """Return how labels were written that have been met, for a place."""
        return {}

    def go_on(self, at: Mapping[str, Any]) -> None:  # noqa: B027
        """Take how labels were written before a place."""

    def named(self, messages: Sequence[Any], bad: Sequence[Note]) -> list[Note]:
        """Return notes that say where their messages stand."""
        return [Note(place, self.source.place(messages[place]) + reason) for place, reason in bad]

    def extras(self, message: Any) -> list[Any]:
        """Return what is added of a message."""
        return [_EXTRAS[name](message) for name in self._added]

    def first(self, sound: Sequence[Any], messages: Sequence[Any], bad: Sequence[Note], on_bad: str) -> Sequence[Any]:
        """Return the first sound messages, which decide; where bad ones are errors, those before the first of these."""
        if bad and on_bad == "raise":
            sound = sound[: bad[0].place]
            if not sound:
                raise ValueError(self.named(messages, bad)[0].reason)
        if not sound:
            raise NoRowsError(f"{self.source} has no message that can be read among the first {len(messages):,}")
        return sound


class TextColumns(Columns):
    """The columns of messages that are text.

    Parameters
    ----------
    source, added
        As above.
    names
        The columns of CSV, without those that are added; None for JSON.
    delimiter
        What is between two fields of CSV.
    head
        The first messages that have a value; none where it is settled what columns there are.
    target, reading
        As of other streams.

    """

    stream: JsonStream | CsvStream

    def __init__(
        self,
        source: Messages,
        added: Sequence[str],
        names: Sequence[str] | None,
        delimiter: str,
        head: Sequence[Any],
        target: Hashable,
        **reading: Any,
    ) -> None:
        super().__init__(source, added)
        columns = [PREFIX + name for name in added]
        self._form: Form = JsonForm(columns, self.extras)
        if names is not None:
            form = self._form = CsvForm(columns, self.extras, delimiter)
            source.head = form.header(names)
        if source.settled is None:
            texts, places, bad = self._form.texts(head)
            for text, place in zip(texts, places, strict=True):
                try:
                    self._form.check_first(text)
                except ValueError as error:
                    bad.append(Note(place, str(error)))
            wrong = {note.place for note in bad}
            pairs = [(text, place) for text, place in zip(texts, places, strict=True) if place not in wrong]
            sound = self.first(pairs, head, sorted(bad), reading.get("on_bad", "raise"))
            source.hold([head[place] for _, place in sound], *joined([text for text, _ in sound]))
        if names is None:
            self.stream = JsonStream(source, target, **reading)
        else:
            self.stream = CsvStream(source, target, delimiter=delimiter, **reading)

    def chunk(self, messages: Sequence[Any]) -> Chunk:
        """Return messages as rows."""
        texts, places, bad = self._form.texts(messages)
        sound = messages if not bad else [messages[place] for place in places]
        block, lines = joined(texts)
        self.source.hold(sound, block, lines)
        line = 1 + self.source.head.count(b"\n")
        chunk = self.stream.quick(block)
        if chunk is None or len(chunk) != len(texts):
            chunk = self.stream._careful(line, block)
        assert len(chunk) == len(texts)
        return chunk.with_bad(self.named(messages, bad))

    def settled(self) -> dict[str, Any]:
        """Return what the first messages decided."""
        return self.stream.settled()

    def spelled(self) -> dict[str, Any]:
        """Return how labels were written that have been met."""
        return self.stream.spelled()

    def go_on(self, at: Mapping[str, Any]) -> None:
        """Take how labels were written before a place."""
        self.stream._spelled = spelled_at(at, self.stream.label_kind)


class RecordColumns(Columns):
    """The columns of messages of Avro.

    Parameters
    ----------
    source, added, head, target, reading
        As above.
    schema
        The schema that they were written by.

    Attributes
    ----------
    digest
        What tells the schema from another.

    """

    stream: AvroColumns

    def __init__(
        self,
        source: Messages,
        added: Sequence[str],
        schema: AvroSchema,
        head: Sequence[Any],
        target: Any,
        **reading: Any,
    ) -> None:
        super().__init__(source, added)
        self.digest = schema.digest
        self._schema, self._names = schema, [PREFIX + name for name in added]
        records: Sequence[Any] = []
        if source.settled is None:
            found, places, bad = records_of(head, schema, self._names, self.extras)
            records = self.first(found, head, bad, reading.get("on_bad", "raise"))
            source.hold([head[place] for place in places])
        else:
            schema.number = source.settled["schema"]
        pa = pyarrow("topics of Avro are")
        types = {"key": pa.string(), "partition": pa.int64(), "offset": pa.int64(), "timestamp": pa.float64()}
        extra = {PREFIX + name: types[name] for name in added}
        self.stream = AvroColumns(source, schema, extra, records, target, **reading)

    def chunk(self, messages: Sequence[Any]) -> Chunk:
        """Return messages as rows."""
        records, places, bad = records_of(messages, self._schema, self._names, self.extras)
        records, places, bad = self.stream.fitting(records, places, bad)
        self.source.hold([messages[place] for place in places])
        return self.stream.chunk(records).with_bad(self.named(messages, bad))

    def settled(self) -> dict[str, Any]:
        """Return what the first messages decided."""
        return {**self.stream.settled(), "schema": self._schema.number}


def _key(message: Any) -> str | None:
    key = message.key()
    try:
        return None if key is None else key.decode()
    except UnicodeDecodeError:
        raise ValueError(": its key is not UTF-8 text") from None


def _timestamp(message: Any) -> float | None:
    kind, when = message.timestamp()
    return when / 1000 if kind else None  # seconds since 1970


_EXTRAS = {
    "key": _key,
    "partition": lambda message: message.partition(),
    "offset": lambda message: message.offset(),
    "timestamp": _timestamp,
}
