"""A stream that begins at a place gives the rows, to the last bit, that one gives after it that began at the start."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import ipc, parquet
from scipy import sparse

from online_softmax.streams import (
    ArrayStream,
    CsvStream,
    FrameStream,
    JsonStream,
    Place,
    PlaceError,
    TextStream,
    open_stream,
)
from online_softmax.streams.formats import batches as batches_of
from online_softmax.streams.tables import Lines, Quoted

N = 240


def rows_of(chunks):
    """Give what chunks say of each row of their source, in order."""
    found = []
    for chunk in chunks:
        here = [None] * len(chunk)
        for place, (x, y, keywords) in zip(chunk.places().tolist(), chunk.pairs(), strict=True):
            here[place] = (dict(x), y, type(y), dict(keywords), chunk.mended.tolist().count(place))
        for place in chunk.left_out.tolist():
            here[place] = "left out"
        for place, reason in chunk.bad:
            here[place] = reason
        assert chunk.place.rows >= len(found)
        found += here
    return found


def table(dirty=False):
    """Give columns of numbers, strings with line ends, and labels; where asked for, with gaps and what is no number."""
    rng = np.random.default_rng(0)
    columns = {
        "a": [repr(x) for x in rng.normal(size=N).tolist()],
        "b": [str(i % 5) for i in range(N)],
        "c": [("x", 'y "z"', "two\nlines", "é, ü")[i * i % 4] for i in range(N)],
        "y": ["uvw"[i % 3] for i in range(N)],
    }
    if dirty:
        for i in range(7, N, 13):
            columns["b"][i] = ""
        for i in (3, 50, 51, 120, N - 1):
            columns["a"][i] = "oops"
        for i in (0, 77, 200):
            columns["y"][i] = ""
    return columns


def quoted(cell):
    return f'"{cell.replace(chr(34), chr(34) * 2)}"' if set(cell) & set('",\n') else cell


def csv_text(columns, end="\n", last="\n"):
    lines = [",".join(columns), *(",".join(map(quoted, row)) for row in zip(*columns.values(), strict=True))]
    return (end.join(lines) + last).encode()


def json_objects(columns):
    for a, b, c, y in zip(*columns.values(), strict=True):
        row = {"a": float(a) if a != "oops" else a, "b": int(b) if b else None, "c": c, "y": y or None}
        yield json.dumps(row, ensure_ascii=False)


def arff_text(columns):
    head = (
        "@relation r\n@attribute a real\n@attribute b real\n@attribute c string\n@attribute y {u,v,w}\n% words\n@data\n"
    )
    lines = []
    for a, b, c, y in zip(*columns.values(), strict=True):
        word = c.replace('"', "").replace("\n", " ")
        lines.append(f'{a},{b or "?"},"{word}",{y or "?"}\n' + ("% a comment\n\n" if b == "3" else ""))
    return (head + "".join(lines)).encode()


def svmlight_text(columns):
    lines = []
    for i, (a, b, c, _) in enumerate(zip(*columns.values(), strict=True)):
        lines.append(f"{i % 3} 1:{'nan' if a == 'oops' else a} {4 + len(c)}:{b or 'x'} # {c[:2]}\n")
        lines += ["# a comment\n", " \n"] if b == "3" else []
    return "".join(lines).encode()


def vw_text(columns):
    lines = []
    for a, b, c, y in zip(*columns.values(), strict=True):
        lines.append(f"{y or 'u v'} |f a:{'nan' if a == 'oops' else a} b:x{b} {c[0]}\n" + "\n" * (b == "3"))
    return "".join(lines).encode()


def arrow_table(columns):
    return pa.table(
        {
            "a": [float(a) if a != "oops" else None for a in columns["a"]],
            "b": [int(b) if b else None for b in columns["b"]],
            "c": columns["c"],
            "y": [y or None for y in columns["y"]],
        }
    )


def write_arrow(path, table, new=ipc.new_file, **options):
    with new(path, table.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=37)


def written(kind, folder, columns):
    """Write a table in a format; give its path."""
    path = folder / f"table.{kind}"
    if kind == "parquet":
        parquet.write_table(arrow_table(columns), path, row_group_size=90)
    elif kind == "arrow":
        write_arrow(path, arrow_table(columns))
    elif kind == "lz4.feather":
        write_arrow(path, arrow_table(columns), compression="lz4")
    elif kind == "arrows":
        write_arrow(path, arrow_table(columns), ipc.new_stream)
    elif kind == "many":
        path.mkdir()
        for i, stop in enumerate((100, 100, 101, N)):
            part = {name: cells[(0, 100, 100, 101)[i] : stop] for name, cells in columns.items()}
            (path / f"{i}.csv").write_bytes(csv_text(part))
    else:
        path.write_bytes(TEXTS[kind](columns))
    return path


TEXTS = {
    "csv": csv_text,
    "crlf.csv": lambda columns: csv_text(columns, "\r\n", "\r\n"),
    "mark.csv": lambda columns: b"\xef\xbb\xbf" + csv_text(columns),
    "blank.csv": lambda columns: csv_text(columns).replace(b",w\n", b",w\n\n"),
    "unended.csv": lambda columns: csv_text(columns, last=""),
    "tsv": lambda columns: csv_text(columns).replace(b",", b"\t").replace("é\t".encode(), "é,".encode()),
    "csv.gz": lambda columns: gzip.compress(csv_text(columns)),
    "csv.bz2": lambda columns: bz2.compress(b"\xef\xbb\xbf" + csv_text(columns)),
    "csv.zst": lambda columns: pa.Codec("zstd").compress(csv_text(columns), asbytes=True),
    "jsonl": lambda columns: "\n".join(json_objects(columns)).encode() + b"\n",
    "json": lambda columns: ("[" + ",\n ".join(json_objects(columns)) + "]").encode(),
    "arff": arff_text,
    "svm": svmlight_text,
    "vw": vw_text,
}
FILES = [*TEXTS, "parquet", "arrow", "arrows", "lz4.feather", "many"]
OBJECTS = ["pandas", "polars", "array", "sparse", "pairs"]
READINGS = {
    "skip": {"on_bad": "skip"},
    "zero": {"missing": "zero", "on_bad": "skip"},
    "skip-row": {"missing": "skip-row", "on_bad": "skip"},
    "no labels": {"labelled": False, "on_bad": "skip", "missing": "zero"},
}
PLACES = [0, 1, 37, 90, 100, 101, 127, N - 1, N]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Have every kind of stream give many chunks."""
    for kind in (CsvStream, JsonStream):
        monkeypatch.setitem(kind.__init__.__kwdefaults__, "block_bytes", 1000)
    monkeypatch.setitem(TextStream.__init__.__kwdefaults__, "block_bytes", 1000)
    monkeypatch.setattr(batches_of, "BATCH", 32)
    monkeypatch.setattr("online_softmax.streams.formats.arff.CHUNK_ROWS", 32)
    for kind in (FrameStream, ArrayStream):
        monkeypatch.setitem(kind.__init__.__kwdefaults__, "chunk_rows", 32)


