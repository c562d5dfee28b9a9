"""Arrow: CSV text to columns, and columns to codes and numbers, by pyarrow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from online_softmax.streams.columns import Coded

if TYPE_CHECKING:
    import pyarrow as pa


def pyarrow() -> Any:
    """Import pyarrow, or say how to get it."""
    try:
        import pyarrow.csv
    except ImportError:
        raise ImportError("CSV files are read by pyarrow: pip install 'online-softmax[files]'") from None
    return pyarrow


def read_csv(
    records: bytes,
    names: list[str] | None = None,
    types: Mapping[str, Any] | None = None,
    only: list[str] | None = None,
) -> pa.Table:
    """Read records by pyarrow: names None takes them from the first record, [] makes them up."""
    pa = pyarrow()
    return pa.csv.read_csv(
        pa.BufferReader(records or b"\n"),
        pa.csv.ReadOptions(column_names=names, autogenerate_column_names=names == [], block_size=len(records) + 1),
        pa.csv.ParseOptions(newlines_in_values=True),
        pa.csv.ConvertOptions(column_types=types, include_columns=only),
    )


def matrix(table: pa.Table) -> NDArray[np.float64]:
    """Return the columns, numbers or truth values, as a matrix with nan where one is missing."""
    pa = pyarrow()
    if not table.num_rows or not table.num_columns:
        return np.empty(table.shape)
    (batch,) = table.cast(pa.schema((name, pa.float64()) for name in table.column_names)).combine_chunks().to_batches()
    values: NDArray[np.float64] = batch.to_tensor(null_to_nan=True).to_numpy()
    return values


def coded(column: pa.ChunkedArray, missing: str | None = None) -> Coded:
    """Return the column as codes, where a null and the word `missing` are missing."""
    array = column.combine_chunks().dictionary_encode()
    words = array.dictionary.to_pylist()
    codes = array.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return Coded(words, np.where(codes == words.index(missing), -1, codes) if missing in words else codes)
