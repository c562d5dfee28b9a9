"""KeyStore: where a keyed model's keys are while they are not in memory, and what is left of them after the process."""

from __future__ import annotations

import json
import math
import os
import secrets
import sqlite3
import tempfile
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import numpy as np

from online_softmax.checks import is_missing, shorten
from online_softmax.models.saving import ModelFileError
from online_softmax.storage import names

APPLICATION = 0x6F734B43  # what SQLite calls an application id: "osKC"
FORMAT = 1
KEYS = """CREATE TABLE keys (key TEXT PRIMARY KEY, name TEXT NOT NULL, n_samples INTEGER NOT NULL,
          n_losses INTEGER NOT NULL, loss REAL NOT NULL, hits INTEGER NOT NULL, model BLOB)"""
ABOUT = "CREATE TABLE about (name TEXT PRIMARY KEY, value BLOB NOT NULL)"
PUT = "INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?, ?, ?)"


class Record(NamedTuple):
    """A key on disk; one without a model is forgotten."""

    key: str
    name: str
    n_samples: int
    n_losses: int
    loss: float
    hits: int
    model: bytes | None

    @property
    def sums(self) -> tuple[int, int, float, int]:
        """Return the sums that its figures are made of."""
        return self[2:6]


def record_of(found: tuple[Any, ...], may_be_forgotten: bool = False) -> Record:
    """Return a row of the table of keys as a record, or raise ModelFileError where it is damaged."""
    record = Record(*found)
    check_sums(record.key, record.sums)
    try:
        is_called_so = key_text(key_of(record.name)) == record.key
    except (TypeError, ValueError, RecursionError):
        is_called_so = False
    if not is_called_so or not (isinstance(record.model, bytes) or (record.model is None and may_be_forgotten)):
        raise ModelFileError(f"the key {shorten(record.key)} is damaged on disk")
    return record


def check_sums(key: Any, sums: tuple[Any, ...]) -> None:
    """Raise ModelFileError where sums of figures are damaged."""
    n_samples, n_losses, loss, hits = sums
    counts = [type(count) is int for count in (n_samples, n_losses, hits)]
    if not (
        all(counts)
        and 0 <= n_losses <= n_samples
        and 0 <= hits <= n_samples
        and isinstance(loss, float)
        and 0 <= loss < math.inf
    ):
        raise ModelFileError(f"the figures of the key {shorten(key)} are damaged on disk")


def key_text(key: Hashable) -> str:
    """Return the text by which a key is found on disk: the same for keys that are equal.

    Examples
    --------
    >>> key_text("ann"), key_text(True), key_text((1.0, b"a"))
    ('"ann"', '1', '[1,{"bytes":"61"}]')

    Raises
    ------
    TypeError, ValueError
        If it is None or NaN, or none of the names that a model file can hold.
    """
    if is_missing(key):
        raise ValueError(f"the key is {key!r}: a sample needs a key, so give it one or leave the sample out")
    name_text(key)  # which refuses what no file can hold
    return name_text(_plain(key))


def name_text(key: Hashable) -> str:
    """Return a key as text, from which it comes back as the same type and value."""
    return json.dumps(names.to_json("key", key), ensure_ascii=False, separators=(",", ":"))


def key_of(name: str) -> Hashable:
    """Return the key that `name_text` wrote."""
    return names.from_json(json.loads(name))


def _plain(key: Any) -> Any:
    """Return what is equal to a key, the same for all that are."""
    if isinstance(key, tuple):
        return tuple(map(_plain, key))
    key = key.item() if isinstance(key, np.generic) else key
    if key is None:
        raise ValueError("the key holds None: give the sample a whole key, or leave it out")
    if isinstance(key, bool):
        return int(key)
    if isinstance(key, float):
        if math.isnan(key):
            raise ValueError("the key holds NaN, which is unlike itself: give the sample another key")
        return int(key) if key.is_integer() else key
    return key


