"""Bad rows: passed over where that is asked for, each with its place and its reason, and nothing else is lost."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from online_softmax import SoftmaxRegression, progressive_validation
from online_softmax.evaluation import RowError
from online_softmax.streams import Chunk, open_stream
from online_softmax.streams.tables import record_stream

CSV = "a,b,y\n1,2,u\n3,inf,v\n4,5\n6,7,u\n8,9,v,10\n"
FILES = {
    "csv": (CSV, ["line 3, column 'b': 'inf'", "line 4: 2 fields", "line 6: 4 fields"]),
    "tsv": (CSV.replace(",", "\t"), ["line 3, column 'b': 'inf'", "line 4: 2 fields", "line 6: 4 fields"]),
    "jsonl": (
        '{"a": 1, "b": 2, "y": "u"}\n{"a": 3, "b": "x", "y": "v"}\n{"a": 4,\n{"a": 6, "b": 7, "y": "u"}\n[]\n',
        ["line 2", "line 3: no JSON", "line 5: [] is not an object"],
    ),
    "arff": (
        "@relation r\n"
        "@attribute a real\n@attribute b real\n@attribute y {u,v}\n@data\n1,2,u\n3,x,v\n4,5\n6,7,u\n8,9,?\n",
        ["line 7, column 'b'", "line 8: 2 fields", "line 10, column 'y'"],
    ),
    "svm": ("1 1:1 2:2\n0 1:3 2:x\n0 1:1 1:2\n1 1:6 2:7\n0 1:nope\n", ["line 2", "line 3", "line 5"]),
    "vw": ("u | a:1 b:2\nv | a:3 b:x:y\nv -1 | a:4\nu | a:6 b:7\n", ["line 2", "line 3"]),
}


def read(stream):
    """Give a stream's samples and the reasons of its bad rows."""
    chunks = list(stream)
    assert all(isinstance(chunk, Chunk) for chunk in chunks)
    samples = [(sum(x.values()), y) for chunk in chunks for x, y, _ in chunk.pairs()]
    return samples, [note.reason for chunk in chunks for note in chunk.bad]


@pytest.mark.parametrize("kind", FILES)
def test_bad_rows_are_passed_over_with_their_reasons(kind, tmp_path):
    text, reasons = FILES[kind]
    path = tmp_path / f"some.{kind}"
    path.write_text(text)
    target = None if kind in ("svm", "vw") else "y"
    samples, said = read(open_stream(path, target, on_bad="skip"))
    label = 1 if kind == "svm" else "u"
    assert samples == [(3.0, label), (13.0, label)]
    assert len(said) == len(reasons)
    for message, wanted in zip(said, reasons, strict=True):
        assert message.startswith(f"{path}, {wanted}")
        assert "\n" not in message
    with pytest.raises(ValueError, match=f"some.{kind}, line 2|some.{kind}, line 3|some.{kind}, line 7"):
        read(open_stream(path, target))


@pytest.mark.parametrize("bad_first", [False, True])
@pytest.mark.parametrize(("n", "share"), [(60_000, 0.001), (2000, 0.1), (20_000, 0.6)])
def test_many_bad_rows_in_many_blocks(tmp_path, n, share, bad_first):
    rng = np.random.default_rng(0)
    bad = rng.random(n) < share
    bad[0] = bad_first
    rows = [f"{i},{i % 7}.5,word\n" if not bad[i] else f"{i},x,,\n" for i in range(n)]
    path = tmp_path / "long.csv.gz"
    path.write_bytes(gzip.compress(("a,b,y\n" + "".join(rows)).encode()))
    samples, said = read(open_stream(path, "y", on_bad="skip"))
    assert samples == [(i + i % 7 + 0.5, "word") for i in range(n) if not bad[i]]
    assert said == [f"{path}, line {i + 2}: 4 fields where the header has 3" for i in range(n) if bad[i]]


