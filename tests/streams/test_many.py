"""Many files are one stream: what a column holds is one thing in all of them, and each file is opened once."""

from __future__ import annotations

import json
import os
from itertools import permutations

import pyarrow as pa
import pyarrow.parquet
import pytest

from online_softmax import SoftmaxRegression, progressive_validation
from online_softmax.streams import many as many_files
from online_softmax.streams import open_stream
from online_softmax.streams.formats import csv

CELLS = {
    "numbers": [1.5, 2],
    "strings": ["red", "blue"],
    "truths": [True, False],
    "days": ["2021-01-31", "2021-02-01"],
    "times": ["2021-01-31T10:00", "2021-02-01T11:00"],
    "nothing": [None, None],
}
NAMED = {
    "numbers": "numbers",
    "strings": "strings",
    "truths": "numbers",
    "days": "dates without a time",
    "times": "dates with a time",
}


def folder_of(tmp_path, kinds, suffix):
    """Write a file for each kind of cells in column c."""
    for i, kind in enumerate(kinds):
        path = tmp_path / f"{i}.{suffix}"
        rows = [{"a": 1, "c": cell, "y": y} for cell, y in zip(CELLS[kind], "uv", strict=True)]
        if suffix == "csv":
            cells = [["" if value is None else str(value) for value in row.values()] for row in rows]
            path.write_text("\n".join(map(",".join, [["a", "c", "y"], *cells])) + "\n")
        elif suffix == "jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        else:
            pa.parquet.write_table(pa.Table.from_pylist(rows), path)
    return tmp_path


def opened(source, **options):
    return open_stream(source, "y", dates="parts", missing="zero", **options)


def samples(source, **options):
    return [x for x, _, _ in opened(source, **options).pairs()]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("kinds", [*permutations(NAMED, 2)], ids="-".join)
def test_a_column_holds_one_thing_in_all_files(kinds, suffix, tmp_path):
    folder = folder_of(tmp_path, kinds, suffix)
    said = [NAMED[kind] for kind in kinds]
    alone = [x for path in sorted(folder.iterdir()) for x in samples(path)]
    if said[0] == said[1]:
        assert samples(folder) == alone
        assert opened(folder).kinds["c"] == "number"
        return
    with pytest.raises(ValueError, match=r"0\.\w+.* and .*1\.\w+") as error:
        opened(folder)
    if {*said} == {"numbers", "strings"}:
        assert "column 'c' is strings in only one of" in str(error.value)
    else:
        first, second = (folder / f"{i}.{suffix}" for i in (0, 1))
        assert str(error.value) == (
            f"column 'c' holds {said[0]} in {first}, and {said[1]} in {second}: write it alike in both, drop it, or "
            "name it in text_columns"
        )
    assert len(samples(folder, drop=["c"])) == 4


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("kind", NAMED)
def test_a_column_that_is_empty_in_one_file_is_what_it_is_in_the_others(kind, suffix, tmp_path):
    folder = folder_of(tmp_path, [kind, "nothing"], suffix)
    full = samples(folder / f"0.{suffix}")
    gap = {"a": 1.0} if kind == "strings" else {"a": 1.0} | dict.fromkeys([*full[0]][1:], 0.0)
    assert samples(folder) == [*full, gap, gap]
    (folder / f"0.{suffix}").rename(folder / f"2.{suffix}")
    assert samples(folder) == [gap, gap, *full]
    assert opened(folder).empty_columns == set()
    expected = {"strings": "text", "days": "date", "times": "date", "truths": "truth", "numbers": "number"}
    assert opened(folder).kinds["c"] == expected[kind]


def test_dates_in_numbers_and_in_texts_are_not_mixed(tmp_path):
    (tmp_path / "0.csv").write_text("when,y\n31/01/2021,u\n")
    (tmp_path / "1.csv").write_text("when,y\n1612051200,u\n")
    with pytest.raises(
        ValueError, match=r"column 'when' holds dates without a time in .*0\.csv, and numbers in .*1\.csv"
    ):
        opened(tmp_path)


def test_no_name_is_not_that_of_this_directory(tmp_path, monkeypatch):
    tmp_path.joinpath("rows.csv").write_text("a,y\n1,u\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"^the source is an empty text: name a file, or \. for this directory$"):
        open_stream("", "y")
    assert [*open_stream(".", "y")]


def test_the_report_is_true_where_files_had_to_be_settled(tmp_path):
    (tmp_path / "0.csv").write_text("c,d,y\n" + "?,1x,u\n" * 30)
    (tmp_path / "1.csv").write_text("c,d,y\n" + "".join(f"{'x' if i % 3 else i},1x,v\n" for i in range(30)))
    stream = opened(tmp_path)
    assert (stream.text_columns, stream.kinds) == ({"c", "d"}, {"c": "text", "d": "text"})
    result = progressive_validation(stream, SoftmaxRegression())
    alone = progressive_validation(opened(tmp_path / "1.csv"), SoftmaxRegression())
    assert result.columns.perhaps_numbers == alone.columns.perhaps_numbers


@pytest.fixture
def opens(monkeypatch):
    """Count the files that are opened."""
    found, init = [], csv.CsvStream.__init__

    def counted(self, path, *args, **options):
        found.append(path)
        init(self, path, *args, **options)

    monkeypatch.setattr(csv.CsvStream, "__init__", counted)
    return found


def test_each_file_is_opened_once_and_none_stays_open(opens, tmp_path, monkeypatch):
    for i in range(20):
        (tmp_path / f"{i:02}.csv").write_text(f"a,y\n{i},u\n")
    handles = os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd") else None
    stream = opened(tmp_path)
    assert handles is None or len(os.listdir("/proc/self/fd")) == len(handles)
    for _ in range(2):
        assert [x["a"] for x, _, _ in stream.pairs()] == [*range(20)]
    assert len(opens) == 20
    monkeypatch.setattr(many_files, "KEPT", 10)
    few = opened(tmp_path)
    assert [x["a"] for x, _, _ in few.pairs()] == [*range(20)]
    assert len(opens) == 20 + 20 + 15


def test_only_what_must_be_settled_is_opened_again(opens, tmp_path):
    for i, content in enumerate(["a,c,y\n1,red,1\n", "a,c,y\n1,,2\n", "a,c,y\n1,blue,3\n"]):
        (tmp_path / f"{i}.csv").write_text(content)
    assert samples(tmp_path) == [{"a": 1.0, "c=red": 1.0}, {"a": 1.0}, {"a": 1.0, "c=blue": 1.0}]
    assert [path.name for path in opens] == ["0.csv", "1.csv", "2.csv", "1.csv"]
    opens.clear()
    (tmp_path / "3.csv").write_text("a,c,y\n1,red,u\n")
    assert [y for _, y, _ in opened(tmp_path).pairs()] == ["1", "2", "3", "u"]
    assert len(opens) == 4 + 3
