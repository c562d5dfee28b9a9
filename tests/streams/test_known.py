"""A saved model knows its columns: strings stay strings, numbers stay numbers, and others are refused."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from river import linear_model, preprocessing

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, progressive_validation
from online_softmax.streams import Known, open_stream

X = {"size": 1.0, "colour=red": 1.0, "a=b=c": 1.0}


def stream(**row):
    return open_stream(pd.DataFrame([{**row, "y": "y"}]), "y")


def known(model):
    model.learn_one(X, "y")
    return Known.of(model, "the model in file")


@pytest.mark.parametrize(
    "make",
    [SoftmaxRegression, lambda: preprocessing.StandardScaler() | SoftmaxRegression()],
    ids=["a model", "a scaler and a model"],
)
def test_columns_of_strings_are_those_of_one_hot_features(make):
    columns = known(make())
    assert all(name in columns for name in ("colour", "a=b", "a"))
    assert not any(name in columns for name in ("size", "col", "other", 5))
    columns.check(stream(size=1, colour="red", other=2))
    with pytest.raises(
        ValueError, match=r"^column 'size' holds strings such as 'one', and the model in file knows it "
    ):
        columns.check(stream(size="one"))
    with pytest.raises(ValueError, match=r"^the model in file knows none of the columns 0, 1, 2, 3, 4 \.\.$"):
        columns.check_any(open_stream(np.zeros((1, 6)), ["y"]))


def test_hashed_features_tell_nothing():
    columns = known(SoftmaxRegression(hash_bits=8))
    assert "colour" not in columns
    columns.check(stream(other="one"))


DAYS = [f"{day:02}/{1 + day % 12:02}/2021" for day in range(1, 29)]
TIMES = [f"{day} 10:00" for day in DAYS]
WHERE = ["frame", "csv", "parquet", "jsonl", "arff"]


def written(frame, where, folder):
    if where == "frame":
        return frame
    path = folder / f"new.{where}"
    if where == "csv":
        frame.to_csv(path, index=False)
    elif where == "arff":
        types = {"i": "integer", "f": "numeric"}
        kinds = [types.get(str(kind)[0], "string") for kind in frame.dtypes]
        header = [f"@attribute {name} {kind}" for name, kind in zip(frame, kinds, strict=True)]
        rows = [
            ",".join("?" if cell is None else repr(cell) for cell in row) for row in frame.to_numpy(object).tolist()
        ]
        path.write_text("\n".join(["@relation r", *header, "@data", *rows]))
    elif where == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records", lines=True)
    return path


def learned(frame, **options):
    model = SoftmaxRegression()
    progressive_validation(open_stream(frame, "y", **options), model)
    return model


def table(when, y="uv"):
    return pd.DataFrame({"when": when, "y": [y[i % 2] for i in range(len(when))]})


@pytest.mark.parametrize("where", WHERE)
def test_dates_that_a_model_knows_are_dates_in_every_source(where, tmp_path):
    model = learned(table(TIMES), dates="parts")
    source = written(table(TIMES[::2]), where, tmp_path)
    alone = [x for x, _, _ in open_stream(source, "y", dates="parts").pairs()]
    assert [x for x, _, _ in open_stream(source, "y", dates="parts", missing="zero", model=model).pairs()] == alone
    assert len(alone[0]) == 7
    with pytest.raises(ValueError, match=r"column 'when' holds dates such as .*: say dates='parts' to read them"):
        open_stream(source, "y", missing="zero", model=model)
    assert Known.of(model).check_any(open_stream(source, "y", dates="parts")) is None


@pytest.mark.parametrize("where", WHERE)
def test_what_is_no_date_is_refused_where_a_model_knows_dates(where, tmp_path):
    model = learned(table(TIMES), dates="parts")
    cases = [
        (table(DAYS), "holds dates without a time, and the model knows dates with one there: write them as it"),
        (table([1612051200] * 3), "holds numbers, and the model knows it as dates: write it as such, or drop it"),
        (
            table(["soon"] * 3),
            "holds strings such as 'soon', and the model knows it as dates: write it as such, or drop",
        ),
    ]
    for frame, said in cases:
        with pytest.raises(ValueError, match=f"^column 'when' {said}"):
            open_stream(written(frame, where, tmp_path), "y", dates="parts", model=model)


@pytest.mark.parametrize("where", WHERE)
def test_a_column_of_dates_may_be_empty_where_a_model_knows_it(where, tmp_path):
    model = learned(table(TIMES), dates="parts")
    source = written(table([None, None]), where, tmp_path)
    found = [x for x, _, _ in open_stream(source, "y", dates="parts", missing="zero", model=model).pairs()]
    assert found == [dict.fromkeys(model.features, 0.0)] * 2
    with pytest.raises(
        ValueError, match=r"^column 'when' holds .*, and the model knows it as dates: say dates='parts'$"
    ):
        open_stream(source, "y", missing="zero", model=model)


@pytest.mark.parametrize("model", [SoftmaxRegression, AutoSoftmaxRegression])
@pytest.mark.parametrize("moment", ["2021-02-01 00:00", "2021-02-01 06:00", "2021-01-07 18:00", "2020-12-28 12:00"])
def test_dates_are_known_where_some_of_their_parts_are_always_0(model, moment):
    frame, learner = table([f"{moment}:00"] * 3), model()
    for _ in range(2):
        assert progressive_validation(open_stream(frame, "y", dates="parts"), learner).n_samples == 3
    with pytest.raises(ValueError, match=r"say dates='parts' to read them"):
        open_stream(frame, "y", model=learner)


def test_parts_that_are_columns_are_numbers():
    parts = pd.DataFrame([dict.fromkeys(learned(table(TIMES), dates="parts").features, 1.0) | {"y": "u"}])
    model = learned(parts)
    assert [len(x) for x, _, _ in open_stream(parts, "y", model=model).pairs()] == [7]


@pytest.mark.parametrize("where", WHERE)
def test_numbers_that_a_model_knows_are_numbers_where_a_cell_spells_one(where, tmp_path):
    model = learned(table([1.0, 2.0]))
    some = written(table(["1", "x", "3"]), where, tmp_path)
    found = [x for x, _, _ in open_stream(some, "y", missing="zero", model=model).pairs()]
    assert found == [{"when": 1.0}, {"when": 0.0}, {"when": 3.0}]
    with pytest.raises(
        ValueError, match=r"^column 'when' holds strings such as 'x', and the model knows it as numbers$"
    ):
        open_stream(written(table(["x", "z"]), where, tmp_path), "y", missing="zero", model=model)


@pytest.mark.parametrize("where", WHERE)
def test_an_open_stream_is_compared_with_the_model(where, tmp_path):
    frame = pd.DataFrame({"c": ["3", "x", "z"], "y": [1, 2, 1]})
    model = learned(frame)
    before = [*model.classes], [*model.features]

    def refused(frame, said, **options):
        stream = open_stream(written(frame, where, tmp_path), "y", **options)
        with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
            progressive_validation(stream, model)
        assert ([*model.classes], [*model.features]) == before

    numbers = frame.assign(c=[3, 4, 5])
    refused(
        numbers, "column 'c' holds numbers, and the model knows it as strings: open_stream(.., model=model) reads it so"
    )
    texts = frame.assign(y=["1", "2", "unknown"])
    refused(
        texts,
        "the labels are texts, and those of the model are numbers: open_stream(.., model=model) without label_type "
        "reads them as numbers",
    )
    with pytest.raises(ValueError, match="the labels are texts, and those of the model are numbers"):
        open_stream(written(frame, where, tmp_path), "y", model=model, label_type="text")
    with pytest.raises(ValueError) as error:  # noqa: PT011
        list(open_stream(written(texts, where, tmp_path), "y", model=model))
    assert re.search("'unknown'.* is no (label|number)", str(error.value))
    assert "label_type" not in str(error.value)
    if where == "jsonl":
        return  # a number of JSON is no string
    stream = open_stream(written(numbers, where, tmp_path), "y", model=model)
    assert [x for x, _, _ in stream.pairs()] == [{"c=3": 1.0}, {"c=4": 1.0}, {"c=5": 1.0}]


@pytest.mark.parametrize(("values", "kind"), [(["red", "blue"], "text"), (["1", "2"], "number")])
def test_a_nominal_attribute_is_of_numbers_where_a_value_spells_one(values, kind, tmp_path):
    path = tmp_path / "new.arff"
    path.write_text(f"@relation r\n@attribute when {{{','.join(values)}}}\n@attribute y {{u}}\n@data\n{values[0]},u\n")
    model = learned(table([1.0, 2.0]))
    if kind == "number":
        assert [x for x, _, _ in open_stream(path, "y", model=model).pairs()] == [{"when": 1.0}]
        return
    with pytest.raises(
        ValueError, match=r"^column 'when' holds strings such as 'red', and the model knows it as numbers$"
    ):
        open_stream(path, "y", missing="zero", model=model)


def test_labels_that_are_numbers_are_refused_where_the_model_knows_texts():
    model = learned(table([1.0, 2.0]))
    with pytest.raises(ValueError, match="those of the model are texts"):
        progressive_validation(open_stream(np.zeros((2, 1)), [1, 2]), model)


def test_nothing_is_refused_where_nobody_knows():
    frame = table([1.0, 2.0])
    for source in (frame, frame.assign(when=["a", "b"])):
        for make in (SoftmaxRegression, AutoSoftmaxRegression, linear_model.SoftmaxRegression):
            assert progressive_validation(open_stream(source, "y"), make()).n_samples == 2
    for learned_before in (linear_model.SoftmaxRegression(), SoftmaxRegression(hash_bits=8)):
        for source in (frame, frame.assign(when=["a", "b"])):
            assert progressive_validation(open_stream(source, "y"), learned_before).n_samples == 2
    mixed = SoftmaxRegression()
    for y in ("u", 1):
        mixed.learn_one({"when": 1.0}, y)
    for source in (frame, frame.assign(y=[1, 2])):
        assert progressive_validation(open_stream(source, "y"), mixed).n_samples == 2
    truths = SoftmaxRegression()
    truths.learn_one({"when": 1.0}, 1)
    assert progressive_validation(open_stream(frame.assign(y=[True, False]), "y"), truths).n_samples == 2
    texts = learned(frame)
    assert len([*open_stream(frame.assign(y=[1, 2]), "y", labelled=False, model=texts).pairs()]) == 2
    assert progressive_validation([({"when": 1.0}, 1)], texts).n_samples == 1


@pytest.mark.parametrize("missing", ["zero", "indicate"])
def test_a_column_that_was_empty_when_it_was_learned_tells_nothing(missing, tmp_path):
    for path, rows in (("old.csv", "1,,p\n2,,q\n"), ("new.csv", "1,3,p\n2,4,q\n")):
        (tmp_path / path).write_text("a,x,y\n" + rows)
    model = learned(tmp_path / "old.csv", missing=missing)
    stream = open_stream(tmp_path / "new.csv", "y", missing=missing, model=model)
    assert [x for x, _, _ in stream.pairs()] == [{"a": 1.0, "x": 3.0}, {"a": 2.0, "x": 4.0}]


@pytest.mark.parametrize("name", ["labels.csv", "labels.vw"])
def test_labels_that_are_all_missing_at_first_are_what_the_model_knows(name, tmp_path):
    (tmp_path / "labels.csv").write_text("a,y\n1,?\n2,?\n")
    (tmp_path / "labels.vw").write_text("")
    model = learned(table([1, 2]).assign(y=[1, 2]))
    target = "y" if name.endswith("csv") else None
    assert open_stream(tmp_path / name, target, missing="skip-row", model=model).label_kind == "int"