def opener(kind, folder, reading):
    """Give what opens a source of a kind."""
    columns = table(dirty=kind not in ("array", "sparse", "pairs"))
    target = None if kind in ("svm", "vw", "pairs") else "y"
    if kind in FILES:
        path = written(kind, folder, columns)
        return lambda **options: open_stream(path, target, **reading, **options)
    frame = arrow_table(columns).to_pandas()
    if kind == "pandas":
        return lambda **options: open_stream(frame, target, **reading, **options)
    if kind == "polars":
        polars = pytest.importorskip("polars").from_arrow(arrow_table(columns))
        return lambda **options: open_stream(polars, target, **reading, **options)
    labels = frame["y"]
    if kind == "pairs":
        return lambda **options: open_stream(list(zip(frame[["a"]].to_dict("records"), labels, strict=True)), **options)
    X = frame[["a", "b"]].to_numpy()
    X[5, 1], X[60, 0] = np.nan, np.inf
    if kind == "sparse":
        X = sparse.csr_matrix(X)
    return lambda **options: open_stream(X, labels, **reading, **options)


CASES = [
    pytest.param(kind, READINGS[name], id=f"{kind}, {name}")
    for kind in [*FILES, *OBJECTS]
    for name in READINGS
    if not (kind == "pairs" and name != "skip") and not (name == "no labels" and kind in ("array", "sparse"))
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "reading"), CASES)
def test_a_stream_goes_on_at_every_place(kind, reading, tmp_path):
    opened = opener(kind, tmp_path, reading)
    if kind == "pairs":
        whole = list(opened().pairs())
        for n in PLACES:
            stream = opened(limit=n or 1)
            taken = list(stream.pairs())[:n]
            place = Place.from_json(json.loads(json.dumps(stream.place().to_json()))) if n else Place()
            assert place.rows == n
            assert taken + list(opened(at=place).pairs()) == whole
        return
    whole = rows_of(opened())
    assert len(whole) == N
    assert sum(isinstance(row, tuple) for row in whole) > N / 2
    for n in PLACES:
        stream = opened(limit=n or 1, chunk_rows=45)
        before = rows_of(stream)[:n]
        place = Place.from_json(json.loads(json.dumps(stream.place().to_json()))) if n else stream.begin
        assert place.rows == n
        assert before + rows_of(opened(at=place)) == whole
        if n + 21 <= N:
            assert rows_of(opened(at=place, skip=1, limit=20, chunk_rows=7)) == whole[n + 1 : n + 21]
        again = opened()
        assert rows_of(again.since(place)) == whole[n:]
        assert again.place().rows == N
        assert rows_of(opened(at=again.place())) == []


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "reading"), [case for case in CASES if "pairs" not in case.id])
@pytest.mark.parametrize("n", [1, 37, N, N + 1])
def test_ranges_at_places_are_the_whole(kind, reading, n, tmp_path):
    opened = opener(kind, tmp_path, reading)
    stream = opened()
    whole = rows_of(stream)
    places = list(stream.places(n))
    assert [place.rows for place in places] == [*range(0, N, n)]
    if n == 1:
        assert [rows_of([next(stream.since(place)).part(0, 1)])[0] for place in places[::5]] == whole[::5]
        return
    assert [row for place in places for row in rows_of(opened(at=place, limit=n))] == whole
    part = [*opened(skip=30, limit=101).places(n)]
    assert [place.rows for place in part] == [*range(30, 131, n)]
    assert [row for place in part for row in rows_of(opened(at=place, limit=min(n, 131 - place.rows)))] == whole[30:131]
    later = [*opened(at=places[-1], skip=1).places(n)]
    assert [place.rows for place in later] == [*range(places[-1].rows + 1, N, n)]


