"""Objects of JSON: one a line, or in an array."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from online_softmax.streams._parsing.json_array import ArrayLines
from online_softmax.streams.tables import Lines, Readable


class Objects(Lines):
    """Records that are objects: one a line, or those of an array.

    Parameters
    ----------
    name
        What to call the source in an error.

    Examples
    --------
    >>> from io import BytesIO
    >>> from online_softmax.streams.formats.json_lines import Objects

    >>> list(Objects().blocks(BytesIO(b'[{"a": 1}, {"a": 2}]'), size=100))
    [b'{"a": 1}\\n{"a": 2}\\n']

    """

    _is_array: bool | None = None  # what the text is; None before anybody has looked

    def blocks(self, file: Readable, size: int) -> Iterator[bytes]:
        """Read whole records, about `size` bytes at a time: the first time, from the start."""
        begun = b""
        if self._is_array is None:
            while not begun.strip() and (piece := file.read(size)):
                begun += piece
            self._is_array = _is_array(begun)
        rest: Readable = _Begun(begun, file)
        if self._is_array:
            self.unit = "object"
            rest = _Unwrapped(rest)
        yield from super().blocks(rest, size)


def _is_array(begun: bytes) -> bool:
    """Tell whether a text is an array, by how it begins: one that ends in its line, before others, is but a line."""
    first, _, rest = begun.lstrip().partition(b"\n")
    if not first.startswith(b"[") or not rest.strip():
        return first.startswith(b"[")
    lines = ArrayLines()
    lines.take(first)
    lines.finish()
    return bool(lines.flaw)


class _Begun:
    """Bytes of which some have been read."""

    def __init__(self, begun: bytes, file: Readable) -> None:
        self._begun, self._file = begun, file

    def read(self, size: int, /) -> bytes:
        begun, self._begun = self._begun, b""
        return begun or self._file.read(size)


class _Unwrapped:
    """The values of an array as lines."""

    def __init__(self, file: Readable) -> None:
        self._file, self._lines = file, ArrayLines()

    def read(self, size: int, /) -> bytes:
        lines = b""
        while not (lines or self._lines.flaw):
            if piece := self._file.read(size):
                lines = self._lines.take(piece)
            else:
                self._lines.finish()
                break
        if not lines and self._lines.flaw:
            raise ValueError(self._lines.flaw)
        return lines


def goes_on(block: bytes) -> bool:
    """Tell whether a text begins with an object that goes on after its line.

    Examples
    --------
    >>> from online_softmax.streams.formats.json_objects import goes_on

    >>> goes_on(b'{"a":\\n1}'), goes_on(b'{"a": 1}\\n{"a":')
    (True, False)

    """
    text = block.decode(errors="replace").lstrip()
    first, newline, _ = text.partition("\n")
    if not first.startswith("{"):
        return False
    try:
        json.loads(first)
    except ValueError:
        try:
            json.JSONDecoder().raw_decode(text)
        except json.JSONDecodeError as error:
            is_unfinished = bool(newline) and error.pos >= len(text.rstrip())
            return is_unfinished or bool(re.match(r'\{[^\S\n]*\n\s*"', text))
        except RecursionError:
            return False
        return True
    except RecursionError:
        pass
    return False
