"""Cells that are odd: in CSV and JSON lines, among the first rows and later, with and without a model that knows."""

from __future__ import annotations

import cProfile
import json

import numpy as np
import pytest

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, open_stream, progressive_validation
from online_softmax.streams import JsonStream
from online_softmax.streams.spelling import GAPS

LATER = 1_200  # rows that are more than a megabyte, each with a field of a thousand characters
GAP = "but a gap: say missing='zero', 'indicate' or 'skip-row'"
MARKS = ["?", "-", "--", ".", " ", "None", "(null)", "\\N", "N.A.", "#DIV/0!", "NA", "null", ""]
NO_NUMBERS = {
    "12%": "say percent=True",
    "$12": "say currency=True",
    "1,234.50": "say thousands=','",
    "1,5": "say decimal=','",
    "1 000": "say thousands=' '",
    "unknown": "say missing='zero' or on_bad='skip', or name the column in text_columns",
}


@pytest.fixture(params=["csv", "tsv", "jsonl"])
def table(request, tmp_path):
    """Give a function that writes rows of a cell, a label and a long field, and gives the file."""

    def write(cells):
        labels = ["ab"[i % 2] for i in range(len(cells))]
        long = "z" * (1000 if len(cells) > 1000 else 1)
        path = tmp_path / f"table.{request.param}"
        if request.param == "jsonl":
            numbers = [float(cell) if _is_plain(cell) else cell for cell in cells]
            lines = [
                json.dumps({"x": cell, "y": label, "z": long}) for cell, label in zip(numbers, labels, strict=True)
            ]
        elif request.param == "csv":
            lines = ["x,y,z", *(f'"{cell}",{label},{long}' for cell, label in zip(cells, labels, strict=True))]
        else:
            lines = ["x\ty\tz", *(f"{cell}\t{label}\t{long}" for cell, label in zip(cells, labels, strict=True))]
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    return write


def opened(path, **options):
    return open_stream(path, "y", features=["x"], **options)


def _is_plain(cell):
    return cell.replace(".", "", 1).isdigit()


def line_of(path, row):
    return row + (1 if path.suffix == ".jsonl" else 2)


