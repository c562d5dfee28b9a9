"""Columns: what the first rows of a source are read as, before a long run."""

from __future__ import annotations

import sys
from collections.abc import Container, Hashable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from online_softmax.cli.output import Printer, check_open, json_lines, spell_out
from online_softmax.evaluation import ColumnCounter, Columns
from online_softmax.evaluation.columns import MOST_VALUES
from online_softmax.rows import Rows
from online_softmax.streams import Chunk, RowStream, open_stream
from online_softmax.streams.formats import TABLES, format_of
from online_softmax.streams.kafka import is_kafka, shown, with_options
from online_softmax.streams.many import paths_of
from online_softmax.streams.reading import Reading
from online_softmax.streams.tables import code, column_kind, compression_of
from online_softmax.texts import folded, plain, written

ROWS = 1000  # to look at
EXAMPLES = 4
MOST_NAMES = 100  # of features that rows name, in a document
DELIMITERS = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars"}
HEADER = ("column", "is", "values", "gaps", "such as", "")


@dataclass(frozen=True)
class Column:
    """What a column of the first rows is read as.

    Attributes
    ----------
    name
        Its name.
    kind
        What it is read as: number, truth, date, text, empty; refused; or label, with the kind of the labels.
    n_values
        How many different values it has; None where they are more than are counted.
    n_gaps
        How many gaps it has; None of labels.
    low, high
        The ends of numbers, and of dates in words.
    true
        The part of the truths that are true.
    examples
        The first texts or labels.
    note
        What stands out.

    """

    name: Hashable
    kind: str
    n_values: int | None
    n_gaps: int | None
    low: float | str | None = None
    high: float | str | None = None
    true: float | None = None
    examples: tuple[Hashable, ...] = ()
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        found = {one.name: plain(getattr(self, one.name)) for one in fields(self)}
        return found | {"examples": [plain(one) for one in self.examples]}

    def cells(self) -> tuple[str, ...]:
        """Return it as a line of the table."""
        n = f"over {MOST_VALUES:,}" if self.n_values is None else f"{self.n_values:,}"
        gaps = "" if self.n_gaps is None else f"{self.n_gaps:,}"
        return folded(self.name), self.kind, n, gaps, self._values(), self.note

    def _values(self) -> str:
        if self.true is not None:
            return f"true in {self.true:.0%}"
        if self.low is None:
            return _some(self.examples, self.n_values)
        low, high = (one if isinstance(one, str) else f"{one:.6g}" for one in (self.low, self.high))
        return low if self.low == self.high and self.kind != "date" else f"{low} .. {high}"


def print_columns(source: str, target: str | None, reading: dict[str, Any], printer: Printer) -> None:
    """Print a line for each column of the first rows, whatever `reading` refuses; then raise what it does refuse."""
    if printer.has_table:
        check_open()
    is_pipe = source == "-"
    refused: list[Hashable] = []
    if is_pipe:
        stream = _opened(source, target, reading)
    else:
        stream, refused = _opened_mildly(source, target, reading)
    seen = _Seen(stream, refused)
    for chunk in stream:
        seen.add(chunk)
    found = [*seen.columns()]
    about = {"source": shown(source), "format": None if is_kafka(source) else _format(source, reading["format"])}
    counts = {"n_rows": seen.n_rows, "n_bad": seen.n_bad, "first_bad": seen.first_bad or None}
    names = {"n_features": len(seen.names), "features": [plain(name) for name in [*seen.names][:MOST_NAMES]]}
    lines = [one.to_dict() for one in found]
    printer.put_json(json_lines({**about, "delimiter": stream.delimiter, **counts, **names, "columns": lines}))
    printer.put_csv(
        [one.name for one in fields(Column)],
        ({**one, "examples": ", ".join(map(written, one["examples"]))} for one in lines),
    )
    if printer.has_table:
        _print(_title(source, stream, reading["format"], seen.n_rows), found, seen)
    if not is_pipe:
        try:
            for _ in _opened(source, target, reading):
                pass
        except ValueError as error:
            raise ValueError(f"evaluate would refuse it: {error}") from error


def _print(title: str, columns: list[Column], seen: _Seen) -> None:
    """Print it for a person."""
    spell_out(sys.stdout)
    print(title)
    if columns:
        print()
        _print_table([HEADER, *(one.cells() for one in columns)])
    else:
        names = _some([*seen.names][: EXAMPLES + 1])
        print(f"each row names its own features: {len(seen.names):,} in these rows, such as {names}")
    if seen.n_bad:
        print(f"\n{seen.n_bad:,} bad row{'s' * (seen.n_bad > 1)}, the first: {seen.first_bad}")


