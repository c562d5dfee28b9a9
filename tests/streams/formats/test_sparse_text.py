"""svmlight and Vowpal Wabbit text become the rows they spell, or one sentence that says where they do not."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

from online_softmax.streams import TextStream, open_stream
from online_softmax.streams._parsing.text import Tokenizer


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "file.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def vw(text, label=int):
    chunk, _, _, reason = Tokenizer("vw", label=label).read(text.encode())
    assert not reason
    return list(chunk.pairs())


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**30), 10**30), st.integers(0, 30))
def test_every_number_is_the_nearest_double(number, digits):
    texts = [repr(number), f"{number:.{digits}e}", f"{float(number):.{digits}f}"]
    text = "".join(f"1 1:{each}\n" for each in texts)

    chunk, _, _, reason = Tokenizer("svmlight").read(text.encode())
    assert not reason
    assert chunk.rows.values.ravel().tolist() == [float(each) for each in texts]


def test_halves_between_doubles_go_to_the_even_one():
    texts = ["9007199254740993", "9007199254740995", "1.00000000000000011102230246251565404", "4503599627370496.5"]
    rows = Tokenizer("svmlight").read("".join(f"1 1:{text}\n" for text in texts).encode())[0].rows

    assert rows.values.ravel().tolist() == [float(text) for text in texts]


@given(st.integers(0, 2**32 - 1), st.integers(20, 3000))
def test_svmlight_is_what_scikit_learn_reads(tmp_path_factory, seed, size):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(30, 12)) * (rng.random((30, 12)) < 0.4)
    path = tmp_path_factory.mktemp("svm") / "file.svm"
    dump_svmlight_file(X, rng.integers(-2, 3, 30), str(path), zero_based=False, comment="made here")
    expected, labels = load_svmlight_file(str(path), n_features=12, zero_based=False)

    found = [(x, y) for x, y, _ in TextStream(path, block_bytes=size).pairs()]
    assert [y for _, y in found] == labels.tolist()
    for (x, _), row in zip(found, expected, strict=True):
        assert x == {int(j) + 1: v for j, v in zip(row.indices, row.data, strict=True)}


def test_rows_of_the_same_features_are_shared():
    assert Tokenizer("svmlight").read(b"1 1:2 3:4\n2 1:5 3:6\n")[0].rows.starts is None
    assert Tokenizer("svmlight").read(b"1 1:2 3:4\n2 3:5 1:6\n")[0].rows.starts is not None


def test_vw_namespaces_words_weights_and_tags():
    assert vw("1 | a b:2\n") == [({"a": 1.0, "b": 2.0}, 1, {})]
    assert vw("red 0.5 'tag|n:3 a b:2 |m a |\tc\n2 |n a", str) == [
        ({"n^a": 3.0, "n^b": 6.0, "m^a": 1.0, "c": 1.0}, "red", {"w": 0.5}),
        ({"n^a": 1.0}, "2", {"w": 1.0}),
    ]
    assert vw("1 tag|a x:red\n1 'tag |a x:red\n") == [({"a^x=red": 1.0}, 1, {})] * 2


def test_vw_counts_what_is_there_twice():
    assert vw("1 | the cat the:0.5 the\n") == [({"the": 2.5, "cat": 1.0}, 1, {})]


def test_labels_that_spell_numbers_are_numbers():
    rows = Tokenizer("svmlight").read(b"1 1:1\n+1 1:1\n1.0 1:1\n-1 1:1\n2.5 1:1\n")[0].rows

    assert [rows.y(i) for i in range(5)] == [1, 1, 1, -1, 2.5]
    assert len(rows.labels) == 3


words = st.text(st.characters(codec="utf-8", exclude_characters=" \t\r\n|:\0"), min_size=1, max_size=12)
samples = st.lists(
    st.tuples(st.integers(0, 9), st.dictionaries(words, st.floats(-1e300, 1e300), max_size=70)), min_size=1, max_size=20
)


@given(samples, st.integers(1, 500))
def test_vw_round_trip(tmp_path_factory, samples, size):
    path = tmp_path_factory.mktemp("vw") / "file.vw"
    lines = [f"{y} | {' '.join(f'{name}:{value!r}' for name, value in x.items())}\n" for y, x in samples]
    path.write_text("".join(lines), newline="\n")

    stream = TextStream(path, "vw", block_bytes=size)
    assert [(y, x) for x, y, _ in stream.pairs()] == samples


def test_many_names_survive_the_growth_of_the_vocabulary():
    lines = [f"{i % 3} |{'n' * (i % 5)} feature_number_{i} {i} x{i % 7}:{i}" for i in range(5000)]

    tokenizer = Tokenizer("vw", label=int)
    for _ in range(2):
        found = list(tokenizer.read("\n".join(lines).encode())[0].pairs())
        for i, (x, y, _) in enumerate(found):
            space = "n" * (i % 5) + "^" if i % 5 else ""
            assert (x, y) == ({f"{space}feature_number_{i}": 1, f"{space}{i}": 1, f"{space}x{i % 7}": i}, i % 3)


def test_blank_lines_comments_and_queries_are_nothing():
    text = b"\n  \n# all\n1 qid:7 1:2 # 2:3\r\n\t2\t01:4\n"

    assert list(Tokenizer("svmlight").read(text)[0].pairs()) == [({1: 2.0}, 1, {}), ({1: 4.0}, 2, {})]


@pytest.mark.parametrize("value", ["nan", "inf", "-Infinity", "1e999", ""])
def test_missing_values_follow_the_policy(write, value):
    path = write(f"1 1:1\n2 1:{value} 2:3\n3 2:1\n")

    with pytest.raises(ValueError, match=r"file\.txt, line 2: the value in '1:.*' is not a finite number"):
        list(TextStream(path))
    (zero,) = TextStream(path, missing="zero")
    (skip,) = TextStream(path, missing="skip-row")
    assert (zero.rows.x(1), zero.mended.tolist()) == ({1: 0.0, 2: 3.0}, [1])
    assert ([y for _, y, _ in skip.pairs()], skip.left_out.tolist()) == ([1, 3], [1])


FLAWS = [
    ("svmlight", "1,2 1:3", "'1,2' is no label of one class: neither cost-sensitive nor multi-label text is supported"),
    ("svmlight", "x 1:3", "'x' is no label"),
    ("svmlight", "1:3", "the label is missing"),
    ("svmlight", "1 a:3", "'a:3' is not index:value"),
    ("svmlight", "1 -1:3", "'-1:3' is not index:value"),
    ("svmlight", "1 3", "'3' has an index and no value"),
    ("svmlight", "1 3:x", "the value in '3:x' is not a number"),
    ("svmlight", "1 3:0x1p3", "the value in '3:0x1p3' is not a number"),
    ("svmlight", "1 3:1 3:2", "feature '3:1' is there twice".replace("3:1", "3")),
    ("svmlight", "1 3:1\0", "it holds a NUL byte"),
    ("vw", "1 a b", "there is no | before the features"),
    ("vw", "| a", "the label is missing"),
    ("vw", "1 1 0.5 | a", "'0.5' follows label and importance: an initial prediction is not supported"),
    ("vw", "1:0.5 2:1 | a", "'1:0.5' is no label of one class"),
    ("vw", "1 -2 | a", "'-2' is no importance weight: a finite number, 0 or more"),
    ("vw", "1 | :3", "':3' has a value and no name: nameless features are not supported"),
    ("vw", "1 | a:1.2.3", "the value in 'a:1.2.3' is not a number"),
    ("vw", "1 |n:x a", "the value in 'n:x' is not a number"),
    ("vw", b"1 | a \xff", r"'\\xff' is not UTF-8 text"),
    ("vw", "1 | a\0b", "it holds a NUL byte"),
]


@pytest.mark.parametrize("size", [64, 1 << 23])
@pytest.mark.parametrize(("format", "bad", "reason"), FLAWS)
def test_flawed_line_is_named_and_comes_after_the_rows_before_it(write, format, bad, reason, size):
    good = {"svmlight": "1 1:2 2:3\n", "vw": "1 | a:2 b\n"}[format].encode()
    path = write(good * 20 + (bad if isinstance(bad, bytes) else bad.encode()) + b"\n" + good)
    n = 0

    with pytest.raises(ValueError, match=f"file.txt, line 21: {re.escape(reason)}"):  # noqa: PT012
        for rows in TextStream(path, format, block_bytes=size):
            n += len(rows)
    assert n == 20


@given(st.binary(max_size=200), st.sampled_from(["svmlight", "vw"]), st.sampled_from(["error", "zero", "skip-row"]))
def test_any_bytes_are_rows_or_a_reason(data, format, missing):
    chunk, stop, lines, reason = Tokenizer(format, missing).read(data)
    rows = chunk.rows

    assert reason or stop == len(data)
    assert lines == data[:stop].count(b"\n") + (
        stop == len(data) and not reason and not data.endswith(b"\n") and data != b""
    )
    assert np.isfinite(rows.values).all()
    assert all(len(rows.x(i)) == len(rows.x(i)) for i in range(len(rows)))


CODES = [
    (["1", "2", "-3", "10000000000000000001", "10000000000000000002"], "int"),
    (["1", "2.5", "-0.25", "1e+300"], "float"),
    (["true", "false"], "bool"),
    (["07", "7"], "text"),
    (["1E1", "10"], "text"),
    (["550e8400", "5501e840"], "text"),
    (["10000000000000000001.0", "10000000000000000002.0"], "text"),
    (["1", "1.0"], "text"),
    (["red", "7"], "text"),
    (["+1", "-1"], "text"),
]


@pytest.mark.parametrize(("codes", "kind"), CODES)
def test_labels_become_numbers_only_if_each_survives(write, codes, kind):
    path = write("".join(f"{code} | a\n" for code in codes * 2))
    make = {"int": int, "float": float, "bool": "true".__eq__, "text": str}[kind]

    for options in ({}, {"missing": "skip-row"}, {"on_bad": "skip"}):
        stream = TextStream(path, "vw", **options)
        labels = [y for _, y, _ in stream.pairs()]
        assert stream.label_kind == kind
        assert labels == [make(code) for code in codes] * 2
        assert {type(label) for label in labels} == {type(make(codes[0]))}
    assert [y for _, y, _ in open_stream(path, format="vw", label_type="text").pairs()] == codes * 2
    assert [y for _, y, _ in open_stream(path, format="vw", labelled=False).pairs()] == [None] * len(codes) * 2


@pytest.mark.parametrize("n", [100_000, 1_500_000])
@pytest.mark.parametrize(
    ("first", "kind", "later"), [("1", "integers", "07"), ("1", "integers", "x"), ("1.5", "numbers", "1.50")]
)
def test_a_later_label_of_another_kind_is_a_bad_line(write, first, kind, later, n, capsys):
    from online_softmax import cli

    path = write(f"{first} | a\n" * n + f"\n{later} | a\n{first} | b\n{later} | c\n")
    line = path.read_bytes().count(b"\n") - 2
    said = f"{path}, line {line}: {later!r} is no label like the others, which are {kind}"

    with pytest.raises(ValueError, match=f"^{re.escape(said)}; label_type='text' reads all as texts$"):
        list(TextStream(path, "vw"))
    chunks = list(TextStream(path, "vw", on_bad="skip"))
    assert [note.reason.split(": ")[0] for chunk in chunks for note in chunk.bad] == [
        f"{path}, line {line}",
        f"{path}, line {line + 2}",
    ]
    assert {y for chunk in chunks for y in chunk.rows.labels} == {float(first)}
    assert {y for chunk in TextStream(path, "vw", label_type="text") for y in chunk.rows.labels} == {first, later}
    assert cli.run("evaluate", str(path), "--format", "vw", "--model", "SGD") == 2
    assert f"line {line}: {later!r} is no label like the others" in capsys.readouterr().err


def test_numbers_are_asked_of_labels(write):
    path = write("07 | a\n7 | a\n1E1 | a\nred | b\n")

    assert [y for _, y, _ in TextStream(path, "vw", label_type="number", on_bad="skip").pairs()] == [7, 7, 10]
    with pytest.raises(
        ValueError, match="line 4: 'red' is no label like the others, which are numbers; label_type='text'"
    ):
        list(TextStream(path, "vw", label_type="number"))


def test_labels_of_svmlight_are_numbers_unless_text_is_asked_for(write):
    path = write("07 1:1\n7 1:1\n10000000000000000001 1:1\n10000000000000000002 1:1\n1.5 1:1\n")

    assert [y for _, y, _ in TextStream(path).pairs()] == [7, 7, 10**19 + 1, 10**19 + 2, 1.5]
    texts = ["07", "7", "10000000000000000001", "10000000000000000002", "1.5"]
    assert [y for _, y, _ in TextStream(path, label_type="text").pairs()] == texts
    assert (TextStream(path).label_kind, TextStream(path, label_type="text").label_kind) == ("float", "text")


@pytest.mark.parametrize("bad", [b"Z\xfcrich | a\n", b"u | Z\xfcrich\n"])
def test_what_is_no_text_is_refused_every_time(write, bad):
    (chunk, *rest) = TextStream(write(b"u | a\n" + bad * 3), "vw", on_bad="skip")
    assert [len(one.bad) for one in (chunk, *rest)] == [1, 1, 1]
    assert sum(len(one.rows) for one in (chunk, *rest)) == 1


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"text_columns": ["a"]}, "text_columns"),
        ({"number_columns": ["a"]}, "number_columns"),
        ({"dates": "parts"}, "dates"),
        ({"date_format": "%Y"}, "date_format"),
        ({"na": ["x"]}, "na"),
        ({"not_na": ["-"]}, "not_na"),
        ({"decimal": ","}, "decimal"),
        ({"thousands": ","}, "thousands"),
        ({"percent": True}, "percent"),
        ({"currency": True}, "currency"),
        ({"weight": "w"}, "weight"),
    ],
)
@pytest.mark.parametrize("format", ["svmlight", "vw"])
def test_what_goes_with_columns_is_refused(write, format, options, name):
    with pytest.raises(ValueError, match=f"^{name} goes with columns, and {format} text has none$"):
        open_stream(write("1 | a\n"), format=format, **options)


def test_a_model_decides_what_labels_are(write):
    from online_softmax import SoftmaxRegression

    for learned, expected in ((1, [1]), ("1", ["1", "07"])):
        model = SoftmaxRegression()
        model.learn_one({"a": 1.0}, learned)
        found = open_stream(write("1 | a\n07 | a\n"), format="vw", model=model, on_bad="skip")
        assert [y for _, y, _ in found.pairs()] == expected


@pytest.mark.slow
@pytest.mark.parametrize("label", ["7", "07"])
def test_labels_from_standard_input(label):
    command = [sys.executable, "-m", "online_softmax", "evaluate", "-", "--format", "vw", "--model", "SGD"]
    text = "\ufeff" + f"{label} | a\n8 | b\n" * 50_000
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    assert b"100,000 rows" in done.stdout
    assert f"\n{label} " in done.stdout.decode()
