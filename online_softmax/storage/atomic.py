"""Writing: a file whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
import stat
from pathlib import Path
from typing import IO

NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS)  # of a filesystem where a file has one name


def write(path: str | os.PathLike[str] | IO[bytes], data: bytes, *, new: bool = False) -> None:
    """Put `data` in the place of a file, at once or not at all; or write it to an open one.

    With `new`, FileExistsError is raised where there is a file, even one that another process makes at this moment.
    """
    if not isinstance(path, str | os.PathLike):
        _write_open(path, data)
        return
    try:
        _replace(Path(os.path.realpath(path)), data, new)
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def _write_open(file: IO[bytes], data: bytes) -> None:
    """Write all of `data` to a file that may take it in parts."""
    if isinstance(file, io.TextIOBase) or not hasattr(file, "write"):
        raise TypeError(f"a model is saved to a path or a binary file, got {file!r}")
    while data:
        taken = file.write(data)
        if taken == 0:
            raise OSError(f"{file!r} takes no more bytes")
        data = data[len(data) if taken is None else taken :]


def _replace(path: Path, data: bytes, new: bool) -> None:
    mode = path.stat().st_mode if path.exists() else None
    if mode is not None and not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "not a regular file")
    beside = path.with_name(f".online-softmax-{secrets.token_hex(8)}.tmp")
    try:
        with open(beside, "xb") as file:
            if mode is not None and hasattr(os, "fchmod"):  # Windows has no modes to keep
                os.fchmod(file.fileno(), stat.S_IMODE(mode))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if new:
            _place(beside, path)
        else:
            os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    with contextlib.suppress(PermissionError):  # a directory that may be written to and not read
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _place(beside: Path, path: Path) -> None:
    """Give a file the name that no other has."""
    try:
        os.link(beside, path)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
        os.replace(beside, path)
    else:
        beside.unlink()