def test_places_of_text_are_exact(tmp_path):
    for kind in ("csv", "crlf.csv", "jsonl", "svm", "vw", "arff", "many", "parquet"):
        assert {place.over for place in opener(kind, tmp_path, {"on_bad": "skip"})().places(7)} == {0}, kind


def test_places_are_those_of_the_rows_where_lone_carriage_returns_end_lines(tmp_path):
    path = tmp_path / "ends.csv"
    ends = ["\n", "\r\n", "\r", "\r\r", "\n\r"]
    path.write_bytes(("a,y\n" + "".join(f"{i},u{ends[i % 5]}" for i in range(100))).encode())
    for block_bytes in (20, 1 << 20):
        stream = CsvStream(path, "y", block_bytes=block_bytes)
        places = [*stream.places(7)]
        found = [next(iter(open_stream(stream, at=place).pairs()))[0]["a"] for place in places]
        assert found == [*range(0, 100, 7)]


cells = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["", "1", "x", '"', 'a "b"', "one\ntwo", "three\r\nfour", ",", " ", "é", "1.0", "true", "-", "?"]),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=40),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.sampled_from(["zero", "skip-row", "error"]),
    st.integers(1, 60),
    st.data(),
)
def test_places_of_any_csv(tmp_path_factory, rows, end, is_ended, missing, block_bytes, data):
    path = tmp_path_factory.mktemp("any") / "any.csv"
    lines = ["a,b,y", *(",".join(map(quoted, row)) for row in rows)]
    for at in data.draw(st.lists(st.integers(1, len(lines)), max_size=3)):
        lines.insert(at, data.draw(st.sampled_from(["", "1,2", "a,b,y", "1,2,3,4", 'x"y,"z"",3,4'])))
    path.write_bytes((end.join(lines) + end * is_ended).encode())
    options = {"missing": missing, "on_bad": "skip", "block_bytes": block_bytes, "dates": "parts"}
    try:
        stream = CsvStream(path, "y", **options)
    except ValueError:
        return
    whole = rows_of(stream)
    n = data.draw(st.integers(1, len(whole) + 1))
    places = [*stream.places(n)]
    assert [place.rows for place in places] == [*range(0, len(whole), n)]
    for place in places:
        assert rows_of(CsvStream(path, "y", **options).since(place)) == whole[place.rows :]
    for chunk in stream:
        for n in range(len(chunk) + 1):
            assert rows_of(CsvStream(path, "y", **options).since(chunk.place.after(n))) == whole[chunk.place.rows + n :]


