"""One random table, written in every format, gives the same samples."""

from __future__ import annotations

import csv
import json
import random

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import feather, ipc, parquet

from online_softmax import open_stream

WORDS = [
    "red",
    "a b",
    "O'Hara",
    "x,y",
    'say "hi"',
    "Z\u00fcrich",
    "100 % wool",
    "7up",
    "-x",
    "n\u00b0 5",
    "{b}",
    "#1",
    "a=b",
]
MARKS = ["", "?", "NA", "None", "#N/A", "-", " ? "]
N = 60


class Table:
    """Columns with gaps, as Python has them: numbers, whole numbers, truth values and words; and labels."""

    def __init__(self, seed):
        self.draw = draw = random.Random(seed)
        gaps = draw.choice([0.0, 0.2])
        kinds = [draw.choice(["number", "whole", "truth", "word"]) for _ in range(draw.randrange(1, 6))]
        self.columns = {
            f"{kind}{i}": [None if draw.random() < gaps else self.cell(kind) for _ in range(N)]
            for i, kind in enumerate(kinds)
        }
        for cells in self.columns.values():
            cells[0] = next((cell for cell in cells if cell is not None), 1.5)
        make = draw.choice(
            [lambda: draw.randrange(-1, 3), lambda: draw.choice("abc"), lambda: draw.choice(["07", "7", "1E1"])]
        )
        self.labels = [make() for _ in range(N)]
        if isinstance(self.labels[0], str) and "7" in "".join(self.labels):
            self.labels[:2] = ["07", "7"]

    def cell(self, kind):
        draw = self.draw
        if kind == "number":
            return draw.choice([draw.uniform(-10, 10), draw.uniform(-1, 1) * 10.0 ** draw.randrange(-30, 30), 0.1])
        if kind == "whole":
            return draw.randrange(-(2**60), 2**60)
        return draw.random() < 0.5 if kind == "truth" else draw.choice(WORDS)

    def rows(self):
        for i, label in enumerate(self.labels):
            yield {name: cells[i] for name, cells in self.columns.items()}, label

    def samples(self, missing):
        """Return what the table means."""
        for row, label in self.rows():
            if missing == "skip-row" and None in row.values():
                continue
            x = {}
            for name, cell in row.items():
                is_word = name.startswith("word")
                if cell is not None:
                    x |= {f"{name}={cell}": 1.0} if is_word else {name: float(cell)}
                    continue
                x |= {} if is_word else {name: 0.0}
                x |= {f"{name}=": 1.0} if missing == "indicate" else {}
            yield x, label

    def arrow(self):
        return pa.table({**self.columns, "y": self.labels})


def said(table, cell):
    """Return a cell as text."""
    if cell is None:
        return table.draw.choice(MARKS)
    return {True: "true", False: "false"}.get(cell, repr(cell)) if not isinstance(cell, str) else cell


def to_csv(table, path, delimiter=","):
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow([*table.columns, "y"])
        writer.writerows([*(said(table, cell) for cell in row.values()), label] for row, label in table.rows())


def to_decimal_commas(table, path):
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow([*table.columns, "y"])
        for row, label in table.rows():
            cells = [said(table, cell) for cell in row.values()]
            is_number = [isinstance(cell, float) for cell in row.values()]
            cells = [cell.replace(".", ",") if one else cell for cell, one in zip(cells, is_number, strict=True)]
            writer.writerow([*cells, label])


def to_json(table, path):
    def cells(row):
        for name, cell in row.items():
            if cell is not None:
                yield name, cell
            elif (mark := table.draw.choice(["absent", None, "?", ""])) != "absent":
                yield name, mark

    lines = [json.dumps({**dict(cells(row)), "y": label}) for row, label in table.rows()]
    path.write_text("".join(f"{line}\n" for line in lines))


def to_json_array(table, path):
    path.write_text(
        json.dumps([{**row, "y": label} for row, label in table.rows()], indent=table.draw.choice([None, 2]))
    )


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def to_arff(table, path):
    def kind(name, cells):
        if name.startswith("word"):
            return "{" + ",".join(map(quoted, dict.fromkeys(cell for cell in cells if cell is not None))) + "}"
        return "numeric"

    lines = ["@relation r", *(f"@attribute {name} {kind(name, cells)}" for name, cells in table.columns.items())]
    is_text = isinstance(table.labels[0], str)
    lines.append(f"@attribute y {{{','.join(dict.fromkeys(table.labels))}}}" if is_text else "@attribute y numeric")
    lines.append("@data")
    for row, label in table.rows():
        cells = [
            table.draw.choice(["?", " ? ", "NA"])
            if cell is None
            else quoted(cell)
            if isinstance(cell, str)
            else str(int(cell))
            if isinstance(cell, bool)
            else repr(cell)
            for cell in row.values()
        ]
        lines.append(",".join([*cells, str(label)]) + table.draw.choice(["", " % seen"]))
    path.write_text("\n".join(lines))


