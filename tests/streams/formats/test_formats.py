"""The same table is the same rows in every format, and its gaps are mended by one policy."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
from river import preprocessing

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, progressive_validation
from online_softmax.evaluation import RowError
from online_softmax.streams import open_stream

RNG = np.random.default_rng(7)
N = 700
NUMBERS = pd.DataFrame(
    {
        "a": RNG.normal(size=N),
        "b": RNG.integers(-5, 5, N),
        "word": RNG.choice(["red", "green", "blue"], N),
        "flag": RNG.random(N) < 0.5,
        "y": RNG.choice(["u", "v", "w"], N),
        "w": RNG.random(N),
    }
)


def write(frame, folder, name):
    """Write a frame as a file of the format that its name stands for."""
    path = folder / name
    table = pa.Table.from_pandas(frame, preserve_index=False)
    stem = name.removesuffix(".gz").removesuffix(".bz2").removesuffix(".zst")
    buffer = io.BytesIO()
    if stem.endswith(".csv"):
        pa.csv.write_csv(table, buffer)
    elif stem.endswith(".tsv"):
        pa.csv.write_csv(table, buffer, pa.csv.WriteOptions(delimiter="\t"))
    elif stem.endswith(".parquet"):
        pa.parquet.write_table(table, buffer, row_group_size=300)
    elif stem.endswith(".feather"):
        pa.feather.write_feather(table, buffer, chunksize=300)
    elif stem.endswith(".arrows"):
        with pa.ipc.new_stream(buffer, table.schema) as writer:
            writer.write_table(table, 300)
    elif stem.endswith(".jsonl"):
        buffer.write("".join(json.dumps(row) + "\n" for row in table.to_pylist()).encode())
    codec = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}.get(path.suffix)
    compressed = pa.CompressedOutputStream(path, codec) if codec else None
    with compressed or path.open("wb") as file:
        file.write(buffer.getvalue())
    return path


FILES = ["t.csv", "t.tsv", "t.csv.gz", "t.csv.bz2", "t.csv.zst", "t.parquet", "t.feather", "t.arrows", "t.jsonl"]
FRAMES = {"pandas": lambda frame: frame, "polars": pl.from_pandas, "pyarrow": pa.Table.from_pandas}
MODELS = {
    "SGD": SoftmaxRegression,
    "scaled": lambda: preprocessing.StandardScaler() | SoftmaxRegression(),
    "auto": AutoSoftmaxRegression,
}


def opened(frame, kind, folder, **options):
    source = FRAMES[kind](frame) if kind in FRAMES else write(frame, folder, kind)
    return open_stream(source, "y", weight="w", **options)


@pytest.mark.parametrize("kind", [*FILES, *FRAMES])
def test_samples_are_the_same(kind, tmp_path):
    found = list(opened(NUMBERS, kind, tmp_path).pairs())

    for (x, y, keywords), row in zip(found, NUMBERS.to_dict("records"), strict=True):
        assert x == {"a": row["a"], "b": row["b"], f"word={row['word']}": 1.0, "flag": row["flag"]}
        assert (y, keywords) == (row["y"], {"w": row["w"]})


@pytest.mark.parametrize("model", MODELS)
def test_figures_are_the_same_to_the_last_bit(model, tmp_path):
    frame = NUMBERS.drop(columns="word").assign(y=RNG.integers(0, 4, N))
    sources = [opened(frame, kind, tmp_path) for kind in [*FILES, *FRAMES]]
    sources.append(
        [({"a": r["a"], "b": r["b"], "flag": r["flag"]}, r["y"], {"w": r["w"]}) for r in frame.to_dict("records")]
    )

    results = [progressive_validation(source, MODELS[model](), yield_predictions=True) for source in sources]
    for result in results[1:]:
        assert result.log_loss == results[0].log_loss
        assert result.predictions.p.tobytes() == results[0].predictions.p.tobytes()
        assert result.confusion.tolist() == results[0].confusion.tolist()


def test_text_gives_the_figures_of_the_table(tmp_path):
    frame = NUMBERS[["a", "b"]].assign(y=RNG.integers(0, 4, N))
    (tmp_path / "t.svm").write_text("".join(f"{y} 1:{a!r} 2:{b}\n" for a, b, y in frame.itertuples(index=False)))
    (tmp_path / "t.vw").write_text("".join(f"{y} | a:{a!r} b:{b}\n" for a, b, y in frame.itertuples(index=False)))

    results = [progressive_validation(tmp_path / name, SoftmaxRegression()) for name in ("t.svm", "t.vw")]
    assert [one.log_loss for one in results] == [
        progressive_validation(frame, SoftmaxRegression(), target="y").log_loss
    ] * 2


GAPS = NUMBERS.head(60).copy()
GAPS.loc[[10, 11], "a"] = np.nan
GAPS.loc[20, "word"] = None
GAPS.loc[59, "a"] = np.nan


@pytest.mark.parametrize("kind", ["t.csv", "t.parquet", "t.feather", "t.jsonl", *FRAMES])
def test_gaps_are_zero_or_skipped_and_counted(kind, tmp_path):
    zero = progressive_validation(opened(GAPS, kind, tmp_path, missing="zero"), SoftmaxRegression())
    skip = progressive_validation(opened(GAPS, kind, tmp_path, missing="skip-row"), SoftmaxRegression())

    assert (zero.n_samples, zero.n_zeroed, zero.n_skipped) == (60, 4, 0)
    assert (skip.n_samples, skip.n_zeroed, skip.n_skipped) == (56, 0, 4)
    xs = [x for x, _, _ in opened(GAPS, kind, tmp_path, missing="zero").pairs()]
    assert xs[10]["a"] == xs[59]["a"] == 0
    assert not any(str(name).startswith("word=") for name in xs[20])
    with pytest.raises(ValueError, match=r"(row 10|line 1[12]), column 'a'"):
        list(opened(GAPS, kind, tmp_path))


def test_counts_end_with_the_rows_that_were_scored(tmp_path):
    stream = opened(GAPS, "t.parquet", tmp_path, missing="skip-row")
    result = progressive_validation(stream, SoftmaxRegression(), limit=11)

    assert (result.n_samples, result.n_skipped) == (11, 2)


@pytest.mark.parametrize("kind", ["t.csv", "t.parquet", "t.jsonl", "pandas"])
def test_missing_label_is_an_error_or_skips_its_row(kind, tmp_path):
    frame = NUMBERS.head(30).copy()
    frame.loc[5, "y"] = None

    for missing in ("error", "zero"):
        with pytest.raises(RowError, match=r"(row 5|line [67]), column 'y'.*\(5 rows were scored before it\)") as error:
            progressive_validation(opened(frame, kind, tmp_path, missing=missing), SoftmaxRegression())
        assert error.value.result.n_samples == 5
    assert len(list(opened(frame, kind, tmp_path, missing="skip-row").pairs())) == 29


def test_columns_are_chosen(tmp_path):
    path = write(NUMBERS, tmp_path, "t.csv")

    assert [*next(open_stream(path, "y", features=["b", "a"]).pairs())[0]] == ["b", "a"]
    assert [*next(open_stream(path, "y", drop=["word", "w"]).pairs())[0]] == ["a", "b", "flag"]
    for options, message in [
        ({"features": ["z"]}, "has no column 'z' to be a feature"),
        ({"drop": ["z"]}, "has no column 'z' to be dropped"),
        ({"weight": "z"}, "has no column 'z' to be the weight"),
        ({"features": ["y"]}, "cannot be the target and a feature"),
        ({"features": "a"}, "features is a list of columns, not 'a'"),
        ({"missing": "ignore"}, "missing is 'error', 'zero', 'indicate', 'skip-row', not 'ignore'"),
        ({"format": "xls"}, "no format is called 'xls'; there are csv, tsv, parquet"),
    ]:
        with pytest.raises(ValueError, match=message):
            open_stream(path, "y", **options)


def test_types_that_are_no_features_are_refused_unless_left_out(tmp_path):
    frame = NUMBERS.head(3).assign(day=pd.Timestamp("2024-01-01"), list=[[1], [2], [3]])
    path = write(frame, tmp_path, "t.parquet")

    with pytest.raises(ValueError, match="column 'day' holds dates, which are no features: say dates='parts'"):
        open_stream(path, "y")
    assert len(list(open_stream(path, "y", drop=["day", "list"]).pairs())) == 3
    assert next(open_stream(path, "day", features=["a"]).pairs())[1] == pd.Timestamp("2024-01-01")


def test_a_part_of_a_stream(tmp_path):
    path = write(NUMBERS, tmp_path, "t.parquet")
    every = list(open_stream(path, "y").pairs())

    for chunk_rows in (None, 1, 7, 1000):
        stream = open_stream(path, "y", skip=13, limit=50, chunk_rows=chunk_rows)
        assert list(stream.pairs()) == every[13:63]
        assert all(len(rows) <= (chunk_rows or 1000) for rows in stream)
    pairs = [({"a": i}, i) for i in range(9)]
    assert [y for _, y, _ in next(iter(open_stream(pairs, skip=2, limit=3))).pairs()] == [2, 3, 4]
    with pytest.raises(ValueError, match="limit is a number of rows, 1 or more, not 0"):
        open_stream(path, "y", limit=0)


def test_a_directory_and_a_pattern_are_one_stream(tmp_path):
    for i in range(3):
        write(NUMBERS[i * 100 : i * 100 + 100], tmp_path, f"{i}.csv")
    (tmp_path / "_SUCCESS").touch()
    expected = list(opened(NUMBERS.head(300), "pandas", tmp_path).pairs())

    for source in (tmp_path, str(tmp_path / "*.csv")):
        stream = open_stream(source, "y", weight="w")
        assert list(stream.pairs()) == expected
        assert stream.fraction == 1
    write(NUMBERS.drop(columns="b"), tmp_path, "3.csv")
    with pytest.raises(ValueError, match=r"3\.csv has other features than .*0\.csv: 'b' is in one of them only"):
        list(open_stream(tmp_path, "y", weight="w"))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "options"), [("t.csv", []), ("t.jsonl", ["--format", "jsonl"])])
def test_standard_input(name, options, tmp_path):
    path = write(NUMBERS, tmp_path, name)
    command = [sys.executable, "-m", "online_softmax", "evaluate", "-", "--target", "y", "--model", "SGD", *options]
    done = subprocess.run(command, input=path.read_bytes(), capture_output=True, check=True)

    assert b"700 rows" in done.stdout


@pytest.mark.parametrize("target", [None, "y"])
def test_numbers_to_predict_are_those_of_the_table(target, tmp_path):
    frame = NUMBERS[["a", "b", "y"]]
    path = write(frame if target else frame.drop(columns="y"), tmp_path, "t.csv")
    found = [(list(x.values()), y) for x, y, _ in open_stream(path, target, labelled=False).pairs()]
    assert found == [(row, None) for row in frame[["a", "b"]].to_numpy().tolist()]