class KeyStore:
    """Keys in SQLite: those that have left memory, in a file without a name; and all of them, as they were last saved.

    What leaves memory goes to a temporary file, which is the process's own and vanishes with it. Only `save` touches
    the file at `path`, in one transaction. So that file always holds what was saved last, whatever happens.

    Parameters
    ----------
    path
        The file to save to, which nobody else may have open; None for none.
    about
        What the keys are of. A file that holds keys of something else is refused.
    """

    def __init__(self, path: str | os.PathLike[str] | None, about: dict[str, bytes]) -> None:
        self.path = None if path is None else os.fspath(path)
        self.is_closed, self._pid = False, os.getpid()
        self._base: sqlite3.Connection | None = None
        self._spill: sqlite3.Connection | None = None
        self.about = about
        if self.path is not None:
            self._base = self._opened(self.path)

    # ---- opening ----

    def _opened(self, path: str) -> sqlite3.Connection:
        """Return a connection that holds the file's lock."""
        with _explained(f"cannot open {path}"):
            base = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            with _explained(f"cannot open {path}"):
                base.execute("PRAGMA synchronous=FULL")
                base.execute("BEGIN IMMEDIATE")
                application = base.execute("PRAGMA application_id").fetchone()[0]
                is_new = application == 0 and not base.execute("SELECT 1 FROM sqlite_master").fetchone()
                if is_new:
                    _lay_out(base, self.about)
                    base.execute("COMMIT")
                    base.execute("BEGIN IMMEDIATE")
                elif application != APPLICATION:
                    raise ModelFileError(f"cannot open {path}: it is no store of a KeyedClassifier")
                version = base.execute("PRAGMA user_version").fetchone()[0]
                if version != FORMAT:
                    raise ModelFileError(f"cannot open {path}: it is of format {version}, this one reads {FORMAT}")
                base.execute(f"SELECT {', '.join(Record._fields)} FROM keys LIMIT 1").fetchone()
                self.saved = dict(base.execute("SELECT name, value FROM about").fetchall())
                base.execute("PRAGMA busy_timeout=10000")  # a reader of the file may be in the way of a save
        except BaseException:
            base.close()
            raise
        return base

    def _overflow(self) -> sqlite3.Connection:
        """Return the connection to the temporary file, which has no name as soon as it is open."""
        self._check()
        if self._spill is None:
            with _explained("cannot make a temporary file for keys"):
                handle, path = tempfile.mkstemp(prefix="online-softmax-")
                os.close(handle)
                try:
                    spill = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
                    for pragma in ("journal_mode=MEMORY", "synchronous=OFF", "cache_size=-8000"):
                        spill.execute(f"PRAGMA {pragma}").fetchall()
                    spill.execute(KEYS)
                finally:
                    os.unlink(path)
            self._spill = spill
        return self._spill

    def _check(self) -> None:
        if self.is_closed:
            raise RuntimeError("this keyed model is closed: open its store anew")
        if os.getpid() != self._pid:
            raise RuntimeError(
                "this keyed model was opened by the process that forked this one: "
                "only keys in memory can be used here, so open it anew or hand over a copy"
            )

    # ---- keys ----

    @property
    def _where(self) -> str:
        return "a temporary file for keys" if self.path is None else self.path

    def __len__(self) -> int:
        """Return how many keys the file at `path` holds."""
        if self._base is None:
            return 0
        with _explained(f"cannot read {self._where}"):
            return int(self._base.execute("SELECT count(*) FROM keys").fetchone()[0])

    def get(self, key: str) -> Record | None:
        """Return what was kept of a key last, or None."""
        self._check()
        with _explained(f"cannot read {self._where}"):
            for connection in (self._spill, self._base):
                if connection is None:
                    continue
                found = connection.execute("SELECT * FROM keys WHERE key = ?", (key,)).fetchone()
                if found is not None:
                    record = record_of(found, may_be_forgotten=connection is self._spill)
                    return None if record.model is None else record
        return None

    def put(self, records: Iterable[Record]) -> None:
        """Keep keys that leave memory, all of them or none."""
        spill = self._overflow()
        with _explained("cannot write a temporary file for keys"):
            spill.execute("BEGIN")
            try:
                spill.executemany(PUT, records)
                spill.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    spill.execute("ROLLBACK")
                raise

    def records(self) -> Iterator[Record]:
        """Yield every key on disk."""
        self._check()
        with _explained(f"cannot read {self._where}"):
            if self._spill is not None:
                for found in self._spill.execute("SELECT * FROM keys WHERE model IS NOT NULL"):
                    yield record_of(found)
            for found in () if self._base is None else self._base.execute("SELECT * FROM keys"):
                if (
                    self._spill is None
                    or not self._spill.execute("SELECT 1 FROM keys WHERE key = ?", (found[0],)).fetchone()
                ):
                    yield record_of(found)

    def sums(self) -> Iterator[tuple[str, tuple[int, int, float, int]]]:
        """Yield every key on disk with the sums of its figures."""
        self._check()
        with _explained(f"cannot read {self._where}"):
            for connection in (self._base, self._spill):  # what has left memory since is later
                columns = "SELECT key, n_samples, n_losses, loss, hits FROM keys"
                for key, *sums in () if connection is None else connection.execute(columns):
                    check_sums(key, tuple(sums))
                    yield key, tuple(sums)

    # ---- the file ----

    def save(self, records: Iterable[Record]) -> None:
        """Write these keys, and those that have left memory, to the file at `path`: all or nothing."""
        self._check()
        base, spill = self._base, self._spill
        if base is None:
            return
        if not base.in_transaction:  # in the moment after a save, another model took it
            raise RuntimeError(f"cannot write {self.path}: another model has had it open since; save to another file")
        with _explained(f"cannot write {self.path}"):
            try:
                if spill is not None:
                    base.executemany(PUT, spill.execute("SELECT * FROM keys"))
                base.executemany(PUT, records)
                base.execute("DELETE FROM keys WHERE model IS NULL")
                base.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    base.execute("ROLLBACK")
                raise
            finally:
                if not base.in_transaction:
                    base.execute("BEGIN IMMEDIATE")
            if spill is not None:
                spill.execute("DELETE FROM keys")

    def close(self) -> None:
        """Let go of the files. What has not been saved is lost."""
        for connection in (self._spill, self._base):
            if connection is not None:
                connection.close()
        self._spill = self._base = None
        self.is_closed = True


