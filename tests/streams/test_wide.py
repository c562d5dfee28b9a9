"""Opening and reading a table takes time in proportion to its columns."""

from __future__ import annotations

import json
from time import process_time

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from online_softmax import SoftmaxRegression, progressive_validation
from online_softmax.streams import open_stream
from online_softmax.streams.reading import Reading

FEW, MANY = 500, 8_000
# Of work that grows with the square of the columns, 16 times as many take over 100 times as long.
MOST = 3 * MANY / FEW


def table(columns, value):
    return pa.table({**{f"x{j}": [value] * 3 for j in range(columns)}, "y": ["u", "v", "u"]})


def _json_lines(table, path):
    path.write_text("".join(f"{json.dumps(row)}\n" for row in table.to_pylist()))


def _arff(table, path):
    names = [f"@attribute {name} {'real' if name != 'y' else '{u,v}'}" for name in table.column_names]
    rows = [",".join(map(str, row.values())) for row in table.to_pylist()]
    path.write_text("\n".join(["@relation r", *names, "@data", *rows]))


FILES = {
    "t.csv": lambda table, path: pa.csv.write_csv(table, path),
    "t.parquet": pa.parquet.write_table,
    "t.jsonl": _json_lines,
    "t.arff": _arff,
}
FRAMES = {"pandas": pa.Table.to_pandas, "polars": pl.from_arrow, "pyarrow": lambda table: table}


def seconds(source):
    """Return the processor seconds of reading a source."""
    start = process_time()
    assert sum(len(chunk) for chunk in open_stream(source, "y")) == 3
    return process_time() - start


@pytest.mark.parametrize(
    ("kind", "value"),
    [*((kind, 1.5) for kind in [*FILES, *FRAMES]), ("t.csv", "s"), ("t.parquet", "s"), ("pandas", "s")],
)
def test_time_grows_with_the_columns_and_not_with_their_square(kind, value, tmp_path):
    def source(columns):
        if kind in FRAMES:
            return FRAMES[kind](table(columns, value))
        path = tmp_path / f"{columns}{kind}"
        FILES[kind](table(columns, value), path)
        return path

    few, many = source(FEW), source(MANY)
    least = min(seconds(few), seconds(few), seconds(few))
    assert seconds(many) < MOST * (least + 0.01)


class Name(str):
    """A name that counts how often it is compared."""

    compared = 0

    def __eq__(self, other):
        Name.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def comparisons(call):
    Name.compared = 0
    call()
    return Name.compared


def test_names_are_looked_up_and_not_searched_for():
    names = [Name(f"x{j}") for j in range(1000)]
    asked = {"features": names[10:-1], "drop": names[:10], "text_columns": names[:500], "number_columns": names[500:-1]}

    assert comparisons(lambda: Reading(names[-1], **asked).of(names, "the table")) < 10 * len(names)

    frame = pd.DataFrame({name: [1.0, 2.0] for name in names})
    model = SoftmaxRegression()
    assert comparisons(lambda: progressive_validation(frame, model, target=names[-1])) < 20 * len(names)