@given(st.lists(st.sampled_from([b'"', b",", b"\n", b"\r", b"a", b" "]), max_size=40).map(b"".join))
def test_records_end_where_their_lines_end_outside_quotes(text):
    records = Quoted()
    assert records.whole(text) == records.bare(text).rfind(b"\n") + 1
    stops = records.ends(text) if text else []
    rows = [start for start, stop in zip([0, *stops], stops, strict=False) if text[start:stop].strip(b"\r\n")]
    assert records.starts(text).tolist() == rows
    assert Lines().starts(text).tolist() == [
        at for at, line in zip(np.cumsum([0, *map(len, text.split(b"\n"))]) + np.arange(text.count(b"\n") + 2),
                               text.split(b"\n"), strict=False) if line.strip()]  # fmt: skip


def test_errors_after_a_place_name_the_line(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("a,y\n" + '1,"u\nv"\n' * 500 + "x,u\n" + "2,v\n" * 10)
    place = [*open_stream(path, "y").places(400)][1]
    with pytest.raises(ValueError, match=r"bad\.csv, line 1002, column 'a': 'x'"):
        list(open_stream(path, "y", at=place))
    frame = pd.DataFrame({"a": [1.0] * 90 + [np.nan], "y": "u"})
    with pytest.raises(ValueError, match=r"^row 90, column 'a'"):
        list(open_stream(frame, "y", at=[*open_stream(frame, "y").places(40)][1]))
    frame.to_parquet(tmp_path / "bad.parquet")
    with pytest.raises(ValueError, match=r"bad\.parquet, row 90, column 'a'"):
        list(open_stream(tmp_path / "bad.parquet", "y", at=Place(40, {"row": 40})))
    rows = [({}, "u")] * 5 + [None]
    with pytest.raises(TypeError, match=r"^sample 5 is None"):
        list(open_stream(rows, at=Place(3, None, 3)).pairs())


@pytest.mark.parametrize("labels", [["1.5", "2", "2.0"], ["true", "false", "True"]])
@pytest.mark.parametrize("kind", ["csv", "vw"])
def test_a_label_is_written_as_before_the_place(labels, kind, tmp_path, monkeypatch):
    """One that was met first as 2 and comes as 2.0 is a bad row, wherever one begins."""
    monkeypatch.setattr("online_softmax.streams.tables.record_stream.BLOCK", 2000)
    monkeypatch.setattr("online_softmax.streams.formats.sparse_text.FIRST", 2000)
    path = tmp_path / f"labels.{kind}"
    first = [*labels[:2]] * 300
    lines = [f"{label} |a b:1" if kind == "vw" else f"1,{label}" for label in [*first, labels[2], *first]]
    path.write_text("a,y\n" * (kind == "csv") + "\n".join(lines) + "\n")
    target = None if kind == "vw" else "y"
    whole = rows_of(open_stream(path, target, on_bad="skip"))
    assert sum(isinstance(row, str) for row in whole) == 1
    for n in (200, 601):
        for place in open_stream(path, target, on_bad="skip").places(n):
            assert rows_of(open_stream(path, target, on_bad="skip", at=place)) == whole[place.rows :]


def test_a_line_that_seems_an_array_is_none_at_a_place(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1, "y": "u"}\n' * 100 + '[{"a": 2, "y": "v"}]\n' + '{"a": 1, "y": "u"}\n' * 100)
    stream = open_stream(path, "y", on_bad="skip")
    whole, places = rows_of(stream), [*stream.places(50)]
    assert "is not an object" in whole[100]
    for place in places:
        assert rows_of(open_stream(path, "y", on_bad="skip").since(place)) == whole[place.rows :]


PLACES_OF_OTHERS = {
    "csv": [{"byte": 7, "line": 2}, {"byte": 10**9, "line": 2}, {"byte": -1, "line": 2}, {"row": 3}, {"byte": "8"}],
    "jsonl": [{"byte": 7, "line": 2}, {"byte": 10**9, "line": 2}],
    "json": [{"byte": 7, "line": 2}, {"byte": 10**9, "line": 2}],
    "csv.gz": [{"byte": 7, "line": 2}, {"byte": 10**9, "line": 2}],
    "arff": [{"byte": 7, "line": 2}, {"byte": 10**9, "line": 2}],
    "svm": [{"byte": 7, "line": 2}, {"byte": 10**9, "line": 2}],
    "parquet": [{"row": N + 1}, {"byte": 8, "line": 2}],
    "arrow": [{"row": N + 1}, {"row": None}],
    "arrows": [{"row": N + 1}],
    "pandas": [{"row": N + 1}, {"byte": 0, "line": 1}],
    "array": [{"row": N + 1}, {"byte": 0, "line": 1}],
    "many": [{"file": 9, "at": None}, {"file": 0, "at": {"byte": 7, "line": 2}}, {"byte": 8, "line": 2}],
}


@pytest.mark.parametrize("kind", PLACES_OF_OTHERS)
def test_a_place_of_another_source_is_refused(kind, tmp_path):
    opened = opener(kind, tmp_path, {"on_bad": "skip"})
    for at in PLACES_OF_OTHERS[kind]:
        with pytest.raises(PlaceError):
            list(opened(at=Place(10, at)))
    with pytest.raises(PlaceError, match="the source ends 7 rows before the place"):
        list(opened(at=Place(N + 7, None, N + 7)))
    with pytest.raises(TypeError, match="at is a place, as place"):
        opened(at=7)


@pytest.mark.parametrize("found", [None, {}, {"rows": 1, "at": None, "over": 2}, {"rows": -1, "at": None, "over": 0},
                                   {"rows": 1, "at": 3, "over": 0}, {"rows": "1", "at": None, "over": 0}])  # fmt: skip
def test_what_is_no_place_is_refused(found):
    with pytest.raises(ValueError, match="no place"):
        Place.from_json(found)


def test_standard_input_goes_on_by_passing_over(tmp_path):
    path = written("csv", tmp_path, table())
    code = (
        "import sys; from online_softmax.streams import open_stream, Place; place = Place.from_json(eval(sys.argv[1]));"
        "print([x['a'] for x, _, _ in open_stream('-', 'y', at=place).pairs()])"
    )
    whole = [x["a"] for x, _, _ in open_stream(path, "y").pairs()]
    for place in open_stream(path, "y").places(130):
        done = subprocess.run(
            [sys.executable, "-c", code, repr(place.to_json())],
            input=path.read_bytes(),
            capture_output=True,
            check=True,
        )
        assert json.loads(done.stdout) == whole[place.rows :]
    with pytest.raises(ValueError, match="standard input is read once"):
        _of_standard_input(path)


def _of_standard_input(path):
    saved = os.dup(0)
    try:
        with path.open("rb") as file:
            os.dup2(file.fileno(), 0)
            sys.stdin, stdin = io.TextIOWrapper(io.FileIO(0, closefd=False)), sys.stdin
            try:
                list(open_stream("-", "y").places(5))
            finally:
                sys.stdin = stdin
    finally:
        os.dup2(saved, 0)
        os.close(saved)


def test_a_stream_tells_where_others_can_begin_at_once(tmp_path):
    frame = pd.DataFrame({"a": np.arange(20_000) / 2, "y": np.arange(20_000) % 3})
    frame.to_parquet(tmp_path / "small.parquet", row_group_size=5000)
    frame.to_parquet(tmp_path / "large.parquet")
    frame.to_feather(tmp_path / "rows.feather")
    frame.to_csv(tmp_path / "rows.csv", index=False)
    frame.to_csv(tmp_path / "rows.csv.gz", index=False)
    frame.assign(y=frame.y / 2).to_csv(tmp_path / "halves.csv", index=False)
    (tmp_path / "rows.vw").write_text("a | b\nc | d\n")
    (tmp_path / "numbers.vw").write_text("0.5 | b\n1.5 | d\n")
    (tmp_path / "many").mkdir()
    (tmp_path / "many" / "a.csv").write_text("a,y\n1,x\n")
    (tmp_path / "array.json").write_text('[{"a": 1, "y": "b"}]')

    def seeks(name, target="y", **how):
        return open_stream(tmp_path / name, target, **how).seeks

    assert seeks("small.parquet")
    assert seeks("rows.csv")
    assert seeks("rows.csv", skip=3)
    assert seeks("rows.vw", None)
    assert seeks("many")
    assert not seeks("large.parquet")
    assert not seeks("rows.feather")
    assert not seeks("rows.csv.gz")
    assert not seeks("halves.csv")
    assert seeks("halves.csv", label_type="text")
    assert not seeks("numbers.vw", None)
    assert not seeks("array.json", format="jsonl")
    (tmp_path / "many" / "b.csv.gz").write_bytes(gzip.compress((tmp_path / "many" / "a.csv").read_bytes()))
    assert not seeks("many")
    assert not open_stream(frame, "y").seeks