CELLS = [
    "1",
    "-2.5",
    "",
    "x",
    "x y",
    "+1",
    "1_0",
    " 3",
    "NA",
    "inf",
    "-inf",
    "nan",
    "1e999",
    '"4"',
    '"a""b"',
    "0x1",
    "é",
]
CELLS += ["é", "true", "FALSE", "0", "9" * 20, '"a,b"', '"two\nlines"', 'a"b', '"a"b', "\0", "a\rb", "1,1", "\udcff"]
VALUES = ["1", "-2.5", '"x"', "null", "true", "NaN", "1e999", "9" * 20, "[1]", '"2020-01-01"', "", "{}", '"é"', "{"]


@pytest.mark.slow
@given(st.data())
def test_parts_of_any_size_have_the_same_bad_rows(tmp_path_factory, data):
    """Each record on its own is sound or not by what it becomes; of many, it is looked at before."""
    kind = data.draw(st.sampled_from(["csv", "jsonl"]))
    n = data.draw(st.integers(1, 40))
    cell = st.sampled_from(CELLS if kind == "csv" else VALUES)
    first = [["1", "true", "a", "u", "1"], ["1", "true", "a", "7", "1"], ["1", "true", "a", "1.5", "1"]]
    rows = [data.draw(st.sampled_from(first))]
    for _ in range(n):
        row = list(rows[0])
        for _ in range(data.draw(st.integers(0, 2))):
            row[data.draw(st.integers(0, 4))] = data.draw(cell)
        rows.append(row)
    if kind == "csv":
        text = "n,flag,word,y,w\n" + "\n".join(",".join(row) for row in rows)
    else:
        rows[0] = [json.dumps(each) if each.isalpha() and each != "true" else each for each in rows[0]]
        text = "\n".join("{" + ", ".join(map('"{}": {}'.format, "nfwyv", row)) + "}" for row in rows)
    path = tmp_path_factory.mktemp("bad") / f"some.{kind}"
    path.write_text(text, errors="surrogateescape", newline="")
    weight = data.draw(st.sampled_from(["w" if kind == "csv" else "v", None]))
    missing = data.draw(st.sampled_from(["error", "zero", "skip-row"]))
    found = []
    for part in (1, 7, 512):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(record_stream, "PART", part)
            patch.setattr(record_stream, "BLOCK", 1)
            chunks = list(open_stream(path, "y", weight=weight, missing=missing, on_bad="skip"))
        found.append([])
        for chunk in chunks:
            rows = ["skipped"] * len(chunk)
            for place, sample in zip(chunk.places().tolist(), chunk.pairs(), strict=True):
                rows[place] = sample
            for place, reason in chunk.bad:
                rows[place] = reason
            assert [place for place, row in enumerate(rows) if row == "skipped"] == chunk.left_out.tolist()
            found[-1] += rows
    assert found[0] == found[1] == found[2]


def test_bad_values_of_tables_and_arrays(tmp_path):
    a = [1.0, np.nan, 3.0, np.inf, 5.0]
    y = ["u", "u", None, "v", "v"]
    wanted = [(1.0, "u"), (5.0, "v")]
    pa.parquet.write_table(pa.table({"a": a, "y": y}), tmp_path / "some.parquet")
    samples, said = read(open_stream(tmp_path / "some.parquet", "y", on_bad="skip"))
    assert samples == wanted
    assert [text.partition(".parquet, ")[2][:6] for text in said] == ["row 1,", "row 2,", "row 3,"]
    for source, target in ((pd.DataFrame({"a": a, "y": y}), "y"), (np.array([a]).T, np.array(y, object))):
        for chunk_rows in (None, 2):
            samples, said = read(open_stream(source, target, on_bad="skip", chunk_rows=chunk_rows))
            assert samples == wanted
            assert [text[:6] for text in said] == ["row 1,", "row 2,", "row 3,"]


SOURCES = {
    "frame": lambda X, y, w: pd.DataFrame(X).assign(y=y, w=w),
    "array": lambda X, y, w: (X, y, w),
    "sparse": lambda X, y, w: (sp.csr_matrix(X), y, w),
    "parquet": lambda X, y, w: pa.table({**{f"{i}": X[:, i] for i in range(3)}, "y": y, "w": w}),
    "csv": lambda X, y, w: pd.DataFrame(X).assign(y=y, w=w).to_csv(index=False),
}


