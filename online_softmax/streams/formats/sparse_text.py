"""Text: svmlight and Vowpal Wabbit lines, which carry their own labels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from online_softmax.streams._parsing.text import Tokenizer
from online_softmax.streams.reading import Reading
from online_softmax.streams.stream import Chunk, Note
from online_softmax.streams.tables import ByteSource, FileStream, Lines

BLOCK = 1 << 23  # bytes to read at a time


class TextStream(FileStream):
    """A stream over svmlight or Vowpal Wabbit text.

    svmlight: `label index:value ..`, where `#` begins a comment and `qid:` is skipped; a feature's name is its index,
    an int. Vowpal Wabbit: `label importance 'tag|space name name:value name:word`; a feature's name is `space^name`, or
    `name` in the space without a name, `name:word` is the feature `name=word`, and a feature that is there twice counts
    twice. Labels that spell numbers are numbers.

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
    block_bytes
        About how much to read at a time.

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

    def __init__(
        self,
        path: str | Path,
        format: str = "svmlight",
        missing: str = "error",
        on_bad: str = "raise",
        labelled: bool = True,
        *,
        block_bytes: int = BLOCK,
    ) -> None:
        if missing == "indicate":
            raise ValueError(f"missing='indicate' goes with columns, and {format} text has none")
        self.reading = Reading(features=[], missing=missing, on_bad=on_bad, labelled=labelled)
        self.source = ByteSource(path)
        self.format, self.block_bytes = format, block_bytes
        self.text_columns = set()

    def __iter__(self) -> Iterator[Chunk]:
        tokenizer = Tokenizer(self.format, self.missing, self.reading.labelled)
        with self.source.opened() as file:
            for line, block in Lines(self.source.name).numbered(file, self.block_bytes):
                start = 0
                while start < len(block):
                    chunk, start, n_lines, reason = tokenizer.read(block, start)
                    if reason:
                        chunk = chunk.with_bad([Note(len(chunk), f"{self.source}, line {line + n_lines}: {reason}")])
                        start = (block.find(b"\n", start) + 1) or len(block)
                        line += n_lines + 1
                    yield from self.told(chunk)
