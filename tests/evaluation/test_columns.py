"""A result says what the columns of its source were read as, of just the rows that it is about."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from online_softmax import RowError, SoftmaxRegression, cli, open_stream, progressive_validation
from online_softmax.evaluation import Columns


def frame(n=60):
    return pd.DataFrame(
        {
            "size": np.arange(n) / 4,
            "ripe": [i % 3 == 0 for i in range(n)],
            "colour": ["red", "green", "blue", "red"] * (n // 4),
            "kind": ["a", "b"] * (n // 2),
        }
    )


def read(source, **options):
    limit = options.pop("limit", None)
    stream = open_stream(source, options.pop("target", "kind"), **options)
    return progressive_validation(stream, SoftmaxRegression(), limit=limit, on_bad=options.get("on_bad", "raise"))


PLAIN = Columns(["size"], ["ripe"], {"colour": 3}, [], [], {}, "text", [], [])


def files(folder):
    """Write the frame in every format that has columns."""
    table = frame()
    table.to_csv(folder / "a.csv", index=False)
    table.to_csv(folder / "a.tsv.gz", index=False, sep="\t")
    table.to_json(folder / "a.jsonl", orient="records", lines=True)
    pa.parquet.write_table(pa.Table.from_pandas(table), folder / "a.parquet")
    pa.feather.write_feather(pa.Table.from_pandas(table), folder / "a.feather")
    return sorted(folder.iterdir())


def test_every_container_is_read_alike(tmp_path):
    sources = [*files(tmp_path), frame(), pl.from_pandas(frame()), pa.Table.from_pandas(frame())]
    assert [read(source).columns for source in sources] == [PLAIN] * 8


def test_arff_has_kinds_too(tmp_path):
    rows = "".join(f"{i},{'rgb'[i % 3]},{'uv'[i % 2]}\n" for i in range(30))
    declared = "@relation r\n@attribute size real\n@attribute colour {r,g,b}\n@attribute kind {u,v}\n@data\n"
    (tmp_path / "a.arff").write_text(declared + rows)
    assert read(tmp_path / "a.arff").columns == Columns(["size"], [], {"colour": 3}, [], [], {}, "text", [], [])


def test_what_has_no_columns_has_none(tmp_path):
    (tmp_path / "a.svm").write_text("1 1:2\n2 1:3\n")
    assert read(tmp_path / "a.svm", target=None).columns is None
    assert progressive_validation([({"a": 1.0}, "x")], SoftmaxRegression()).columns is None
    found = read(np.eye(4), target=[0, 1, 0, 1]).columns
    assert (found.numbers, found.labels) == ([0, 1, 2, 3], "int")


@pytest.mark.parametrize("chunk_rows", [None, 7])
def test_values_are_those_of_the_rows_of_the_run(chunk_rows, tmp_path):
    table = pd.DataFrame({"word": [f"w{i // 3}" for i in range(300)], "kind": ["a", "b"] * 150})
    table.to_csv(tmp_path / "a.csv", index=False)
    for source in (table, tmp_path / "a.csv"):
        assert read(source, chunk_rows=chunk_rows).columns.texts == {"word": 100}
        assert read(source, chunk_rows=chunk_rows, limit=31).columns.texts == {"word": 11}
        cut = read(source, chunk_rows=chunk_rows, skip=100, limit=None).columns
        assert cut.texts == {"word": 67}
        stream = open_stream(source, "kind", skip=100, limit=10, chunk_rows=chunk_rows)
        assert progressive_validation(stream, SoftmaxRegression()).columns.texts == {"word": 4}


@pytest.mark.parametrize("container", ["frame", "file"])
def test_gaps_are_counted_by_column(container, tmp_path):
    table = frame()
    table.loc[3:7, "size"] = None
    table.loc[50, "colour"] = None
    source = table
    if container == "file":
        table.to_csv(source := tmp_path / "a.csv", index=False)
    for missing in ("zero", "indicate"):
        result = read(source, missing=missing)
        assert result.columns.gaps == {"size": 5, "colour": 1}
        assert result.n_zeroed == 6
    assert read(source, missing="zero", limit=5).columns.gaps == {"size": 2}
    left = read(source, missing="skip-row")
    assert (left.columns.gaps, left.n_skipped) == ({"size": 5, "colour": 1}, 6)
    assert read(source, missing="skip-row", limit=5).columns.gaps == {"size": 5}
    assert read(source, missing="skip-row", limit=2).columns.gaps == {}
    bad = read(source, on_bad="skip")
    assert (bad.columns.gaps, bad.n_bad) == ({}, 6)


def odd_files(folder, rows):
    """Write rows of texts a, ok, day, y in every format of text."""
    names = ["a", "ok", "day", "y"]
    (folder / "a.csv").write_text("\n".join([",".join(names), *(",".join(row) for row in rows), ""]))
    (folder / "a.jsonl").write_text("\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in rows) + "\n")
    yield folder / "a.csv"
    yield folder / "a.jsonl"


@pytest.mark.parametrize("before", [0, 70_000], ids=["first megabyte", "later megabyte"])
@pytest.mark.parametrize("missing", ["zero", "indicate"])
def test_bad_cells_are_told_from_gaps(before, missing, tmp_path):
    sound = [["1.5", "true", "2020-01-01", "u"], ["2", "false", "2020-02-01", "v"]] * 50
    odd = [
        ["?", "?", "?", "u"],
        ["foo", "true", "2020-01-01", "v"],
        ["inf", "true", "2020-01-01", "u"],
        ["1", "true", "soon", "v"],
        ["1", "maybe", "2020-01-01", "u"],
    ]
    for source in odd_files(tmp_path, [*sound[:1] * before, *sound, *odd, *sound]):
        options = {"number_columns": ["a"]}
        kinds = open_stream(source, "y", missing=missing, dates="parts", **options).kinds
        result = read(source, target="y", missing=missing, dates="parts", **options)
        bad = {"a": 2, "day": 1} | ({"ok": 1} if kinds["ok"] == "truth" else {})
        gaps = dict.fromkeys(("a", "ok", "day"), 1)
        assert (result.columns.gaps, result.columns.bad_cells) == (gaps, bad), source
        assert result.n_zeroed == sum(gaps.values()) + sum(bad.values())
        assert result.columns.missing == missing


def test_bad_cells_of_arff_and_of_typed_sources_are_told_from_gaps(tmp_path):
    (tmp_path / "a.arff").write_text(
        "@relation r\n@attribute a numeric\n@attribute y {u,v}\n@data\n1,u\n?,v\nfoo,u\n1e999,v\n2,u\n"
    )
    table = pd.DataFrame({"a": [1.0, None, np.inf, -np.inf, 2.0], "y": list("uvuvu")})
    table.to_parquet(tmp_path / "a.parquet")
    array = (table[["a"]].to_numpy(), list("uvuvu"))
    for source, target in ((tmp_path / "a.arff", "y"), (tmp_path / "a.parquet", "y"), (table, "y"), array):
        found = read(source, target=target, missing="zero").columns
        assert ([*found.gaps.values()], [*found.bad_cells.values()]) == ([1], [2])
        assert read(source, target=target, missing="zero", limit=3).columns.bad_cells.keys() == found.bad_cells.keys()


def test_gaps_of_sparse_arrays_have_their_column():
    from scipy import sparse

    X = sparse.csr_matrix([[1.0, 0.0, np.nan], [np.nan, 0.0, np.nan], [0.0, 5.0, 1.0]])
    result = read(X, target=[0, 1, 0], missing="zero")
    assert (result.columns.gaps, result.n_zeroed) == ({0: 1, 2: 2}, 3)
    assert read(X, target=[0, 1, 0], missing="zero", limit=1).columns.gaps == {2: 1}
    result = read(X, target=[0, 1, 0], missing="skip-row")
    assert (result.columns.gaps, result.n_skipped) == ({0: 1, 2: 1}, 2)
    unlabelled = read(sparse.csr_matrix([[1.0, 0.0]] * 3), target=[0.0, np.nan, 1.0], missing="skip-row")
    assert (unlabelled.columns.gaps, unlabelled.n_skipped) == ({"label": 1}, 1)


def test_rows_that_are_left_out_for_their_label_are_counted_there():
    table = frame()
    table.loc[3, "kind"] = None
    assert read(table, missing="skip-row").columns.gaps == {"kind": 1}


def test_values_of_rows_that_are_none_do_not_count(tmp_path):
    (tmp_path / "a.csv").write_text("n,word,kind\n" + "1,x,a\n2,y,b\n" * 30 + "3,z,a,b\n,w,a\n")
    assert read(tmp_path / "a.csv", on_bad="skip").columns.texts == {"word": 2}
    assert read(tmp_path / "a.csv", on_bad="skip", missing="skip-row").columns.texts == {"word": 2}
    with pytest.raises(RowError) as caught:
        read(tmp_path / "a.csv")
    assert caught.value.result.columns.texts == {"word": 2}


def test_many_values_are_counted_no_further_than_a_thousand():
    n = 5000
    table = pd.DataFrame({"id": [f"u{i}" for i in range(n)], "few": [f"v{i % 1000}" for i in range(n)]})
    table["kind"] = ["a", "b"] * (n // 2)
    found = read(table).columns
    assert found.texts == {"id": None, "few": 1000}
    assert found.identifiers == ["id"]


@pytest.mark.parametrize(("n", "repeated", "is_one"), [(20, 2, True), (20, 3, False), (19, 0, False)])
def test_an_identifier_has_nearly_as_many_values_as_rows(n, repeated, is_one):
    table = pd.DataFrame({"id": [f"u{max(i, repeated)}" for i in range(n)], "kind": (["a", "b"] * n)[:n]})
    assert read(table).columns.identifiers == ["id"] * is_one


def test_text_that_is_mostly_numbers_stands_out(tmp_path):
    (tmp_path / "a.csv").write_text("code,word,kind\n" + "1,p,a\n2,q,b\n3,2,a\nx,r,b\n" * 30)
    assert read(tmp_path / "a.csv").columns.perhaps_numbers == ["code"]
    assert read(tmp_path / "a.csv", text_columns=["code"]).columns.perhaps_numbers == []


def test_dates_in_parts_are_dates(tmp_path):
    (tmp_path / "a.csv").write_text("when,kind\n" + "2021-01-31,a\n2021-02-01,b\n" * 30)
    found = read(tmp_path / "a.csv", dates="parts").columns
    assert (found.dates, found.numbers) == (["when"], [])


def test_a_column_that_is_empty_at_first_is_neither_number_nor_text(tmp_path):
    (tmp_path / "a.csv").write_text("a,b,kind\n" + "1,,a\n2,,b\n" * 30)
    found = read(tmp_path / "a.csv", missing="zero").columns
    assert (found.numbers, found.empty, found.gaps) == (["a"], ["b"], {"b": 60})


@pytest.mark.parametrize(
    ("labels", "kind"),
    [([1, 2], "int"), ([0.5, 2.0], "float"), ([True, False], "bool"), (["a", "b"], "text")],
)
def test_labels_have_a_kind(labels, kind):
    table = pd.DataFrame({"a": [1.0, 2.0], "kind": pd.Series(labels, dtype=object)})
    assert read(table).columns.labels == kind


def test_columns_are_ready_for_json(tmp_path):
    result = read(frame())
    content = json.loads(json.dumps(result.to_dict()["columns"]))
    assert content == {
        "numbers": ["size"],
        "truths": ["ripe"],
        "texts": {"colour": 3},
        "dates": [],
        "empty": [],
        "gaps": {},
        "labels": "text",
        "identifiers": [],
        "perhaps_numbers": [],
        "perhaps_codes": [],
        "bad_cells": {},
        "missing": "error",
    }


@settings(max_examples=20, deadline=None)
@given(first=st.integers(1, 299), every=st.integers(1, 299), missing=st.sampled_from(["zero", "skip-row"]))
def test_a_resumed_run_says_the_same(first, every, missing, tmp_path_factory):
    folder = tmp_path_factory.mktemp("resumed")
    rng = np.random.default_rng(first)
    table = pd.DataFrame({"size": rng.normal(size=300), "word": rng.choice([f"w{i}" for i in range(200)], 300)})
    table.loc[rng.random(300) < 0.1, "size"] = None
    table["kind"] = ["a", "b"] * 150
    table.to_csv(folder / "a.csv", index=False)

    def run(**options):
        stream = open_stream(folder / "a.csv", "kind", missing=missing)
        return progressive_validation(stream, SoftmaxRegression(), **options)

    n = run().n_samples
    keep = {"checkpoint": folder / "run", "every": every, "resume": True}
    assert run(limit=min(first, n), **keep).columns == run(limit=min(first, n)).columns
    assert run(**keep).columns == run().columns


@pytest.mark.parametrize(
    ("labels", "is_continuous"),
    [
        (np.arange(1200) / 8, True),
        (np.arange(1200), True),
        (np.arange(999) / 8, False),
        (np.arange(1200) % 500, False),
        ([f"u{i}" for i in range(1200)], False),
    ],
)
def test_a_target_of_ever_new_numbers_looks_continuous(labels, is_continuous):
    notes = []

    class Progress:
        def __call__(self, row, *, mark, fraction):
            notes.append(row.n_samples) if mark else None

        def note(self, sentence):
            notes.append(sentence)

    table = pd.DataFrame({"a": 1.0, "y": labels})
    result = progressive_validation(table, SoftmaxRegression(), target="y", progress=Progress())
    assert (result.hint is not None) is is_continuous
    assert result.to_dict()["hint"] == result.hint
    if is_continuous:
        assert result.hint.startswith("this looks like a regression target: 1,200 of 1,200 labels were new")
        assert notes[:2] == [1000, result.hint.replace("1,200", "1,000")]
    assert len([note for note in notes if isinstance(note, str)]) == is_continuous


def test_numbers_that_look_like_codes_are_named(tmp_path, capsys):
    path = tmp_path / "t.csv"
    rows = "".join(f"{i % 7:03},{10**18 + i},{i},0.5,{'ab'[i % 2]}\n" for i in range(200))
    path.write_text(f"zip,id,n,part,y\n{rows}")
    result = progressive_validation(path, SoftmaxRegression(), target="y")
    assert result.columns.perhaps_codes == ["zip", "id"]
    assert progressive_validation(open_stream(path, "y", limit=50), SoftmaxRegression()).columns.perhaps_codes == [
        "zip",
        "id",
    ]
    assert cli.run("evaluate", str(path), "--target", "y", "--model", "SGD") == 0
    assert "look like codes, and lose zeros or digits: zip, id; --text-columns keeps them" in capsys.readouterr().out
    texts = open_stream(path, "y", text_columns=["zip", "id"])
    assert progressive_validation(texts, SoftmaxRegression()).columns.perhaps_codes == []
