"""The tables in the pages are those that their tools print, and the tools say what was measured."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks import ROOT, tables
from benchmarks.common import conditions, results
from benchmarks.common.markdown import markdown


@pytest.mark.slow
def test_every_table_is_what_its_tool_prints():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.tables", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_page_is_filled_where_a_command_stands(monkeypatch):
    monkeypatch.setattr(tables, "table", lambda command: f"what {command!r} prints")
    page = "a\n<!-- python -m b.c --brief -->\nold\n<!-- end -->\nz\n"
    filled = "a\n<!-- python -m b.c --brief -->\nwhat 'python -m b.c --brief' prints\n<!-- end -->\nz\n"
    assert tables.filled(page) == tables.filled(filled) == filled


def test_a_stale_table_is_found_after_any_other_and_pasted(tmp_path, monkeypatch):
    command = "<!-- python -m proofs.table --summary -->"
    first, last = tmp_path / "a.md", tmp_path / "b.md"
    first.write_text(tables.filled(f"{command}\n<!-- end -->\n"))
    last.write_text(stale := f"{command}\nold\n<!-- end -->\n")
    monkeypatch.setattr(tables, "pages", lambda: iter([first, last]))
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    monkeypatch.setattr("sys.argv", ["tables", "--check"])
    assert tables.main() == 1
    assert last.read_text() == stale
    monkeypatch.setattr("sys.argv", ["tables"])
    assert tables.main() == 0
    assert last.read_text() == first.read_text()
    monkeypatch.setattr("sys.argv", ["tables", "--check"])
    assert tables.main() == 0


def test_a_table_has_its_rule():
    assert markdown(["a", "b"], [["x", "1"]]) == ["| a | b |", "| --- | ---: |", "| x | 1 |"]


def test_lines_take_the_place_of_those_with_the_same_names(tmp_path):
    path = tmp_path / "results.jsonl"
    results.keep(path, [{"of": "a", "n": 1}, {"of": "b", "n": 2}], "of")
    results.keep(path, [{"of": "a", "n": 3}], "of")
    assert results.read(path) == [{"of": "b", "n": 2}, {"of": "a", "n": 3}]
    assert [json.loads(line) for line in path.read_text().splitlines()] == results.read(path)


def test_conditions_are_told_from_the_first_to_the_last():
    now = conditions.conditions()
    assert now.keys() >= {"date", "cpu", "load", "compiler", "python", "river"}
    before = {**now, "date": "2001-02-03", "river": "0.1"}
    told = conditions.printed([now, before])
    assert f"2001-02-03 to {now['date']} on {now['cpu']}; " in told
    assert f"river 0.1 and {now['river']}" in told
    assert conditions.printed([now], "{load}|{date}") == f"{now['load']}|{now['date']}"
