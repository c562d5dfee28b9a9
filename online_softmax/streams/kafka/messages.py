"""Messages: those of a topic as the text of a file, whose records they are."""

from __future__ import annotations

import csv
import json
from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO, StringIO
from itertools import accumulate
from typing import Any

from online_softmax.checks import shorten
from online_softmax.streams.stream import Note
from online_softmax.streams.tables import ByteSource, Quoted, Readable

EMPTY = ": the message is empty"
MARK = b"\xef\xbb\xbf"  # of UTF-8, before a text


class Messages(ByteSource):
    """Messages in the place of a file's bytes: what is wrong with one is told by its partition and offset.

    Parameters
    ----------
    topic
        The topic.
    settled
        What the columns hold, where that is known already; see `RecordStream.settled`.

    """

    is_pipe = False
    fraction = None

    def __init__(self, topic: str, settled: Mapping[str, Any] | None = None) -> None:
        self.name, self.settled = f"topic {topic}", settled
        self.head = b""  # what a text begins with that is no message
        self._messages: Sequence[Any] = ()
        self._lines: list[int] | None = None
        self._text = b""

    def hold(self, messages: Sequence[Any], text: bytes = b"", lines: list[int] | None = None) -> None:
        """Take messages, and the text of them; the line of each, counted from 0, where some are of several lines."""
        self._messages, self._text, self._lines = messages, text, lines

    def identify(self) -> None:
        """Return nothing: a topic grows."""

    @contextmanager
    def opened(self, byte: int = 0) -> Iterator[Readable]:
        """Give the text."""
        yield BytesIO(self.head + self._text)

    def where(self, unit: str, number: int) -> str:
        """Say where a record stands, a line or a row."""
        row = number - (1 + self.head.count(b"\n") if unit == "line" else 0)
        message = self._messages[bisect_right(self._lines, row) - 1 if self._lines and unit == "line" else row]
        return self.place(message)

    def place(self, message: Any) -> str:
        """Say where a message stands."""
        return f"{self.name}, partition {message.partition()}, offset {message.offset()}"


class Form:
    """The form of messages that are text.

    Parameters
    ----------
    added
        The columns that are added to those of the messages, of which `extras` gives the values.
    extras
        Gives what is added of a message.

    """

    def __init__(self, added: Sequence[str], extras: Callable[[Any], list[Any]]) -> None:
        self.added, self.extras = added, extras

    def texts(self, messages: Sequence[Any]) -> tuple[list[bytes], list[int], list[Note]]:
        """Return the messages as records, the places of these, and notes on those that are none."""
        values = [message.value() for message in messages]
        if any(value is not None and value.startswith(MARK) for value in values):
            values = [value and value.removeprefix(MARK) for value in values]
        if not self.added and None not in values and self.are_plain(values):
            return values, [*range(len(values))], []
        texts, places, bad = [], [], []
        for place, (message, value) in enumerate(zip(messages, values, strict=True)):
            try:
                text = self.sound(value)
                texts.append(self.with_added(text, self.extras(message)) if self.added else text)
                places.append(place)
            except ValueError as error:
                bad.append(Note(place, str(error)))
        return texts, places, bad

    @abstractmethod
    def are_plain(self, values: list[bytes]) -> bool:
        """Whether each message is one record for sure, if it is any."""

    @abstractmethod
    def sound(self, value: bytes) -> bytes:
        """Return a message as one record, or raise what is wrong with it."""

    @abstractmethod
    def with_added(self, text: bytes, values: list[Any]) -> bytes:
        """Return a record with columns in front."""

    def check_first(self, text: bytes) -> None:
        """Raise what is wrong with a record of the first ones, which decide what columns there are."""


class JsonForm(Form):
    """Messages that are objects of JSON."""

    def are_plain(self, values: list[bytes]) -> bool:
        """Whether each message is on a line, and none is empty."""
        return all(map(bytes.strip, values)) and not any(b"\n" in value for value in values)

    def sound(self, value: bytes) -> bytes:
        """Return a message on one line: line ends stand between the parts of an object alone."""
        if not value.strip():
            raise ValueError(EMPTY)
        if b"\n" in value:
            _object(value)
        return value.replace(b"\n", b" ")

    def with_added(self, text: bytes, values: list[Any]) -> bytes:
        """Return an object with members in front."""
        bare = text.lstrip()
        if not bare.startswith(b"{"):
            return text
        rest = bare[1:].lstrip()
        members = json.dumps(dict(zip(self.added, values, strict=True))).encode()[:-1]
        return members + (rest if rest.startswith(b"}") else b", " + rest)

    def check_first(self, text: bytes) -> None:
        """Refuse what is no object."""
        _object(text)


class CsvForm(Form):
    """Messages that are records of CSV.

    Parameters
    ----------
    delimiter
        What is between two fields.

    """

    def __init__(self, added: Sequence[str], extras: Callable[[Any], list[Any]], delimiter: str) -> None:
        super().__init__(added, extras)
        self._delimiter = delimiter
        self._quoted = Quoted("", delimiter.encode())

    def header(self, names: Sequence[str]) -> bytes:
        """Return the line that names the columns."""
        return self._line([*self.added, *names])

    def are_plain(self, values: list[bytes]) -> bool:
        """Whether each message is on a line, none is empty, and every quote closes."""
        block = b"\n".join(values)
        if b"\r" in block or block.count(b"\n") != len(values) - 1 or not all(values):
            return False
        return b'"' not in block or not any(b'"' in value and self._quoted.is_open(value) for value in values)

    def sound(self, value: bytes) -> bytes:
        """Return a message as one record: line ends stand inside quotes alone."""
        text = value[:-1] if value.endswith(b"\n") else value
        text = text[:-1] if text.endswith(b"\r") else text
        if not text.strip(b"\r\n"):
            raise ValueError(EMPTY)
        if b'"' in text and self._quoted.is_open(text):
            raise ValueError(": a quote opens here and never closes")
        bare = self._quoted.bare(text)
        if b"\n" in bare or b"\r" in bare:
            raise ValueError(": the message is several lines")
        return text

    def with_added(self, text: bytes, values: list[Any]) -> bytes:
        """Return a record with fields in front."""
        return self._line(["" if value is None else value for value in values])[:-1] + self._delimiter.encode() + text

    def _line(self, fields: Sequence[Any]) -> bytes:
        out = StringIO()
        csv.writer(out, delimiter=self._delimiter, lineterminator="\n").writerow(fields)
        return out.getvalue().encode()


def joined(texts: Sequence[bytes]) -> tuple[bytes, list[int] | None]:
    """Return records as one text; and the line of each, where some have several."""
    block = b"".join([text + b"\n" for text in texts])
    if block.count(b"\n") == len(texts):
        return block, None
    return block, [0, *accumulate(text.count(b"\n") + 1 for text in texts)][:-1]


def _object(text: bytes) -> None:
    """Raise what is wrong with a text that is no object."""
    try:
        found = json.loads(text.decode())
    except UnicodeDecodeError as error:
        raise ValueError(f": {shorten(text[error.start : error.end])} is not UTF-8 text") from None
    except RecursionError:
        raise ValueError(": no JSON (it is nested too deep)") from None
    except ValueError as error:
        raise ValueError(f": no JSON ({error})") from None
    if not isinstance(found, dict):
        raise ValueError(f": {shorten(found)} is not an object")
