"""A bad row, or a file that is cut off or damaged, is one line and status 2 in every format."""

from __future__ import annotations

import gzip
import re
import zlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest

from online_softmax import SoftmaxRegression, progressive_validation
from online_softmax.evaluation import RowError
from online_softmax.streams import open_stream
from online_softmax.streams.tables import records

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
WIDE = "r" * 40
# By format: what a file begins with, a row, and rows that are bad.
FORMATS = {
    "csv": (
        "a,s,y\n",
        f"1,{WIDE},u\n",
        {
            "shape": (b"1,2\n", ": 2 fields where the header has 3"),
            "byte": (b"1,r\xff,u\n", r", column 's': 'r.*xff' is not UTF-8 text"),
            "nul": (b"1,r\0,u\n", ": a NUL byte"),
            "nul_label": (b"1,r,v\0\n", ": a NUL byte"),
            "type": (b"x,r,u\n", ", column 'a': 'x' is not a finite number"),
            "label": (b"1,r,\n", ", column 'y': '' is no label"),
        },
    ),
    "jsonl": (
        "",
        f'{{"a": 1, "s": "{WIDE}", "y": "u"}}\n',
        {
            "shape": (b'{"a": 1, "s": "r", "y": "u"\n', ": no JSON"),
            "byte": (b'{"a": 1, "s": "r\xff", "y": "u"}\n', r": b'.xff' is not UTF-8 text"),
            "nul": (b'{"a": 1, "s": "r\0", "y": "u"}\n', ": no JSON .Invalid control character"),
            "type": (b'{"a": "x", "s": "r", "y": "u"}\n', ", column 'a': 'x' is not a finite number"),
            "label": (b'{"a": 1, "s": "r"}\n', ", column 'y': None is no label"),
        },
    ),
    "arff": (
        "@relation r\n@attribute a real\n@attribute s string\n@attribute y {u,v}\n@data\n",
        f"1,{WIDE},u\n",
        {
            "shape": (b"1,2\n", ": 2 fields where there are 3 attributes"),
            "byte": (b"1,r\xff,u\n", r": b'.xff' is not UTF-8 text"),
            "nul": (b"1,r\0,u\n", ": a NUL byte"),
            "type": (b"x,r,u\n", ", column 'a': 'x' is not a finite number"),
            "label": (b"1,r,?\n", ", column 'y': '.' is no label"),
        },
    ),
    "svm": (
        "",
        f"1 1:2 3:4.{'5' * 40}\n",
        {
            "shape": (b"1 1\n", ": '1' has an index and no value"),
            "byte": (b"1 1:2\xff\n", r": the value in '1:2.*xff' is not a number"),
            "nul": (b"1 1:2\0\n", ": it holds a NUL byte"),
            "type": (b"1 1:x\n", ": the value in '1:x' is not a number"),
            "label": (b"1:2\n", ": the label is missing"),
        },
    ),
    "vw": (
        "",
        f"u | a:1 {WIDE}\n",
        {
            "shape": (b"u a:1\n", ": there is no . before the features"),
            "byte": (b"u | r\xff\n", r": 'r.*xff' is not UTF-8 text"),
            "nul": (b"u | r\0\n", ": it holds a NUL byte"),
            "type": (b"u | a:1.2.3\n", ": the value in 'a:1.2.3' is not a number"),
            "label": (b"| a:1\n", ": the label is missing"),
        },
    ),
}
head, row, flaws = FORMATS["csv"]
tabbed = {name: (line.replace(b",", b"\t"), message) for name, (line, message) in flaws.items()}
FORMATS["tsv"] = (head.replace(",", "\t"), row.replace(",", "\t"), tabbed)


def refused(path, capsys):
    """Evaluate a bad file by the command line and by the library; give the one line that refuses it and the rows."""
    from online_softmax import cli

    target = None if path.suffixes[0] in (".svm", ".vw") else "y"
    options = [] if target is None else ["--target", target]
    assert cli.run("evaluate", str(path), "--model", "SGD", *options) == 2
    (line,) = capsys.readouterr().err.splitlines()
    with pytest.raises(RowError) as error:
        progressive_validation(path, SoftmaxRegression(), target=target)
    n = error.value.result.n_samples
    assert str(error.value).splitlines() == [str(error.value)]
    assert f"({n:,} rows were scored before it)" in str(error.value)
    assert f"({n:,} rows were scored before it)" in line
    return str(error.value), n


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "flaw"), [(kind, flaw) for kind in FORMATS for flaw in FORMATS[kind][2]])
def test_a_bad_row_is_one_line_and_status_2_in_every_format(kind, flaw, tmp_path, capsys):
    head, row, flaws = FORMATS[kind]
    line, message = flaws[flaw]
    n = 30_000  # so many that another block decides what the columns hold
    path = tmp_path / f"t.{kind}"
    path.write_bytes((head + row * n).encode() + line + row.encode())
    found, scored = refused(path, capsys)
    assert re.match(rf"{path}, line {n + head.count(chr(10)) + 1}{message}", found)
    assert scored == n


