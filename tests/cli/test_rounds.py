"""The command line shows what was found in the rounds of a store, to people and to machines."""

from __future__ import annotations

import json
import os
import sys

import pytest

from online_softmax import ModelStore, SoftmaxRegression, save
from online_softmax.executors import fit_rounds
from online_softmax.rounds import Commit, Round


@pytest.fixture
def store(tmp_path, fruit):
    """Give the directory of a run in two shards."""

    class Here:
        def submit(self, task, *arguments, **keywords):
            found = task(*arguments, **keywords)
            return type("Done", (), {"result": lambda _: found, "cancel": lambda _: None})()

    fit_rounds(Here(), str(fruit), SoftmaxRegression(), tmp_path / "store", target="kind", shards=2, round_rows=500)
    return tmp_path / "store"


def test_the_rounds_are_shown(store, said):
    lines = said("rounds", store).splitlines()
    assert lines[0].split() == ["served", "model", "shards'", "own"]
    assert lines[1].split() == ["rows", "log", "loss", "accuracy", "log", "loss", "accuracy", "rows/s"]
    assert [line.split()[0] for line in lines[2:6]] == ["250", "750", "1,250", "1,500"]
    assert lines[2].split()[1:3] == ["-", "0.00%"]
    assert lines[7].startswith("1,500 rows in 4 rounds, ")
    assert lines[7].endswith(" s; the store is at version 4")
    assert lines[-1].startswith("250 rows had a label that was new to the served model")


def test_many_rounds_share_lines(tmp_path, said):
    log = tuple(Round(1, 2, 10, served_hits=5, own_hits=5, n_bad=int(i == 7), seconds=0.1) for i in range(1000))
    ModelStore(tmp_path / "long").commit(Commit(SoftmaxRegression(), version=1, log=log))
    out = said("rounds", tmp_path / "long")
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[2:5]] == ["250", "500", "750"]
    assert len(lines) == 2 + 40 + 1 + 3 + 1
    assert "10,000 rows in 1,000 rounds, 100.0 s" in out
    assert lines[-1] == "1 bad row was passed over"


def test_json_has_every_round(store, said, capsys, tmp_path):
    said("rounds", store, "--json", tmp_path / "rounds.json")
    content = json.loads((tmp_path / "rounds.json").read_text())
    commit = ModelStore(store).load()
    assert (content["version"], content["rows"], content["store"]) == (4, 1500, str(store))
    assert [Round(**one) for one in content["rounds"]] == list(commit.log)
    assert content["served_log_loss"] == commit.total.served_log_loss
    assert content["run"]["engine"] == "executor"
    assert content["place"]["rows"] == 1500
    from online_softmax import cli

    assert cli.main("rounds", str(store), "--json", "-") == 0
    out, beside = capsys.readouterr()
    assert json.loads(out) == content
    assert "served model" in beside


def test_a_page_draws_both_models(store, said, tmp_path):
    out = said("rounds", store, "--report", tmp_path / "rounds.html")
    page = (tmp_path / "rounds.html").read_text()
    assert out.endswith(f"the report is in {tmp_path / 'rounds.html'}\n")
    assert '"name":"served model"' in page
    assert '"name":"shards\' own"' in page
    assert str(store) in page


def test_a_store_is_drawn_from_python_too(store, tmp_path):
    commit = ModelStore(store).load()
    commit.plot(path=tmp_path / "rounds.svg")
    assert "served model" in (tmp_path / "rounds.svg").read_text()


def test_what_is_no_store_is_refused(store, fails, tmp_path, fruit):
    assert "nothing has been committed" in fails("rounds", tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    assert "nothing has been committed" in fails("rounds", tmp_path)
    assert "not a directory" in fails("rounds", fruit)
    name = max(os.listdir(store))
    save(SoftmaxRegression(), store / name)
    assert "cannot be read: it is a model file, and no commit of a store" in fails("rounds", store)
    (store / name).write_bytes(b"oops")
    assert "cannot be read: it is not a whole safetensors file" in fails("rounds", store)
    assert "rotocol" in fails("rounds", "gopher://nowhere/store")


def test_files_that_cannot_be_written_are_refused_first(store, fails, tmp_path):
    same = tmp_path / "a"
    assert "is named twice, for --json and --report" in fails("rounds", store, "--json", same, "--report", same)
    assert "nowhere" in fails("rounds", store, "--report", tmp_path / "nowhere" / "page.html")


def test_standard_output_may_be_closed(store, fails, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", None)
        error = fails("rounds", store)
    assert error == "online-softmax: standard output is closed\n"