@pytest.mark.parametrize("before", [25, LATER])
@pytest.mark.parametrize("cell", [*MARKS, *NO_NUMBERS])
def test_a_cell_that_is_no_number_is_bad_and_the_column_one_of_numbers(table, cell, before):
    path = table(["1.5", "2.5"] * (before // 2) + [cell, "3"])
    row, after = before // 2 * 2, [3.0]

    why = f"{GAP}" if cell.strip() in GAPS else NO_NUMBERS[cell]
    with pytest.raises(ValueError, match=r"line \d+, column 'x'") as caught:
        for _ in opened(path):
            pass
    assert f"line {line_of(path, row)}, column 'x': {cell!r} is not a finite number" in str(caught.value)
    assert why in str(caught.value)

    def xs(**options):
        return [x for x, _, _ in opened(path, **options).pairs()][row:]

    assert xs(missing="zero") == [{"x": 0.0}, {"x": 3.0}]
    assert xs(missing="indicate") == [{"x": 0.0, "x=": 1.0}, {"x": 3.0}]
    assert xs(missing="skip-row") == xs(on_bad="skip") == [{"x": after[0]}]
    notes = [note for chunk in opened(path, on_bad="skip") for note in chunk.bad]
    assert len(notes) == 1
    assert f"column 'x': {cell!r}" in notes[0].reason


@pytest.mark.parametrize("cell", ["\u22121.5", "\u00a0-1.5", "-1.5\u00a0", " -1.5 "])
@pytest.mark.parametrize("before", [20, LATER])
def test_a_number_with_another_minus_or_another_space_is_a_number(table, cell, before):
    path = table(["1.5"] * before + [cell])
    assert [x for x, _, _ in opened(path).pairs()][-1] == {"x": -1.5}


@pytest.mark.parametrize(
    ("cells", "options", "values"),
    [
        (["12%", "7"], {"percent": True}, [0.12, 7]),
        (["$12", "13.5 EUR"], {"currency": True}, [12, 13.5]),
        (["1,234.50", "2,000"], {"thousands": ","}, [1234.5, 2000]),
        (["1 000", "2\u00a0000.5"], {"thousands": " "}, [1000, 2000.5]),
        (["1.234,50", "2"], {"thousands": ".", "decimal": ","}, [1234.5, 2]),
        (["1,5", "2"], {"decimal": ","}, [1.5, 2]),
    ],
)
def test_numbers_in_another_spelling_are_refused_or_read_as_asked(table, cells, options, values):
    path = table(cells * 10)
    if not (path.suffix == ".jsonl" and _is_plain(cells[1])):  # numbers and texts by halves
        with pytest.raises(
            ValueError, match=r"column 'x' holds numbers such as .*: say .* to read them, or name it in"
        ):
            opened(path)
    assert [x["x"] for x, _, _ in opened(path, **options).pairs()] == values * 10
    if path.suffix != ".jsonl":
        names = [[*x] for x, _, _ in opened(path, text_columns=["x"]).pairs()]
        assert names == [[f"x={cell}"] for cell in cells * 10]


def test_units_under_the_header_are_a_bad_row(table):
    path = table(["cm", "1.5", "2.5", "3"])
    with pytest.raises(ValueError, match=rf"line {line_of(path, 0)}, column 'x': 'cm' is not a finite number"):
        list(opened(path))
    assert [x["x"] for x, _, _ in opened(path, on_bad="skip").pairs()] == [1.5, 2.5, 3]


@pytest.mark.parametrize("before", [10, LATER])
@pytest.mark.parametrize("cell", ["1.5", "red"])
def test_the_header_again_is_a_bad_row_and_no_class(tmp_path, before, cell):
    rows = f"{cell},a,{'z' * 1000}\n" * before
    path = tmp_path / "joined.csv"
    path.write_text(f"x,y,z\n{rows}x,y,z\n{rows}")
    with pytest.raises(ValueError, match=rf"line {before + 2}: the header again$"):
        list(open_stream(path, "y"))
    for missing in ("error", "zero", "skip-row"):
        samples = list(open_stream(path, "y", on_bad="skip", missing=missing).pairs())
        assert len(samples) == 2 * before
        assert {y for _, y, _ in samples} == {"a"}


def test_only_the_whole_header_is_the_header_again(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,y\n1,yes\nlambda,yes\n2,no\n3,yes\n")
    with pytest.raises(ValueError, match="line 3, column 'a': 'lambda' is not a finite number"):
        list(open_stream(path, "y"))
    path.write_text("t,y\n" + "lit,yes\nred,no\n" * 50)
    assert len([*open_stream(path, "y", on_bad="skip").pairs()]) == 100
    path.write_text('t,y\n"x,y\nt,y\nz",u\nred,v\n')
    assert [y for _, y, _ in open_stream(path, "y").pairs()] == ["u", "v"]


@pytest.mark.parametrize("header", ["a,b,y", '"a","b","y"', 'a,"b",y'])
@pytest.mark.parametrize("again", ["a,b,y", '"a","b","y"', '"a",b,y', "\ufeffa,b,y"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_header_comes_again_in_whatever_quotes(tmp_path, header, again, end):
    path = tmp_path / "t.csv"
    path.write_text(end.join([header, *['1,2,"p"'] * 50, again, "3,4,q", again]), newline="")
    samples = list(open_stream(path, "y", on_bad="skip", missing="zero").pairs())
    assert [y for _, y, _ in samples] == ["p"] * 50 + ["q"]
    with pytest.raises(ValueError, match=r"line 52: the header again$"):
        list(open_stream(path, "y"))


def test_columns_that_are_to_be_numbers_hold_some(table):
    path = table(["x", "z", "w"])
    with pytest.raises(
        ValueError, match="column 'x' is to be read as numbers, and holds none, but strings such as 'x'"
    ):
        opened(path, number_columns=["x"], missing="zero")
    path = table(["1.5", "z", "w", "v"])
    assert [x["x"] for x, _, _ in opened(path, number_columns=["x"], missing="zero").pairs()] == [1.5, 0, 0, 0]


@pytest.mark.parametrize(
    ("cells", "hint"),
    [
        (["0,123", "0,456"], "say decimal=','"),
        (["1,123", "2,456"], "say thousands=',' or decimal=','"),
        (["1,123", "2,456,789"], "say thousands=','"),
        (["1,123", "2,4"], "say decimal=','"),
    ],
)
def test_the_hint_fits_every_cell(table, cells, hint):
    with pytest.raises(
        ValueError, match=f"column 'x' holds numbers such as '{cells[0]}': {hint} to read them, or name"
    ):
        opened(table(cells * 10))


@pytest.mark.parametrize(
    "cells", [["ABC123", "DEF456"], ["DEC2020", "JAN2021"], ["192.168.100.200", "100.100.100.100"]]
)
def test_codes_are_texts(table, cells):
    assert [*opened(table(cells)).text_columns] == ["x"]


def test_labels_stay_apart_after_the_first_megabyte(tmp_path):
    path = tmp_path / "t.csv"
    for first, later in ((["1.5", "2"], ["10000000000000000001", "10000000000000000002"]), (["1", "2.5"], ["1.0"])):
        labels = first * LATER + later
        path.write_text("x,y,z\n" + "".join(f"1,{label},{'z' * 1000}\n" for label in labels))
        chunks = list(opened(path, on_bad="skip"))
        assert sum(len(chunk.bad) for chunk in chunks) == len(later)
        assert {y for chunk in chunks for y in chunk.rows.labels} == {float(label) for label in first}


def test_labels_of_json_that_no_double_holds_stay_apart(tmp_path):
    path = tmp_path / "t.jsonl"
    labels = ["9007199254740993", "9007199254740992", "1.5"]
    path.write_text("".join(f'{{"x": 1, "y": {label}}}\n' for label in labels))
    assert [y for _, y, _ in open_stream(path, "y").pairs()] == labels


def test_a_truth_value_of_json_may_be_a_number_and_a_code_too(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"x": true, "a": 7, "y": 1}\n{"x": 1, "a": "b", "y": 2}\n{"x": true, "a": -999, "y": 2}\n')
    stream = open_stream(path, "y", text_columns=["a"], missing="zero", na=["-999"])
    assert [x for x, _, _ in stream.pairs()] == [{"x": 1.0, "a=7": 1.0}, {"x": 1.0, "a=b": 1.0}, {"x": 1.0}]
    path.write_text('{"x": 1.5, "y": 1}\n{"x": -999, "y": 2}\n')
    assert [x for x, _, _ in open_stream(path, "y", missing="zero", na=["-999"]).pairs()] == [{"x": 1.5}, {"x": 0.0}]


def test_many_labels_that_do_not_fit_take_no_time(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "1,1\n" * 300_000 + "".join(f"1,u{i}\n" for i in range(30_000)))
    assert sum(len(chunk.bad) for chunk in open_stream(path, "y", on_bad="skip")) == 30_000


def test_a_file_with_gaps_is_as_good_with_marks_as_with_empty_cells(tmp_path):
    rng = np.random.default_rng(5)
    x = rng.normal(size=3000)
    gone = rng.random(3000) < 0.02
    results = []
    for mark in ("", "?", "#DIV/0!"):
        path = tmp_path / "gaps.csv"
        cells = [mark if hole else repr(value) for value, hole in zip(x.tolist(), gone, strict=True)]
        path.write_text(
            "x,y\n" + "".join(f"{cell},{'ab'[int(value > 0)]}\n" for cell, value in zip(cells, x, strict=True))
        )
        results.append(progressive_validation(open_stream(path, "y", missing="zero"), AutoSoftmaxRegression()))
    assert results[0].accuracy > 0.95
    assert len({result.log_loss for result in results}) == 1


@pytest.mark.parametrize("later", [False, True])
def test_a_text_that_marks_a_gap_is_one(table, later):
    path = table(["red"] * (LATER if later else 3) + ["?", "blue"])
    with pytest.raises(ValueError, match=rf"column 'x': '\?' is no string, {GAP}, or not_na=\['\?'\]"):
        list(opened(path))

    def last(**options):
        return [x for x, _, _ in opened(path, **options).pairs()][-2:]

    assert last(missing="zero") == [{}, {"x=blue": 1.0}]
    assert last(missing="indicate") == [{"x=": 1.0}, {"x=blue": 1.0}]
    assert last(not_na=["?"]) == [{"x=?": 1.0}, {"x=blue": 1.0}]
    assert last(na=["blue"], missing="zero") == [{}, {}]


def test_a_number_that_marks_a_gap(table):
    path = table(["1.5", "-999", "2"])
    assert [x["x"] for x, _, _ in opened(path, na=["-999"], missing="zero").pairs()] == [1.5, 0, 2]


def test_a_column_of_gaps_is_one_of_numbers(table):
    path = table(["?", "", "NA"])
    assert [x for x, _, _ in opened(path, missing="zero").pairs()] == [{"x": 0.0}] * 3


@pytest.mark.parametrize("make", [SoftmaxRegression, AutoSoftmaxRegression])
def test_a_model_decides_how_a_column_that_it_knows_is_read(table, make):
    numbers, texts = make(), make()
    progressive_validation(opened(table(["1.5", "2.5"] * 20)), numbers)
    progressive_validation(opened(table(["red", "blue"] * 20)), texts)

    path = table(["1.5", "hello", "?", "world"])
    with pytest.raises(ValueError, match=rf"line {line_of(path, 1)}, column 'x': 'hello' is not a finite number"):
        progressive_validation(path, numbers, target="y")
    stream = opened(path, model=numbers, missing="zero")
    assert [x["x"] for x, _, _ in stream.pairs()] == [1.5, 0, 0, 0]
    with pytest.raises(ValueError, match="column 'x' holds strings such as 'hello', and the model knows it as numbers"):
        progressive_validation(table(["hello", "world"]), numbers, target="y")
    path = table(["1.5", "7"])
    if path.suffix != ".jsonl":
        assert [[*x] for x, _, _ in opened(path, model=texts).pairs()] == [["x=1.5"], ["x=7"]]


@pytest.mark.parametrize(
    ("labels", "read"),
    [
        (["550e8400", "5501e840"], None),
        (["10000000000000000001", "10000000000000000002"], [10**19 + 1, 10**19 + 2]),
        (["07", "7"], None),
        (["1E1", "10"], None),
        (["1", "2"], [1, 2]),
        (["1", "2.5"], [1, 2.5]),
    ],
)
def test_labels_that_are_codes_stay_apart(tmp_path, labels, read):
    for suffix, header, row in (("csv", "x,y\n", "1,{}\n"), ("tsv", "x\ty\n", "1\t{}\n")):
        path = tmp_path / f"t.{suffix}"
        path.write_text(header + "".join(row.format(label) for label in labels * 50))
        assert [y for _, y, _ in open_stream(path, "y").pairs()] == (read or labels) * 50
        assert [y for _, y, _ in open_stream(path, "y", label_type="text").pairs()] == labels * 50
        result = progressive_validation(path, SoftmaxRegression(), target="y")
        assert len(result.classes) == 2


def test_a_later_label_of_another_kind_is_a_bad_row(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y,z\n" + f"1,1,{'z' * 1000}\n" * LATER + "3,07,z\n3,u,z\n4,1,z\n")
    n = LATER
    with pytest.raises(ValueError, match=rf"line {n + 2}, column 'y': '07' is no label like the others, which are int"):
        list(opened(path))
    for missing in ("error", "zero", "skip-row"):
        chunks = list(opened(path, on_bad="skip", missing=missing))
        assert sum(len(chunk.bad) for chunk in chunks) == 2
        assert sum(len(chunk.rows) for chunk in chunks) == n + 1
    labels = {y for chunk in opened(path, label_type="text") for y in chunk.rows.labels}
    assert labels == {"1", "07", "u"}


@pytest.mark.parametrize(
    "texts", [["31/01/2021 10:00"], ["2015/01/01 01:00:00"], ["Jan 1 2000"], ["2021-01-31"] * 19 + ["unknown"]]
)
@pytest.mark.parametrize("later", [False, True])
def test_dates_are_refused_or_read_as_numbers(table, texts, later):
    path = table(texts * 10 + texts[:1] * (LATER if later else 0) + ["soon"])
    with pytest.raises(ValueError, match=r"column 'x' holds dates such as .* say dates='parts' to read them, drop the"):
        opened(path)
    xs = [x for x, _, _ in opened(path, dates="parts", missing="zero").pairs()]
    assert {"x", "x.weekday_sin", "x.month_cos"} <= {*xs[0]}
    assert all(len(x) == len(xs[0]) for x in xs)
    assert xs[-1]["x"] == 0
    assert xs[0]["x"] > 9e8
    with pytest.raises(ValueError, match=r"column 'x': '(soon|unknown)' is no date like those before it"):
        list(opened(path, dates="parts"))
    assert {*next(opened(path, text_columns=["x"]).pairs())[0]} == {f"x={texts[0]}"}


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_what_is_between_the_fields_is_told_by_the_header(tmp_path, sign):
    path = tmp_path / "t.csv"
    path.write_text(f"a{sign}b{sign}y\n" + f"1{sign}2{sign}u\n" * 3)
    expected = [({"a": 1.0, "b": 2.0}, "u", {})] * 3
    assert list(open_stream(path, "y").pairs()) == expected
    assert list(open_stream(path, "y", delimiter=sign).pairs()) == expected
    with pytest.raises(ValueError, match="has no column 'y' to be the target"):
        open_stream(path, "y", delimiter=",")


def test_a_file_without_a_header_has_names_of_its_own(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("1,2,u\n3,4,v\n")
    plain = [({"x1": 1.0, "x2": 2.0}, "u", {}), ({"x1": 3.0, "x2": 4.0}, "v", {})]
    assert list(open_stream(path, "x3", header=False).pairs()) == plain
    named = open_stream(path, "y", names=["a", "b", "y"])
    assert list(named.pairs()) == [({"a": 1.0, "b": 2.0}, "u", {}), ({"a": 3.0, "b": 4.0}, "v", {})]
    with pytest.raises(ValueError, match=r"names has 2 columns, and .* has 3"):
        open_stream(path, "y", names=["a", "y"])


def test_columns_and_labels_are_settled_for_all_files(tmp_path):
    def samples(*contents, **options):
        for i, content in enumerate(contents):
            (tmp_path / f"{i}.csv").write_text(content)
        return [(x, y) for x, y, _ in open_stream(tmp_path, "y", **options).pairs()]

    numbers = "x,y\n1,1\n2,2\n"
    assert samples(numbers, "x,y\n1,1\n2,unknown\n") == [
        ({"x": 1.0}, "1"),
        ({"x": 2.0}, "2"),
        ({"x": 1.0}, "1"),
        ({"x": 2.0}, "unknown"),
    ]
    assert [y for _, y in samples(numbers, "x,y\n1,1\n2,2.5\n")] == [1, 2, 1, 2.5]
    assert [y for _, y in samples(numbers, "x,y\n1,1\n2,07\n")] == ["1", "2", "1", "07"]
    gaps = samples("x,y\n?,1\n", "x,y\nred,1\n", missing="zero")
    assert gaps == [({}, 1), ({"x=red": 1.0}, 1)]
    with pytest.raises(ValueError, match=r"column 'x' is strings in only one of .*0\.csv and .*1\.csv: name it in"):
        samples(numbers, "x,y\nred,1\n")
    texts = samples(numbers, "x,y\nred,1\n", text_columns=["x"])
    assert [*texts[0][0], *texts[2][0]] == ["x=1", "x=red"]


def test_labels_are_as_the_model_has_them(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n1,1\n2,2\n")
    texts, numbers = SoftmaxRegression(), SoftmaxRegression()
    texts.learn_one({"x": 1.0}, "1")
    numbers.learn_one({"x": 1.0}, 1)
    progressive_validation(path, texts, target="y")
    progressive_validation(path, numbers, target="y")
    assert texts.classes == ["1", "2"]
    assert numbers.classes == [1, 2]
    path.write_text("x,y\n1,1\n2,unknown\n")
    with pytest.raises(
        ValueError, match="line 3, column 'y': 'unknown' is no label like the others, which are numbers"
    ):
        progressive_validation(path, numbers, target="y")


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("a,y\n1,p\n", {"text_columns": "a"}, "text_columns is a list of columns, not 'a'"),
        ("a,y\n1,p\n", {"number_columns": "a"}, "number_columns is a list of columns, not 'a'"),
        ("a,y\n1,p\n", {"na": "x"}, "na is a list of texts, not 'x'"),
        ("a,y\n1,p\n", {"text_columns": ["a"], "number_columns": ["a"]}, "cannot be read as text and as number"),
        ("a,y\n1,p\n", {"features": ["a"], "drop": ["a"]}, "column 'a' .* cannot be a feature and dropped"),
        ("a,y\n1,p\n", {"header": "no"}, "header is True or False, not 'no'"),
        ("a,y\n1,p\n", {"names": ["a", "y"]}, "begins with a header, and names are for files without: leave them out"),
        ("a,y\n1,p\n", {"date_format": "%d"}, "date_format='%d' goes with dates='parts'"),
        ("a,y\n1,p\n", {"date_format": "%Q", "dates": "parts"}, "date_format='%Q' is no format of dates"),
        (
            "a,y\n01/02/03,p\n",
            {"date_format": "%d/%m/%Y", "dates": "parts"},
            "no column holds dates as date_format='%d/%m/%Y'",
        ),
        ("a=,a,y\n7,,p\n", {"missing": "indicate"}, "column 'a=' .* is called like the gaps of column 'a'; rename one"),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path, content, options, message):
    path = tmp_path / "t.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        open_stream(path, "y", **options)


def test_whole_numbers_are_dates_where_that_is_asked_for(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("when,a,y\n20200131,7,p\n20200201,8,q\n")
    stream = open_stream(path, "y", dates="parts", date_format="%Y%m%d")
    assert stream.kinds == {"when": "date", "a": "number"}
    assert [x["when"] for x, _, _ in stream.pairs()] == [1580428800.0, 1580515200.0]


@pytest.mark.parametrize("text", ["10.0.0.{}", "10:{} AM", "2021-02-{}0", "[10/Oct/2000:13:55:{} -0700]", "v1.2.{}"])
def test_what_is_like_a_date_and_none_is_looked_at_quickly(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{text.format(i)},p\n" for i in range(10, 60)) * 40)
    with cProfile.Profile() as profile:
        assert open_stream(path, "y").kinds == {"x": "text"}
    assert sum(entry.callcount for entry in profile.getstats()) < 200_000


@pytest.mark.parametrize("label", ["Infinity", "NaN"])
@pytest.mark.parametrize("other", ['"u"', "1", "true"])
def test_a_label_of_json_that_is_not_finite_is_none(tmp_path, label, other):
    path = tmp_path / "t.jsonl"
    path.write_text("".join(f'{{"x": 1, "y": {one}}}\n' for one in (other, label, other)))
    stream = open_stream(path, "y", on_bad="skip")
    assert [chunk.rows.labels for chunk in stream] == [[json.loads(other)]]


def test_a_run_over_bad_rows_of_an_open_stream_resumes(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "1,p\n2,q\nfoo,p\n" * 50)
    keep = {"checkpoint": tmp_path / "run", "every": 20}

    def run(**options):
        stream = open_stream(path, "y", on_bad="skip", number_columns=["x"])
        return progressive_validation(stream, SoftmaxRegression(), **keep, **options)

    first, again = run(), run(resume=True)
    assert again.n_bad == first.n_bad == 50
    assert again.log_loss == first.log_loss


def test_a_hint_keeps_to_what_was_asked_for(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x;y\n" + "1,5;p\n2,5;q\n" * 20 + "1.500;p\n")
    with pytest.raises(ValueError, match=r"'1\.500' is not a finite number: say thousands='\.'"):
        list(open_stream(path, "y", decimal=","))


def test_a_code_does_not_join_a_number_that_a_model_knows(tmp_path):
    path = tmp_path / "t.csv"
    model = SoftmaxRegression()
    for label in (7, 8):
        model.learn_one({"x": 1.0}, label)
    path.write_text("x,y\n1,07\n1,7\n1,8\n")
    with pytest.raises(ValueError, match="line 2, column 'y': '07' is no label like the others, which are integers"):
        progressive_validation(path, model, target="y")
    assert model.classes == [7, 8]


@pytest.mark.parametrize("nothing", ["", "x,y\n", "\n\n"])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_file_without_rows_is_passed_over_among_others(tmp_path, nothing, at):
    for i, text in enumerate(["x,y\n1,p\n", "x,y\n2,q\n"]):
        (tmp_path / f"{2 * i}.csv").write_text(text)
    (tmp_path / f"{2 * at - 1 if at else '!'}.csv").write_text(nothing)
    assert [y for _, y, _ in open_stream(tmp_path, "y").pairs()] == ["p", "q"]
    (tmp_path / "0.csv").unlink()
    (tmp_path / "2.csv").unlink()
    with pytest.raises(ValueError, match=r"is empty|no rows"):
        open_stream(tmp_path, "y")


def test_labels_of_json_stay_apart_after_the_first_megabyte_too(tmp_path):
    path = tmp_path / "t.jsonl"
    labels = ["1.5", "1", *["1.5"] * LATER, "9007199254740993", "9007199254740992", "1.0", "1"]
    rows = [f'{{"x": 1, "y": {label}, "z": "{"z" * 1000}"}}' for label in labels]
    path.write_text("\n".join(rows))
    chunks = list(opened(path, on_bad="skip"))
    notes = [note.reason for chunk in chunks for note in chunk.bad]
    assert len(notes) == 1
    assert "'9007199254740993' is no label like the others" in notes[0]
    assert {y for chunk in chunks for y in chunk.rows.labels} == {1.5, 1.0, 9007199254740992.0}


def test_json_lines_of_files_that_were_put_one_behind_another(tmp_path):
    lines = [json.dumps({"a": i, "y": "uv"[i % 2]}).encode() for i in range(6)]
    mark, path = b"\xef\xbb\xbf", tmp_path / "both.jsonl"
    path.write_bytes(b"\n".join([mark + lines[0], *lines[1:3], mark + lines[3], *lines[4:], mark + b"oops"]))
    for options in ({}, {"block_bytes": 30}):
        stream = JsonStream(path, "y", on_bad="skip", **options)
        assert [(x["a"], y) for x, y, _ in stream.pairs()] == [(float(i), "uv"[i % 2]) for i in range(6)]
        assert [note.reason for chunk in stream for note in chunk.bad] == [
            f"{path}, line 7: no JSON (Expecting value: line 1 column 1 (char 0))"
        ]
