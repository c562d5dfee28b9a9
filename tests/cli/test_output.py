"""--output has standard output for another program alone, and --quiet prints nothing else at all."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress

import pytest
from online_softmax.datasets import BUNDLED

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, cli, inspection, load, progressive_validation
from online_softmax.reports import terminal
from online_softmax.rounds import Commit, ModelStore, Round
from online_softmax.texts import folded

COMMAND = [sys.executable, "-m", "online_softmax"]


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Give a table, a model that has learned it, and a store of rounds over it."""
    folder = tmp_path_factory.mktemp("output")
    rows = (f"{i % 5 + (i % 3) * 3},{('red', 'green')[i % 2]},{'abc'[i % 3]}\n" for i in range(600))
    (folder / "fruit.csv").write_text("size,colour,kind\n" + "".join(rows))
    model = SoftmaxRegression()
    progressive_validation(folder / "fruit.csv", model, target="kind")
    model.save(folder / "model")
    log = (Round(1, 2, 250, own_hits=90, own_loss=200.0), Round(1, 2, 350, served_hits=300, served_loss=70.0))
    ModelStore(folder / "store").commit(Commit(model, version=1, log=log))
    return {name: str(folder / name) for name in ("fruit.csv", "model", "store")}


@pytest.fixture
def told(capsys):
    """Give the function that runs a command that succeeds, and gives what it printed and what it said beside that."""

    def run(*args):
        assert cli.run(*map(str, args)) == 0
        return capsys.readouterr()

    return run


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def commands(places):
    """Give each command that has tables, as it is run on the table, the model or the store."""
    fruit = [places["fruit.csv"], "--target", "kind"]
    return {
        "evaluate": ["evaluate", *fruit],
        "compare": ["compare", *fruit, "--model", "SGD(0.1)", "--model", "Adam"],
        "columns": ["columns", *fruit],
        "inspect": ["inspect", places["model"]],
        "rounds": ["rounds", places["store"]],
        "datasets": ["datasets"],
    }


NAMES = ("evaluate", "compare", "columns", "inspect", "rounds", "datasets")


@pytest.mark.parametrize("name", NAMES)
def test_a_document_stands_alone_and_quiet_says_nothing_beside_it(name, places, told):
    args = commands(places)[name]
    quiet = {form: told(*args, "--quiet", "--output", form) for form in ("json", "csv")}
    for form, (out, beside) in quiet.items():
        assert beside == ""
        assert json.loads(out) if form == "json" else table(out)
        loud, _ = told(*args, "-o", form)
        if name not in ("evaluate", "compare"):  # they have times in them
            assert loud == out
        assert loud.splitlines()[0] == out.splitlines()[0]
    assert told(*args, "-q") == ("", "")


@pytest.mark.parametrize("name", ["evaluate", "compare", "inspect", "rounds"])
def test_a_dash_is_the_json_of_standard_output(name, places, told, capsys):
    args = commands(places)[name]
    dashed = json.loads(told(*args, "--json", "-").out)
    assert dashed.keys() == json.loads(told(*args, "--output", "json").out).keys()
    assert cli.run(*args, "--json", "-", "--output", "csv") == 2
    assert "--json - and --output csv both take standard output" in capsys.readouterr().err


def test_csv_of_evaluate_has_the_windows(places, told):
    result = progressive_validation(places["fruit.csv"], AutoSoftmaxRegression(), target="kind", window=250)
    lines = table(told("evaluate", places["fruit.csv"], "--target", "kind", "--window", 250, "-o", "csv").out)
    assert [int(line["n_samples"]) for line in lines] == [250, 500, 600]
    for name in ("log_loss", "accuracy", "kappa"):
        assert [float(line[name]) for line in lines] == result.windows[name].tolist()


def test_a_figure_that_there_is_not_is_an_empty_cell(tmp_path, told):
    (tmp_path / "one.csv").write_text("a,y\n1,u\n")
    (line,) = table(told("evaluate", tmp_path / "one.csv", "--target", "y", "-o", "csv").out)
    assert (line["n_samples"], line["log_loss"]) == ("1", "")


def test_csv_of_compare_has_the_models_the_best_first(places, told):
    args = commands(places)["compare"]
    lines = table(told(*args, "-o", "csv").out)
    models = json.loads(told(*args, "-o", "json").out)["comparison"]["models"]
    assert [line["model"] for line in lines] == sorted(models, key=lambda name: models[name]["log_loss"])
    for line in lines:
        assert float(line["log_loss"]) == models[line["model"]]["log_loss"]
    assert lines[0]["low"] == ""
    assert float(lines[1]["low"]) < float(lines[1]["loss_difference"]) < float(lines[1]["high"])