@pytest.mark.parametrize("kind", FORMATS)
def test_an_endless_line_is_one_line_and_status_2_in_every_format(kind, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(records, "LONGEST", 9_000_000)
    head, row, _ = FORMATS[kind]
    path = tmp_path / f"t.{kind}"
    path.write_bytes((head + row * 700).encode() + b"x" * 20_000_000)
    found, scored = refused(path, capsys)
    assert found.startswith(f"{path}, line {701 + head.count(chr(10))}: a record of more than 9,000,000 bytes")
    assert scored == 700


@pytest.mark.slow
@pytest.mark.parametrize("n", [400, 5000, 60_000])
@pytest.mark.parametrize("kind", FORMATS)
def test_compressed_data_that_is_cut_off_gives_the_rows_before_the_cut(kind, n, tmp_path, capsys):
    head, row, _ = FORMATS[kind]
    number = {"svm": "4", "vw": "a:1"}.get(kind, "1")
    rows = [row.replace(number, f"{number}{i}", 1) for i in np.random.default_rng(0).integers(0, 9**9, n)]
    data = gzip.compress((head + "".join(rows)).encode())
    path = tmp_path / f"t.{kind}.gz"
    path.write_bytes(data[: len(data) * 2 // 3])
    there = zlib.decompressobj(wbits=31).decompress(path.read_bytes())
    whole = there.count(b"\n") - head.count("\n")
    assert not there.endswith(b"\n")
    found, scored = refused(path, capsys)
    assert found.startswith(f"{path}, line {there.count(bytes([10])) + 1}: the data is cut off or damaged")
    assert 0 < scored == whole < n


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["bz2", "zst"])
def test_other_compressed_data_that_is_cut_off(codec, tmp_path, capsys):
    frame = pd.DataFrame(RNG.normal(size=(40_000, 5)), columns=list("abcde")).assign(y="u")
    path = tmp_path / f"t.csv.{codec}"
    with pa.CompressedOutputStream(path, codec.replace("zst", "zstd")) as file:
        pa.csv.write_csv(pa.Table.from_pandas(frame, preserve_index=False), file)
    path.write_bytes(path.read_bytes()[:-200_000])
    found, scored = refused(path, capsys)
    assert found.startswith(f"{path}, line {scored + 2}: the data is cut off or damaged")
    assert 20_000 < scored < 40_000


def parquet(frame, folder):
    """Write a frame as a Parquet file."""
    pa.parquet.write_table(pa.Table.from_pandas(frame, preserve_index=False), folder / "t.parquet", row_group_size=300)
    return folder / "t.parquet"


def test_a_parquet_file_that_is_cut_off_is_one_line_and_status_2(tmp_path, capsys):
    from online_softmax import cli

    path = parquet(NUMBERS, tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    assert cli.run("evaluate", str(path), "--target", "y", "--model", "SGD") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{path} is not a Parquet file, or cut off or damaged" in line


def test_damage_within_a_parquet_file_names_the_row(tmp_path, capsys):
    frame = pd.concat([NUMBERS.drop(columns=["word", "flag"])] * 18)
    path = parquet(frame, tmp_path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = b"\xff" * 3000
    path.write_bytes(data)
    found, scored = refused(path, capsys)
    assert found.startswith(f"{path}, row {scored}: the data is cut off or damaged")
    assert scored > 0


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", r": no JSON \("),
        ("[1]", r": \[1\] is not an object"),
        ('{"a": 1, "y": "u", "z": 1}', ": the member 'z' is new"),
        ('{"a": "x", "y": "u"}', ", column 'a': 'x' is not a finite number"),
        ('{"a": 1}', ", column 'y': None is no label"),
        ('{"a": 1, "y": [2]}', r", column 'y': \[2\] is no label"),
    ],
)
def test_bad_json_line_is_named(line, reason, tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1, "y": "u"}\n' * 70_000 + line + "\n")

    with pytest.raises(RowError, match=rf"t\.jsonl, line 70001{reason}.*\(70,000 rows were scored before it\)"):
        progressive_validation(path, SoftmaxRegression(), target="y")


@pytest.mark.parametrize("kind", ["pandas", "parquet", *FORMATS])
def test_rows_to_predict_have_no_labels(kind, tmp_path):
    if kind in ("pandas", "parquet"):
        frame = pd.DataFrame({"a": [1.0, 1.0]})
        source = frame if kind == "pandas" else parquet(frame, tmp_path)
    else:
        head, row, _ = FORMATS[kind]
        source = tmp_path / f"t.{kind}"
        source.write_text(head + row * 2)
    assert [y for _, y, _ in open_stream(source, labelled=False).pairs()] == [None, None]
