"""ARFF files are read as SciPy reads them, with quotes and gaps."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.io.arff
from hypothesis import given
from hypothesis import strategies as st

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


def arff(frame):
    head = ["% made here", "@RELATION table", ""]
    for name in frame:
        kind = frame[name].dtype
        values = "{" + ",".join(sorted(set(map(str, frame[name])))) + "}"
        head.append(f"@ATTRIBUTE {name} {'NUMERIC' if kind.kind in 'if' else values}")
    rows = [
        ", ".join("?" if v != v else repr(v) if isinstance(v, float) else str(v) for v in row) for row in frame.values
    ]
    return "\n".join([*head, "@DATA", *rows]) + "\n"


def test_arff_is_what_scipy_reads(tmp_path):
    frame = NUMBERS.astype({"flag": str})
    path = tmp_path / "t.arff"
    path.write_text(arff(frame))
    data, _ = scipy.io.arff.loadarff(path)

    for (x, y, _), row in zip(open_stream(path, "y", weight="w").pairs(), data, strict=True):
        word, flag = row["word"].decode(), row["flag"].decode()
        assert (x, y) == ({"a": row["a"], "b": row["b"], f"word={word}": 1, f"flag={flag}": 1}, row["y"].decode())


def test_arff_quotes_and_gaps(tmp_path):
    path = tmp_path / "t.arff"
    path.write_text(
        "@relation 'a b'\n@attribute 'the size' real\n@attribute c string\n@attribute y {1,2}\n@data\n"
        "% nothing\n1.5,'a, \\'b\\'',1\n?,\"x\",2\n"
    )

    first = next(open_stream(path, "y", missing="skip-row").pairs())
    assert first == ({"the size": 1.5, "c=a, 'b'": 1.0}, "1", {})
    with pytest.raises(ValueError, match=r"t\.arff, line 8, column 'the size': '\?' is not a finite number, but a gap"):
        list(open_stream(path, "y"))


HEAD = "@relation r\n@attribute x real\n@attribute c {red,green}\n@attribute y {yes,no}\n@data\n"


@pytest.fixture
def write(tmp_path):
    def write(content, name="t.arff"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def samples(path, target="y", **options):
    return list(open_stream(path, target, **options).pairs())


def refusal(path, target="y", **options):
    """Give the sentence that refuses a file, on opening or on reading."""
    with pytest.raises(ValueError, match=re.escape(str(path))) as error:
        samples(path, target, **options)
    (line,) = str(error.value).splitlines()
    return line.removeprefix(str(path))


ONE = [({"x": 1.0, "c=red": 1.0}, "yes", {})]


@pytest.mark.parametrize(
    "row",
    [
        "1,red,yes",
        " 1 ,\tred , yes ",
        "1,red,yes,",
        "1,red,yes % checked by hand",
        "1,red,yes,% checked, by 'hand",
        "1,'red',\"yes\" % it's checked",
        "1 red yes",
        "1\tred\tyes",
        "1 red yes,",
        "1  'red'\tyes % checked",
        "{0 1, 2 yes}",
        "{0 1, 2 'yes'}, % checked",
        "{0 1}",
        "1,red,yes,{1}",
    ],
)
def test_a_row_is_read_as_people_write_it(row, write):
    assert samples(write(HEAD + row + "\n")) == ONE
    assert samples(write(HEAD.rstrip("\n") + " " + row + "\n")) == ONE
    assert samples(write(HEAD.replace("@data", "@DATA % rows") + row + "\n")) == ONE


def test_a_percent_sign_within_a_field_is_no_comment(write):
    head = "@relation r\n@attribute '% of it' string\n@attribute y {<50%,'100 % sure',\"it's\"} % the label\n@data\n"

    assert samples(write(head + "50%,<50%\n'5 % or so','100 % sure'\n%no row\n\"a,%b\",\"it's\" % 'x\n")) == [
        ({"% of it=50%": 1.0}, "<50%", {}),
        ({"% of it=5 % or so": 1.0}, "100 % sure", {}),
        ({"% of it=a,%b": 1.0}, "it's", {}),
    ]


@pytest.mark.parametrize("n", [0, 10_000])
def test_a_value_that_is_not_declared_is_a_bad_row(n, write, capsys):
    from online_softmax import cli

    path = write(HEAD + "1,red,yes\n" * n + "1,red,Yes\n2,blue,no\n3,green,no\n")
    line = n + 6
    declared = "is not among the values that the header declares"

    assert refusal(path) == f", line {line}, column 'y': 'Yes' {declared}: 'yes', 'no'"
    for missing in ("error", "zero", "indicate", "skip-row"):
        stream = open_stream(path, "y", on_bad="skip", missing=missing)
        notes = [note.reason for chunk in stream for note in chunk.bad]
        assert [note.split(": ", 1)[0][-10:] for note in notes] == ["column 'y'", "column 'c'"]
        assert [x["x"] for x, _, _ in samples(path, on_bad="skip", missing=missing)] == [1.0] * n + [3.0]
    assert cli.run("evaluate", str(path), "--target", "y", "--model", "SGD") == 2
    assert f"line {line}, column 'y': 'Yes' {declared}" in capsys.readouterr().err
    assert samples(path, drop=["c"], on_bad="skip")[n:] == [({"x": 2.0}, "no", {}), ({"x": 3.0}, "no", {})]
    (note,) = [n for c in open_stream(path, "y", labelled=False, on_bad="skip") for n in c.bad]
    assert f"line {line + 1}, column 'c': 'blue'" in note.reason


def test_a_declared_or_quoted_value_is_no_gap(write):
    head = "@relation r\n@attribute c {none,-,yes}\n@attribute s string\n@attribute y {NA,'?'}\n@data\n"

    assert samples(write(head + "none,'NA',NA\n-,'?','?'\n")) == [
        ({"c=none": 1.0, "s=NA": 1.0}, "NA", {}),
        ({"c=-": 1.0, "s=?": 1.0}, "?", {}),
    ]
    path = write(head + "none,a,NA\nNA,-,NA\nyes,b,?\n")
    assert refusal(path).startswith(", line 7, column 'c': 'NA' is no string, but a gap: say missing='zero', ")
    assert refusal(path, missing="zero") == (
        ", line 8, column 'y': '?' is no label, but a gap: say missing='skip-row', or not_na=['?']"
    )
    assert samples(path, missing="skip-row") == [({"c=none": 1.0, "s=a": 1.0}, "NA", {})]
    assert samples(path, missing="zero", on_bad="skip")[1] == ({}, "NA", {})
    assert samples(path, missing="indicate", on_bad="skip")[1] == ({"c=": 1.0, "s=": 1.0}, "NA", {})


GAPS = ["?", "", "-", "NA", "None", "N.A.", "#DIV/0!", "\\N", "nan", "missing"]


@pytest.mark.parametrize(("gap", "n"), [*((gap, 0) for gap in GAPS), ("NA", 10_000)])
def test_gaps_and_bad_cells_of_numbers_follow_missing(gap, n, write):
    path = write(HEAD + "1,red,yes\n" * n + f"{gap},red,yes\n12%,red,yes\n4,red,yes\n")
    options = {"na": ["missing"]}

    assert refusal(path, **options).startswith(
        f", line {n + 6}, column 'x': {gap!r} is not a finite number, but a gap: "
    )
    assert [x["x"] for x, _, _ in samples(path, missing="zero", **options)[n:]] == [0, 0, 4]
    assert [x["x"] for x, _, _ in samples(path, missing="skip-row", **options)[n:]] == [4]
    assert [x.get("x=") for x, _, _ in samples(path, missing="indicate", **options)[n:]] == [1, 1, None]
    reasons = [note.reason for chunk in open_stream(path, "y", on_bad="skip", **options) for note in chunk.bad]
    assert reasons[1].endswith(f"line {n + 7}, column 'x': '12%' is not a finite number: say percent=True")
    assert [x["x"] for x, _, _ in samples(path, missing="zero", percent=True, **options)[n:]] == [0, 0.12, 4]


def test_numbers_are_spelled_as_asked(write):
    path = write(HEAD + "'1.234,5 €',red,yes\n'-7',red,no\n")

    assert refusal(path).endswith(
        "'1.234,5 €'\" is not a finite number: say decimal=',' and thousands='.' and currency=True"
    )
    found = samples(path, decimal=",", thousands=".", currency=True)
    assert [x["x"] for x, _, _ in found] == [1234.5, -7]
    assert [x["x"] for x, _, _ in samples(write(HEAD + "\u22122,red,yes\n"))] == [-2]
    for text, hint in (("1_000", "thousands='_'"), ("\u0661", "missing=")):
        assert f"is not a finite number: say {hint}" in refusal(write(HEAD + f"{text},red,yes\n"))


def test_weights_of_the_rows(write):
    path = write(HEAD + "1,red,yes,{5}\n2 red no {0.5}\n{0 3, 1 green}, {0}\n4,red,no\n5,red,no, {6},\n")

    assert [(x["x"], w.get("w")) for x, _, w in samples(path)] == [(1, 5), (2, 0.5), (3, 0), (4, 1), (5, 6)]
    for weight in ("-1", "inf", "?", "x", ""):
        found = refusal(write(HEAD + f"1,red,yes,{{{weight}}}\n"))
        assert found == f", line 6: {weight!r} is no weight, a finite number that is at least 0"
    path = write(HEAD.replace("c {red,green}", "w real") + "1,2,yes\n1,2,yes,{5}\n")
    assert samples(path, drop=["w"])[1][2] == {"w": 5.0}
    assert refusal(path, weight="w") == ", line 7: a weight of its own, {5}, where column 'w' holds the weights"
    assert "weights are numbers, and it is nominal" in refusal(write(HEAD + "1,red,yes\n"), weight="c")


DATED = "@relation r\n@attribute t {type}\n@attribute y {{u,v}}\n@data\n"


@pytest.mark.parametrize(
    ("kind", "cell", "options"),
    [
        ("date", "2021-01-31T10:00:00", {}),
        ("date 'yyyy-MM-dd HH:mm'", "'2021-01-31 10:00'", {}),
        ("DATE \"dd.MM.yyyy 'at' H\" % a day", "31.01.2021 at 10", {}),
        ("date 'MM.dd.yyyy HH'", "31/01/2021 10", {"date_format": "%d/%m/%Y %H"}),
        ("string", "31/01/2021 10:00", {}),
        ("string", "'Jan 31, 2021 10:00'", {}),
        ("string", "2021-01-31 10:00", {}),
    ],
)
def test_dates_are_refused_or_read(kind, cell, options, write):
    path = write(DATED.format(type=kind) + f"{cell},u\n" * 600 + "?,v\noops,v\n")
    when = 1612087200.0

    found = refusal(path)
    assert found.startswith(", column 't' holds dates")
    assert "no features: say dates='parts' to read them, drop the column" in found
    assert samples(path, drop=["t"])[0] == ({}, "u", {})
    found = samples(path, dates="parts", missing="zero", **options)
    x = found[0][0]
    assert [*x][:3] == ["t", "t.hour_sin", "t.hour_cos"]
    assert (x["t"], round(x["t.hour_sin"], 9), round(x["t.weekday_cos"], 9)) == (
        when,
        0.5,
        round(np.cos(12 * np.pi / 7), 9),
    )
    assert set(found[600][0].values()) == set(found[601][0].values()) == {0}
    assert ", line 605, column 't': '?' is no date like those before it" in refusal(path, dates="parts", **options)
    assert samples(path, dates="parts", missing="indicate", **options)[601][0]["t="] == 1
    assert len(samples(path, dates="parts", missing="skip-row", **options)) == 600


def test_dates_that_could_be_two_or_are_not_known_are_refused(write):
    path = write(DATED.format(type="string") + "01/02/2021,u\n" * 3)
    assert refusal(path, dates="parts").endswith("the day or the month first: say date_format='%d/%m/%Y' or '%m/%d/%Y'")
    assert samples(path, dates="parts", date_format="%d/%m/%Y")[0][0]["t"] == 1612137600
    assert samples(path, text_columns=["t"])[0] == ({"t=01/02/2021": 1.0}, "u", {})
    path = write(DATED.format(type="date 'w yyyy'") + "5 2021,u\n")
    assert "whose 'w' is not known here: say date_format" in refusal(path, dates="parts")


def test_columns_are_read_as_asked(write):
    head = "@relation r\n@attribute a {1,2}\n@attribute b real\n@attribute y {u,v}\n@data\n"
    path = write(head + "1,3,u\n{2 v}\n")

    found = samples(path, number_columns=["a"], text_columns=["b"])
    assert found == [({"a": 1.0, "b=3": 1.0}, "u", {}), ({"a": 1.0, "b=0": 1.0}, "v", {})]


@pytest.mark.parametrize(
    ("kind", "cells", "labels"),
    [
        ("numeric", ["1", "2.5", "1E1", "10"], {"auto": [1, 2.5, 10, 10], "text": ["1", "2.5", "1E1", "10"]}),
        (
            "integer",
            ["10000000000000000001", "10000000000000000002"],
            {"auto": [10**19 + 1, 10**19 + 2], "number": [10**19 + 1, 10**19 + 2]},
        ),
        ("{07,7}", ["07", "7"], {"auto": ["07", "7"], "text": ["07", "7"], "number": [7, 7]}),
        ("string", ["1", "2"], {"auto": ["1", "2"], "number": [1, 2]}),
    ],
)
def test_labels_are_of_the_type_that_is_asked_for(kind, cells, labels, write):
    path = write(f"@relation r\n@attribute x real\n@attribute y {kind}\n@data\n" + "".join(f"1,{c}\n" for c in cells))

    for label_type, expected in labels.items():
        stream = open_stream(path, "y", label_type=label_type)
        assert [y for _, y, _ in stream.pairs()] == expected
        assert stream.label_kind == ("text" if isinstance(expected[0], str) else stream.label_kind)
        assert stream.label_kind != "text" or isinstance(expected[0], str)


@pytest.mark.parametrize("cell", ["inf", "x", "1e999", "'?'"])
def test_a_label_that_is_no_number_is_a_bad_row(cell, write):
    path = write(f"@relation r\n@attribute x real\n@attribute y real\n@data\n1,{cell}\n2,5\n")

    assert refusal(path, missing="zero") == f", line 5, column 'y': {cell!r} is no label: attribute 'y' is real"
    assert samples(path, on_bad="skip") == [({"x": 2.0}, 5, {})]


@pytest.mark.parametrize(
    ("line", "is_fine"),
    [
        ("@attribute c {a,b} {0.5} % weighs half", True),
        ("@attribute c{a b}", True),
        ("@attribute c { 'a' , \"b\" , }", True),
        ("@attribute c numeric [0,100]", True),
        ("@attribute c {a,b} }", False),
        ("@attribute c {a,'b", False),
        ("@attribute c relational", False),
    ],
)
def test_attributes(line, is_fine, write):
    path = write(f"@relation r\n{line}\n@attribute y {{u,v}}\n@data\n{1 if 'numeric' in line else 'a'},u\n")

    if is_fine:
        assert samples(path)[0][1] == "u"
    else:
        assert refusal(path) == f", line 2: {line!r} is no attribute that can be read"


def test_bad_first_rows_beside_strings(write):
    path = write("@relation r\n@attribute s string\n@attribute y {u,v}\n@data\na\nb,u,v,u\n'c,u\nd,v\n")

    assert samples(path, on_bad="skip") == [({"s=d": 1.0}, "v", {})]
    assert refusal(path) == ", line 5: 1 field where there are 2 attributes"


def test_strings_from_standard_input(write):
    head = "@relation r\n@attribute s string\n@attribute y {u,v}\n@data "
    path = write(b"\xef\xbb\xbf" + head.encode() + b"a,u\nb,v\n" * 1000)
    command = [sys.executable, "-m", "online_softmax", "evaluate", "-", "--format", "arff", "--target", "y"]
    done = subprocess.run([*command, "--model", "SGD"], input=path.read_bytes(), capture_output=True, check=True)
    assert b"2,000 rows" in done.stdout


texts = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cs"], exclude_characters="\0\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
    ),
    max_size=6,
) | st.sampled_from(
    ["?", "", "NA", "-", "50%", "% a", "a,b", "{5}", "it's", 'say "no"', "\\", "a\\'b", " x ", "{", "}"]
)
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**9), 10**9).map(float)
rows = st.lists(st.tuples(numbers | st.none(), texts | st.none(), st.integers(0, 2)), min_size=1, max_size=12)


def quoted(text):
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return "'" + escaped.replace("\t", "\\t") + "'"


@given(
    rows, st.lists(texts, min_size=3, max_size=3, unique=True), st.sampled_from(["dense", "blank", "sparse"]), st.data()
)
def test_a_table_comes_back_as_it_was_written(tmp_path_factory, rows, labels, way, data):
    lines = []
    for number, text, label in rows:
        cells = ["?" if number is None else repr(number), "?" if text is None else quoted(text), quoted(labels[label])]
        if way == "sparse":
            row = "{" + ", ".join(f"{i} {cell}" for i, cell in enumerate(cells)) + "}"
        else:
            row = ("," if way == "dense" else " ").join(cells)
        lines.append(row + data.draw(st.sampled_from(["", ",", " % a 'comment, {5}", ", {1}"])))
    values = ",".join(map(quoted, labels))
    path = tmp_path_factory.mktemp("arff") / "t.arff"
    head = f"@relation r\n@attribute n real\n@attribute s string\n@attribute y {{{values}}}\n@data\n"
    path.write_text(head + "\n".join(lines) + "\n", newline="\n")

    expected = []
    for number, text, label in rows:
        x = {"n": number or 0.0} | ({} if text is None else {f"s={text}": 1.0})
        expected.append((x, labels[label]))
    found = samples(path, missing="zero", text_columns=["s"])
    assert [(x, y) for x, y, _ in found] == expected
    assert all(w in ({}, {"w": 1.0}) for _, _, w in found)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("@relation r\n@attribute y {u, v}\n", "has no line @data, as an ARFF file does"),
        ("@relation r\n@attribute y {u, v}\n@attribute b what\n@data\n", "line 3: '@attribute b what' is no attribute"),
    ],
)
def test_a_head_that_is_no_head_is_refused(head, said, tmp_path):
    path = tmp_path / "t.arff"
    path.write_text(head)
    with pytest.raises(ValueError, match=said):
        list(open_stream(path, "y"))
