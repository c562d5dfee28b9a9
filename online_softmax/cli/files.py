"""Files that a run is to write: found fit for it before the run, not after."""

from __future__ import annotations

import os
from pathlib import Path


def check_writable(flag: str, path: Path, *, whole: bool = True) -> None:
    """Find out before a long run whether a file can be written after it, whole or not at all if need be."""
    if path.is_dir():
        raise IsADirectoryError(f"{flag}: cannot write {path}: it is a directory")
    if whole and path.exists() and not path.is_file():
        raise OSError(f"{flag}: cannot write {path}: it is not a regular file")
    directory = Path(os.path.realpath(path)).parent
    if not directory.is_dir():
        raise FileNotFoundError(f"{flag}: cannot write {path}: there is no directory {path.parent}")
    if not os.access(directory if whole or not path.exists() else path, os.W_OK):
        raise PermissionError(f"{flag}: cannot write {path}: permission denied")


def check_distinct(files: list[tuple[str, Path | str | None]]) -> None:
    """Refuse one file for two things, under whatever names."""
    seen: dict[object, str] = {}
    for role, file in files:
        if file is None:
            continue
        keys: list[object] = [os.path.realpath(file)]
        if os.path.exists(file):
            status = os.stat(file)
            keys.append((status.st_dev, status.st_ino))
        for key in keys:
            if (other := seen.setdefault(key, role)) != role:
                raise ValueError(f"{file} is named twice, for {other} and {role}")
