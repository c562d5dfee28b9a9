"""Files: which format one is, and many of them as one stream."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from functools import partial
from glob import glob, has_magic
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

from online_softmax.rows import Rows
from online_softmax.streams.arff import ArffStream
from online_softmax.streams.bad import BadRow
from online_softmax.streams.chunks import Chunks
from online_softmax.streams.csv import CsvStream
from online_softmax.streams.json import JsonStream
from online_softmax.streams.parquet import ArrowStream, ParquetStream
from online_softmax.streams.source import COMPRESSED, Source
from online_softmax.streams.text import TextStream

TABLES: dict[str, Callable[..., Chunks]] = {
    "csv": CsvStream,
    "tsv": partial(CsvStream, delimiter="\t"),
    "parquet": ParquetStream,
    "arrow": ArrowStream,
    "jsonl": JsonStream,
    "arff": ArffStream,
}
TEXTS = ("svmlight", "vw")
FORMATS = (*TABLES, *TEXTS)
SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".arff": "arff",
    ".svm": "svmlight",
    ".svmlight": "svmlight",
    ".libsvm": "svmlight",
    ".vw": "vw",
}
BINARY = ("parquet", "arrow")


def format_of(path: str | Path) -> str:
    """Return the format that a file's name stands for; csv where it stands for none.

    Examples
    --------
    >>> from online_softmax.streams.files import format_of

    >>> format_of("train.svm.gz"), format_of("-")
    ('svmlight', 'csv')

    """
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return SUFFIXES.get(suffixes[-1], "csv") if suffixes else "csv"


def open_one(path: str | Path, target: Hashable | None, format: str | None, **wanted: Any) -> Chunks:
    """Open one file of a format, or of the one that its name stands for."""
    format = format_of(path) if format is None else format
    if format not in FORMATS:
        raise ValueError(f"no format is called {format!r}; there are {', '.join(FORMATS)}")
    if format in BINARY and (str(path) == "-" or Path(path).suffix.lower() in COMPRESSED):
        raise ValueError(f"{format} files are read neither from a pipe nor compressed as a whole")
    if format in TABLES:
        return TABLES[format](path, target, **wanted)
    for name in ("features", "drop", "weight"):
        if wanted.get(name):
            raise ValueError(f"{name} goes with columns, and {format} text has none")
    if target is not None:
        raise ValueError(f"target={target!r} names a column, and {format} text carries its own labels")
    return TextStream(
        path, format, wanted.get("missing", "error"), wanted.get("on_bad", "raise"), wanted.get("labelled", True)
    )


def paths_of(source: str | Path) -> list[Path] | None:
    """Return the files of a directory or a pattern, sorted by name; None for anything else."""
    path = Path(source)
    if path.is_dir():
        found = [one for one in path.rglob("*") if one.is_file()]
        inner = [one.relative_to(path) for one in found]
    elif has_magic(str(source)) and not path.exists():
        found = [Path(one) for one in glob(str(source), recursive=True) if Path(one).is_file()]
        inner = [Path(one.name) for one in found]
    else:
        return None
    paths = [one for one, name in zip(found, inner, strict=True) if not name.name.startswith((".", "_"))]
    if not paths:
        raise FileNotFoundError(f"{source} has no files")
    return sorted(paths)


class ManyStream(Chunks):
    """A stream over many files, one after the other, as if they were one.

    Parameters
    ----------
    paths
        The files.
    open_file
        Opens one of them.

    """

    def __init__(self, paths: list[Path], open_file: Callable[[Path], Chunks]) -> None:
        self.paths, self._open = paths, open_file
        self._first = open_file(paths[0])
        self.target, self.features, self.words = self._first.target, self._first.features, self._first.words
        self.weight, self.missing, self.on_bad = self._first.weight, self._first.missing, self._first.on_bad
        self._at, self._done, self._sizes = 0, 0.0, [path.stat().st_size for path in paths]
        self._now: Chunks | None = None

    @property
    def fraction(self) -> float | None:
        """Return the part of the bytes that has been read."""
        now = 0.0 if self._now is None else (self._now.fraction or 0.0) * self._sizes[self._at]
        return min(1.0, (self._done + now) / max(1, sum(self._sizes)))

    def identify(self) -> tuple[int, str] | None:
        """Return the files' size together, and a digest of their names, sizes and heads."""
        found = [(path.name, Source(path).identify()) for path in self.paths]
        return sum(self._sizes), sha256(repr(found).encode()).hexdigest()

    def __iter__(self) -> Iterator[Rows | BadRow]:
        self._done = 0
        for at, path in enumerate(self.paths):
            self._at = at
            self._now = self._first if not at else self._open(path)
            if self._now.features != self.features:
                raise ValueError(f"{path} has other features than {self.paths[0]}: {_other(self._now, self._first)}")
            if other := next(iter(sorted(map(str, self._now.words ^ self.words))), None):
                raise ValueError(f"column {other!r} is strings in only one of {self.paths[0]} and {path}")
            yield from self._now
            self._done += self._sizes[at]
            self._now = None


def _other(one: Chunks, first: Chunks) -> str:
    names = [*dict.fromkeys(chain(one.features, first.features))]
    only = [name for name in names if (name in one.features) != (name in first.features)]
    return f"{only[0]!r} is in one of them only" if only else "they stand in another order"