def test_csv_of_inspect_has_a_line_for_each_weight(places, told):
    lines = table(told("inspect", places["model"], "--top", 2, "-o", "csv").out)
    expected = inspection(load(places["model"]), top=2).classes
    assert [(line["class"], line["feature"], float(line["weight"])) for line in lines] == [
        (one.label, feature, weight) for one in expected for feature, weight in one.strongest.items()
    ]
    bare = table(told("inspect", places["model"], "--top", 0, "-o", "csv").out)
    assert [(line["class"], line["feature"]) for line in bare] == [(one.label, "") for one in expected]


def test_csv_of_rounds_has_a_line_for_each_round(places, told):
    log = ModelStore(places["store"]).load().log
    lines = table(told("rounds", places["store"], "-o", "csv").out)
    assert [int(line["rows"]) for line in lines] == [one.rows for one in log]
    assert [float(line["own_log_loss"]) for line in lines] == [one.own_log_loss for one in log]


def test_columns_are_the_same_in_every_form(tmp_path, told, capsys):
    path = tmp_path / "rows.csv"
    path.write_text(
        "n,word,when,y\n" + "".join(f"{i % 7},w{i % 9},2021-01-{1 + i % 28:02},{i % 2}\n" for i in range(99))
    )
    args = ["columns", path, "--target", "y", "--dates", "parts"]
    document = json.loads(told(*args, "-o", "json").out)
    assert (document["format"], document["delimiter"], document["n_rows"]) == ("csv", ",", 99)
    n, word, when, y = document["columns"]
    assert (n["kind"], n["n_values"], n["low"], n["high"]) == ("number", 7, 0, 6)
    assert (word["kind"], word["n_values"], word["examples"]) == ("text", 9, ["w0", "w1", "w2", "w3"])
    assert (when["kind"], when["low"], when["high"]) == ("date", "2021-01-01", "2021-01-28")
    assert (y["name"], y["kind"], y["n_gaps"]) == ("y", "label (int)", None)
    lines = table(told(*args, "-o", "csv").out)
    assert [line["name"] for line in lines] == ["n", "word", "when", "y"]
    assert [line["examples"] for line in lines] == ["", "w0, w1, w2, w3", "", "0, 1"]
    assert cli.run("columns", str(path), "-o", "json") == 2  # dates are refused
    out, error = capsys.readouterr()
    assert json.loads(out)["columns"][2]["kind"] == "date"
    assert error.startswith("online-softmax: evaluate would refuse it: ")


def test_examples_are_whole_in_a_document(tmp_path, told):
    words = [f"{'long ' * 30}{i}" for i in range(2)]
    (tmp_path / "rows.csv").write_text("a,y\n" + "".join(f"{words[i % 2]},{words[i % 2]}\n" for i in range(9)))
    args = ["columns", tmp_path / "rows.csv", "--target", "y"]
    assert [line["examples"] for line in table(told(*args, "-o", "csv").out)] == [", ".join(words)] * 2
    assert [one["examples"] for one in json.loads(told(*args, "-o", "json").out)["columns"]] == [words] * 2


def test_rows_that_name_their_features_have_no_columns(tmp_path, told):
    (tmp_path / "a.svm").write_text("1 3:1 4:2\n2 3:1\n")
    document = json.loads(told("columns", tmp_path / "a.svm", "-o", "json").out)
    assert (document["columns"], document["n_features"], document["features"]) == ([], 2, [3, 4])
    assert told("columns", tmp_path / "a.svm", "-o", "csv").out.startswith("name,kind,")


def test_datasets_in_every_form(told):
    found = json.loads(told("datasets", "-o", "json").out)
    assert {one["name"]: one["target"] for one in found} == {one.name: one.target for one in BUNDLED.values()}
    assert [{**line, "n_rows": int(line["n_rows"])}["n_rows"] for line in table(told("datasets", "-o", "csv").out)] == [
        one["n_rows"] for one in found
    ]
    assert all(os.path.exists(one["file"]) for one in found)


@pytest.mark.parametrize("proba", [False, True])
def test_predictions_may_be_lines_of_json(proba, places, tmp_path, told):
    flags = ["--proba"] * proba
    rows = tmp_path / "rows.csv"
    rows.write_text("size,colour\n1,red\nx,green\n6,red\n")
    args = ["predict", rows, "--from", places["model"], "--number-columns", "size", "--missing", "skip-row"]
    found = [json.loads(line) for line in told(*args, "-q", "-o", "json", *flags).out.splitlines()]
    lines = table(told(*args, *flags).out)
    assert [set(one) for one in found] == [
        {"label", "probabilities"} if proba else {"label"},
        {"error"},
        *[set(found[0])],
    ]
    for one, line in zip([found[0], found[2]], [lines[0], lines[2]], strict=True):
        if proba:
            assert one["probabilities"] == {name: float(p) for name, p in line.items()}
            assert one["label"] == max(one["probabilities"], key=one["probabilities"].get)
        else:
            assert one["label"] == line["prediction"]


