"""The command line keeps models: evaluate --save, train, and runs that go on from a checkpoint."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from river import optim

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, load, progressive_validation
from online_softmax.models.saving import to_bytes
from online_softmax.models.scaled import NumberScaler

COMMAND = [sys.executable, "-m", "online_softmax"]


@pytest.mark.parametrize("command", ["train", "evaluate"])
@pytest.mark.parametrize(
    ("args", "make"),
    [
        ([], AutoSoftmaxRegression),
        (["--model", "SGD(0.1)"], lambda: NumberScaler(["size"]) | SoftmaxRegression(optim.SGD(0.1))),
        (["--model", "Adam", "--no-scale", "--intercept"], lambda: SoftmaxRegression(optim.Adam(), intercept=True)),
        (["--max-features", "3", "--hash-bits", "9"], lambda: AutoSoftmaxRegression(max_features=3, hash_bits=9)),
    ],
    ids=["auto", "scaled", "Adam", "bounded"],
)
def test_the_saved_model_is_the_one_that_ran(command, args, make, fruit, tmp_path, said):
    said(command, fruit, "--target", "kind", "--save", tmp_path / "model", *args)
    model = make()
    progressive_validation(fruit, model, target="kind")
    assert (tmp_path / "model").read_bytes() == to_bytes(model)


def test_training_goes_on_with_a_model(fruit, tmp_path, said):
    said("train", fruit, "--target", "kind", "--save", tmp_path / "half", "--limit", 700)
    out = said(
        "train",
        fruit,
        "--target",
        "kind",
        "--save",
        tmp_path / "all",
        "--from",
        tmp_path / "half",
        "--skip",
        700,
    )
    said("train", fruit, "--target", "kind", "--save", tmp_path / "whole")
    assert (tmp_path / "all").read_bytes() == (tmp_path / "whole").read_bytes()
    assert f"the model is saved to {tmp_path / 'all'}\n" in out


def test_a_bad_row_ends_training_with_the_rows_before_it(fruit, tmp_path, said, fails):
    text = fruit.read_text()
    fruit.write_text(text + "1,red\n" + "2,green,c\n" * 100)
    error = fails("train", fruit, "--target", "kind", "--save", tmp_path / "model")
    place = f"{fruit}, line 1502: 2 fields where the header has 3 (1,500 rows were scored before it)"
    assert error == f"online-softmax: {place}; the model of those rows is saved to {tmp_path / 'model'}\n"
    model = AutoSoftmaxRegression()
    progressive_validation(fruit, model, target="kind", limit=1500)
    assert (tmp_path / "model").read_bytes() == to_bytes(model)

    out = said("train", fruit, "--target", "kind", "--save", tmp_path / "model", "--on-bad", "skip")
    assert "1 bad row was passed over:\n  after 1,500 rows: " in out
    assert load(tmp_path / "model").classes == ["a", "b", "c"]


def test_evictions_are_shown(tmp_path, said):
    words = tmp_path / "words.vw"
    words.write_text("".join(f"{i % 2} | word{i} w{i % 5}\n" for i in range(3000)))
    out = said("evaluate", words, "--max-features", 100, "--json", tmp_path / "run.json")
    found = json.loads((tmp_path / "run.json").read_text())
    assert f"{found['n_evicted']:,} features made room for others in the model" in out
    assert (found["n_evicted"] > 2500, found["max_features"]) == (True, 100)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["auto", "SGD(0.1)"])
def test_a_killed_run_goes_on(model, tmp_path, said, figures):
    """Kill it for real, whenever it happens to be; resume until it is done."""
    rng = np.random.default_rng(0)
    table = tmp_path / "table.csv"
    frame = pd.DataFrame({"a": rng.normal(size=40_000), "b": rng.choice(["x", "y"], 40_000)})
    frame["y"] = np.where(frame["a"] + rng.normal(size=40_000) > 0, "u", "v")
    frame.to_csv(table, index=False)
    common = ["evaluate", table, "--target", "y", "--model", model, "--json"]
    said(*common, tmp_path / "whole.json", "--save", tmp_path / "whole")
    args = [*common, tmp_path / "run.json", "--save", tmp_path / "run", "--checkpoint", tmp_path / "c", "--every", 500]
    kills = 0
    for wait in (0.7, 0.8, 0.9, 1.0, 1.1):
        command = [*COMMAND, *map(str, args), "--resume"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
            kills += process.wait() == -signal.SIGKILL
    assert kills or (tmp_path / "run").exists()
    said(*args, "--resume")
    found, whole = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("run", "whole"))
    assert figures(found, "resumed") == figures(whole, "resumed")
    assert (tmp_path / "run").read_bytes() == (tmp_path / "whole").read_bytes()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["train", "phishing"], "Missing option '--save'"),
        (["train", "phishing", "--save", "no/dir/m"], "cannot write no/dir/m: there is no directory"),
        (["train", "phishing", "--save", "."], "cannot write .: it is a directory"),
        (["evaluate", "phishing", "--checkpoint", "no/dir/m"], "cannot write no/dir/m: there is no directory"),
        (["evaluate", "phishing", "--resume"], "--resume goes with --checkpoint"),
        (["evaluate", "phishing", "--every", "5"], "--every goes with --checkpoint"),
        (["evaluate", "phishing", "--every", "0", "--checkpoint", "c"], "Invalid value for '--every'"),
        (["evaluate", "phishing", "--from", "nothing"], "online-softmax: --from nothing: no such file or directory\n"),
        (["evaluate", "phishing", "--from", "junk"], "cannot load junk: it is not a whole safetensors file"),
        (["evaluate", "phishing", "--from", "empty", "--model", "auto"], "--model goes with a new model"),
        (["evaluate", "phishing", "--from", "empty", "--no-scale"], "--no-scale goes with a new model"),
        (["evaluate", "phishing", "--from", "empty", "--hash-bits", "8"], "--hash-bits goes with a new model"),
        (["evaluate", "phishing", "--checkpoint", "junk"], "the checkpoint junk exists: --resume it, or remove it"),
        (["evaluate", "phishing", "--checkpoint", "junk", "--resume"], "cannot resume junk: it is not a whole"),
        (
            ["evaluate", "phishing", "--checkpoint", "empty", "--resume"],
            "cannot resume empty: it is another file of online-softmax, no checkpoint",
        ),
        (["evaluate", "phishing", "--save", "/dev/null"], "cannot write /dev/null: it is not a regular file"),
        (["evaluate", "phishing", "--save", "m", "--checkpoint", "./m"], "m is named twice, for save and checkpoint"),
        (["evaluate", "phishing", "--save", "m", "--json", "m"], "m is named twice, for save and json"),
        (["evaluate", "junk", "--target", "y", "--save", "junk"], "junk is named twice, for source and save"),
        (["predict", "phishing", "--from", "full"], "the model in full knows none of the columns"),
        (["evaluate", "phishing", "--from", "full"], "the model in full knows none of the columns"),
        (["evaluate", "junk", "--target", "y", "--features", "a\nb"], "is no list of columns"),
        (["evaluate", "phishing", "--max-features", "0"], "'0' is not a whole number, 1 or more"),
        (["evaluate", "phishing", "--hash-bits", "31"], "'31' is not a whole number from 1 to 30"),
        (["evaluate", "phishing", "--on-bad", "drop"], "--on-bad is 'raise' or 'skip', not 'drop'"),
        (["predict", "phishing"], "Missing option '--from'"),
        (["predict", "phishing", "--from", "empty"], "the model in empty has learned no class yet"),
        (["predict", "nothing.csv", "--from", "full"], "no file 'nothing.csv'"),
        (["predict", "phishing", "--from", "full", "--drop", "x"], "no column 'x' to be dropped"),
        (["predict", "phishing", "--from", "full", "--features", "x"], "no column 'x' to be a feature"),
        (
            ["predict", "phishing", "--from", "full", "--missing", "drop"],
            "missing is 'error', 'zero', 'indicate', 'skip-row'",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_are_one_line(args, message, tmp_path, fails, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "junk").write_text("junk")
    SoftmaxRegression().save("empty")
    model = SoftmaxRegression()
    model.learn_one({"a": 1.0}, "u")
    model.save("full")
    before = sorted(os.listdir())
    assert message in fails(*args)
    assert sorted(os.listdir()) == before
    assert capsys.readouterr().out == ""


def test_files_named_twice_are_refused(tmp_path, said, fails, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkdir("d")
    for name in ("d/1.csv", "d/2.csv"):
        with open(name, "w") as file:
            file.write("a,y\n1,u\n2,v\n")
    os.link("d/1.csv", "linked")
    said("train", "d", "--target", "y", "--save", "m")
    before = {name: Path(name).read_bytes() for name in ("d/1.csv", "d/2.csv", "m")}
    for args in (
        ["d/1.csv", "--from", "m", "--json", "m"],
        ["d", "--save", "d/1.csv"],
        ["d/*.csv", "--json", "d/2.csv"],
        ["d/1.csv", "--json", "linked"],
        ["d/1.csv", "--save", "x", "--checkpoint", "./x"],
    ):
        assert "is named twice" in fails("evaluate", *args, "--target", "y")
    assert {name: Path(name).read_bytes() for name in before} == before
    said("train", "d", "--target", "y", "--from", "m", "--save", "m")


@pytest.mark.slow
def test_an_interrupted_run_saves_its_model(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("a,y\n" + "1,u\n2,v\n" * 300_000)
    args = [*COMMAND, "train", str(table), "--target", "y", "--save", str(tmp_path / "model")]
    with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not process.stdout.readline().lstrip().startswith("1,000"):
            time.sleep(0)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate()
    assert process.returncode == 130
    assert error.endswith(f" rows; the model is saved to {tmp_path / 'model'}\n")
    assert load(tmp_path / "model").classes == ["u", "v"]


@pytest.mark.slow
@pytest.mark.parametrize("command", ["evaluate", "train"])
def test_a_run_outlives_its_reader(command, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("a,y\n" + "1,u\n2,v\n" * 100_000)
    args = [*COMMAND, command, str(table), "--target", "y", "--model", "SGD", "--save", str(tmp_path / "model")]
    args += ["--json", str(tmp_path / "run.json")] if command == "evaluate" else []
    with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait()
    assert set(load(tmp_path / "model").steps["SoftmaxRegression"].classes) == {"u", "v"}
    if command == "evaluate":
        assert json.loads((tmp_path / "run.json").read_text())["n_samples"] == 200_000


def test_labels_that_no_file_holds_are_one_line(tmp_path, said, fails):
    table = pa.table({"a": [1.0, 2.0], "d": pa.array([0, 1], pa.date32())})
    pa.parquet.write_table(table, tmp_path / "dates.parquet")
    args = [tmp_path / "dates.parquet", "--target", "d"]
    assert "is a date: a model file holds" in fails("train", *args, "--save", tmp_path / "model")
    assert "is a date: a model file holds" in fails("evaluate", *args, "--checkpoint", tmp_path / "run")
    assert "2 rows in" in said("evaluate", *args)


def test_a_checkpoint_that_cannot_be_written_leaves_the_model(fruit, tmp_path, fails, monkeypatch):
    from online_softmax.evaluation import checkpoints

    writes = []

    def full(path, data):
        writes.append(path)
        if len(writes) == 4:
            raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(checkpoints, "write_file", full)
    args = ["--target", "kind", "--save", tmp_path / "model", "--checkpoint", tmp_path / "c", "--every", "500"]
    error = fails("train", fruit, *args)
    assert f"{tmp_path / 'c'}: no space left on device; the model of the first 1,500 rows is saved to" in error
    model = AutoSoftmaxRegression()
    progressive_validation(fruit, model, target="kind")
    assert (tmp_path / "model").read_bytes() == to_bytes(model)
