"""Arrow: text to columns, and columns to codes and numbers, by pyarrow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from online_softmax._kernel.arrays import side_by_side
from online_softmax.streams.tables.columns import Coded

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
) -> pa.Table:
    """Read records by pyarrow; `names` None takes the names from the first record, [] makes them up."""
    pa = pyarrow()
    from pyarrow import csv

    return csv.read_csv(
        pa.BufferReader(records or b"\n"),
        csv.ReadOptions(
            column_names=names, autogenerate_column_names=names == [], block_size=len(records) + 1, use_threads=False
        ),
        csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        csv.ConvertOptions(column_types=types, include_columns=only),
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


def matrix(table: pa.Table) -> NDArray[np.float64]:
    """Return the columns, numbers or truth values, as a matrix with nan where one is missing."""
    pa = pyarrow()
    columns = []
    for column in table.columns:
        if column.type != pa.float64():
            column = column.cast(pa.float64(), safe=False)
        if column.null_count:
            column = column.fill_null(float("nan"))
        columns.append(_view(column.combine_chunks()))
    return side_by_side(columns, table.num_rows)[0]


def coded(column: pa.ChunkedArray, missing: str | None = None) -> Coded:
    """Return the column as codes, where a null, nan and the text `missing` are missing."""
    array = column.combine_chunks()
    if not hasattr(array, "indices"):
        array = array.dictionary_encode()
    values = array.dictionary.to_pylist()
    codes = _view(array.indices if not array.indices.null_count else array.indices.fill_null(-1))
    for i, value in enumerate(values):
        if value is None or value != value or value == missing:
            codes = np.where(codes == i, -1, codes)
    return Coded(values, codes.astype(np.int32, copy=False))


def _view(array: pa.Array) -> NDArray[Any]:
    """Return an array without nulls as NumPy's; `to_numpy` would import pandas, which takes longer than a file."""
    return np.from_dlpack(array)
