"""Predicting: the rows of a stream in, a line of CSV or JSON for each out, or a message of Kafka."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from online_softmax.cli.ending import ended_in_order
from online_softmax.cli.output import check_open
from online_softmax.cli.place_file import PlaceFile
from online_softmax.cli.refusals import named
from online_softmax.models import saving
from online_softmax.models.scaled import native
from online_softmax.streams import Chunk, Known, RowStream, open_stream
from online_softmax.streams.ahead import ahead
from online_softmax.streams.kafka import Address, MessagePlace, PredictionTopic, is_kafka
from online_softmax.texts import written


def predict_rows(
    source: str,
    target: str | None,
    reading: dict[str, Any],
    file: Path,
    proba: bool,
    limit: int | None,
    to: str | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
    as_json: bool = False,
) -> None:
    """Print, or send, for each row of a source its most probable class, or the probability of each class."""
    if checkpoint is None and resume:
        raise ValueError("--resume goes with --checkpoint")
    if checkpoint is not None and to is None:
        raise ValueError("--checkpoint goes with --to: printed lines cannot be gone on with")
    topic = None if to is None else _topic_of(to, source)
    kept = None if checkpoint is None or topic is None else PlaceFile(checkpoint, resume, topic)
    with named("--from"):
        model = native(saving.load(file))
    assert model is not None
    if not model.classes:
        raise ValueError(f"the model in {file} has learned no class yet")
    if to is not None and as_json:
        raise ValueError("--output goes with printed predictions: those that are sent --to a topic are JSON anyway")
    printed = PrintedJson if as_json else Printed
    out: Output = printed(model.classes, proba) if to is None else Sent(model.classes, proba, file, to)
    known = Known.of(model.whole, f"the model in {file}")
    settled = None if kept is None else kept.settled
    stream = open_stream(source, target, model=known, **reading, limit=limit, labelled=False, settled=settled)
    assert isinstance(stream, RowStream)
    known.check_any(stream)
    place = stream.begin
    if kept is not None:
        kept.check(stream)
        place = kept.place or place
    with out.counted(), ended_in_order(stream), closing(ahead(stream.since(place))) as chunks:
        for chunk in chunks:
            P, _ = model.predict_rows(chunk.rows)
            out.put(chunk, P)
            if kept is not None and chunk.place is not None:
                kept.keep(stream, chunk.place.after(len(chunk)))


def _topic_of(to: str, source: str) -> str:
    """Return the topic that predictions go to, which is not the one that is read."""
    if not is_kafka(to):
        raise ValueError(f"--to takes a topic such as kafka://host:9092/predictions, not {to!r}")
    address = Address.of(to)
    if is_kafka(source) and address.is_same(Address.of(source)):
        raise ValueError(f"--to names the topic that is read, {address.topic}: send predictions to another one")
    return address.topic


class Output(Protocol):
    """Where predictions go."""

    def put(self, chunk: Chunk, P: NDArray[np.float64]) -> None:
        """Take the probabilities of a chunk's samples."""

    def counted(self) -> Any:
        """Return a context whose errors say how many rows were predicted before them."""


