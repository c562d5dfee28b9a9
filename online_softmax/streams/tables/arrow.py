"""Arrow: text to columns, and columns to codes and numbers, by pyarrow."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from online_softmax._kernel.arrays import side_by_side
from online_softmax.streams.dates import MISSING, seconds
from online_softmax.streams.spelling import PLAIN, Spelling
from online_softmax.streams.tables.cells import values_of
from online_softmax.streams.tables.columns import Coded, merged
from online_softmax.streams.tables.kinds import Kind, refuse_labels

if TYPE_CHECKING:
    import pyarrow as pa


def pyarrow(what: str = "CSV files are") -> Any:
    """Import pyarrow, or say how to get it."""
    try:
        import pyarrow
    except ImportError:
        raise ImportError(f"{what} read by pyarrow: pip install 'online-softmax[files]'") from None
    return pyarrow


def read_csv(
    records: bytes,
    names: list[str] | None = None,
    types: Mapping[str, Any] | None = None,
    only: list[str] | None = None,
    delimiter: str = ",",
    gaps: Iterable[str] | None = None,
) -> pa.Table:
    """Read records by pyarrow.

    `names` None takes the names from the first record, [] makes them up; `gaps` are the texts that are null, even in
    columns of strings, which else have none.
    """
    pa = pyarrow()
    from pyarrow import csv

    return csv.read_csv(
        pa.BufferReader(records or b"\n"),
        csv.ReadOptions(
            column_names=names, autogenerate_column_names=names == [], block_size=len(records) + 1, use_threads=False
        ),
        csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        csv.ConvertOptions(
            column_types=types,
            include_columns=only,
            null_values=None if gaps is None else [*gaps],
            strings_can_be_null=gaps is not None,
        ),
    )


def read_json(records: bytes, schema: pa.Schema | None = None) -> pa.Table:
    """Read JSON lines by pyarrow; if there is a `schema`, its columns alone."""
    pa = pyarrow("JSON lines are")
    from pyarrow import json

    unexpected = "infer" if schema is None else "error"
    return json.read_json(
        pa.BufferReader(records),
        json.ReadOptions(block_size=len(records) + 1, use_threads=False),
        json.ParseOptions(explicit_schema=schema, unexpected_field_behavior=unexpected),
    )


def holds(kind: pa.DataType) -> str:
    """Return what a column of a type holds: "number", "truth", "text", "category", "date", "time", or "" for others.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from online_softmax.streams.tables.arrow import holds

    >>> holds(pa.uint8()), holds(pa.large_string()), holds(pa.dictionary(pa.int8(), pa.int64())), holds(pa.date32())
    ('number', 'text', 'category', 'date')

    """
    types = pyarrow().types
    if types.is_dictionary(kind):
        inner = holds(kind.value_type)
        return "category" if inner in ("number", "truth", "text") else inner
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_null(kind):
        return "number"
    if types.is_boolean(kind):
        return "truth"
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return "text"
    if types.is_date(kind) or types.is_timestamp(kind):
        return "date"
    return "time" if types.is_temporal(kind) else ""


def has_time(kind: pa.DataType) -> bool:
    """Whether dates of a type have an hour."""
    types = pyarrow().types
    return bool(types.is_timestamp(kind.value_type if types.is_dictionary(kind) else kind))


def label_type_of(column: Hashable, kind: pa.DataType) -> str:
    """Return what the labels of a column of a type are, as `typed_labels` takes it.

    Raises
    ------
    ValueError
        If they cannot be labels.

    """
    types = pyarrow().types
    kind = kind.value_type if types.is_dictionary(kind) else kind
    if types.is_integer(kind):
        return "int"
    if types.is_floating(kind):
        return "float"
    if types.is_boolean(kind):
        return "bool"
    if types.is_decimal(kind):
        return "decimal" if kind.scale > 0 else "decimal int"
    if not (types.is_null(kind) or holds(kind)):
        refuse_labels(column, f"{kind} values")
    return "text"


def texts_of(column: pa.ChunkedArray) -> list[str]:
    """Return the different texts of a column of strings."""
    return [str(value) for value in spelled(column).values]


def matrix(table: pa.Table) -> NDArray[np.float64]:
    """Return the columns as a matrix with nan where a value is missing: of dates, it has the seconds since 1970."""
    return side_by_side([doubles_of(column) for column in table.itercolumns()], table.num_rows)[0]


def doubles_of(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return a column as doubles with nan where a value is missing: of dates, they are the seconds since 1970."""
    return _view(_doubles(column).combine_chunks())


