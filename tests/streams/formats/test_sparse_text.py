"""svmlight and Vowpal Wabbit text become the rows they spell, or one sentence that says where they do not."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

from online_softmax.streams import TextStream
from online_softmax.streams._parsing.text import Tokenizer


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "file.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def vw(text):
    chunk, _, _, reason = Tokenizer("vw").read(text.encode())
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
    assert vw("red 0.5 'tag|n:3 a b:2 |m a |\tc\n2 |n a") == [
        ({"n^a": 3.0, "n^b": 6.0, "m^a": 1.0, "c": 1.0}, "red", {"w": 0.5}),
        ({"n^a": 1.0}, 2, {"w": 1.0}),
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

    tokenizer = Tokenizer("vw")
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
