"""The store: where the commits of a run are kept, each the whole of it in one object."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any, TypeVar

from online_softmax.evaluation.drawn import Drawn
from online_softmax.models import saving
from online_softmax.rounds import log
from online_softmax.rounds.curves import MODELS, runs_of
from online_softmax.rounds.log import Round, total
from online_softmax.storage.fields import MOST, Number, check_same, check_value
from online_softmax.storage.objects import Objects, objects_of

T = TypeVar("T")

SUFFIX = ".safetensors"
NAME = re.compile(r"(\d{12})\.safetensors")
FORMAT = 1
TEXT: dict[str, Any] = {"format": int, "version": int, "run": dict, "place": object, "rounds": dict}
CALLED = {"served": "served model", "own": "shards' own"}
TRIES = 3  # to read the newest commit while older ones are removed


class StoreError(ValueError):
    """A store that cannot be read, is damaged, or belongs to another run."""


@dataclass(frozen=True)
class Commit(Drawn):
    """The state of a run after some round.

    `plot()` and `save_html(path)` draw its log: the served model and the shards' own, as two runs over the same rows.

    Attributes
    ----------
    model
        The merged model.
    version
        How many commits there have been, this one included; 0 before the first.
    run
        Whose run it is, for JSON: a store refuses to go on with another.
    place
        How far the run has come, for JSON: places in its source, or the number of a batch; None at its beginning.
    log
        What was found, round by round; two that follow one another are one entry where there are very many.

    """

    model: Any
    version: int = 0
    run: Mapping[str, Any] = field(default_factory=dict)
    place: Any = None
    log: tuple[Round, ...] = ()

    def __str__(self) -> str:
        return str(self.total)

    def to_dict(self) -> dict[str, Any]:
        """Return all but the model as plain values, ready for JSON."""
        whole = self.total
        figures = [f"{model}_{name}" for model in MODELS for name in ("accuracy", "log_loss")]
        return {
            "version": self.version,
            **{name: value for name, value in asdict(whole).items() if name != "rounds"},
            **{name: value if isfinite(value := getattr(whole, name)) else None for name in figures},
            "run": self.run,
            "place": self.place,
            "rounds": [asdict(one) for one in self.log],
        }

    def document(self, **conditions: Any) -> dict[str, Any]:
        """Return what plots and pages draw.

        Parameters
        ----------
        conditions
            What a page is to tell of the run besides, by name.
        """
        runs = runs_of(self.log)
        return {"conditions": conditions, "runs": {CALLED[name]: run for name, run in runs.items()}, "comparison": None}

    @property
    def total(self) -> Round:
        """Return what was found in all rounds."""
        return total(self.log)


class ModelStore:
    """Where the model of a run is kept, and with it all that the run needs to go on.

    Each commit is one object: the model, what was found so far, and how far the run has come. It is written at once or
    not at all, so that a crash at any instant leaves the last one whole. Each is a model file, too, that
    `online_softmax.load` reads.

    Parameters
    ----------
    url
        A directory, which is made if there is none; or the URL of one that fsspec knows, such as `s3://bucket/model`.
    keep
        How many of the last commits are kept.
    storage_options
        What fsspec's filesystem takes, besides the URL.

    Examples
    --------
    >>> import tempfile
    >>> from online_softmax import ModelStore, SoftmaxRegression
    >>> from online_softmax.rounds import Commit

    >>> store = ModelStore(tempfile.mkdtemp())
    >>> store.version()
    0
    >>> store.commit(Commit(SoftmaxRegression(), version=1, place={"batch": 0}))
    >>> store.version(), store.load().place
    (1, {'batch': 0})

    """

    def __init__(
        self, url: str | os.PathLike[str], *, keep: int = 3, storage_options: Mapping[str, Any] | None = None
    ) -> None:
        if not isinstance(keep, int) or isinstance(keep, bool) or keep < 1:
            raise ValueError(f"keep is a number of commits, 1 or more, not {keep!r}")
        if not isinstance(url, str | os.PathLike) or not isinstance(os.fspath(url), str):
            raise TypeError(f"a store is a directory or a URL, not {url!r}")
        if not os.fspath(url):
            raise ValueError("a store is a directory or a URL, and none was named")
        self.url: str = os.fspath(url)
        self.keep: int = keep
        self._options = dict(storage_options or {})
        self._objects: Objects | None = None

    def __repr__(self) -> str:
        return f"ModelStore({str(self)!r})"

    def __str__(self) -> str:
        return _without_password(self.url)

    def __getstate__(self) -> dict[str, Any]:
        url = self.url if "://" in self.url else os.path.abspath(self.url)  # another process has another folder
        return {**self.__dict__, "url": url, "_objects": None}

    def version(self) -> int:
        """Return the number of the newest commit, 0 where there is none, without reading it."""
        return max(self._versions(), default=0)

    def load(self) -> Commit:
        """Return the newest commit.

        Raises
        ------
        StoreError
            If there is none, or it is damaged.
        """
        if (newest := self.newest()) is None:
            raise StoreError(f"nothing has been committed to the store {self} yet")
        version, data = newest
        try:
            commit = _from_bytes(data)
            if commit.version != version:
                raise ValueError(f"it is version {commit.version}")
        except (ImportError, MemoryError):
            raise
        except Exception as error:  # what a stranger wrote can fail in any way, and always means this
            raise StoreError(f"version {version} of the store {self} cannot be read: {error}") from error
        return commit

    def newest(self) -> tuple[int, bytes] | None:
        """Return the number of the newest commit and its bytes, those of a model file; None where there is none."""
        return self._of_newest(self._storage.get)

    def stamp(self) -> tuple[int, str] | None:
        """Return what tells the newest commit from all others, without reading it; None where there is none.

        That is its number, and how its object came to be: a store that was begun anew has the same numbers.
        """
        return self._of_newest(self._storage.stamp)

    def open(self, model: Any, run: Mapping[str, Any]) -> Commit:
        """Return the newest commit of a run, or the beginning of it.

        Parameters
        ----------
        model
            The model that the run begins with.
        run
            What tells the run from others, for JSON. The kind of the model goes with it.

        Raises
        ------
        StoreError
            If the store belongs to another run, or the model is of another kind.
        TypeError
            If the model is none that a model file holds.
        """
        now = json.loads(json.dumps({**run, "model": saving.kind_of(model)}))
        saving.to_bytes(model)
        if not self.version():
            return Commit(model, run=now)
        commit = self.load()
        try:
            for what in {**commit.run, **now}:
                check_same(what, commit.run.get(what), now.get(what))
        except ValueError as error:
            raise StoreError(f"the store {self} belongs to another run: {error}") from None
        return commit

    def commit(self, commit: Commit) -> None:
        """Keep a commit, whose number is one more than that of the newest.

        Parameters
        ----------
        commit
            The commit.

        Raises
        ------
        StoreError
            If another process has committed meanwhile, even at this moment; the store is as it was then. Where the
            filesystem of a URL cannot make an object unless there is one, which those of S3, Google Cloud, Azure and
            memory can, of two that commit at the very same moment the later one wins, and the other is refused at its
            next commit.
        """
        versions = self._versions()
        newest, name = max(versions, default=0), _name(commit.version)
        data = _to_bytes(commit)
        if newest != commit.version - 1 or not self._storage.put(name, data):
            raise StoreError(
                f"the store {self} is at version {self.version()} and was to become version {commit.version}: another "
                "run commits to it, which has to end first"
            )
        for version in versions:
            if version <= commit.version - self.keep:
                with suppress(OSError):  # a reader may have it open, and the next commit tries again
                    self._storage.remove(_name(version))

    def _of_newest(self, ask: Callable[[str], T]) -> tuple[int, T] | None:
        """Return the number of the newest commit and what is asked of its object; None where there is none."""
        for last in reversed(range(TRIES)):
            if not (version := self.version()):
                return None
            try:
                return version, ask(_name(version))
            except FileNotFoundError:  # since it was listed, so many have come that it was removed
                if not last:
                    raise
        raise AssertionError

    def _versions(self) -> list[int]:
        return [int(found[1]) for name in self._storage.names() if (found := NAME.fullmatch(name))]

    @property
    def _storage(self) -> Objects:
        if self._objects is None:
            self._objects = objects_of(self.url, self._options)
        return self._objects


def _name(version: int) -> str:
    return f"{version:012d}{SUFFIX}"


def _to_bytes(commit: Commit) -> bytes:
    about = {
        "format": FORMAT,
        "version": commit.version,
        "run": commit.run,
        "place": commit.place,
        "rounds": log.to_json(commit.log),
    }
    return saving.to_bytes(commit.model, json.dumps(about, allow_nan=False, separators=(",", ":")).encode())


def _from_bytes(data: bytes) -> Commit:
    model, note = saving.noted(data)
    if not note:
        raise ValueError("it is a model file, and no commit of a store")
    about = json.loads(note)
    if not isinstance(about, dict) or not isinstance(about.get("format"), int):
        raise ValueError("its note is none of a store")
    if about["format"] != FORMAT:
        raise ValueError(f"it is of format {about['format']}, and this version reads {FORMAT}")
    if about.keys() != TEXT.keys() or not all(isinstance(about[name], kind) for name, kind in TEXT.items()):
        raise ValueError("its note is incomplete")
    check_value("version", Number(int, 1, MOST), about["version"])
    return Commit(model, about["version"], about["run"], about["place"], log.from_json(about["rounds"]))


def _without_password(url: str) -> str:
    return re.sub(r"(?<=://)[^/@]*@", "", url)
