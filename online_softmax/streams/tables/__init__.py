"""Tables: what the formats share, from a file's bytes to rows."""

from __future__ import annotations

from online_softmax.streams.tables.arrow import pyarrow, read_csv, read_json
from online_softmax.streams.tables.columns import (
    Coded,
    Table,
    check_names,
    check_parts,
    code,
    in_parts,
    merged,
    shorten,
    unlabelled,
)
from online_softmax.streams.tables.file_bytes import COMPRESSED, ByteSource
from online_softmax.streams.tables.file_stream import FileStream
from online_softmax.streams.tables.flaws import WRONG, Flaw, sifted, why
from online_softmax.streams.tables.record_stream import LARGE, RecordStream
from online_softmax.streams.tables.records import Lines, Quoted
from online_softmax.streams.tables.table_stream import TableStream

__all__ = [
    "COMPRESSED",
    "LARGE",
    "WRONG",
    "ByteSource",
    "Coded",
    "FileStream",
    "Flaw",
    "Lines",
    "Quoted",
    "RecordStream",
    "Table",
    "TableStream",
    "check_names",
    "check_parts",
    "code",
    "in_parts",
    "merged",
    "pyarrow",
    "read_csv",
    "read_json",
    "shorten",
    "sifted",
    "unlabelled",
    "why",
]
