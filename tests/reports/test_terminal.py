"""A result is shown as lines that fit a terminal, and kept as JSON."""

from __future__ import annotations

import io
import json
import math

import pytest
from rich.console import Console

from online_softmax import SoftmaxRegression
from online_softmax.evaluation.progressive import progressive_validation
from online_softmax.evaluation.result import Figures
from online_softmax.reports import LiveTable, print_summary, write_json


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

    assert ("1,500 rows" in text(out) and "━" in text(out)) is has_bar
    assert "2,000     50.00%" in text(out)


def test_summary_names_every_class():
    samples = [({"a": i % 2}, f"[red]{i % 2}\x1b[0m") for i in range(200)]
    out = console()
    print_summary(progressive_validation(samples, SoftmaxRegression()), out)
    lines = text(out).splitlines()

    assert lines[0].startswith("200 rows in 0.0 s: accuracy ")
    assert lines[1] == "2 rows had a label that was new to the model: wrong for the accuracy, left out of the log loss"
    assert lines[3].split() == ["class", "precision", "recall", "F1", "support"]
    assert [line.split("  ")[0] for line in lines[4:]] == [r"'[red]0\x1b[0m'", r"'[red]1\x1b[0m'"]
    assert all(line.endswith(" 100") for line in lines[4:])


def test_summary_of_many_classes_shows_the_largest():
    samples = [({}, f"c{i}") for i in range(100)] + [({}, "c77")] * 5
    out = console()
    print_summary(progressive_validation(samples, SoftmaxRegression()), out)
    lines = text(out).splitlines()

    assert lines[4].split()[0] == "c77"
    assert lines[-1] == "and 60 more classes with fewer rows"


def test_long_label_is_cut():
    out = console()
    print_summary(progressive_validation([({}, "x" * 500)], SoftmaxRegression()), out)

    assert text(out).splitlines()[1].startswith("1 row had a label that was new")
    assert max(map(len, text(out).splitlines())) < 120


def test_json_is_the_result_and_its_conditions(tmp_path):
    result = progressive_validation("phishing", SoftmaxRegression())
    write_json(result, tmp_path / "run.json", source="phishing", limit=None)

    content = json.loads((tmp_path / "run.json").read_text())
    assert content == {"source": "phishing", "limit": None, **result.to_dict()}