def _doubles(column: pa.ChunkedArray) -> pa.ChunkedArray:
    pa = pyarrow()
    kind = column.type
    if kind != pa.float64():
        if pa.types.is_dictionary(kind):
            column, kind = column.cast(kind.value_type), kind.value_type
        if holds(kind) == "date":
            return pa.chunked_array([_seconds(column)])
        if pa.types.is_decimal(kind) and kind.precision > 15:  # only the way by text rounds once
            column = column.cast("string")
        column = column.cast(pa.float64(), safe=False)
    return column.fill_null(float("nan")) if column.null_count else column


def _seconds(column: pa.ChunkedArray) -> NDArray[np.float64]:
    pa = pyarrow()
    kind = column.type
    unit = kind.unit if pa.types.is_timestamp(kind) else "D" if pa.types.is_date32(kind) else "ms"
    whole = column.cast(pa.int32() if unit == "D" else pa.int64()).cast(pa.int64()).fill_null(MISSING)
    return seconds(_view(whole.combine_chunks()), unit)


def coded(column: pa.ChunkedArray) -> Coded:
    """Return the column as codes, where a null and nan are missing."""
    pa = pyarrow()
    is_plain = not pa.types.is_dictionary(column.type)
    if is_plain and (pa.types.is_string_view(column.type) or pa.types.is_float16(column.type)):
        column = column.cast(pa.string() if pa.types.is_string_view(column.type) else pa.float64())
    array = column.combine_chunks()
    if is_plain:
        array = array.dictionary_encode()
    values = array.dictionary.to_pylist()
    indices = array.indices
    codes = _view(indices if not indices.null_count else indices.cast(pa.int32()).fill_null(-1))
    for i, value in enumerate(() if is_plain and pa.types.is_string(column.type) else values):
        if value is None or value != value:
            codes = np.where(codes == i, -1, codes)
            values[i] = None
    codes = codes.astype(np.int32, copy=False)
    return Coded(values, codes) if is_plain else merged(values, codes)


def spelled(column: pa.ChunkedArray) -> Coded:
    """Return the column as codes of texts, as Python writes its values."""
    string = pyarrow().string()
    if column.type == string or holds(column.type) == "text":
        return coded(column if column.type == string else column.cast(string))
    values, codes = coded(column)
    return merged([None if value is None else str(value) for value in values], codes)


def _view(array: pa.Array) -> NDArray[Any]:
    """Return an array without nulls as NumPy's; `to_numpy` would import pandas, which takes longer than a file."""
    return np.from_dlpack(array)


def numbers(column: pa.ChunkedArray, spelling: Spelling) -> NDArray[np.float64]:
    """Return the numbers that the strings of a column spell, nan for a gap, inf for anything else."""
    from pyarrow import compute

    pa = pyarrow()
    bare = texts = compute.utf8_trim_whitespace(column.combine_chunks())
    is_plain = spelling.is_plain
    if spelling.thousands is not None:
        bare = compute.replace_substring_regex(texts, spelling.thousands_pattern, "")
        is_plain = bare.equals(texts) and spelling.decimal == "."
    elif spelling.decimal != ".":
        bare = compute.replace_substring(texts, spelling.decimal, ".")
        is_plain = not compute.any(compute.match_substring(texts, ".")).as_py()
    if is_plain:
        with suppress(pa.ArrowInvalid):
            return _view(bare.cast(pa.float64()))
    if spelling.thousands is not None and spelling.decimal != ".":
        bare = compute.replace_substring(bare, spelling.decimal, ".")
    plain = compute.match_substring_regex(bare, f"^(?:{PLAIN.pattern})$")
    if not spelling.is_plain:
        plain = compute.and_(plain, compute.match_substring_regex(texts, f"^(?:{spelling.pattern})$"))
    values = _view(compute.if_else(plain, bare, None).cast(pa.float64()).fill_null(float("nan"))).copy()
    # What is left is rare: each different text is looked at once.
    odd = np.flatnonzero(~np.from_dlpack(plain.cast(pa.uint8())).astype(np.bool_))
    if len(odd):
        values[odd] = values_of(coded(pa.chunked_array([texts.take(pa.array(odd))])), Kind("number"), spelling)
    return values
