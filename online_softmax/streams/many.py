"""Many files as one stream."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from glob import glob, has_magic
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

from online_softmax.streams import labels
from online_softmax.streams.stream import Chunk, RowStream
from online_softmax.streams.tables import ByteSource


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


class ManyStream(RowStream):
    """A stream over many files, one after the other, as if they were one.

    Parameters
    ----------
    paths
        The files.
    open_file
        Opens one of them.

    """

    def __init__(self, paths: list[Path], open_file: Callable[..., RowStream]) -> None:
        self.paths, self._open = paths, open_file
        self._first = open_file(paths[0])
        self._settled: dict[str, Any] = {}
        if len(paths) > 1:
            self._settle()
        self.reading, self.text_columns = self._first.reading, self._first.text_columns
        self.dates, self.kinds, self.label_kind = self._first.dates, self._first.kinds, self._first.label_kind
        self.delimiter = self._first.delimiter
        self._at, self._done, self._sizes = 0, 0.0, [path.stat().st_size for path in paths]
        self._now: RowStream | None = None

    def _settle(self) -> None:
        """Settle what the columns and labels of all files are, by the first rows of each."""
        first = self._first
        texts: dict[Hashable, Path] = {}
        numbers: dict[Hashable, Path] = {}
        empty: set[Hashable] = set()
        label_kinds: set[str] = set()
        for path in self.paths:
            one = first if path is self.paths[0] else self._open(path)
            if one.features != first.features:
                raise ValueError(f"{path} has other features than {self.paths[0]}: {_other(one, first)}")
            for name in one.features:
                if name in one.empty_columns:
                    empty.add(name)
                    continue
                held, other = (texts, numbers) if name in one.text_columns else (numbers, texts)
                if name in other:
                    raise ValueError(
                        f"column {str(name)!r} is strings in only one of {other[name]} and {path}: name it in "
                        "text_columns or number_columns"
                    )
                held.setdefault(name, path)
            if one.label_kind is not None:
                label_kinds.add(one.label_kind)
        if empty:
            self._settled = {"text_columns": frozenset(texts), "number_columns": frozenset(numbers)}
        if len(label_kinds) > 1 and labels.together(label_kinds) == "text":
            self._settled["label_type"] = "text"
        if self._settled:
            self._first = self._open(self.paths[0], **self._settled)

    @property
    def fraction(self) -> float | None:
        """Return the part of the bytes that has been read."""
        now = 0.0 if self._now is None else (self._now.fraction or 0.0) * self._sizes[self._at]
        return min(1.0, (self._done + now) / max(1, sum(self._sizes)))

    def identify(self) -> tuple[int, str] | None:
        """Return the files' size together, and a digest of their names, sizes and heads."""
        found = [(path.name, ByteSource(path).identify()) for path in self.paths]
        return sum(self._sizes), sha256(repr(found).encode()).hexdigest()

    def layout(self) -> dict[str, Any]:
        """Return how the text of the first file is laid out; that of the others is alike."""
        return self._first.layout()

    def __iter__(self) -> Iterator[Chunk]:
        self._done = 0
        for at, path in enumerate(self.paths):
            self._at = at
            self._now = self._first if not at else self._open(path, **self._settled)
            yield from self._now
            self._done += self._sizes[at]
            self._now = None


def _other(one: RowStream, first: RowStream) -> str:
    names = [*dict.fromkeys(chain(one.features, first.features))]
    only = [name for name in names if (name in one.features) != (name in first.features)]
    return f"{only[0]!r} is in one of them only" if only else "they stand in another order"
