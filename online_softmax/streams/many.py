"""Many files as one stream."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import replace
from glob import glob, has_magic
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

from online_softmax.streams import labels
from online_softmax.streams.place import Place, count_at
from online_softmax.streams.stream import Chunk, RowStream, Run
from online_softmax.streams.tables import ByteSource, NoRowsError

KEPT = 1 << 16  # columns of opened files to keep, each of some hundred bytes
HOLDS = {"text": "strings", "number": "numbers", "truth": "numbers", "empty": "numbers"}


def paths_of(source: str | Path) -> list[Path] | None:
    """Return the files of a directory or a pattern, sorted by name; None for anything else."""
    if source == "":  # which a path takes for this directory
        raise ValueError("the source is an empty text: name a file, or . for this directory")
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
    """A stream over many files, one after the other, as if they were one. Those that hold no rows are passed over.

    Parameters
    ----------
    paths
        The files.
    open_file
        Opens one of them.

    """

    def __init__(self, paths: list[Path], open_file: Callable[..., RowStream]) -> None:
        self.paths, self._open = paths, open_file
        self._kept: dict[Path, RowStream] = {}  # those that need not be opened again
        self._settled: dict[str, Any] = {}
        self._seeks = True
        self._settle()
        self._at, self._done, self._sizes = 0, 0.0, [path.stat().st_size for path in paths]
        self._now: RowStream | None = None

    def _settle(self) -> None:
        """Settle what the columns and labels of all files are, by the first rows of each."""
        first = self._first()
        self.reading, self.delimiter, self._layout = first.reading, first.delimiter, first.layout()
        found: dict[Hashable, tuple[str, Path]] = {}  # what each column holds, and where that was seen
        self.kinds, self.dates, room = dict(first.kinds), {}, KEPT
        empty: dict[Path, list[Hashable]] = {}
        label_kinds: dict[Path, str | None] = {}
        for path in [*self.paths]:
            try:
                one = first if path is self.paths[0] else self._open(path)
            except NoRowsError:
                self.paths.remove(path)
                continue
            if one.features != first.features:
                raise ValueError(f"{path} has other features than {self.paths[0]}: {_other(one, first)}")
            for name, kind in one.kinds.items():
                if name in one.empty_columns:
                    empty.setdefault(path, []).append(name)
                    continue
                held = HOLDS.get(kind) or f"dates {'with' if one.dates[name].has_time else 'without'} a time"
                if name not in found:
                    found[name], self.kinds[name] = (held, path), kind
                    self.dates |= {name: one.dates[name]} if kind == "date" else {}
                elif found[name][0] != held:
                    _refuse(name, found[name], (held, path))
                elif kind == "number":
                    self.kinds[name] = kind  # numbers and truth values
            label_kinds[path] = one.label_kind
            self._seeks &= one.seeks
            if (room := room - len(one.features) - 1) >= 0:
                self._kept[path] = one
        self.code_columns = first.code_columns
        self.text_columns = {name for name, kind in self.kinds.items() if kind == "text"}
        self.empty_columns = {name for name in first.features if name not in found}
        sure = {kind for kind in label_kinds.values() if kind is not None}
        self.label_kind = labels.together(sure) if sure else None
        self._open_again(empty, label_kinds)

    def _first(self) -> RowStream:
        """Open the first file that holds rows."""
        while True:
            try:
                return self._open(self.paths[0])
            except NoRowsError:
                if len(self.paths) == 1:
                    raise
                del self.paths[0]

    def _open_again(self, empty: dict[Path, list[Hashable]], label_kinds: dict[Path, str | None]) -> None:
        """Open those files anew that are otherwise than they seemed alone."""
        if empty:
            known = {**self.reading.known_dates, **self.dates}
            self._settled |= {"text_columns": frozenset(self.text_columns), "known_dates": known}
        others = {path for path, names in empty.items() if any(self.kinds[name] in ("text", "date") for name in names)}
        if self.label_kind == "text" and {*label_kinds.values()} - {"text", None}:
            self._settled["label_type"] = "text"
            others |= {path for path, kind in label_kinds.items() if kind != "text"}
        for path in self._kept.keys() & others:
            self._kept[path] = self._open(path, **self._settled)

    @property
    def fraction(self) -> float | None:
        """Return the part of the bytes that has been read."""
        now = 0.0 if self._now is None else (self._now.fraction or 0.0) * self._sizes[self._at]
        return min(1.0, (self._done + now) / max(1, sum(self._sizes)))

    @property
    def seeks(self) -> bool:
        """Whether others who open the files begin at once at any place, found without reading what rows hold."""
        return self._seeks

    def identify(self) -> tuple[int, str] | None:
        """Return the files' size together, and a digest of their names, sizes and heads."""
        found = [(path.name, ByteSource(path).identify()) for path in self.paths]
        return sum(self._sizes), sha256(repr(found).encode()).hexdigest()

    def files_now(self) -> tuple[int, str] | None:
        """Return the number of files, and a digest of their names, sizes and heads, as they are now."""
        found = [(path.name, ByteSource(path).identify()) for path in self.paths]
        return len(found), sha256(repr(found).encode()).hexdigest()

    def layout(self) -> dict[str, Any]:
        """Return how the text of the first file is laid out; that of the others is alike."""
        return self._layout

    def read(self, at: Mapping[str, Any] | None) -> Iterator[Chunk]:
        """Yield the chunks of the files, from one of them on."""
        for i, stream, place in self._streams(at):
            self._at, self._done, self._now = i, float(sum(self._sizes[:i])), stream
            for chunk in stream.since(place):
                assert chunk.place is not None
                yield replace(chunk, place=_in_file(i, chunk.place))
        self._done, self._now = float(sum(self._sizes)), None

    def runs(self, at: Mapping[str, Any] | None) -> Iterator[Run]:
        """Yield runs of rows of the files, from one of them on."""
        for i, stream, place in self._streams(at):
            for run in stream.runs(place.at):
                yield Run(run.n, lambda row, i=i, run=run: _in_file(i, run.place(row)))  # type: ignore[misc]

    def _streams(self, at: Mapping[str, Any] | None) -> Iterator[tuple[int, RowStream, Place]]:
        """Yield the files from one on: the number of each, its stream, and where to begin in it."""
        first = 0 if at is None else count_at(at, "file", len(self.paths) - 1)
        place = Place() if at is None else Place(0, at.get("at"))
        for i, path in enumerate(self.paths[first:], first):
            yield i, self._kept.get(path) or self._open(path, **self._settled), place
            place = Place()


def _in_file(i: int, place: Place) -> Place:
    """Return the place of a file as one of all files."""
    return replace(place, at={"file": i, "at": place.at})


def _refuse(column: Hashable, one: tuple[str, Path], other: tuple[str, Path]) -> NoReturn:
    """Say that a column holds one thing in a file and another in the next."""
    if {one[0], other[0]} == {"strings", "numbers"}:
        raise ValueError(
            f"column {str(column)!r} is strings in only one of {one[1]} and {other[1]}: name it in text_columns or "
            "number_columns"
        )
    raise ValueError(
        f"column {str(column)!r} holds {one[0]} in {one[1]}, and {other[0]} in {other[1]}: write it alike in both, "
        "drop it, or name it in text_columns"
    )


def _other(one: RowStream, first: RowStream) -> str:
    names = [*dict.fromkeys(chain(one.features, first.features))]
    only = [name for name in names if (name in one.features) != (name in first.features)]
    return f"{only[0]!r} is in one of them only" if only else "they stand in another order"
