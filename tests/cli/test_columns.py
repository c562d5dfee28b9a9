"""`columns` prints what each column of the first rows is read as, and says what a run would refuse."""

from __future__ import annotations

import gzip
import subprocess
import sys

import pandas as pd
import pytest

from online_softmax import cli

COMMAND = [sys.executable, "-m", "online_softmax"]
ROWS = "".join(f"{i},{'?' if i == 3 else i / 2},{'yes' if i % 2 else 'no'},c{i},{i % 2 == 0}\n" for i in range(2000))
HEADER = "n,half,word,id,truth\n"


@pytest.fixture
def table(tmp_path):
    """Give a table with a gap, and a column for each kind."""
    path = tmp_path / "table.csv"
    path.write_text(HEADER + ROWS)
    return path


def lines(said):
    return [line.split() for line in said.splitlines()]


def test_each_column_has_a_line(table, said):
    title, _, *found = lines(said("columns", table, "--missing", "zero", "--target", "word"))
    assert title == [f"{table}:", "csv,", "commas;", "the", "first", "1,000", "rows"]
    assert found == [
        ["column", "is", "values", "gaps", "such", "as"],
        ["n", "number", "1,000", "0", "0", "..", "999"],
        ["half", "number", "999", "1", "0", "..", "499.5"],
        ["id", "text", "1,000", "0", "c0,", "c1,", "c2,", "c3,", "..", "probably", "an", "identifier"],
        ["truth", "truth", "2", "0", "true", "in", "50%"],
        ["word", "label", "(text)", "2", "no,", "yes"],
    ]


def test_bad_cells_are_no_gaps(tmp_path, said):
    path = tmp_path / "rows.csv"
    path.write_text("n,y\n" + "1,a\n2,b\n" * 40 + "foo,a\n?,b\ninf,a\n")
    found = lines(said("columns", path, "--missing", "zero", "--target", "y"))
    assert found[3] == ["n", "number", "2", "1", "1", "..", "2", "2", "bad", "cells"]


def test_a_target_is_not_needed(table, said):
    found = lines(said("columns", table, "--missing", "zero"))
    assert found[5][:4] == ["word", "text", "2", "0"]


@pytest.mark.parametrize(
    ("content", "refused", "options", "line"),
    [
        (HEADER + ROWS, "line 5, column 'half': '?' is not a finite", ["--missing", "zero"], "half    number"),
        ("when,n\n31/01/2021,1\n01/02/2021,2\n", "holds dates such as '31/01/2021'", ["--dates", "parts"], "when"),
        ("a,b\n1,2\n3\n4,5\n", "line 3: 1 field where the header has 2", ["--on-bad", "skip"], "a       number"),
    ],
)
def test_what_a_run_refuses_is_shown_and_said(content, refused, options, line, tmp_path, capsys, said):
    path = tmp_path / "rows.csv"
    path.write_text(content)
    assert cli.run("columns", str(path)) == 2
    out, error = capsys.readouterr()
    assert line in out
    assert error.startswith("online-softmax: evaluate would refuse it: ")
    assert refused in error
    assert error.count("\n") == 1
    assert said("columns", path, *options) == out


def test_a_column_that_cannot_be_read_hides_no_other(tmp_path, capsys):
    path = tmp_path / "rows.csv"
    path.write_text('paid,n,since,word\n"1,200",1,01/02/2021,a\n"1,300",?,02/03/2021,b\n')
    assert cli.run("columns", str(path)) == 2
    out, error = capsys.readouterr()
    assert lines(out)[3:] == [
        ["paid", "refused", "2", "0", "1,200,", "1,300"],
        ["n", "number", "1", "1", "1"],
        ["since", "refused", "2", "0", "01/02/2021,", "02/03/2021"],
        ["word", "text", "2", "0", "a,", "b"],
    ]
    assert "column 'paid' holds numbers such as '1,200': say --thousands ','" in error


def test_what_cannot_be_opened_is_refused_in_a_line(tmp_path, fails):
    (tmp_path / "empty.csv").write_text("")
    assert "empty.csv is empty" in fails("columns", tmp_path / "empty.csv")
    assert "no file" in fails("columns", tmp_path / "nothing.csv")
    (tmp_path / "a.csv").write_text("a,y\n1,2\n")
    assert "has no column 'z' to be the target" in fails("columns", tmp_path / "a.csv", "--target", "z")


def test_dates_are_shown_as_dates(tmp_path, said):
    (tmp_path / "a.csv").write_text("when,at\n2021-01-31,2021-01-31 10:00\n2020-02-29,2021-02-01 00:30\n")
    out = said("columns", tmp_path / "a.csv", "--dates", "parts")
    assert "2020-02-29 .. 2021-01-31\n" in out
    assert "2021-01-31 10:00:00 .. 2021-02-01 00:30:00\n" in out


def test_every_kind_of_source_has_a_title(table, tmp_path, said):
    zipped = tmp_path / "table.tsv.gz"
    zipped.write_bytes(gzip.compress((HEADER + ROWS).replace(",", "\t").encode()))
    assert f"{zipped}: tsv, tabs, gzip; the first 1,000 rows\n" in said("columns", zipped, "--missing", "zero")
    pd.DataFrame({"a": [1.0, None], "b": ["x", "y"]}).to_parquet(tmp_path / "a.parquet")
    assert f"{tmp_path / 'a.parquet'}: parquet; 2 rows\n" in said(
        "columns", tmp_path / "a.parquet", "--missing", "zero"
    )
    assert "phishing: csv, commas; the first 1,000 rows\n" in said("columns", "phishing")
    assert "is_phishing" in said("columns", "phishing").splitlines()[-1]
    (tmp_path / "many").mkdir()
    for name in "ab":
        (tmp_path / "many" / f"{name}.csv").write_text("a;b\n1;2\n")
    first = tmp_path / "many" / "a.csv"
    assert f"{first}, the first of 2 files: csv, semicolons; 2 rows\n" in said("columns", tmp_path / "many")


def test_text_without_columns_is_described(tmp_path, said):
    (tmp_path / "a.vw").write_text("u | size:2 colour\nv | size:3\n")
    out = said("columns", tmp_path / "a.vw")
    assert out.splitlines()[0] == f"{tmp_path / 'a.vw'}: vw; 2 rows"
    assert out.splitlines()[1] == "each row names its own features: 2 in these rows, such as size, colour"


def test_standard_input_is_read_once(table):
    def run(*options):
        command = [*COMMAND, "columns", "-", *options]
        return subprocess.run(command, input=table.read_text(), capture_output=True, text=True)

    done = run("--missing", "zero")
    assert done.returncode == 0
    assert done.stdout.startswith("standard input: csv, commas; the first 1,000 rows\n")
    done = run()
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "column 'half': '?' is not a finite number" in done.stderr


def test_a_column_that_the_first_rows_leave_empty(tmp_path, said):
    (tmp_path / "a.csv").write_text("a,b\n1,\n2,\n")
    assert lines(said("columns", tmp_path / "a.csv", "--missing", "zero"))[4] == ["b", "empty", "0", "2"]
