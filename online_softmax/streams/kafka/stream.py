"""KafkaStream: the messages of a topic as a stream of rows."""

from __future__ import annotations

import csv
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

from online_softmax.streams.formats.csv import check_delimiter
from online_softmax.streams.kafka.address import ADDED, FORMATS, TIMEOUT, Address, moment, seconds
from online_softmax.streams.kafka.avro import AvroSchema
from online_softmax.streams.kafka.columns import Columns, RecordColumns, TextColumns
from online_softmax.streams.kafka.messages import Messages
from online_softmax.streams.kafka.place import MessagePlace
from online_softmax.streams.kafka.settings import Settings, read_settings
from online_softmax.streams.kafka.topic import Position, Topic
from online_softmax.streams.place import PlaceError
from online_softmax.streams.stream import Chunk, Note, RowStream
from online_softmax.streams.tables import NoRowsError, shorten

TABS = ("tab", "\\t")
NO_VALUE = ": it has no value (a tombstone): say missing='skip-row' to leave such messages out"


class KafkaStream(RowStream):
    """A stream over a topic of Kafka: each message is a row.

    All partitions are read, in an order that the content of the topic decides: each gives some hundred messages in
    turn, until it has given what was there when the round began. A place has the offset of each partition.

    Parameters
    ----------
    url
        `kafka://broker:9092,broker:9092/topic?name=value&..`, with these options:
        `format`, json (the default), csv or avro;
        `names`, the columns of CSV, as a,b; and its `delimiter`;
        `schema`, the file of the schema of Avro; and `framing`, none or confluent;
        `add`, columns of the message itself, as key,partition,offset,timestamp: their names are kafka_key and so on;
        `from`, earliest (the default), latest or a moment such as 2026-01-31T12:00, in UTC;
        `until_idle`, after what time without a message the stream ends, as 10s; without it, it has no end;
        `timeout`, for how long brokers may be away (30s);
        `config`, a file of lines `name=value` with settings of librdkafka. Those with a point in their names may be
        options, too. Nobody is shown their values.
    target
        The member, column or field that holds the label.
    format, delimiter, names
        As in the URL.
    settings
        Settings of librdkafka, by name, or the path of a file of them.
    settled
        What the columns hold, as the place of another stream over the topic has it: the first messages decide it
        without, and they may be gone.
    reading
        How else it is read; see `Reading`.

    Attributes
    ----------
    topic
        The topic.

    """

    def __init__(
        self,
        url: str,
        target: Hashable | None = None,
        *,
        format: str | None = None,
        delimiter: str | None = None,
        names: Sequence[str] | None = None,
        settings: Mapping[str, str] | str | Path | None = None,
        settled: Mapping[str, Any] | None = None,
        **reading: Any,
    ) -> None:
        address = Address.of(url)
        options = address.options
        self._format = _once("format", format, options.get("format")) or "json"
        if self._format not in FORMATS:
            raise ValueError(f"messages are in {', '.join(FORMATS)}, not in {self._format!r}: say so by format")
        self._delimiter = _once("delimiter", delimiter, options.get("delimiter"))
        self._delimiter = "\t" if self._delimiter in TABS else self._delimiter
        check_delimiter(self._delimiter)
        listed = next(csv.reader([options["names"]]), []) if "names" in options else None
        self._names = _once("names", names, listed)
        self._added = [name for name in options.get("add", "").split(",") if name]
        self._check(options)
        begin = moment(options.get("from", "earliest"))
        until_idle = seconds("until_idle", options["until_idle"]) if "until_idle" in options else None
        timeout = seconds("timeout", options.get("timeout", TIMEOUT))
        if not timeout:
            raise ValueError("timeout is a duration such as 30s, and more than 0")
        self._options, self._schema = options, None
        if self._format == "avro":
            self._schema = AvroSchema(options["schema"], options.get("framing", "none"))
        config = read_settings(_once("config", settings, options.get("config")), address.settings)
        given = Settings(address.brokers, config)
        self.topic = Topic(address.topic, given, timeout, until_idle)
        self._target, self._asked_reading = str(target) if target is not None else None, reading
        self._start: Position | None = None
        self._told_to_end, self._is_unread = Event(), True
        if settled is None:
            self._start = self.topic.start(begin)
            self._columns = self._decided(self._start)
        else:
            self._columns = self._settled(settled)
        stream = self._columns.stream
        self.reading, self.text_columns, self.delimiter = stream.reading, stream.text_columns, stream.delimiter
        self.kinds, self.dates, self.label_kind = stream.kinds, stream.dates, stream.label_kind
        self.empty_columns, self.code_columns = stream.empty_columns, stream.code_columns

    def _check(self, options: Mapping[str, str]) -> None:
        """Refuse options that do not go with one another."""
        for name in self._added:
            if name not in ADDED or self._added.count(name) > 1:
                raise ValueError(f"add lists some of {', '.join(ADDED)}, each once, not {name!r}")
        of_format = {"csv": {"names": self._names, "delimiter": self._delimiter}}
        of_format["avro"] = {name: options.get(name) for name in ("schema", "framing")}
        for format, values in of_format.items():
            for name, value in values.items():
                if value is not None and format != self._format:
                    raise ValueError(f"{name} goes with {format}, and the messages are {self._format}")
        if self._format == "csv" and not self._names:
            raise ValueError("messages of CSV have no header: name their columns, as in names=size,kind")
        if self._format == "avro" and "schema" not in options:
            raise ValueError("messages of Avro need the schema that they were written by: name its file by schema=FILE")

    # ---- what the columns hold ----

    def _decided(self, start: Position) -> Columns:
        """Return what the columns hold by the first messages."""
        first: list[Any] = []
        for _, messages in self.topic.blocks(start, Event(), whole=True):
            first += messages
            if head := [message for message in messages if message.value() is not None]:
                self.topic.put_back(start, first)
                return self._made(Messages(self.topic.name), head)
        raise NoRowsError(f"topic {self.topic.name} has no messages")

    def _settled(self, settled: Mapping[str, Any]) -> Columns:
        """Return what the columns hold as a place has it."""
        try:
            return self._made(Messages(self.topic.name, settled), [])
        except OSError:
            raise
        except Exception as error:  # what a stranger wrote can fail in any way
            raise PlaceError(f"the place tells of other columns than topic {self.topic.name} has: {error}") from error

    def _made(self, source: Messages, head: Sequence[Any]) -> Columns:
        target, reading = self._target, self._asked_reading
        if self._schema is not None:
            return RecordColumns(source, self._added, self._schema, head, target, **reading)
        return TextColumns(source, self._added, self._names, self._delimiter or ",", head, target, **reading)

    def _position(self, at: Mapping[str, Any]) -> Position:
        try:
            return Position.of(at)
        except ValueError as error:
            raise PlaceError(f"{shorten(at)} is no place of topic {self.topic.name}: {error}") from None

    # ---- reading ----

    def read(self, at: Mapping[str, Any] | None) -> Iterator[Chunk]:
        """Yield the chunks from some offsets on."""
        if not self._is_unread:
            self._told_to_end = Event()
        told_to_end, self._is_unread = self._told_to_end, False
        if at is None:
            self._start = self._start or self.topic.start(moment(self._options.get("from", "earliest")))
            position = self._start
        elif at.get("settled") != self._columns.settled():
            raise PlaceError(
                f"the first messages of topic {self.topic.name} decide other columns than those before the place did: "
                "open it with at=place"
            )
        else:
            position = self.topic.go_on(self._position(at))
        self._columns.go_on(at or {})
        settled = self._columns.settled()
        for before, messages in self.topic.blocks(position, told_to_end):
            chunk = self._chunk(messages)
            place = MessagePlace.before(messages, before, {"settled": settled, **self._columns.spelled()})
            yield from self.told(replace(chunk, place=place))

    def end(self) -> None:
        """End the reading, from whatever thread: what has been given stays, and the rows end there.

        That is the last one that has begun, or the first, if none has. Another one reads on.
        """
        self._told_to_end.set()

    def _chunk(self, messages: Sequence[Any]) -> Chunk:
        """Return messages as rows: one without a value is a gap as a whole."""
        gone = [place for place, message in enumerate(messages) if message.value() is None]
        if not gone:
            return self._columns.chunk(messages)
        there = {*gone}
        chunk = self._columns.chunk([message for place, message in enumerate(messages) if place not in there])
        if self.missing == "skip-row":
            return chunk.with_left_out(gone, self.target)
        return chunk.with_bad([Note(place, self._columns.source.place(messages[place]) + NO_VALUE) for place in gone])

    # ---- what tells it from others ----

    @property
    def is_endless(self) -> bool:
        """Whether it goes on until somebody stops it."""
        return self.topic.until_idle is None

    def layout(self) -> dict[str, Any]:
        """Return the topic and how its messages are read; nothing of brokers, which may move, or of settings."""
        options = {name: self._options[name] for name in ("framing", "from") if name in self._options}
        csv = {"names": [*self._names], "delimiter": self.delimiter} if self._names else {}
        schema = {"schema": self._columns.digest} if isinstance(self._columns, RecordColumns) else {}
        return {"topic": self.topic.name, "format": self._format, "add": self._added, **options, **csv, **schema}


def _once(name: str, given: Any, in_url: Any) -> Any:
    """Return what is said in one place of two."""
    if given is not None and in_url is not None and given != in_url:
        raise ValueError(f"{name} is said twice, in the kafka:// URL and beside it: leave one out")
    return in_url if given is None else given