def to_ipc(table, path):
    found = table.arrow()
    with ipc.new_stream(path, found.schema) as sink:
        for batch in found.to_batches(max_chunksize=17):
            sink.write_batch(batch)


WRITERS = {
    "t.csv": to_csv,
    "t.tsv": lambda table, path: to_csv(table, path, "\t"),
    "bars.csv": lambda table, path: to_csv(table, path, "|"),
    "commas.csv": to_decimal_commas,
    "t.jsonl": to_json,
    # "t.json": to_json_array,
    "t.arff": to_arff,
    "t.parquet": lambda table, path: parquet.write_table(table.arrow(), path),
    "t.feather": lambda table, path: feather.write_feather(table.arrow(), path),
    "t.arrows": to_ipc,
    "pandas.parquet": lambda table, path: table.arrow().to_pandas().to_parquet(path),
}
FRAMES = {
    "pandas": lambda table: table.arrow().to_pandas(),
    "pandas of objects": lambda table: pd.DataFrame({**table.columns, "y": table.labels}, dtype=object),
    "polars": lambda table: pl.from_arrow(table.arrow()),
    "pyarrow": lambda table: table.arrow(),
}


def plain(samples):
    """Return samples by what they mean: the order of features is that of the columns in every format."""
    return [([*x.items()], y) for x, y, *_ in samples]


@pytest.mark.parametrize("seed", range(25))
def test_a_table_gives_the_same_samples_in_every_format(seed, tmp_path):
    table = Table(seed)
    for missing in ("zero", "indicate", "skip-row"):
        expected = plain(table.samples(missing))
        for name, write in WRITERS.items():
            path = tmp_path / name
            write(table, path)
            options = {"decimal": ","} if name == "commas.csv" else {}
            found = plain(open_stream(path, "y", missing=missing, **options).pairs())
            assert found == expected, (name, missing)
        for name, make in FRAMES.items():
            found = plain(open_stream(make(table), "y", missing=missing).pairs())
            assert found == expected, (name, missing)


@pytest.mark.parametrize("seed", range(10))
def test_a_table_in_parts_of_several_formats_is_one_stream(seed, tmp_path):
    table = Table(seed)
    is_text = isinstance(table.labels[0], str)
    for i, name in enumerate(
        ["t.csv", "t.jsonl", "t.parquet", "t.arff"] if is_text else ["t.csv", "t.jsonl", "t.parquet"]
    ):
        WRITERS[name](table, tmp_path / f"{i}{name}")
    expected = plain(table.samples("zero"))
    n = len([*tmp_path.iterdir()])
    assert plain(open_stream(tmp_path, "y", missing="zero").pairs()) == expected * n


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl"])
def test_what_is_read_cell_by_cell_is_what_is_read_at_once(seed, name, tmp_path, monkeypatch):
    table = Table(seed)
    WRITERS[name](table, tmp_path / name)
    for missing in ("zero", "indicate", "skip-row"):
        quick = [*open_stream(tmp_path / name, "y", missing=missing)]
        with monkeypatch.context() as patch:
            patch.setattr("online_softmax.streams.formats.csv.CsvStream.quick", lambda stream, block: None)
            patch.setattr("online_softmax.streams.formats.json_lines.JsonStream.quick", lambda stream, block: None)
            careful = [*open_stream(tmp_path / name, "y", missing=missing)]
        for one, other in zip(quick, careful, strict=True):
            assert one.rows.names == other.rows.names
            assert one.rows.labels == other.rows.labels
            assert [*map(type, one.rows.labels)] == [*map(type, other.rows.labels)]
            assert one.rows.values.tobytes() == other.rows.values.tobytes()
            assert one.rows.ids.tolist() == other.rows.ids.tolist()
            assert one.rows.codes.tolist() == other.rows.codes.tolist()
            assert one.mended.tolist() == other.mended.tolist()
            assert one.mended_columns.tolist() == other.mended_columns.tolist()
            assert one.left_out.tolist() == other.left_out.tolist()
