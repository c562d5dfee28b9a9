"""A CSV file becomes the rows it holds, or one sentence that says where it does not."""

from __future__ import annotations

import csv
import io
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_softmax.streams import CsvStream, open_stream


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "file.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def samples(stream):
    return [(x, y) for rows in stream for x, y, _ in rows.pairs()]


def before_error(stream):
    """Return the samples that come before the stream's error, and what the error says."""
    found = []
    try:
        for rows in stream:
            found += [(x, y) for x, y, _ in rows.pairs()]
    except ValueError as error:
        return found, str(error)
    return found, "nothing"


def test_numbers_and_truth_values_are_features_and_strings_are_one_hot(write):
    path = write("size,colour,ripe,kind\n7,green,true,apple\n19.5,yellow,false,banana\n8,green,true,apple\n")

    assert samples(CsvStream(path, "kind")) == [
        ({"size": 7.0, "colour=green": 1.0, "ripe": 1.0}, "apple"),
        ({"size": 19.5, "colour=yellow": 1.0, "ripe": 0.0}, "banana"),
        ({"size": 8.0, "colour=green": 1.0, "ripe": 1.0}, "apple"),
    ]


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        (("1", "0"), [1, 0]),
        (("1.5", "2"), [1.5, 2.0]),
        (("true", "false"), [True, False]),
        (("a", "b c"), ["a", "b c"]),
        (("2024-01-01", "2024-01-02"), ["2024-01-01", "2024-01-02"]),
    ],
)
def test_labels_are_python_values_of_the_columns_kind(write, texts, labels):
    found = [y for _, y in samples(CsvStream(write(f"a,y\n1,{texts[0]}\n2,{texts[1]}\n"), "y"))]

    assert found == labels
    assert [type(y) for y in found] == [type(y) for y in labels]


def test_names_are_in_the_order_of_their_first_appearance_row_by_row(write):
    (chunk,) = CsvStream(write("c,n,d,y\nu,1,p,0\nv,1,q,0\nu,1,r,0\n"), "y")

    assert chunk.rows.names == ["c=u", "n", "d=p", "c=v", "d=q", "d=r"]


table = st.lists(
    st.tuples(
        st.integers(-9, 9),
        st.text(st.sampled_from('ab,"\n é'), max_size=6),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(["x", "y,z", 'q"q', "two\nlines"]),
    ),
    min_size=1,
    max_size=30,
)


@given(table, st.integers(1, 200), st.sampled_from(["\n", "\r\n"]), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_blocks_of_any_size_give_the_same_rows(tmp_path_factory, table, size, end, quoting):
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end, quoting=quoting)
    writer.writerow(["i", "word", "f", "y"])
    writer.writerows((i, f"w{word}", repr(f), y) for i, word, f, y in table)
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    path.write_bytes(text.getvalue().encode())

    expected = [({"i": float(i), f"word=w{word}": 1.0, "f": f}, y) for i, word, f, y in table]
    assert samples(CsvStream(path, "y", block_bytes=size)) == expected


def test_last_line_needs_no_end(write):
    assert samples(CsvStream(write("a,y\n1,u\n2,v"), "y")) == [({"a": 1.0}, "u"), ({"a": 2.0}, "v")]


def test_byte_order_mark_and_blank_lines_are_nothing(write):
    assert samples(CsvStream(write("\ufeffa,y\n\n1,u\n\n2,v\n\n"), "y")) == [
        ({"a": 1.0}, "u"),
        ({"a": 2.0}, "v"),
    ]


def test_quote_within_a_field_is_a_character(write):
    path = write('a,y\n5" pipe,u\n"6"" pipe",v\nx,w\n')

    assert [x for x, _ in samples(CsvStream(path, "y", block_bytes=8))] == [
        {'a=5" pipe': 1.0},
        {'a=6" pipe': 1.0},
        {"a=x": 1.0},
    ]


def test_header_may_be_quoted_and_its_names_anything(write):
    assert samples(CsvStream(write('"a,b","two\nlines",\n1,2,u\n'), "")) == [({"a,b": 1.0, "two\nlines": 2.0}, "u")]


def test_target_alone_gives_samples_without_features(write):
    assert samples(CsvStream(write("y\n1\n2\n"), "y")) == [({}, 1), ({}, 2)]


def test_may_be_read_again(write):
    stream = CsvStream(write("a,y\n1,u\n2,v\n"), "y")

    assert samples(stream) == samples(stream)


def test_knows_how_much_has_been_read(write):
    stream = CsvStream(write("a,y\n" + "1,u\n" * 100), "y", block_bytes=100)
    parts = [stream.fraction for _ in stream]

    assert 0 < parts[0] < parts[1] < parts[-1] == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "file.csv is empty"),
        ("\n \n", "file.csv is empty"),
        ("a,y\n", "file.csv holds a header and no rows"),
        ("a,y", "file.csv holds a header and no rows"),
        ("a,a,y\n1,2,3\n", "file.csv has two columns called 'a'; rename one"),
        ("a,b\n1,2\n", "file.csv has no column 'y' to be the target; its columns are: a, b"),
        (b"PAR1\x15\x04\x00\x00\n\xff", "file.csv is not a CSV file: its header is not UTF-8 text"),
        (
            "d,y\n2024-01-01,1\n",
            "dates such as '2024-01-01', which are no features: say dates='parts' to read them, drop the column, or "
            "name it in text_columns",
        ),
        ("a,y\r1,u\r2,v\r", "file.csv, line 1: a carriage return outside quotes"),
        ("c,c=d,y\nu,1,2\n", "column 'c=d' is called like a value of column 'c'; rename one"),
        ("a,b,y\n1,2\n", "file.csv, line 2: 2 fields where the header has 3"),
    ],
)
def test_file_that_cannot_be_opened_is_one_sentence(write, content, message):
    with pytest.raises(ValueError, match=f"{re.escape(message)}$"):
        CsvStream(write(content), "y")


