"""Tables: what the formats share, from a file's bytes to rows."""

from __future__ import annotations

from online_softmax.checks import check_names
from online_softmax.streams.tables.arrow import coded, pyarrow, read_csv, read_json
from online_softmax.streams.tables.columns import (
    Coded,
    Table,
    check_parts,
    code,
    in_parts,
    merged,
    shorten,
    unlabelled,
)
from online_softmax.streams.tables.file_bytes import COMPRESSED, ByteSource, compression_of, inner_path
from online_softmax.streams.tables.file_stream import FileStream
from online_softmax.streams.tables.flaws import WRONG, Flaw, sifted, why, why_cell
from online_softmax.streams.tables.kinds import Kind, column_kind, refuse_dates, spells_number
from online_softmax.streams.tables.record_stream import LARGE, Cells, RecordStream
from online_softmax.streams.tables.records import Lines, Quoted
from online_softmax.streams.tables.table_stream import TableStream

__all__ = [
    "COMPRESSED",
    "LARGE",
    "WRONG",
    "ByteSource",
    "Cells",
    "Coded",
    "FileStream",
    "Flaw",
    "Kind",
    "Lines",
    "Quoted",
    "RecordStream",
    "Table",
    "TableStream",
    "check_names",
    "check_parts",
    "code",
    "coded",
    "column_kind",
    "compression_of",
    "in_parts",
    "inner_path",
    "merged",
    "pyarrow",
    "read_csv",
    "read_json",
    "refuse_dates",
    "shorten",
    "sifted",
    "spells_number",
    "unlabelled",
    "why",
    "why_cell",
]
