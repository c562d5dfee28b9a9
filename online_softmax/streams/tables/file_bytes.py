"""Sources: the bytes of a file, compressed or not, and of standard input."""

from __future__ import annotations

import bz2
import gzip
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

COMPRESSED = (".gz", ".bz2", ".zst")
PIECE = 1 << 12
HEAD = 1 << 20  # bytes to know a file by


class Readable(Protocol):
    """What gives bytes."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most `size`; none at the end."""


class ByteSource:
    """The bytes of a file, or of standard input.

    Parameters
    ----------
    path
        The file; a name that ends with .gz, .bz2 or .zst is of a compressed one. `-` is standard input.

    """

    def __init__(self, path: str | Path) -> None:
        self.is_pipe = str(path) == "-"
        self.path = Path(path)
        self.name = "standard input" if self.is_pipe else str(path)
        self._size = None if self.is_pipe else self.path.stat().st_size
        self._read = 0

    def __str__(self) -> str:
        return self.name

    def identify(self) -> tuple[int, str] | None:
        """Return the file's size and a digest of its head; None for standard input."""
        if self._size is None:
            return None
        with self.path.open("rb") as file:
            return self._size, sha256(file.read(HEAD)).hexdigest()

    @property
    def fraction(self) -> float | None:
        """Return the part of the file that has been read, 0 to 1, or None where its length is unknown."""
        if self._size is None:
            return None
        return min(1.0, self._read / max(1, self._size))

    @contextmanager
    def opened(self) -> Iterator[Readable]:
        """Open the file from its beginning; standard input goes on where it was."""
        if self.is_pipe:
            if sys.stdin is None:
                raise ValueError("standard input is closed")
            yield open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)  # noqa: SIM115
            return
        self._read = 0
        with self.path.open("rb") as raw:
            yield _Reading(self, raw)


class _Reading:
    """Bytes; compressed data that is cut off or damaged is a ValueError."""

    def __init__(self, source: ByteSource, raw: Any) -> None:
        self._source, self._raw = source, raw
        self._next = _plain(raw, source.path.suffix.lower())
        self._error: Exception | None = None

    def read(self, size: int, /) -> bytes:
        pieces: list[bytes] = []
        while size > 0 and self._error is None:
            try:
                piece = self._next(size)
            except (EOFError, OSError, zlib.error) as error:
                self._error = error
                break
            if not piece:
                break
            pieces.append(piece)
            size -= len(piece)
        if not pieces and self._error is not None:
            raise ValueError(f"the data is cut off or damaged ({self._error})")
        self._source._read = self._raw.tell()
        return b"".join(pieces)


def _plain(raw: Any, suffix: str) -> Callable[[int], bytes]:
    """Return a reader of plain bytes. It reads compressed data in pieces: what comes with an error is lost."""
    if suffix in (".gz", ".bz2"):
        file = gzip.GzipFile(fileobj=raw) if suffix == ".gz" else bz2.BZ2File(raw)
        return lambda size: file.read1(min(size, PIECE))
    if suffix == ".zst":
        from online_softmax.streams.tables.arrow import pyarrow

        pa = pyarrow(".zst files are")
        stream = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")
        return lambda size: bytes(stream.read(min(size, PIECE)))
    return raw.read  # type: ignore[no-any-return]
