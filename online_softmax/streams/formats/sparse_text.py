"""Text: svmlight and Vowpal Wabbit lines, which carry their own labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from online_softmax.streams._parsing.text import Tokenizer, number
from online_softmax.streams.labels import keeps_spelling, kind_of, label_of, spelled_at
from online_softmax.streams.place import count_at
from online_softmax.streams.reading import Reading
from online_softmax.streams.stream import Chunk, Note, Run
from online_softmax.streams.tables import Block, ByteSource, FileStream, Lines, since

BLOCK = 1 << 23  # bytes to read at a time
FIRST = 1 << 18  # bytes to decide from what the labels are


class TextStream(FileStream):
    """A stream over svmlight or Vowpal Wabbit text.

    svmlight: `label index:value ..`, where `#` begins a comment and `qid:` is skipped; a feature's name is its index,
    an int. Vowpal Wabbit: `label importance 'tag|space name name:value name:word`; a feature's name is `space^name`, or
    `name` in the space without a name, `name:word` is the feature `name=word`, and a feature that is there twice counts
    twice.

    Labels of svmlight are numbers. Those of Vowpal Wabbit become numbers if all of the first ones survive the way to a
    number and back; a later one that does not makes its line a bad one.

    Parameters
    ----------
    path
        The file; `-` is standard input.
    format
        "svmlight" or "vw".
    missing
        What becomes of a value that is missing or not finite: "error", "zero" or "skip-row".
    on_bad
        What becomes of a line that cannot be read: "raise" or "skip".
    labelled
        Whether the lines' labels are looked at; else each is None.
    label_type
        What labels become: "number"; "text"; or "auto", by which the first ones tell.
    has_known_labels
        Whether a model's classes decide what labels become.
    block_bytes
        About how much to read at a time.

    Attributes
    ----------
    label_kind
        What the labels are: "text", "int", "float" or "bool".

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from online_softmax.streams import TextStream

    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "fruit.vw")
    ...     _ = path.write_text("apple 2 |size:10 cm:0.7 |colour green\\n")
    ...     print(*TextStream(path, "vw").pairs())
    ({'size^cm': 7.0, 'colour^green': 1.0}, 'apple', {'w': 2.0})

    """

    label_kind: str

    def __init__(
        self,
        path: str | Path,
        format: str = "svmlight",
        missing: str = "error",
        on_bad: str = "raise",
        labelled: bool = True,
        label_type: str = "auto",
        *,
        has_known_labels: bool = False,
        block_bytes: int = BLOCK,
    ) -> None:
        if missing == "indicate":
            raise ValueError(f"missing='indicate' goes with columns, and {format} text has none")
        self.reading = Reading(
            features=[],
            missing=missing,
            on_bad=on_bad,
            labelled=labelled,
            label_type=label_type,
            has_known_labels=has_known_labels,
        )
        self.source = ByteSource(path)
        self.format, self.block_bytes = format, block_bytes
        self._lines = Lines(self.source.name)
        self._lines.blanks, self._lines.comment = b" \t\r\n", b"#" if format == "svmlight" else b"\0"
        self.text_columns = set()
        self._spelled: dict[Any, str] = {}  # how each label was written when it was first met
        self._begun: Iterator[Block] | None = None  # standard input, read so far to decide
        if not labelled or label_type == "text":
            self.label_kind = "text"
        else:
            self.label_kind = "float" if format == "svmlight" else self._first_kind()

    def read(self, at: Mapping[str, Any] | None) -> Iterator[Chunk]:
        """Yield the chunks from a byte of the text on."""
        self._spelled = {} if at is None else spelled_at(at, self.label_kind)
        tokenizer = Tokenizer(self.format, self.missing, self.reading.labelled, self._label)
        for block in self._blocks(at):
            for here, chunk in self._chunks(tokenizer, block):
                yield from self.told(chunk, here)

    def runs(self, at: Mapping[str, Any] | None) -> Iterator[Run]:
        """Yield runs of rows, from a byte of the text on: as lines, unless their places are to tell of labels."""
        return super().runs(at) if self._keeps_spelling else map(self._lines.run, self._blocks(at))

    @property
    def seeks(self) -> bool:
        """Whether others who open the file begin at once at any place, found without reading what rows hold."""
        return super().seeks and not self._keeps_spelling

    @property
    def _keeps_spelling(self) -> bool:
        return self.format == "vw" and keeps_spelling(self.label_kind, self.reading.asked_label_type)

    def _blocks(self, at: Mapping[str, Any] | None) -> Iterator[Block]:
        """Yield the blocks of the text, from one on."""
        line, byte = (1, 0) if at is None else (count_at(at, "line"), count_at(at, "byte"))
        with self.source.opened(0 if self.source.is_pipe else byte) as file:
            begun, self._begun = self._begun, None
            blocks = begun or self._lines.numbered(file, self.block_bytes, line, byte)
            yield from since(blocks, byte) if self.source.is_pipe else blocks

    def _chunks(self, tokenizer: Tokenizer, block: Block) -> Iterator[tuple[dict[str, Any], Chunk]]:
        """Yield the lines of a block as chunks, each of which ends with a bad one if there is any, and its start."""
        line, start = block.line, 0
        while start < len(block.text):
            at: dict[str, Any] = {"byte": block.byte + start, "line": line}
            if self._spelled:
                at["spelled"] = [*self._spelled.values()]
            chunk, start, n_lines, reason = tokenizer.read(block.text, start)
            line += n_lines
            if reason:
                chunk = chunk.with_bad([Note(len(chunk), f"{self.source}, line {line}: {reason}")])
                start = (block.text.find(b"\n", start) + 1) or len(block.text)
                line += 1
            yield at, chunk

    def _first_kind(self) -> str:
        """Return of what kind the first labels are."""
        texts: dict[Any, None] = {}
        with self.source.opened() as file:
            blocks = self._lines.numbered(file, self.block_bytes if self.source.is_pipe else FIRST)
            if (first := next(blocks, None)) is None:
                return kind_of((), self.reading.label_type)
            for _, chunk in self._chunks(Tokenizer(self.format, self.missing), first):
                texts |= dict.fromkeys(chunk.rows.labels)
                if chunk.bad and self.on_bad == "raise":
                    break
        if self.source.is_pipe:
            self._begun = chain([first], blocks)
        return kind_of(texts, self.reading.label_type)

    def _label(self, text: str) -> Any:
        """Return the label that a text stands for."""
        if self.label_kind == "text":
            return text
        if self.format == "svmlight":
            return number(text)
        try:
            return label_of(text, self.label_kind, self.reading.asked_label_type, self._spelled)
        except ValueError as error:
            advice = "" if self.reading.has_known_labels else "; label_type='text' reads all as texts"
            raise ValueError(f"{error}{advice}") from None