def _opened_mildly(source: str, target: str | None, reading: dict[str, Any]) -> tuple[RowStream, list[Hashable]]:
    """Open the first rows whatever `reading` refuses that another might take; name the columns that none would."""
    instead = {"missing": ("error", "zero"), "on_bad": ("raise", "skip")}
    if _has_columns(source, reading):
        instead["dates"] = ("refuse", "parts")
    mild = reading | {name: mild for name, (strict, mild) in instead.items() if reading[name] == strict}
    try:
        return _opened(source, target, mild), []
    except ValueError:
        try:
            stream = _opened(source, target, mild | {"text_columns": _Every()})
            refused = _refused(stream, replace(stream.reading, text_columns=reading["text_columns"]))
        except ValueError:
            refused = []
        if not refused:
            raise
    return _opened(source, target, mild | {"text_columns": [*reading["text_columns"], *refused]}), refused


class _Every(Container[Hashable]):
    """Every column."""

    def __contains__(self, column: object) -> bool:
        return True


def _refused(stream: RowStream, reading: Reading) -> list[Hashable]:
    """Return the columns, of a stream that reads all as text, that another reading refuses."""
    counter = ColumnCounter(stream.kinds, stream.reading, stream.code_columns)
    for chunk in stream:
        counter.add(chunk)
    refused = []
    for column in stream.text_columns:
        try:
            column_kind(column, code(counter.values(column)), reading)
        except ValueError:
            refused.append(column)
    return refused


def _opened(source: str, target: str | None, reading: dict[str, Any]) -> RowStream:
    """Open the first rows: with labels where there is a target, or the source has its own."""
    if is_kafka(source):
        now = source if "until_idle=" in source else with_options(source, until_idle=0)
        stream = open_stream(now, target, labelled=target is not None, limit=ROWS, **reading)
    elif target is None and (Path(source).exists() or source == "-" or paths_of(source) is not None):
        stream = open_stream(source, labelled=not _has_columns(source, reading), limit=ROWS, **reading)
    else:
        stream = open_stream(source, target, limit=ROWS, **reading)
    assert isinstance(stream, RowStream)
    return stream


def _has_columns(source: str, reading: dict[str, Any]) -> bool:
    if is_kafka(source):
        return True
    first = (paths_of(source) or [Path(source)])[0]
    return (reading["format"] or format_of(first)) in TABLES


def _title(source: str, stream: RowStream, format: str | None, n_rows: int) -> str:
    """Say which rows these are, and of what."""
    rows = f"the first {n_rows:,} rows" if n_rows == ROWS else f"{n_rows:,} row{'s' * (n_rows != 1)}"
    if is_kafka(source):
        return f"{shown(source)}: {rows}"
    name = "standard input" if source == "-" else source
    paths = paths_of(source)
    if paths is not None:
        name = f"{paths[0]}, the first of {len(paths):,} files" if len(paths) > 1 else str(paths[0])
    path = Path(source) if paths is None else paths[0]
    about = [_format(source, format)]
    if stream.delimiter is not None:
        about.append(DELIMITERS.get(stream.delimiter, repr(stream.delimiter)))
    if path.is_file() and (compression := compression_of(path)):
        about.append(compression)
    return f"{name}: {', '.join(about)}; {rows}"


def _format(source: str, format: str | None) -> str:
    """Return the format that a file is read in."""
    paths = paths_of(source)
    return format or format_of(Path(source) if paths is None else paths[0])


