"""Records: where the lines of a CSV file end, and where they only seem to, inside quotes."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

BLOCK = 1 << 20  # bytes to read at a time
LONGEST = 1 << 26  # bytes a record may take

# A quoted field begins where a field begins; the group is empty where its closing quote is still to come.
QUOTED = re.compile(rb'(?<![^,\r\n])"[^"]*+(?:""[^"]*+)*+("?)')


def blocks(file: BinaryIO) -> Iterator[bytes]:
    """Read whole records, about `BLOCK` bytes at a time; more than `LONGEST` bytes are a record too long to finish.

    Examples
    --------
    >>> from io import BytesIO
    >>> from online_softmax.streams.records import blocks

    >>> list(blocks(BytesIO(b"1,2\\n3,4")))
    [b'1,2\\n', b'3,4']

    """
    rest = b""
    while more := file.read(max(BLOCK, len(rest))):
        rest += more
        quoted = next(iter(deque(QUOTED.finditer(rest), maxlen=1)), None)
        # The last quoted field may go on in the next block, even after a closing quote: another one may follow it.
        whole = quoted.start() if quoted and (not quoted[1] or quoted.end() == len(rest)) else len(rest)
        if (end := rest.rfind(b"\n", 0, whole) + 1) or len(rest) > LONGEST:
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
    bare = QUOTED.sub(lambda field: b"." * len(field[0]), block)
    stops = [line.end() for line in re.finditer(rb"\n", bare)]
    return stops if stops and stops[-1] == len(block) else [*stops, len(block)]


def is_open(record: bytes) -> bool:
    """Tell whether a quote opens in `record` and never closes."""
    closings: list[bytes] = QUOTED.findall(record)
    return bool(closings) and not closings[-1]
