"""A result is shown as lines that fit a terminal, and kept as JSON."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from online_softmax import SoftmaxRegression
from online_softmax.evaluation import progressive_validation
from online_softmax.evaluation.result import Figures
from online_softmax.reports import LiveTable, print_summary, write_json
from online_softmax.streams import open_stream


def console(**keywords):
    return Console(file=io.StringIO(), highlight=False, width=80, **keywords)


def text(console):
    return console.file.getvalue()


def row(n, seconds=0.5):
    return Figures(n, 0.5, 1.25, 0.25, math.nan, seconds)


def test_table_grows_by_a_line_at_every_mark():
    out = console()
    with LiveTable(out, window=2000) as table:
        table(row(500), mark=False, fraction=0.1)
        table(row(1000), mark=True, fraction=0.2)
        table(row(2000), mark=True, fraction=0.4)

    assert text(out).splitlines() == [
        "                                       last 2,000 rows",
        "      rows   accuracy   log loss   accuracy   log loss     rows/s",
        "     1,000     50.00%     1.2500     25.00%          -      2,000",
        "     2,000     50.00%     1.2500     25.00%          -      4,000",
    ]
    assert table.n_samples == 2000


@pytest.mark.parametrize(("terminal", "seconds", "has_bar"), [(True, 9, True), (True, 0.5, False), (False, 9, False)])
def test_bar_is_for_long_runs_in_a_terminal(terminal, seconds, has_bar):
    out = console(force_terminal=terminal, _environ={"TERM": "xterm"})
    with LiveTable(out, window=1000) as table:
        table(row(1500, seconds), mark=False, fraction=0.25)
        table(row(2000, seconds), mark=True, fraction=None)

    assert ("1,500     50.00%" in text(out) and "━" in text(out)) is has_bar
    assert "2,000     50.00%" in text(out)


def test_summary_names_every_class():
    samples = [({"a": i % 2}, f"[red]{i % 2}\x1b[0m") for i in range(200)]
    out = console()
    print_summary(progressive_validation(samples, SoftmaxRegression()), out)
    lines = text(out).splitlines()

    assert lines[0].startswith("200 rows in 0.0 s: accuracy ")
    assert lines[4] == "2 rows had a label that was new to the model: wrong for the accuracy, left out of the log loss"
    assert lines[6].split() == ["class", "precision", "recall", "F1", "support"]
    assert [line.split("  ")[0] for line in lines[7:]] == [r"'[red]0\x1b[0m'", r"'[red]1\x1b[0m'"]
    assert all(line.endswith(" 100") for line in lines[7:])


def test_summary_has_the_figures_of_the_result():
    result = progressive_validation("image_segments", SoftmaxRegression(), metrics=["MacroF1"], delay=3)
    out = console()
    print_summary(result, out)
    lines = text(out).splitlines()

    assert lines[1] == (
        f"balanced accuracy {result.balanced_accuracy:.2%}, kappa {result.kappa:.4f}, Brier score {result.brier:.4f}, "
        f"calibration error {result.ece:.4f}, top 3 {result.top_k:.2%}"
    )
    last, most = result.no_change_accuracy, result.majority_accuracy
    assert lines[2] == f"without a model: {last:.2%} by the last label again, {most:.2%} by the most frequent one"
    assert f"MacroF1 {result.river['MacroF1']:.4f}" in lines
    assert "labels came late: by 3 rows" in lines
    assert any(line.startswith(f"{result.microseconds_per_row:,.1f} µs a row; the model takes ") for line in lines)


def test_summary_calls_a_stream_that_the_last_label_wins():
    out = console()
    samples = [({"a": i % 3}, "uv"[i // 50 % 2]) for i in range(500)]
    result = progressive_validation(samples, SoftmaxRegression())
    print_summary(result, out)

    assert result.verdict in text(out).splitlines()
    assert result.verdict.startswith("saying the last label again is right more often than the model: ")


def test_summary_says_where_the_loss_changed_most():
    pairs = [({"a": i % 2}, "uv"[(i + i // 3000) % 2]) for i in range(9000)]
    result = progressive_validation(pairs, SoftmaxRegression())
    out = console()
    print_summary(result, out)
    said = [line for line in text(out).splitlines() if line.startswith("the loss ")]

    assert result.drifts
    assert 1 <= len(said) <= 3
    first = sorted(sorted(result.drifts, key=lambda one: -abs(one.after - one.before))[:3])[0]
    way = "rose" if first.after > first.before else "fell"
    assert said[0] == f"the loss {way} at about row {first.row:,}: {first.before:.2f} -> {first.after:.2f}"


def test_summary_of_many_classes_shows_the_largest():
    samples = [({}, f"c{i}") for i in range(100)] + [({}, "c77")] * 5
    out = console()
    print_summary(progressive_validation(samples, SoftmaxRegression()), out)
    lines = text(out).splitlines()

    assert lines[7].split()[0] == "c77" or lines[8].split()[0] == "c77"
    assert lines[-1] == "and 60 more classes with fewer rows"


def test_long_label_is_cut():
    out = console()
    print_summary(progressive_validation([({}, "x" * 500)], SoftmaxRegression()), out)

    assert any(line.startswith("1 row had a label that was new") for line in text(out).splitlines())
    assert max(map(len, text(out).splitlines())) < 120


def summary(source, target="y", **options):
    out = console()
    stream = open_stream(source, target, **options)
    print_summary(progressive_validation(stream, SoftmaxRegression()), out, classes=False)
    lines = text(out).splitlines()
    return lines[next(i for i, line in enumerate(lines) if "µs a row" in line) + 1 :]


def test_summary_says_how_the_columns_were_read():
    n = 40
    table = pd.DataFrame({"a": np.arange(n), "b": 1.0, "ok": True, "job": ["cook", "smith"] * (n // 2)})
    table["y"] = ["u", "v"] * (n // 2)
    new = "2 rows had a label that was new to the model: wrong for the accuracy, left out of the log loss"
    line = "numbers: 2 columns; true or false: ok; text: job (2 values); labels: text"
    assert summary(table) == [line, new]

    table["a"] = table["a"].where(table["a"] > 3)
    table.loc[9, "b"] = None
    gaps = "5 gaps were set to 0, in 2 columns: a (4), b (1)"
    assert summary(table, missing="zero") == [line, new, gaps]
    assert summary(table.assign(a=1), missing="zero")[-1] == ("1 gap was set to 0, in 1 column: b (1)")


@pytest.mark.parametrize("missing", ["zero", "indicate", "skip-row"])
def test_summary_tells_gaps_of_numbers_and_strings_and_bad_cells_apart(missing, tmp_path):
    rows = ["1,cook,u", "?,smith,v", "foo,-,u", "inf,,v", ",cook,u", *(["2,cook,v", "3,smith,u"] * 40)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["a,t,y", *rows, ""]))
    expected = {
        "zero": [
            "2 gaps were set to 0, in 1 column: a (2)",
            "2 bad cells were set to 0, in 1 column: a (2)",
            "2 missing strings became no feature, in 1 column: t (2)",
        ],
        "indicate": [
            "2 gaps were set to 0, with the feature column=, in 1 column: a (2)",
            "2 bad cells were set to 0, with the feature column=, in 1 column: a (2)",
            "2 missing strings became the feature column=, in 1 column: t (2)",
        ],
        "skip-row": ["4 rows were left out for a gap or a bad cell, in 1 column: a (4)"],
    }
    assert summary(path, missing=missing)[2:] == expected[missing]


def test_summary_of_what_has_no_columns_counts_values(tmp_path):
    path = tmp_path / "a.svm"
    path.write_text("1 1:nan 2:3\n2 1:1\n")
    assert summary(path, None, missing="zero")[-1] == "1 value was missing or no finite number, and set to 0"


def test_summary_says_what_a_model_can_hardly_use():
    n = 2000
    table = pd.DataFrame({"id": [f"u{i}" for i in range(n)], "few": ["a", "b"] * (n // 2), "code": ["1", "2"] * 1000})
    table["y"] = np.arange(n) / 8
    assert summary(table) == [
        "text: id (more than 1,000 values), few (2), code (2); labels: numbers",
        "this looks like a regression target: 2,000 of 2,000 labels were new, each of them a class",
        "2,000 rows had a label that was new to the model: wrong for the accuracy, left out of the log loss",
        "probably an identifier of the rows: id; --drop leaves a column out",
        "text, though most of its values are numbers: code; --number-columns reads it as numbers",
    ]


def test_summary_cuts_the_names_of_many_columns():
    table = pd.DataFrame({f"column {i}": ["a", "b"] for i in range(200)} | {"n\n": [1, 2], "y": ["u", "v"]})
    first, second, *_ = summary(table)
    assert first == "numbers: 1 column; labels: text"
    assert second.startswith("text: column 0 (2 values), column 1 (2), ")
    assert second.endswith("column 7 (2) and 192 more")


def test_table_says_at_once_that_a_target_looks_continuous():
    table = pd.DataFrame({"a": 1.0, "y": np.arange(2500) / 8})
    out = console()
    with LiveTable(out, window=1000) as live:
        progressive_validation(table, SoftmaxRegression(), target="y", progress=live)
    assert [line.split()[0] for line in text(out).splitlines()[2:]] == ["1,000", "this", "2,000", "2,500"]


def test_json_is_the_result_and_its_conditions(tmp_path):
    result = progressive_validation("phishing", SoftmaxRegression())
    write_json(result, tmp_path / "run.json", source="phishing", limit=None)

    content = json.loads((tmp_path / "run.json").read_text())
    assert content == {"source": "phishing", "limit": None, **result.to_dict()}