@pytest.mark.parametrize("missing", ["error", "zero"])
@pytest.mark.parametrize("kind", SOURCES)
def test_models_learn_the_sound_rows_alone(kind, missing, tmp_path, figures):
    rng = np.random.default_rng(1)
    n = 3000
    X, y, w = rng.normal(size=(n, 3)), rng.choice(["u", "v", "w"], n).astype(object), rng.random(n)
    X[rng.random(n) < 0.3, 1] = np.nan
    y[rng.random(n) < 0.2] = None
    w[rng.random(n) < 0.1] = -1
    y[:2], X[2, 1] = None, np.nan
    flawed = (w < 0) | pd.isna(y) | (~np.isfinite(X).all(axis=1) & (missing == "error"))
    X[flawed & (rng.random(n) < 0.5), 2] = np.inf
    if missing == "error":
        y[flawed & ~pd.isna(y)] = "in flawed rows alone"

    def validated(X, y, w, on_bad):
        source = SOURCES[kind](X, y, w)
        target, weight = ("y", "w")
        if isinstance(source, tuple):
            source, target, weight = source
        elif kind in ("parquet", "csv"):
            path = tmp_path / f"some.{kind}"
            path.write_text(source) if kind == "csv" else pa.parquet.write_table(source, path)
            source = path
        stream = open_stream(source, target, weight=weight, missing=missing, on_bad=on_bad)
        model = SoftmaxRegression()
        return progressive_validation(stream, model, on_bad=on_bad), model

    found, model = validated(X, y, w, "skip")
    sound, expected = validated(X[~flawed], y[~flawed], w[~flawed], "raise")
    assert found.n_bad == flawed.sum()
    assert [one.row for one in found.bad] == np.flatnonzero(flawed)[:10].tolist()
    assert figures(found, "n_bad", "bad") == figures(sound, "n_bad", "bad")
    assert (model.weights, model.classes) == (expected.weights, expected.classes)


def test_files_of_a_directory_skip_and_limit(tmp_path):
    for name in ("1.csv", "2.csv"):
        (tmp_path / name).write_text(CSV)
    samples, said = read(open_stream(tmp_path, "y", on_bad="skip", skip=3, limit=3))
    assert samples == [(13.0, "u"), (3.0, "u")]
    assert said == [f"{tmp_path / '1.csv'}, line 6: 4 fields where the header has 3"]


@pytest.mark.parametrize("on_bad", ["skip", "raise"])
def test_skip_and_limit_count_the_rows_of_the_file(tmp_path, on_bad):
    kinds = [
        "{i},u",
        "{i},u",
        ",u",
        "{i},u",
        ",u",
        ",u",
        "{i},u",
        *["{i},x,u" if on_bad == "skip" else ",v"] * 2,
        "{i},u",
    ]
    lines = [kinds[i % len(kinds)].format(i=i) for i in range(60)]
    path = tmp_path / "rows.csv"
    path.write_text("a,y\n" + "\n".join(lines) + "\n")
    for skip in (0, 1, 2, 3, 7, 30, 59, 60, 99):
        for limit in (1, 2, 5, 40, None):
            stream = open_stream(path, "y", missing="skip-row", on_bad=on_bad, skip=skip, limit=limit, chunk_rows=4)
            chunks = list(stream)
            stop = 60 if limit is None else skip + limit
            sound = [i for i in range(60)[skip:stop] if lines[i] == f"{i},u"]
            assert [x["a"] for chunk in chunks for x, _, _ in chunk.pairs()] == sound
            gone = sum(len(chunk.left_out) for chunk in chunks)
            bad = sum(len(chunk.bad) for chunk in chunks)
            assert len(sound) + gone + bad == len(range(60)[skip:stop])