def test_classes_of_one_name_are_no_json(tmp_path, fails, told):
    model = SoftmaxRegression()
    model.learn_one({"a": 1.0}, 7), model.learn_one({"a": -1.0}, "7")
    model.save(tmp_path / "model")
    (tmp_path / "rows.csv").write_text("a\n1\n")
    args = ["predict", tmp_path / "rows.csv", "--from", tmp_path / "model", "-o", "json"]
    assert "two classes are written '7', which is one name in JSON" in fails(*args, "--proba")
    assert json.loads(told(*args).out) == {"label": 7}


def test_quiet_keeps_what_is_asked_for(places, tmp_path, told, fails):
    file, model = tmp_path / "run.json", tmp_path / "model"
    fruit = [places["fruit.csv"], "--target", "kind"]
    assert told("evaluate", *fruit, "-q", "--json", file) == ("", "")
    assert json.loads(file.read_text())["n_samples"] == 600
    assert told("train", *fruit, "-q", "--save", model) == ("", "")
    assert told("predict", places["fruit.csv"], "-q", "--from", model).out.count("\n") == 601
    assert fails("evaluate", "nothing.csv", "-q").startswith("online-softmax: ")


def test_a_table_in_a_pipe_is_as_wide_as_it_is(places, told, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    names = [f"SGD(0.{'0' * 40}{i})" for i in range(1, 6)]
    models = [word for name in names for word in ("--model", name)]
    lines = told("compare", places["fruit.csv"], "--target", "kind", *models).out.splitlines()
    assert {line.split()[0] for line in lines if line.startswith("SGD")} == {folded(name) for name in names}
    assert max(map(len, lines)) > 100


@pytest.mark.parametrize("args", [["--version"], ["evaluate", "phishing", "-q", "-o", "csv"]])
def test_what_cannot_be_written_is_one_line(args):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*COMMAND, *args], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (2, "online-softmax: no space left on device\n")


def test_a_reader_that_leaves_ends_it_quietly(places):
    args = [*COMMAND, "predict", places["fruit.csv"], "--from", places["model"], "-o", "json"]
    with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        error = process.stderr.read()
    assert (process.wait(), error) == (1, b"")


@pytest.fixture
def shown(monkeypatch):
    """Give the function that runs a command on a terminal, and gives what it wrote there."""

    def run(*args, **environment):
        for name in ("NO_COLOR", "FORCE_COLOR"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"TERM": "xterm-256color", **environment}.items():
            monkeypatch.setenv(name, value)
        leader, follower = pty.openpty()
        with monkeypatch.context() as patch, os.fdopen(follower, "w") as screen:
            patch.setattr(sys, "stdout", screen)
            assert cli.run(*map(str, args)) == 0
        found = b""
        with suppress(OSError):  # at the end
            while piece := os.read(leader, 1 << 16):
                found += piece
        os.close(leader)
        return found.decode()

    return run


def test_colours_are_for_terminals_that_want_them(tmp_path, shown):
    path = tmp_path / "rows.csv"
    path.write_text("a,b,y\n" + "".join(f"{i % 7},c{i},{i % 2}\n" for i in range(300)))  # b is noted as an identifier
    args = ["evaluate", path, "--target", "y", "--model", "SGD(0.1)"]
    assert re.search(r"\x1b\[[\d;]*33m", shown(*args))
    assert "\x1b" not in shown(*args, NO_COLOR="1")
    assert "\x1b" not in shown(*args, NO_COLOR="1", FORCE_COLOR="1")
    assert "\x1b" not in shown(*args, TERM="dumb")
    assert "\x1b[1m" in shown(*args, NO_COLOR="")


def test_a_pipe_has_colours_if_it_is_to_and_nothing_in_it_is_overwritten(tmp_path, told, monkeypatch):
    path = tmp_path / "rows.csv"
    path.write_text("a,y\n" + "".join(f"{i % 7},{i % 2}\n" for i in range(3000)))
    monkeypatch.setattr(terminal, "PATIENCE", 0.0)
    monkeypatch.setenv("TERM", "xterm-256color")
    args = ["evaluate", path, "--target", "y", "--model", "SGD(0.1)"]
    assert "\x1b" not in told(*args).out
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = told(*args).out
    assert "\x1b[1m" in out
    assert not re.search(r"\x1b\[[\d;?]*[^\d;?m]", out)
