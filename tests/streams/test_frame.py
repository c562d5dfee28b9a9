"""A data frame becomes the rows it holds, whatever library it comes from."""

from __future__ import annotations

import datetime

import narwhals.stable.v2 as nw
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_softmax.streams import CsvStream, FrameStream, open_stream


def samples(stream):
    return [(x, y) for rows in stream for x, y, _ in rows.pairs()]


def test_numbers_and_truth_values_are_features_and_strings_are_one_hot(backend):
    frame = backend.frame(
        {"size": [7, 19], "colour": ["green", "yellow"], "ripe": [True, False], "kind": ["apple", "banana"]}
    )

    assert samples(open_stream(frame, target="kind")) == [
        ({"size": 7.0, "colour=green": 1.0, "ripe": 1.0}, "apple"),
        ({"size": 19.0, "colour=yellow": 1.0, "ripe": 0.0}, "banana"),
    ]


@pytest.mark.parametrize("labels", [[3, 4], [True, False], [0.5, 1.5], ["a", "b"]])
def test_labels_are_python_values(backend, labels):
    found = [y for _, y in samples(open_stream(backend.frame({"a": [1, 2], "y": labels}), target="y"))]

    assert found == labels
    assert [type(y) for y in found] == [type(y) for y in labels]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [1.0, None, 2.0], "y": [0, 1, 0]}, r"row 1, column 'a': \S+ is not a finite number"),
        ({"a": [1.0, 2.0, float("inf")], "y": [0, 1, 0]}, "row 2, column 'a': inf is not a finite number"),
        ({"a": ["u", None, "v"], "y": [0, 1, 0]}, "row 1, column 'a': the string is missing"),
        ({"a": [1, 2, 3], "y": ["u", "v", None]}, "row 2, column 'y': the label is missing"),
    ],
)
def test_missing_value_is_named_by_its_row_and_comes_after_the_rows_before_it(backend, columns, message):
    chunks = iter(FrameStream(nw.from_native(backend.frame(columns)), "y", chunk_rows=2))
    n = 0
    with pytest.raises(ValueError, match=message):  # noqa: PT012
        while True:
            n += len(next(chunks))

    assert f"row {n}," in message


def test_categories_are_strings():
    frame = pd.DataFrame({"a": ["u", "v"], "y": [1, 2]}).astype("category")

    assert samples(open_stream(frame, target="y")) == [({"a=u": 1.0}, 1), ({"a=v": 1.0}, 2)]


def test_column_names_may_be_numbers():
    assert samples(open_stream(pd.DataFrame({0: [1.5], 1: ["u"]}), target=1)) == [({0: 1.5}, "u")]


def test_wrong_frames_are_refused_in_one_sentence():
    with pytest.raises(ValueError, match="the frame has no column 'z' to be the target; its columns are: a, y"):
        open_stream(pl.DataFrame({"a": [1], "y": [1]}), target="z")
    with pytest.raises(ValueError, match="name the target column of the frame, one of: a, y"):
        open_stream(pl.DataFrame({"a": [1], "y": [1]}))
    with pytest.raises(ValueError, match="column 'a' holds dates, which are no features: say dates='parts'"):
        open_stream(pl.DataFrame({"a": [datetime.date(2024, 1, 1)], "y": [1]}), target="y")
    with pytest.raises(TypeError, match=r"a lazy frame has no rows yet; collect\(\) it first"):
        open_stream(pl.LazyFrame({"a": [1], "y": [1]}), target="y")


table = st.lists(
    st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from("abc"), st.sampled_from("xyz")),
    min_size=1,
)


@given(table, st.integers(1, 50))
def test_chunks_of_any_size_and_files_give_the_same_rows(tmp_path_factory, table, chunk_rows):
    frame = pl.DataFrame(table, schema=["number", "word", "y"], orient="row")
    path = tmp_path_factory.mktemp("frame") / "table.csv"
    frame.write_csv(path)
    stream = FrameStream(nw.from_native(frame), "y", chunk_rows=chunk_rows)

    assert (
        samples(stream) == samples(CsvStream(path, "y")) == [({"number": n, f"word={w}": 1.0}, y) for n, w, y in table]
    )
    assert stream.fraction == 1
