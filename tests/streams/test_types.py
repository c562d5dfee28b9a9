"""A column of a type means the same in every container: a frame of any library, and a file that any of them wrote."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_softmax import SoftmaxRegression, progressive_validation
from online_softmax.streams import open_stream


def _arrows(table, path):
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)


WRITERS = {
    pd.DataFrame: {
        "pandas.parquet": lambda frame, path: frame.to_parquet(path),
        "pandas.feather": lambda frame, path: frame.to_feather(path),
    },
    pl.DataFrame: {
        "polars.parquet": lambda frame, path: frame.write_parquet(path),
        "polars.arrow": lambda frame, path: frame.write_ipc(path),
    },
    pa.Table: {
        "pyarrow.parquet": pa.parquet.write_table,
        "pyarrow.feather": pa.feather.write_feather,
        "pyarrow.arrows": _arrows,
    },
}


def sources(frame, folder):
    """Yield a frame, and the files that its library writes."""
    yield frame
    if isinstance(frame, pa.Table):
        yield frame.combine_chunks().to_batches()[0]
    for name, write in WRITERS[type(frame)].items():
        write(frame, folder / name)
        yield folder / name


def samples(source, target="y", **options):
    return [(x, y) for x, y, _ in open_stream(source, target, **options).pairs()]


def pandas(values, dtype=None):
    return pd.DataFrame({"a": pd.Series(values, dtype=dtype), "y": [*"uv" * len(values)][: len(values)]})


def polars(values, dtype=None):
    return pl.DataFrame({"a": pl.Series(values, dtype=dtype), "y": [*"uv" * len(values)][: len(values)]})


def arrow(values, dtype=None):
    return pa.table({"a": pa.array(values, dtype), "y": [*"uv" * len(values)][: len(values)]})


def category(kind):
    return pa.dictionary(pa.int8(), kind)


UTC2 = dt.timezone(dt.timedelta(hours=2))
TRUTHS, WIDE = [True, False, None], [2**53 + 1, 2**64 - 1]
PRICES = [Decimal("1.10"), None]
# What a column becomes with missing="zero", and all who write it.
FEATURES = {
    "categories of integers": (
        [{"a=3": 1.0}, {"a=1": 1.0}, {}],
        [pandas([3, 1, None], "category"), arrow([3, 1, None], category(pa.int64()))],
    ),
    "categories of numbers": (
        [{"a=3.0": 1.0}, {"a=1.5": 1.0}, {}],
        [pandas([3.0, 1.5, None], "category"), arrow([3.0, 1.5, None], category(pa.float64()))],
    ),
    "categories of truth values": (
        [{"a=True": 1.0}, {"a=False": 1.0}, {}],
        [pandas(TRUTHS, "category"), arrow(TRUTHS, category(pa.bool_()))],
    ),
    "categories of strings": (
        [{"a=s": 1.0}, {"a=r": 1.0}, {}],
        [
            pandas(["s", "r", None], "category"),
            pandas(["s", "r", None], pd.ArrowDtype(category(pa.string()))),
            polars(["s", "r", None], pl.Categorical),
            polars(["s", "r", None], pl.Enum(["q", "r", "s"])),
            arrow(["s", "r", None], category(pa.string())),
            arrow(["s", "r", None], category(pa.large_string())),
        ],
    ),
    "truth values": (
        [{"a": 1.0}, {"a": 0.0}, {"a": 0.0}],
        [
            pandas(TRUTHS, object),
            pandas(TRUTHS, "boolean"),
            polars(TRUTHS, pl.Boolean),
            arrow(TRUTHS),
        ],
    ),
    "nothing": (
        [{"a": 0.0}, {"a": 0.0}],
        [pandas([None, None], object), polars([None, None], pl.Null), arrow([None, None], pa.null())],
    ),
    "large integers": (
        [{"a": 2.0**53}, {"a": 2.0**64}],
        [
            pandas(WIDE, "uint64"),
            pandas(WIDE, "UInt64"),
            polars(WIDE, pl.UInt64),
            arrow(WIDE, pa.uint64()),
        ],
    ),
    "decimals": (
        [{"a": 1.1}, {"a": 0.0}],
        [pandas(PRICES, object), polars(PRICES, pl.Decimal(5, 2)), arrow(PRICES, pa.decimal128(5, 2))],
    ),
    "long decimals": (
        [{"a": 0.12345678901234568}],
        [
            pandas([Decimal("0.12345678901234567891")], object),
            polars([Decimal("0.12345678901234567891")], pl.Decimal(22, 20)),
            arrow([Decimal("0.12345678901234567891")], pa.decimal128(22, 20)),
        ],
    ),
    "numbers": (
        [{"a": 2.5}, {"a": 0.0}],
        [
            pandas([2.5, None], object),
            pandas([2.5, None], "Float64"),
            pandas(np.array([2.5, np.nan], np.float16)),
            polars([2.5, None]),
            polars([2.5, float("nan")], pl.Float32),
            arrow([2.5, None]),
            arrow(np.array([2.5, np.nan], np.float16), pa.float16()),
        ],
    ),
    "integers": (
        [{"a": -3.0}, {"a": 0.0}],
        [
            pandas([-3, None], "Int8"),
            pandas([-3, None], pd.ArrowDtype(pa.int8())),
            polars([-3, None], pl.Int8),
            arrow([-3, None], pa.int8()),
        ],
    ),
    "strings": (
        [{"a=s": 1.0}, {}],
        [
            pandas(["s", None], object),
            pandas(["s", None], "str"),
            pandas(["s", None], "string[python]"),
            pandas(["s", None], "string[pyarrow]"),
            polars(["s", None]),
            arrow(["s", None]),
            arrow(["s", None], pa.large_string()),
            arrow(["s", None], pa.string_view()),
        ],
    ),
}


@pytest.mark.parametrize("kind", FEATURES)
def test_a_column_means_the_same_in_every_container(kind, tmp_path):
    expected, frames = FEATURES[kind]
    for frame in frames:
        for source in sources(frame, tmp_path):
            assert [x for x, _ in samples(source, missing="zero")] == expected, source
            stream = open_stream(source, "y", missing="zero")
            assert progressive_validation(stream, SoftmaxRegression()).n_samples == len(expected)


def test_what_pandas_notes_of_categories_is_enough(tmp_path):
    path = tmp_path / "t.parquet"

    def written(note):
        table = arrow([3, 1]).replace_schema_metadata({"pandas": note})
        pa.parquet.write_table(table, path)
        return samples(path)

    noted = {
        "columns": [{"field_name": "a", "pandas_type": "categorical"}, {"field_name": "y", "pandas_type": "unicode"}]
    }
    assert written(json.dumps(noted)) == [({"a=3": 1.0}, "u"), ({"a=1": 1.0}, "v")]
    for junk in ("junk", "{}", "[]", '{"columns": [1]}'):
        assert written(junk) == [({"a": 3.0}, "u"), ({"a": 1.0}, "v")]


LABELS = {
    "categories of integers": ([3, 1], [pandas([3, 1], "category"), arrow([3, 1], category(pa.int64()))], "int"),
    "large integers": (WIDE, [pandas(WIDE, "uint64"), polars(WIDE, pl.UInt64), arrow(WIDE, pa.uint64())], "int"),
    "truth values": (
        [True, False],
        [pandas([True, False]), pandas([True, False], object), polars([True, False]), arrow([True, False])],
        "bool",
    ),
    "numbers": ([0.5, 2.0], [pandas([0.5, 2.0]), polars([0.5, 2.0]), arrow([0.5, 2.0])], "float"),
    "decimals": (
        [1.1, 2.0],
        [
            pandas([Decimal("1.10"), Decimal(2)], object),
            polars([Decimal("1.10"), Decimal(2)], pl.Decimal(5, 2)),
            arrow([Decimal("1.10"), Decimal(2)], pa.decimal128(5, 2)),
        ],
        "float",
    ),
    "strings": (["07", "7"], [pandas(["07", "7"], object), polars(["07", "7"]), arrow(["07", "7"])], "text"),
}


@pytest.mark.parametrize("kind", LABELS)
def test_a_label_is_its_own_value_in_every_container(kind, tmp_path):
    expected, frames, label_kind = LABELS[kind]
    for frame in frames:
        for source in sources(frame, tmp_path):
            found = [y for _, y in samples(source, "a")]
            assert found == expected, source
            assert {type(y) for y in found} == {type(y) for y in expected}
            assert open_stream(source, "a").label_kind == label_kind


@pytest.mark.parametrize(
    "frame",
    [
        pandas([3, None], "category"),
        pandas(["s", None], object),
        pandas(["s", float("nan")], object),
        pandas([2, None], "Int64"),
        pandas([True, None], object),
        pandas([2.5, None]),
        pandas([pd.Timestamp("2021-01-31"), pd.NaT]),
        polars([2, None]),
        polars([2.5, float("nan")]),
        polars(["s", None], pl.Categorical),
        arrow(["s", None]),
        arrow([None, None], pa.null()),
        arrow([3, None], category(pa.int64())),
    ],
    ids=lambda frame: f"{type(frame).__module__.partition('.')[0]}",
)
def test_a_label_that_is_missing_is_none_in_every_container(frame, tmp_path):
    for source in sources(frame, tmp_path):
        n = 0 if isinstance(frame, pa.Table) and frame["a"].null_count == 2 else 1
        assert len(samples(source, "a", missing="skip-row")) == n
        with pytest.raises(ValueError, match=rf"row {n}, column 'a': (the label is missing|\S+ is no label)"):
            samples(source, "a")


MOMENT = dt.datetime(2021, 1, 31, 6)
PARTS = [f"a.{part}_{of}" for part in ("hour", "weekday", "month") for of in ("sin", "cos")]


@pytest.mark.parametrize(
    "frame",
    [
        pandas([MOMENT, None], "datetime64[ns]"),
        pandas([MOMENT, None], "datetime64[s]"),
        pandas([MOMENT.replace(tzinfo=dt.UTC), None], "datetime64[us, Europe/Berlin]"),
        pandas([MOMENT, None], object),
        polars([MOMENT, None], pl.Datetime("ms")),
        polars([MOMENT.replace(tzinfo=dt.UTC), None], pl.Datetime("us", "Asia/Tokyo")),
        arrow([MOMENT, None], pa.timestamp("us")),
        arrow([MOMENT.replace(hour=8, tzinfo=UTC2), None], pa.timestamp("ns", "Europe/Berlin")),
        arrow([MOMENT, None], pa.timestamp("s")),
        pandas(["2021-01-31 06:00", None], object),
        polars(["31.01.2021 06:00", None]),
        arrow(["Jan 31 2021 06:00", None]),
    ],
)
def test_dates_are_refused_or_become_numbers(frame, tmp_path):
    for source in sources(frame, tmp_path):
        with pytest.raises(ValueError, match=r"column 'a' holds dates.*: say dates='parts' to read them"):
            open_stream(source, "y")
        assert len(samples(source, drop=["a"])) == 2
        (x, _), (gap, _) = samples(source, dates="parts", missing="zero")
        assert x["a"] == MOMENT.replace(tzinfo=dt.UTC).timestamp()
        assert [*x] == ["a", *PARTS]
        assert x["a.hour_sin"] == 1.0
        assert set(gap.values()) == {0.0}
        (chunk,) = open_stream(source, "y", dates="parts", missing="zero")
        assert (chunk.mended.tolist(), list(chunk.columns)) == ([1], ["a"])
        with pytest.raises(ValueError, match=r"row 1, column 'a': (None|NaT) is no date"):
            samples(source, dates="parts")


@pytest.mark.parametrize(
    "frame", [pandas([MOMENT.date()], object), polars([MOMENT.date()]), arrow([MOMENT.date()]), arrow(["2021-01-31"])]
)
def test_a_date_without_a_time_has_no_hour(frame, tmp_path):
    for source in sources(frame, tmp_path):
        ((x, _),) = samples(source, dates="parts")
        assert [*x] == ["a", *PARTS[2:]]
        assert x["a"] == dt.datetime(2021, 1, 31, tzinfo=dt.UTC).timestamp()


def test_strings_that_are_dates_may_stay_strings(tmp_path):
    for frame in (pandas(["31.01.2021"], object), polars(["31.01.2021"]), arrow(["31.01.2021"])):
        for source in sources(frame, tmp_path):
            assert samples(source, text_columns=["a"]) == [({"a=31.01.2021": 1.0}, "u")]
            with pytest.raises(ValueError, match=r"'a' holds dates such as '01/02/2021', the day or the month first"):
                open_stream(arrow(["01/02/2021"]), "y", dates="parts")
    ((x, _),) = samples(arrow(["01/02/2021"]), dates="parts", date_format="%m/%d/%Y")
    assert x["a"] == dt.datetime(2021, 1, 2, tzinfo=dt.UTC).timestamp()
    with pytest.raises(ValueError, match=r"column 'a.month_sin' is called like a part of the dates in column 'a'"):
        open_stream(pa.table({"a": [MOMENT], "a.month_sin": [1.0], "y": [1]}), "y", dates="parts")


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        (pandas([[1], [2]]), r"values such as \[1\]"),
        (pandas([b"s"]), "values such as b's'"),
        (pandas(pd.period_range("2021", periods=2)), r"period\[D\] values"),
        (pandas([dt.timedelta(1)]), r"timedelta64\[us\] values"),
        (polars([[1], [2]]), r"List\(Int64\) values"),
        (polars([{"b": 1}]), r"Struct\({'b': Int64}\) values"),
        (polars([b"s"]), "Binary values"),
        (polars([dt.time(1)]), "Time values"),
        (arrow([[1], [2]]), "list<item: int64> values"),
        (arrow([{"b": 1}]), "struct<b: int64> values"),
        (arrow([[(1, 2)]], pa.map_(pa.int8(), pa.int8())), r"map<int8, int8\s*> values"),
        (arrow([b"s"]), "binary values"),
        (arrow([dt.time(1)]), r"time64\[us\] values"),
        (arrow([dt.timedelta(1)]), r"duration\[us\] values"),
        (arrow(pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16], pa.binary(16)))), "extension"),
    ],
)
def test_types_that_are_no_features_nor_labels_are_one_sentence(frame, what, tmp_path):
    for source, said in zip(sources(frame, tmp_path), [what, *[r".+"] * 9], strict=False):
        with pytest.raises(ValueError, match=rf"^[^\n]*column 'a' holds {said}[^\n]*, which are no features: drop the"):
            open_stream(source, "y")
        assert len(samples(source, drop=["a"])) == len(frame)
        if not any(time in what for time in ("time", "Time", "dur", "period")):
            with pytest.raises(ValueError, match=rf"^[^\n]*'a' holds {said}[^\n]*, which are no labels: make them num"):
                open_stream(source, "a")


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([1, "s"], "1 and 's'"),
        ([True, 2], "True and 2"),
        (["s", None, 2.5], "'s' and 2.5"),
        ([1, MOMENT], "1 and datet"),
    ],
)
def test_objects_of_several_kinds_are_refused_with_a_value(values, shown):
    for frame in (pandas(values, object), polars(values, pl.Object)):
        with pytest.raises(ValueError, match=rf"column 'a' holds {shown}"):
            open_stream(frame, "y")
        with pytest.raises(ValueError, match=rf"column 'a' holds labels such as {shown}"):
            open_stream(frame, "a")


def test_labels_become_text_or_numbers_where_asked(tmp_path):
    for frame in (pandas([7, 8]), polars([7, 8]), arrow([7, 8]), pandas([7, 8], "category")):
        for source in sources(frame, tmp_path):
            assert [y for _, y in samples(source, "a", label_type="text")] == ["7", "8"]
            assert open_stream(source, "a", label_type="text").label_kind == "text"
    for frame in (pandas(["07", "8", "s"], object), polars(["07", "8", "s"]), arrow(["07", "8", "s"])):
        for source in sources(frame, tmp_path):
            stream = open_stream(source, "a", label_type="number", on_bad="skip")
            (chunk,) = stream
            assert ([y for _, y, _ in chunk.pairs()], chunk.bad[0].place) == ([7, 8], 2)
            assert "row 2, column 'a'" in chunk.bad[0].reason
    for frame in (pandas([0.5]), polars([True]), arrow([0.5])):
        for source in sources(frame, tmp_path):
            with pytest.raises(ValueError, match=r"column 'a' holds labels that are .* for label_type='text'"):
                open_stream(source, "a", label_type="text")
    with pytest.raises(ValueError, match="more than 15 digits: convert such labels to strings"):
        samples(arrow([Decimal("0.1234567890123456")]), "a")


def test_integers_of_128_bits_are_numbers():
    assert samples(polars([2**100, None], pl.Int128), missing="zero")[0] == ({"a": 2.0**100}, "u")
    assert samples(polars([2**100], pl.Int128), "a")[0][1] == 2**100


def test_columns_named_as_text_are_text_in_every_container(tmp_path):
    for frame in (pandas([7, 8]), polars([7, 8]), arrow([7, 8])):
        for source in sources(frame, tmp_path):
            assert samples(source, text_columns=["a"]) == [({"a=7": 1.0}, "u"), ({"a=8": 1.0}, "v")]


def test_columns_named_as_numbers_are_numbers_in_every_container(tmp_path):
    frames = [pandas(["7", "?"], object), polars(["7", "?"]), arrow(["7", "?"]), pandas(["7", "?"], "category")]
    for frame in frames:
        for source in sources(frame, tmp_path):
            assert samples(source, number_columns=["a"], missing="indicate") == [
                ({"a": 7.0}, "u"),
                ({"a": 0.0, "a=": 1.0}, "v"),
            ]
            with pytest.raises(ValueError, match=r"row 1, column 'a': '?\?'? is not a finite number"):
                samples(source, number_columns=["a"])


def test_marks_of_gaps_that_are_asked_for_are_gaps_in_every_container(tmp_path):
    for frame in (pandas(["s", "gone", "?"], object), polars(["s", "gone", "?"]), arrow(["s", "gone", "?"])):
        for source in sources(frame, tmp_path):
            assert [x for x, _ in samples(source, na=["gone"], missing="zero")] == [{"a=s": 1.0}, {}, {"a=?": 1.0}]
            assert [y for _, y in samples(source, "a", na=["gone"], missing="skip-row")] == ["s", "?"]
    with pytest.raises(ValueError, match=r"na=\('gone',\) goes with files and frames"):
        open_stream(np.ones((2, 1)), [1, 2], na=["gone"])


NUMBERS = {
    "integers": ([7, -999, 3], None),
    "floats": ([7.0, -999.0, 3.0], None),
    "decimals": ([Decimal(7), Decimal(-999), Decimal(3)], object),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_a_number_may_mark_a_gap_in_every_container(kind, tmp_path):
    values, dtype = NUMBERS[kind]
    gap = {"na": ["?", "-999", "0.5"]}
    for frame in (pandas(values, dtype), polars(values), arrow(values)):
        for source in sources(frame, tmp_path):
            assert samples(source, missing="indicate", **gap) == [
                ({"a": 7.0}, "u"),
                ({"a": 0.0, "a=": 1.0}, "v"),
                ({"a": 3.0}, "u"),
            ]
            assert [x for x, _ in samples(source, missing="skip-row", **gap)] == [{"a": 7.0}, {"a": 3.0}]
            assert [x for x, _ in samples(source)] == [{"a": 7.0}, {"a": -999.0}, {"a": 3.0}]
            with pytest.raises(
                ValueError, match=r"row 1, column 'a': .*-999.* is not a finite number, but a gap: say m"
            ):
                samples(source, **gap)
            # Of labels and weights, too.
            assert [y for _, y in samples(source, "a", missing="skip-row", **gap)] == [7, 3]
            with pytest.raises(ValueError, match=r"row 1, column 'a'"):
                samples(source, "y", weight="a", **gap)
    for frame in (pandas([True, False]), polars([True, False]), arrow([True, False])):
        for source in sources(frame, tmp_path):
            assert [x for x, _ in samples(source, na=["1", "0"])] == [{"a": 1.0}, {"a": 0.0}]
    found = samples(pandas(values, dtype), [-999, 2, 3], missing="skip-row", na=["-999"], features=["a"])
    assert found == [({"a": 3.0}, 3)]


def test_what_a_model_knows_decides_in_every_container(tmp_path):
    model = SoftmaxRegression()
    model.learn_one({"a=7": 1.0, "b": 1.0}, "3")
    for frame in (pandas([7]), polars([7]), arrow([7])):
        for source in sources(frame, tmp_path):
            assert samples(source, model=model) == [({"a=7": 1.0}, "u")]
            assert [y for _, y in samples(source, "a", model=model)] == ["7"]
    assert samples(np.array([[1.0]]), np.array([7]), model=model) == [({0: 1.0}, "7")]


LISTS = {
    "list": list,
    "array": np.array,
    "objects": lambda y: np.array(y, object),
    "pandas": lambda y: pd.Series(y, index=range(9, 9 - len(y), -1), name="a"),
    "polars": pl.Series,
    "pyarrow": lambda y: pa.chunked_array([y]),
    "an Arrow array": pa.array,
}


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("labels", [[3, 4, 3], ["s", "r", "s"], [True, False, True], [0.5, 1.5, 0.5]])
def test_labels_may_be_beside_a_frame(backend, kind, labels):
    frame = backend.frame({"a": [1.0, 2.0, 3.0]})
    given = LISTS[kind](labels)

    found = samples(frame, given, chunk_rows=2)
    assert found == [({"a": a}, y) for a, y in zip([1.0, 2.0, 3.0], labels, strict=True)]
    assert {type(y) for _, y in found} == {type(labels[0])}
    assert progressive_validation(frame, SoftmaxRegression(), target=given).n_samples == 3
    assert samples(np.array([[1.0], [2.0], [3.0]]), given) == [({0: x["a"]}, y) for x, y in found]
    with pytest.raises(ValueError, match=r"target has shape \(3,\) for 2 rows"):
        open_stream(backend.frame({"a": [1.0, 2.0]}), given)


def test_what_is_wrong_beside_a_frame_is_named(backend):
    frame = backend.frame({"a": [1.0, 2.0, 3.0], "y": ["s", "r", "s"]})
    missing = [{"a": 1.0, "y=s": 1.0}]

    with pytest.raises(ValueError, match="row 1, label: it is missing"):
        samples(frame, ["s", None, "r"])
    assert [x for x, _ in samples(frame, ["s", None, None], missing="skip-row")] == missing
    assert [y for _, y in samples(frame, [7, 8, 7], label_type="text")] == ["7", "8", "7"]
    with pytest.raises(ValueError, match=r"row 2, weight: -1.0 is no weight"):
        samples(frame, "y", weight=[1, 2, -1])
    with pytest.raises(ValueError, match="target is a column's name, or an array, a list or a series, not 'dict'"):
        open_stream(frame, {"a": 1})
    masked = np.ma.masked_array([7, 8, 9], [False, True, False])
    assert [y for _, y in samples(frame, masked, missing="skip-row")] == [7, 9]
    assert [y for _, y in samples(np.ones((3, 1)), masked, missing="skip-row")] == [7, 9]
    days = np.array(["2021-01-31"] * 3, "datetime64[ns]")
    assert samples(frame, days)[0][1] == samples(np.ones((3, 1)), days)[0][1] == dt.datetime(2021, 1, 31)
    with pytest.raises(ValueError, match="the weights are no numbers, but such as '1'"):
        samples(frame, "y", weight=["1", "2", "3"])
    assert [w for _, _, w in open_stream(frame, "y", weight=[1, 2, 3]).pairs()] == [{"w": 1.0}, {"w": 2.0}, {"w": 3.0}]
    with pytest.raises(ValueError, match="column 'target' holds labels such as 1 and 'r': make them one kind"):
        samples(frame, [1, "r", 2])
    with pytest.raises(ValueError, match="'target' holds values such as \\[1\\], which are no labels"):
        samples(frame, [[1], [2], [3]])
    if not isinstance(frame, pa.Table):
        with pytest.raises(
            ValueError, match="the labels are the column 'y' of the frame itself: say target='y', or drop it there"
        ):
            open_stream(frame, frame["y"])
        assert len(samples(frame, frame["y"], drop=["y"])) == 3


values = st.fixed_dictionaries(
    {
        "whole": st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=4, max_size=4),
        "number": st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), min_size=4, max_size=4),
        "truth": st.lists(st.none() | st.booleans(), min_size=4, max_size=4),
        "text": st.lists(st.none() | st.sampled_from(["s", "", "é=", "7"]), min_size=4, max_size=4),
        "code": st.lists(st.none() | st.sampled_from(["p", "q", "r"]), min_size=4, max_size=4),
        "date": st.lists(
            st.none() | st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1)), min_size=4, max_size=4
        ),
        "y": st.lists(st.none() | st.integers(0, 2**53 + 9), min_size=4, max_size=4),
    }
)


@given(values, st.sampled_from(["zero", "indicate", "skip-row"]))
def test_a_random_table_is_the_same_samples_in_every_container(tmp_path_factory, table, missing):
    folder = tmp_path_factory.mktemp("table")
    kinds = {"whole": "Int64", "number": "Float64", "truth": "boolean", "text": object, "code": "category"}
    kinds |= {"date": "datetime64[us]", "y": "Int64"}
    schema = {"whole": pl.Int64, "number": pl.Float64, "truth": pl.Boolean, "text": pl.String, "code": pl.Categorical}
    schema |= {"date": pl.Datetime("us"), "y": pl.Int64}
    fields = {"whole": pa.int64(), "number": pa.float64(), "truth": pa.bool_(), "text": pa.string()}
    fields |= {"code": category(pa.string()), "date": pa.timestamp("us"), "y": pa.int64()}
    if not any(table["text"]):
        kinds["text"] = "string"  # of objects that are all missing nobody knows that they are strings
    frames = [
        pd.DataFrame({name: pd.Series(column, dtype=kinds[name]) for name, column in table.items()}),
        pl.DataFrame(table, schema=schema),
        pa.table(table, pa.schema(fields)),
    ]

    def found(source):
        chunks = open_stream(source, "y", missing=missing, dates="parts", on_bad="skip")
        return [(chunk.bad and [note.place for note in chunk.bad], [*chunk.pairs()]) for chunk in chunks]

    read = [found(source) for frame in frames for source in sources(frame, folder)]
    assert read.count(read[0]) == len(read) == 11
    if missing == "skip-row":
        assert len(read[0][0][1]) == sum(None not in row for row in zip(*table.values(), strict=True))