def write(path: str | os.PathLike[str], about: dict[str, bytes], records: Iterable[Record]) -> None:
    """Put a file of these keys in the place of another, at once or not at all."""
    path = os.fspath(path)
    beside = os.path.join(os.path.dirname(path) or ".", f".online-softmax-{secrets.token_hex(8)}.tmp")
    with _explained(f"cannot write {path}"):
        try:
            base = sqlite3.connect(beside, isolation_level=None)
            try:
                base.execute("BEGIN IMMEDIATE")
                _lay_out(base, about)
                base.executemany(PUT, records)
                base.execute("COMMIT")
            finally:
                base.close()
            os.replace(beside, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside)
            raise


def _lay_out(base: sqlite3.Connection, about: dict[str, bytes]) -> None:
    """Make the tables of a new file."""
    base.execute(KEYS)
    base.execute(ABOUT)
    base.executemany("INSERT INTO about VALUES (?, ?)", about.items())
    base.execute(f"PRAGMA application_id={APPLICATION}")
    base.execute(f"PRAGMA user_version={FORMAT}")


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Raise what SQLite says as one sentence."""
    try:
        yield
    except sqlite3.Error as error:
        if "locked" in str(error):
            raise RuntimeError(f"{what}: it is open in another model or process; close it there first") from error
        if isinstance(error, sqlite3.OperationalError):
            raise OSError(f"{what}: {error}") from error
        raise ModelFileError(f"{what}: it is damaged, or no store of a KeyedClassifier ({error})") from error
