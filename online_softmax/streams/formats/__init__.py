"""Formats: which one a file is in, and what opens it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Any

from online_softmax.streams.formats.arff import ArffStream
from online_softmax.streams.formats.batches import ArrowStream, ParquetStream
from online_softmax.streams.formats.csv import CsvStream
from online_softmax.streams.formats.json_lines import JsonStream
from online_softmax.streams.formats.sparse_text import TextStream
from online_softmax.streams.reading import Reading
from online_softmax.streams.spelling import Spelling
from online_softmax.streams.stream import RowStream
from online_softmax.streams.tables import COMPRESSED, compression_of, inner_path

TABLES: dict[str, Callable[..., RowStream]] = {
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
    """Return the format that a file's name stands for, or that of the file in a zip archive; csv if it stands for none.

    Examples
    --------
    >>> from online_softmax.streams.formats import format_of

    >>> format_of("train.svm.gz"), format_of("-")
    ('svmlight', 'csv')

    """
    return SUFFIXES.get(inner_path(path).suffix.lower(), "csv")


def open_one(path: str | Path, target: Hashable | None, format: str | None, **wanted: Any) -> RowStream:
    """Open one file of a format, or of the one that its name stands for."""
    format = format_of(path) if format is None else format
    if format not in FORMATS:
        raise ValueError(f"no format is called {format!r}; there are {', '.join(FORMATS)}")
    if format in BINARY and (str(path) == "-" or Path(path).suffix.lower() in COMPRESSED or compression_of(path)):
        raise ValueError(f"{format} files are read neither from a pipe nor compressed as a whole")
    for name in ("delimiter", "header", "names"):
        if name in wanted and format not in ("csv", "tsv"):
            raise ValueError(f"{name} goes with csv, and {path} is {format}")
    if format in TABLES:
        return TABLES[format](path, target, **wanted)
    _check_text(format, target, wanted)
    options = ("missing", "on_bad", "labelled", "label_type", "has_known_labels")
    return TextStream(path, format, **{name: wanted[name] for name in options if name in wanted})


def _check_text(format: str, target: Hashable | None, wanted: dict[str, Any]) -> None:
    """Refuse what makes no sense for text that has no columns."""
    if target is not None:
        raise ValueError(f"target={target!r} names a column, and {format} text carries its own labels")
    plain = Reading()
    names = ("features", "drop", "weight", "text_columns", "number_columns", "dates", "date_format")
    asked = {name: wanted.get(name, getattr(plain, name)) for name in names}
    asked |= {name: getattr(value, "asked", value) for name, value in asked.items()}  # what a model knows is no wish
    spelling = wanted.get("spelling") or Spelling()
    asked |= {field.name: getattr(spelling, field.name) for field in fields(Spelling)}
    usual = {**{name: getattr(plain, name) for name in names}, **asdict(Spelling())}
    for name, value in asked.items():
        if value != usual[name] and (value or name == "decimal"):
            raise ValueError(f"{name} goes with columns, and {format} text has none")
