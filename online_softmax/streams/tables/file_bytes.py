"""Sources: the bytes of a file, compressed or not, and of standard input."""

from __future__ import annotations

import bz2
import gzip
import os
import re
import struct
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from os import SEEK_CUR
from pathlib import Path, PurePosixPath
from time import time_ns
from typing import Any, Protocol
from zipfile import BadZipFile, ZipFile

from online_softmax.streams.place import PlaceError

COMPRESSED = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd", ".zip": "zip"}
# What compressed data begins with.
MAGIC = {b"\x1f\x8b\x08": "gzip", b"\xfd7zXZ\0": "xz", b"(\xb5/\xfd": "zstd", b"PK\3\4": "zip", b"PK\5\6": "zip"}
MAGIC |= {b"BZh%d1AY&SY" % level: "bz2" for level in range(1, 10)}
# What text may begin with that is no part of it: the mark of its encoding.
MARKS = {b"\xef\xbb\xbf": "UTF-8", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
MARKS |= {b"\xff\xfe\0\0": "UTF-32", b"\0\0\xfe\xff": "UTF-32"}
CONTROL = re.compile(rb"[\0-\x08\x0e-\x1f\x7f]")
PIECE = 1 << 12
GLANCE = 1 << 16  # bytes to look at first: what a pipe holds
HEAD = 1 << 20  # bytes to know a file by
SETTLED = 2 * 10**9  # nanoseconds without a change, after which the next one has another time


class Readable(Protocol):
    """What gives bytes."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most `size`; none at the end."""


class ByteSource:
    """The bytes of a file, or of standard input, without a byte-order mark.

    What is compressed by gzip, bzip2, xz, Zstandard or as the one file of a zip archive is known by its first bytes.

    Parameters
    ----------
    path
        The file; `-` is standard input.

    Attributes
    ----------
    settled
        What its columns hold, where that was found out before; see `RecordStream.settled`.

    """

    settled: Mapping[str, Any] | None = None

    def __init__(self, path: str | Path) -> None:
        self.is_pipe = str(path) == "-"
        self.path = Path(path)
        self.name = "standard input" if self.is_pipe else str(path)
        self._size = None if self.is_pipe else self.path.stat().st_size
        self._read = 0

    def __str__(self) -> str:
        return self.name

    def where(self, unit: str, number: int) -> str:
        """Say where a record stands, as the beginning of a sentence."""
        return f"{self}, {unit} {number}"

    def identify(self) -> tuple[int, str] | None:
        """Return the file's size and a digest of its head; None for standard input."""
        if self._size is None:
            return None
        with self.path.open("rb") as file:  # opened anew, as filesystems of a network tell the truth then
            now = os.fstat(file.fileno())
        digest = _digest if time_ns() - now.st_mtime_ns > SETTLED else _digest.__wrapped__
        return self._size, digest(self.path.absolute(), now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)

    @property
    def fraction(self) -> float | None:
        """Return the part of the file that has been read, 0 to 1, or None where its length is unknown."""
        if self._size is None:
            return None
        return min(1.0, self._read / max(1, self._size))

    @contextmanager
    def opened(self, byte: int = 0) -> Iterator[Readable]:
        """Open the file at a byte of what `read` gives, the first of a line; standard input goes on where it was."""
        if self.is_pipe:
            if sys.stdin is None:
                raise ValueError("standard input is closed")
            yield _Reading(self, open(sys.stdin.fileno(), "rb", buffering=0, closefd=False))  # noqa: SIM115
            return
        self._read = 0
        with self.path.open("rb") as raw:
            reading = _Reading(self, raw)
            if byte:
                reading.seek(byte - 1)
                if reading.read(1) not in (b"\n", b"\r"):
                    raise PlaceError(f"no line of {self} begins at byte {byte:,}, the place")
            yield reading


@lru_cache(1 << 12)
def _digest(path: Path, *stamp: int) -> str:
    """Return a digest of a file's head; the stamp is another one once the file is."""
    with path.open("rb") as file:
        return sha256(file.read(HEAD)).hexdigest()


def compression_of(path: str | Path) -> str | None:
    """Return how a file is compressed: "gzip", "bz2", "xz", "zstd" or "zip"; None where it is plain.

    Its first bytes decide. What begins like none of these is plain if it is text, whatever its name; else its name says
    what it was before it was damaged.
    """
    with Path(path).open("rb") as file:
        return _compression(_Ahead(file.read), Path(path).suffix.lower())


def inner_path(path: str | Path) -> Path:
    """Return the path without what stands for the compression; of a zip archive, that of the file inside."""
    path = Path(path)
    stem = path.with_suffix("") if path.suffix.lower() in COMPRESSED else path
    if not path.is_file() or compression_of(path) != "zip":
        return stem
    with path.open("rb") as raw:
        try:
            inner = PurePosixPath(_only(raw)[1])
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    return path / inner if inner.suffix else stem


class _Ahead:
    """Bytes that one may look at before they are read."""

    closed = False  # pyarrow asks

    def close(self) -> None:
        """Do nothing: who opened the file closes it."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read, self._seen = read, b""

    def read(self, size: int, /) -> bytes:
        if not self._seen:
            return self._read(size)
        piece, self._seen = self._seen[:size], self._seen[size:]
        return piece

    def __len__(self) -> int:
        return len(self._seen)

    def begins(self, marks: dict[bytes, str]) -> bytes:
        """Return the longest of the marks that the bytes begin with, or none."""
        while any(len(mark) > len(self._seen) and mark.startswith(self._seen) for mark in marks):
            if not (more := self._read(GLANCE)):
                break
            self._seen += more
        return max((mark for mark in marks if self._seen.startswith(mark)), key=len, default=b"")

    def is_text(self) -> bool:
        """Tell whether the bytes that have been looked at are text, or none."""
        seen = self._seen[:PIECE]
        try:
            seen.decode()
        except UnicodeDecodeError as error:
            if error.start < PIECE - 3:
                return False
        return not CONTROL.search(seen)


class _Reading:
    """Plain bytes; compressed data that is cut off or damaged is a ValueError."""

    def __init__(self, source: ByteSource, raw: Any) -> None:
        self._source, self._raw = source, raw
        self._packed = _Ahead(raw.read)
        self._plain: _Ahead | None = None  # not before the first bytes are asked for
        self._passes_on = False  # what comes, as it comes
        self._is_packed = False
        self._error: Exception | None = None
        self._ended = False

    def read(self, size: int, /) -> bytes:
        pieces: list[bytes] = []
        while size > 0 and self._error is None:
            try:
                plain = self._begun() if self._plain is None else self._plain
                piece = plain.read(size)
            except _DAMAGE as error:
                self._error = error
                break
            if not piece:
                self._ended = True
                break
            pieces.append(piece)
            size -= len(piece)
            if self._passes_on:
                break
        if not pieces and self._error is not None:
            raise ValueError(f"the data is cut off or damaged ({str(self._error) or 'it ends too soon'})")
        if self._source._size is not None:
            self._source._read = self._source._size if self._ended else max(0, self._raw.tell() - len(self._packed))
        return b"".join(pieces)

    def seek(self, byte: int) -> None:
        """Go on at a byte of a file that is still to be read; what is compressed is unpacked as far as there."""
        self._plain = self._begun()
        if self._is_packed:
            while byte and (piece := self.read(min(byte, HEAD))):
                byte -= len(piece)
        else:
            self._raw.seek(byte, SEEK_CUR)

    def _begun(self) -> _Ahead:
        """Find out what the bytes are."""
        is_pipe = self._source.is_pipe
        kind = _compression(self._packed, "" if is_pipe else self._source.path.suffix.lower())
        if kind == "zip" and is_pipe:
            raise ValueError("a zip archive cannot be read from a pipe; unpack it first")
        self._passes_on, self._is_packed = is_pipe and kind is None, kind is not None
        if kind is not None:
            self._plain = _Ahead(_unpacked(self._raw if kind == "zip" else self._packed, kind))
        else:
            self._plain = self._packed
        mark = self._plain.begins(MARKS)
        if mark and MARKS[mark] != "UTF-8":
            raise ValueError(f"the text is {MARKS[mark]}; convert it to UTF-8 first")
        if kind is None and not is_pipe:  # a block that is read at once is not copied
            self._raw.seek(len(mark))
            self._packed = self._plain = _Ahead(self._raw.read)
        else:
            self._plain.read(len(mark))
        return self._plain


def _damage() -> tuple[type[Exception], ...]:
    """Return what data that is cut off or damaged raises."""
    try:
        from lzma import LZMAError
    except ImportError:  # a Python without xz
        return EOFError, OSError, OverflowError, struct.error, zlib.error, BadZipFile
    return EOFError, OSError, OverflowError, struct.error, zlib.error, BadZipFile, LZMAError


_DAMAGE = _damage()
_ZIP_DAMAGE: tuple[type[Exception], ...] = (RuntimeError, ValueError, *_DAMAGE)


def _compression(ahead: _Ahead, suffix: str) -> str | None:
    if magic := ahead.begins(MAGIC):
        return MAGIC[magic]
    return None if suffix not in COMPRESSED or ahead.is_text() else COMPRESSED[suffix]


def _unpacked(packed: Any, kind: str) -> Callable[[int], bytes]:
    """Return a reader of plain bytes. It reads compressed data in pieces: what comes with an error is lost."""
    file: Any
    if kind == "zstd":
        from online_softmax.streams.tables.arrow import pyarrow

        pa = pyarrow("Zstandard files are")
        stream = pa.CompressedInputStream(pa.PythonFile(packed, mode="r"), "zstd")
        return lambda size: bytes(stream.read(min(size, PIECE)))
    if kind == "zip":
        archive, name = _only(packed)
        try:
            file = archive.open(name)
        except RuntimeError as error:
            raise ValueError(f"the zip archive cannot be unpacked ({error})") from None
    elif kind == "xz":
        from lzma import LZMAFile

        file = LZMAFile(packed)  # noqa: SIM115
    else:
        file = gzip.GzipFile(fileobj=packed) if kind == "gzip" else bz2.BZ2File(packed)
    return lambda size: file.read1(min(size, PIECE))


def _only(raw: Any) -> tuple[ZipFile, str]:
    """Return a zip archive, and the name of the one file in it, but for what a system hides there."""
    try:
        archive = ZipFile(raw)
        paths = [PurePosixPath(info.filename) for info in archive.infolist() if not info.is_dir()]
    except _ZIP_DAMAGE as error:
        raise ValueError(f"the data is cut off or damaged ({str(error) or 'it ends too soon'})") from None
    names = [str(path) for path in paths if not path.name.startswith(".") and "__MACOSX" not in path.parts]
    if len(names) != 1:
        shown = ", ".join(map(repr, names[:10])) + ", .." * (len(names) > 10)
        raise ValueError(
            f"the zip archive has {len(names)} files inside{': ' * bool(names)}{shown}; one that has just one is read"
        )
    return archive, names[0]
