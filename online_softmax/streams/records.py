"""Records: where the lines of a CSV file end, and where they only seem to, inside quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

LONGEST = 1 << 26  # bytes a record may take

# A quoted field begins where a field begins; the group is empty where its closing quote is still to come.
QUOTED = re.compile(rb'"(?<![^,\r\n]")[^"]*+(?:""[^"]*+)*+("?)')
QUOTED_BREAK = re.compile(rb'"(?<![^,\r\n]")[^"\r\n]*+(?:""[^"\r\n]*+)*+[\r\n]')


def blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Read whole records, about `size` bytes at a time; more than `LONGEST` bytes are a record too long to finish.

    Examples
    --------
    >>> from io import BytesIO
    >>> from online_softmax.streams.records import blocks

    >>> list(blocks(BytesIO(b"1,2\\n3,4"), size=6))
    [b'1,2\\n', b'3,4']

    """
    rest = b""
    while more := file.read(max(size, len(rest))):
        rest += more
        if (end := _bare(rest).rfind(b"\n") + 1) or len(rest) > LONGEST:
            yield rest[: end or None]
            rest = rest[end:] if end else b""
    if rest:
        yield rest


def ends(block: bytes) -> list[int]:
    """Return where the records of `block` end.

    Examples
    --------
    >>> from online_softmax.streams.records import ends

    >>> ends(b'1,"one\\nline"\\n2,two\\n')
    [13, 19]

    """
    stops = [line.end() for line in re.finditer(rb"\n", _bare(block))]
    return stops if stops and stops[-1] == len(block) else [*stops, len(block)]


def is_open(record: bytes) -> bool:
    """Tell whether a quote opens in `record` and never closes."""
    closings: list[bytes] = QUOTED.findall(record)
    return bool(closings) and not closings[-1]


def is_broken(record: bytes) -> bool:
    """Tell whether there is a carriage return outside quotes that does not end `record`."""
    return b"\r" in _bare(record).rstrip(b"\r\n")


def _bare(block: bytes) -> bytes:
    """Return `block` with its quoted fields blotted out, if a line breaks within one of them."""
    return QUOTED.sub(lambda field: b"." * len(field[0]), block) if QUOTED_BREAK.search(block) else block