def test_no_target_is_one_sentence_with_the_columns(write):
    with pytest.raises(ValueError, match=r"name the target column of .*file\.csv, one of: a, b"):
        CsvStream(write("a,b\n1,2\n"))


GAP = ", but a gap: say missing='zero', 'indicate' or 'skip-row'"
UNFIT = "is no label like the others, which are integers; label_type='text' reads all as texts"
FLAWS = [
    ("3,R,2\n", "1,s\n", ": 2 fields where the header has 3"),
    ("3,R,2\n", "1\n", ": 1 field where the header has 3"),
    ("3,R,2\n", "1,s,1,1\n", ": 4 fields where the header has 3"),
    (
        "3,R,2\n",
        "abc,s,1\n",
        ", column 'n': 'abc' is not a finite number: say missing='zero' or on_bad='skip', "
        "or name the column in text_columns",
    ),
    ("3,R,2\n", ",s,1\n", f", column 'n': '' is not a finite number{GAP}"),
    ("3,R,2\n", "nan,s,1\n", f", column 'n': 'nan' is not a finite number{GAP}, or not_na=['nan']"),
    ("3,R,2\n", "-inf,s,1\n", ", column 'n': '-inf' is not a finite number"),
    ("3,R,2\n", "1e400,s,1\n", ", column 'n': '1e400' is not a finite number"),
    ("true,R,2\n", "2,s,1\n", ", column 'n': '2' is not true or false"),
    ("3,R,2\n", b"4,\xff,1\n", r", column 'w': '\\xff' is not UTF-8 text"),
    ("3,R,2\n", "4,s,\n", ", column 'y': '' is no label, but a gap: say missing='skip-row'"),
    ("3,R,u\n", '4,s,""\n', ", column 'y': '' is no label, but a gap: say missing='skip-row'"),
    ("3,R,2\n", "4,s,u\n", f", column 'y': 'u' {UNFIT}"),
    ("3,R,2\n", '4,"s,1\n', ": a quote opens here and never closes"),
    ("3,R,2\n", "4,s\r,1\n", ": a carriage return outside quotes"),
]


@pytest.mark.parametrize("size", [10_000, 1 << 20])
@pytest.mark.parametrize(("good", "bad", "message"), FLAWS)
def test_flawed_row_is_named_by_its_line_and_comes_after_the_rows_before_it(write, good, bad, message, size):
    # Enough rows that the flaw is not in the block that decides what the columns hold; one of them takes two lines.
    n = 2000
    first = good.replace("R", '"two\nlines"').encode()
    good = good.replace("R", "r" * 1000).encode()
    bad = bad if isinstance(bad, bytes) else bad.encode()
    path = write(b"n,w,y\n" + first + b"\n" + good * n + bad + good)
    found, reason = before_error(CsvStream(path, "y", block_bytes=size))

    assert len(found) == n + 1
    assert reason.endswith(f"file.csv, line {n + 5}{message}")


def test_long_text_is_cut_in_a_message(write):
    _, reason = before_error(CsvStream(write("a,y\n" + f"2,{'v' * 1000}\n" * 2000 + "x" * 500 + ",u\n"), "y"))

    assert len(reason.split("column 'a': ")[1]) < 180


def test_endless_record_is_refused(write):
    path = write("a,y\n1,u\n2," + "v" * 70_000_000 + "\n3,w\n")

    found, reason = before_error(CsvStream(path, "y"))
    assert found == [({"a": 1.0}, "u")]
    assert reason.endswith("line 3: a record of more than 67,108,864 bytes")


def test_missing_file_names_the_bundled_streams():
    with pytest.raises(
        FileNotFoundError, match=r"no file 'nothing', nor a bundled stream of that name: image_segments, "
    ):
        open_stream("nothing")


def test_empty_directory_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="has no files"):
        open_stream(tmp_path, target="y")


def test_bundled_stream_knows_its_target():
    stream = open_stream("phishing")

    assert stream.target == "is_phishing"
    assert len(samples(stream)) == 1250


def test_file_of_that_name_wins_over_a_bundled_stream(tmp_path, monkeypatch):
    (tmp_path / "phishing").write_text("a,y\n1,u\n")
    monkeypatch.chdir(tmp_path)

    assert samples(open_stream("phishing", target="y")) == [({"a": 1.0}, "u")]


def test_missing_pyarrow_is_one_sentence(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(ImportError, match=r"CSV files are read by pyarrow: pip install 'online-softmax\[files\]'"):
        CsvStream(write("a,y\n1,u\n"), "y")
