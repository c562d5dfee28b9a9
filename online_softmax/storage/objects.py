"""Objects: bytes by name, in a directory or at a URL, each of which comes to be at once, whole, or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from online_softmax.storage.atomic import write

# Where mode="create" makes an object unless there is one, in one step; elsewhere it looks first, and writes in place.
CREATING = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "memory"}


class Objects(Protocol):
    """Objects by name, each of which comes to be at once, whole, or not at all."""

    def names(self) -> list[str]:
        """Return the names there are."""

    def get(self, name: str) -> bytes:
        """Return an object."""

    def stamp(self, name: str) -> str:
        """Return what tells an object from others that were or will be under its name, without reading it."""

    def put(self, name: str, data: bytes) -> bool:
        """Make an object, unless there is one; return whether it was made."""

    def remove(self, name: str) -> None:
        """Remove an object."""


class Files:
    """The objects of a directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """Return the names there are."""
        try:
            return os.listdir(self._folder)
        except FileNotFoundError:
            return []

    def get(self, name: str) -> bytes:
        """Return an object."""
        return (self._folder / name).read_bytes()

    def stamp(self, name: str) -> str:
        """Return what tells an object from others that were or will be under its name, without reading it."""
        found = (self._folder / name).stat()
        return f"{found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"

    def put(self, name: str, data: bytes) -> bool:
        """Make an object, unless there is one; return whether it was made."""
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            write(self._folder / name, data, new=True)
        except FileExistsError:
            return False
        return True

    def remove(self, name: str) -> None:
        """Remove an object."""
        (self._folder / name).unlink(missing_ok=True)


class RemoteObjects:
    """The objects below a URL that fsspec knows.

    An object is made in its place where the filesystem does that in one step. Elsewhere it is written beside its place
    and moved there, so that of two who make one at the same moment the later one wins.
    """

    def __init__(self, filesystem: Any, root: str) -> None:
        self._filesystem, self._root = filesystem, root.rstrip("/")
        protocols = filesystem.protocol
        self._creates = not CREATING.isdisjoint([protocols] if isinstance(protocols, str) else protocols)

    def names(self) -> list[str]:
        """Return the names there are."""
        self._filesystem.invalidate_cache()
        try:
            found = self._filesystem.ls(self._root, detail=False)
        except FileNotFoundError:
            return []
        return [path.rstrip("/").rpartition("/")[2] for path in found]

    def get(self, name: str) -> bytes:
        """Return an object."""
        data: bytes = self._filesystem.cat_file(f"{self._root}/{name}")
        return data

    def stamp(self, name: str) -> str:
        """Return what tells an object from others that were or will be under its name, without reading it."""
        stamp: str = self._filesystem.ukey(f"{self._root}/{name}")
        return stamp

    def put(self, name: str, data: bytes) -> bool:
        """Make an object, unless there is one; return whether it was made."""
        path = f"{self._root}/{name}"
        self._filesystem.makedirs(self._root, exist_ok=True)
        if self._creates:
            try:
                self._filesystem.pipe_file(path, data, mode="create")
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno != errno.ENOSYS:  # of a server that speaks S3, but not this word of it
                    raise
            else:
                return True
        return self._moved(path, data)

    def _moved(self, path: str, data: bytes) -> bool:
        """Write an object beside its place and move it there, unless there is one; return whether it was moved."""
        beside = f"{self._root}/.{secrets.token_hex(8)}.tmp"
        try:
            self._filesystem.pipe_file(beside, data)
            if is_new := not self._filesystem.exists(path):
                self._filesystem.mv(beside, path)
            else:
                self._filesystem.rm_file(beside)
        except BaseException:
            with suppress(Exception):
                self._filesystem.rm_file(beside)
            raise
        return is_new

    def remove(self, name: str) -> None:
        """Remove an object."""
        self._filesystem.rm_file(f"{self._root}/{name}")


def objects_of(url: str, options: Mapping[str, Any]) -> Objects:
    """Return the objects of a directory, or those below the URL of one."""
    if "://" not in url or url.startswith("file://"):
        if options:
            raise ValueError("storage_options go with the URL of a filesystem that fsspec knows")
        return Files(Path(url.removeprefix("file://")))
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise ImportError("stores at a URL are fsspec's: pip install 'online-softmax[stores]'") from None
    return RemoteObjects(*url_to_fs(url, **options))