class _Seen:
    """What has been seen of a stream."""

    def __init__(self, stream: RowStream, refused: list[Hashable]) -> None:
        self._stream, self._refused = stream, refused
        self._counter = ColumnCounter(stream.kinds, stream.reading, stream.code_columns)
        self._numbers: dict[Hashable, list[NDArray[np.float64]]] = {}
        self._labels: dict[Hashable, None] = {}
        self.names: dict[Hashable, None] = {}
        self.n_rows, self.n_bad, self.first_bad = 0, 0, ""

    def add(self, chunk: Chunk) -> None:
        """Take a chunk."""
        self.n_rows += len(chunk)
        self.n_bad += len(chunk.bad)
        self.first_bad = self.first_bad or (chunk.bad[0].reason if chunk.bad else "")
        self._counter.add(chunk)
        self._labels |= dict.fromkeys(chunk.rows.labels[i] for i in dict.fromkeys(chunk.rows.codes.tolist()))
        for name, values in _values(chunk):
            self.names[name] = None
            if name in self._stream.kinds:
                self._numbers.setdefault(name, []).append(values)

    def columns(self) -> Iterator[Column]:
        """Yield what is known of each column; of none, where each row names its own features."""
        columns = self._counter.columns(self._labels)
        for name, kind in self._stream.kinds.items():
            gaps = columns.gaps.get(name, 0)
            if kind == "text":
                texts = self._counter.values(name)
                n = len(texts) if columns.texts[name] is not None else None
                shown = "refused" if name in self._refused else kind
                note = "" if shown != kind else _doubt(name, columns)
                yield Column(name, shown, n, gaps, examples=tuple([*texts][:EXAMPLES]), note=note)
            else:
                values = np.concatenate([np.empty(0), *self._numbers.get(name, [])])
                bad = columns.bad_cells.get(name, 0)
                note = f"{bad:,} bad cell{'s' * (bad > 1)}" if bad else ""
                yield Column(name, kind, len(np.unique(values)), gaps, note=note, **_range(kind, values))
        if self._stream.kinds and self._stream.reading.labelled and self._stream.target is not None:
            labels = [*self._labels]
            kind = f"label ({columns.labels})"
            yield Column(self._stream.target, kind, len(labels), None, examples=tuple(labels[:EXAMPLES]))


def _values(chunk: Chunk) -> Iterator[tuple[Hashable, NDArray[np.float64]]]:
    """Yield each feature with its values in the rows that have it, but for those that were mended."""
    mended: dict[Hashable, list[int]] = {}
    places = np.searchsorted(chunk.places(), chunk.mended).tolist()
    for row, column in zip(places, chunk.mended_columns.tolist(), strict=True):
        mended.setdefault(chunk.columns[column], []).append(row)
    for name, owners, values in _by_feature(chunk.rows):
        yield name, values[~np.isin(owners, mended[name])] if name in mended else values


def _by_feature(rows: Rows) -> Iterator[tuple[Hashable, NDArray[np.int64], NDArray[np.float64]]]:
    """Yield each feature, the rows that have it, and its values there."""
    if rows.starts is None:
        for i, values in zip(rows.ids.tolist(), rows.values.T, strict=True):
            yield rows.names[i], np.arange(len(rows)), values
        return
    part = slice(rows.starts[0], rows.starts[-1])
    order = np.argsort(rows.ids[part], kind="stable")
    ids, values = rows.ids[part][order], rows.values[part][order]
    owners = np.repeat(np.arange(len(rows)), np.diff(rows.starts))[order]
    bounds = np.searchsorted(ids, np.arange(len(rows.names) + 1)).tolist()
    for name, start, stop in zip(rows.names, bounds, bounds[1:], strict=False):
        if start < stop:
            yield name, owners[start:stop], values[start:stop]


def _range(kind: str, values: NDArray[np.float64]) -> dict[str, Any]:
    """Return the part of truths that are true, or the ends of numbers or dates."""
    if not len(values):
        return {}
    if kind == "truth":
        return {"true": float(values.mean())}
    low, high = float(values.min()), float(values.max())
    if kind != "date":
        return {"low": low, "high": high}
    first, last = (datetime.fromtimestamp(one, UTC).isoformat(" ").removesuffix("+00:00") for one in (low, high))
    return {"low": first.removesuffix(" 00:00:00"), "high": last.removesuffix(" 00:00:00")}


def _doubt(name: Hashable, columns: Columns) -> str:
    if name in columns.identifiers:
        return "probably an identifier"
    if name in columns.perhaps_codes:
        return "perhaps a code"
    return "most values are numbers" if name in columns.perhaps_numbers else ""


def _some(values: Sequence[Any], n: int | None = 0) -> str:
    """Return values in a row, with dots where there are more: n, or None for very many."""
    if not values:
        return ""
    more = n is None or max(n, len(values)) > EXAMPLES
    return folded(", ".join(map(folded, values[:EXAMPLES])) + ", .." * more)


def _print_table(lines: list[tuple[str, ...]]) -> None:
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADER))]
    for line in lines:
        cells = [
            f"{cell:>{width}}" if HEADER[i] in ("values", "gaps") else f"{cell:{width}}"
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
