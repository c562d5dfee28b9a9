"""Tables: what the formats share, from a file's bytes to rows."""

from __future__ import annotations

from online_softmax.checks import check_names, shorten
from online_softmax.frames import held
from online_softmax.streams.tables.arrow import (
    coded,
    has_time,
    holds,
    label_type_of,
    matrix,
    pyarrow,
    read_csv,
    read_json,
    spelled,
    texts_of,
)
from online_softmax.streams.tables.cells import labels_of, typed_strings_of, values_of, without_gap_numbers
from online_softmax.streams.tables.columns import (
    Coded,
    Table,
    check_parts,
    code,
    in_parts,
    merged,
    unlabelled,
)
from online_softmax.streams.tables.file_bytes import COMPRESSED, ByteSource, Readable, compression_of, inner_path
from online_softmax.streams.tables.file_stream import FileStream, NoRowsError
from online_softmax.streams.tables.flaws import WRONG, Flaw, sifted, why, why_cell, why_value
from online_softmax.streams.tables.kinds import (
    Kind,
    column_kind,
    kind_if_empty,
    kinds_of,
    kinds_state,
    refuse_column,
    refuse_dates,
    refuse_labels,
    spells_number,
    text_kind,
)
from online_softmax.streams.tables.record_stream import LARGE, Cells, RecordStream
from online_softmax.streams.tables.records import Block, Lines, Quoted, since
from online_softmax.streams.tables.table_stream import TableStream
from online_softmax.streams.tables.typed_labels import TypedLabels, typed_labels
from online_softmax.streams.tables.values import beside, coded_values, doubles, moments, own_kind, weights_of

__all__ = [
    "COMPRESSED",
    "LARGE",
    "WRONG",
    "Block",
    "ByteSource",
    "Cells",
    "Coded",
    "FileStream",
    "Flaw",
    "Kind",
    "Lines",
    "NoRowsError",
    "Quoted",
    "Readable",
    "RecordStream",
    "Table",
    "TableStream",
    "TypedLabels",
    "beside",
    "check_names",
    "check_parts",
    "code",
    "coded",
    "coded_values",
    "column_kind",
    "compression_of",
    "doubles",
    "has_time",
    "held",
    "holds",
    "in_parts",
    "inner_path",
    "kind_if_empty",
    "kinds_of",
    "kinds_state",
    "label_type_of",
    "labels_of",
    "matrix",
    "merged",
    "moments",
    "own_kind",
    "pyarrow",
    "read_csv",
    "read_json",
    "refuse_column",
    "refuse_dates",
    "refuse_labels",
    "shorten",
    "sifted",
    "since",
    "spelled",
    "spells_number",
    "text_kind",
    "texts_of",
    "typed_labels",
    "typed_strings_of",
    "unlabelled",
    "values_of",
    "weights_of",
    "why",
    "why_cell",
    "why_value",
    "without_gap_numbers",
]