def test_kinds_that_clash(tmp_path):
    path = tmp_path / "some.jsonl"
    lines = [{"a": 1, "y": "u"}, {"a": "one", "y": "u"}, {"a": 2, "y": "v"}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    samples, said = read(open_stream(path, "y", on_bad="skip"))
    assert (samples, len(said)) == ([(1.0, "u"), (2.0, "v")], 1)


def test_nothing_but_bad_rows(tmp_path):
    path = tmp_path / "some.csv"
    path.write_text("a,y\n1,2,3\n4\n")
    with pytest.raises(ValueError, match=r"some.csv, line 2: no row of the first \d+ bytes can be read"):
        open_stream(path, "y", on_bad="skip")


@pytest.mark.parametrize("on_bad", ["", "zero", None, True])
def test_on_bad_is_one_of_two(on_bad):
    with pytest.raises(ValueError, match="on_bad is 'raise' or 'skip', not "):
        open_stream("phishing", on_bad=on_bad)


def test_sparse_arff_rows_name_what_is_not_the_default(tmp_path):
    path = tmp_path / "some.arff"
    header = "@relation r\n@attribute a real\n@attribute 'b c' {x,'y, z'}\n@attribute d numeric\n@attribute k {u,v}\n"
    rows = ["{0 1.5, 3 v}", "{1 'y, z',2 -3}", "{}", "{2 7", "{9 1}", "{0}", "{0 nope}", "{3 ?}", "1,x,2,v"]
    rows += ["{0 1, 0 2}", "{0 1,,2 3}", "{0 1,}", "{1 'y}"]
    path.write_text(header + "@data\n" + "\n".join(rows) + "\n")
    chunks = list(open_stream(path, "k", on_bad="skip"))
    assert [(x, y) for chunk in chunks for x, y, _ in chunk.pairs()] == [
        ({"a": 1.5, "b c=x": 1.0, "d": 0.0}, "v"),
        ({"a": 0.0, "b c=y, z": 1.0, "d": -3.0}, "u"),
        ({"a": 0.0, "b c=x": 1.0, "d": 0.0}, "u"),
        ({"a": 1.0, "b c=x": 1.0, "d": 2.0}, "v"),
    ]
    reasons = [note.reason.removeprefix(f"{path}, line ") for chunk in chunks for note in chunk.bad]
    assert reasons == [
        "10: a sparse row that never closes",
        "11: '9 1' is not an attribute's number, from 0 to 3, and its value",
        "12: '0' is not an attribute's number, from 0 to 3, and its value",
        "13, column 'a': 'nope' is not a finite number: say missing='zero' or on_bad='skip', "
        "or name the column in text_columns",
        "14, column 'k': '?' is no label, but a gap: say missing='skip-row', or not_na=['?']",
        "16: attribute 0 is there twice",
        "17: '' is not an attribute's number, from 0 to 3, and its value",
        "18: '' is not an attribute's number, from 0 to 3, and its value",
        "19: \"1 'y\" is not an attribute's number, from 0 to 3, and its value",
    ]


@pytest.mark.parametrize(
    ("line", "reason"), [(b"3,\xe9t\xe9,u", r"'\\xe9' is not UTF-8 text|b'\\xe9' is not"), (b"3,a\0,u", "a NUL byte")]
)
def test_arff_lines_that_are_no_text_come_after_the_rows_before_them(tmp_path, line, reason):
    path = tmp_path / "some.arff"
    head = b"@relation r\n@attribute a real\n@attribute s string\n@attribute y {u,v}\n@data\n"
    path.write_bytes(head + b"1,b,u\n" * 99 + line + b"\n2,c,v\n")
    with pytest.raises(RowError, match=rf"line 105: ({reason}).*\(99 rows were scored before it\)"):
        progressive_validation(path, SoftmaxRegression(), target="y")
    samples, (said,) = read(open_stream(path, "y", on_bad="skip"))
    assert samples == [(2.0, "u")] * 99 + [(3.0, "v")]
    assert said.startswith(f"{path}, line 105: ")


def test_arff_attributes_of_one_name_are_refused(tmp_path):
    path = tmp_path / "some.arff"
    path.write_text("@relation r\n@attribute a real\n@attribute a real\n@attribute y {u,v}\n@data\n1,2,u\n")
    with pytest.raises(ValueError, match="has two columns called 'a'; rename one"):
        open_stream(path, "y")