class Printed:
    """Predictions as CSV on standard output: a header, and a line a row.

    A row that is passed over has a line of empty fields, so that lines and rows stay side by side.
    """

    def __init__(self, classes: Sequence[Any], proba: bool) -> None:
        check_open()
        self._labels, self._proba = [written(label) for label in classes], proba
        self._n = 0

    def begin(self) -> None:
        """Print what comes before the first line."""
        self._write([self._labels if self._proba else ["prediction"]])

    def put(self, chunk: Chunk, P: NDArray[np.float64]) -> None:
        """Print the lines of a chunk."""
        nothing = [""] * (len(self._labels) if self._proba else 1)
        lines: list[list[Any]] = [nothing] * len(chunk)
        rows = P.tolist() if self._proba else P.argmax(axis=1).tolist()
        for place, row in zip(chunk.places().tolist(), rows, strict=True):
            lines[place] = row if self._proba else [self._labels[row]]
        self._write(lines)
        self._n += len(rows)

    def _write(self, lines: list[list[Any]]) -> None:
        csv.writer(sys.stdout, lineterminator="\n").writerows(lines)
        sys.stdout.flush()

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Say with an error how many rows were predicted before it."""
        self.begin()
        try:
            yield
        except ValueError as error:
            sys.stdout.flush()
            raise ValueError(f"{error} ({_rows(self._n, 'predicted')} before it)") from error


class PrintedJson(Printed):
    """Predictions as lines of JSON on standard output, an object a row: the `label`, or the `error` of a bad row."""

    def __init__(self, classes: Sequence[Any], proba: bool) -> None:
        super().__init__(classes, proba)
        twice = [label for label, n in Counter(self._labels).items() if n > 1]
        if proba and twice:
            raise ValueError(f"two classes are written {twice[0]!r}, which is one name in JSON: print them as csv")
        self._answers = Answers(classes, proba)

    def begin(self) -> None:
        """Print nothing: lines of JSON have no header."""

    def put(self, chunk: Chunk, P: NDArray[np.float64]) -> None:
        """Print the lines of a chunk."""
        print("".join(f"{json.dumps(one)}\n" for one in self._answers.of(chunk, P)), end="", flush=True)
        self._n += len(P)


class Answers:
    """What JSON says of rows: the `label`, and `probabilities` where they are wanted; or the `error` of a bad row."""

    def __init__(self, classes: Sequence[Any], proba: bool) -> None:
        self._classes = [label if type(label) in (str, int, float, bool) else written(label) for label in classes]
        self._names, self._proba = [written(label) for label in classes], proba

    def of(self, chunk: Chunk, P: NDArray[np.float64]) -> list[dict[str, Any]]:
        """Return what is said of each row of a chunk."""
        reasons = {note.place: note.reason for note in chunk.bad}
        said: list[dict[str, Any]] = [{"error": reasons.get(place, "it has a gap")} for place in range(len(chunk))]
        for place, p, best in zip(chunk.places().tolist(), P.tolist(), P.argmax(axis=1).tolist(), strict=True):
            said[place] = {"label": self._classes[best]}
            if self._proba:
                said[place]["probabilities"] = dict(zip(self._names, p, strict=True))
        return said


class Sent:
    """Predictions as messages of a topic of Kafka, under the keys of the messages that were predicted.

    Each is an object of JSON: `label` and the `probabilities` of the classes; `model`, its file, and `version`, a
    digest of that; and the `key`, `partition` and `offset` of the message, or the `row` of another source. A row that
    is passed over has the `error` in the place of the label.
    """

    def __init__(self, classes: Sequence[Any], proba: bool, file: Path, to: str) -> None:
        if proba:
            raise ValueError("--proba goes with printed predictions: those that are sent --to a topic have them anyway")
        self._answers = Answers(classes, proba=True)
        self._model = {"model": str(file), "version": sha256(file.read_bytes()).hexdigest()[:16]}
        self._topic = PredictionTopic(to)

    def put(self, chunk: Chunk, P: NDArray[np.float64]) -> None:
        """Send the predictions of a chunk, and wait until they have come."""
        messages = chunk.place.messages if isinstance(chunk.place, MessagePlace) else [None] * len(chunk)
        assert chunk.place is not None
        for row, (value, message) in enumerate(
            zip(self._answers.of(chunk, P), messages, strict=False), chunk.place.rows
        ):
            key = None if message is None else message.key()
            self._topic.put(key, {**value, **self._model, **self._from(row, message)})
        self._topic.flush()

    def _from(self, row: int, message: Any) -> dict[str, Any]:
        """Return which row a prediction is of."""
        if message is None:
            return {"row": row}
        key = message.key()
        said = None if key is None else key.decode(errors="backslashreplace")
        return {"key": said, "partition": message.partition(), "offset": message.offset()}

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Say with an error how many rows were sent before it."""
        try:
            yield
        except ValueError as error:
            self._topic.flush()
            raise ValueError(f"{error} ({_rows(self._topic.n_sent, 'predicted')} before it)") from error


def _rows(n: int, done: str) -> str:
    return f"{n:,} {'row was' if n == 1 else 'rows were'} {done}"
