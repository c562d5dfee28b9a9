"""The command line keeps models: evaluate --save, train, predict, and runs that go on from a checkpoint."""

from __future__ import annotations

import csv
import io
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
from river import optim, preprocessing

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, cli, load, progressive_validation, save
from online_softmax.models.saving import to_bytes
from online_softmax.models.scaled import NumberScaler

COMMAND = [sys.executable, "-m", "online_softmax"]


@pytest.fixture
def fruit(tmp_path):
    path = tmp_path / "fruit.csv"
    rows = [f"{i % 5 + (i % 3) * 3},{('red', 'green')[i % 2]},{'abc'[i % 3]}\n" for i in range(1500)]
    path.write_text("size,colour,kind\n" + "".join(rows))
    return path


def said(capsys, *args):
    """Run a command that succeeds; give what it printed."""
    assert cli.run(*map(str, args)) == 0
    out, error = capsys.readouterr()
    assert error == ""
    return out


def fails(capsys, *args):
    """Run a command that fails; give its one line of complaint."""
    assert cli.run(*map(str, args)) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


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
def test_the_saved_model_is_the_one_that_ran(command, args, make, fruit, tmp_path, capsys):
    said(capsys, command, fruit, "--target", "kind", "--save", tmp_path / "model", *args)
    model = make()
    progressive_validation(fruit, model, target="kind")
    assert (tmp_path / "model").read_bytes() == to_bytes(model)


def test_training_goes_on_with_a_model(fruit, tmp_path, capsys):
    said(capsys, "train", fruit, "--target", "kind", "--save", tmp_path / "half", "--limit", 700)
    out = said(
        capsys,
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
    said(capsys, "train", fruit, "--target", "kind", "--save", tmp_path / "whole")
    assert (tmp_path / "all").read_bytes() == (tmp_path / "whole").read_bytes()
    assert f"the model is saved to {tmp_path / 'all'}\n" in out


def rows_in_every_format(tmp_path):
    """Write the same rows, labelled or not, in each format; give the files, and the arguments that each needs."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=["1", "2", "3"])
    frame["y"] = (frame["1"] > 0).astype(int)
    files = {kind: tmp_path / f"rows.{kind}" for kind in ("csv", "tsv", "jsonl", "parquet", "svm", "vw", "arff")}
    frame.to_csv(files["csv"], index=False)
    frame.to_csv(files["tsv"], index=False, sep="\t")
    frame.to_json(files["jsonl"], orient="records", lines=True, double_precision=15)
    pa.parquet.write_table(pa.Table.from_pandas(frame), files["parquet"])
    values = [
        " ".join(f"{name}:{value!r}" for name, value in zip("123", row, strict=True))
        for row in frame.to_numpy()[:, :3].tolist()
    ]
    files["svm"].write_text("".join(f"{y} {x}\n" for y, x in zip(frame["y"], values, strict=True)))
    files["vw"].write_text("".join(f"| {x}\n" for x in values))
    header = "".join(f"@attribute {name} real\n" for name in "123") + "@attribute y {0,1}\n"
    files["arff"].write_text("@relation r\n" + header + "@data\n" + files["csv"].read_text().partition("\n")[2])
    return frame, files


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet", "svm", "vw", "arff"])
@pytest.mark.parametrize("scale", [False, True])
def test_predict_reads_what_evaluate_reads(kind, scale, tmp_path, capsys):
    frame, files = rows_in_every_format(tmp_path)
    X = frame[["1", "2", "3"]].rename(columns=int) if kind == "svm" else frame[["1", "2", "3"]]
    model = preprocessing.StandardScaler() | SoftmaxRegression() if scale else AutoSoftmaxRegression()
    progressive_validation(list(zip(X.to_dict("records"), frame["y"].tolist(), strict=True)), model)
    save(model, tmp_path / "model")
    out = said(capsys, "predict", files[kind], "--from", tmp_path / "model", "--proba")
    header, *lines = csv.reader(io.StringIO(out))
    expected = [model.predict_proba_one(x) for x in X.to_dict("records")]
    assert header == [str(label) for label in expected[0]]
    close = {"rtol": 1e-9} if kind == "jsonl" else {"rtol": 0, "atol": 0}
    np.testing.assert_allclose(np.array(lines, float), [list(p.values()) for p in expected], **close)

    out = said(capsys, "predict", files[kind], "--from", tmp_path / "model", "--skip", 7, "--limit", 9)
    labels = [str(max(p, key=p.get)) for p in expected[7:16]]
    assert out.split() == ["prediction", *labels]


def test_predictions_stay_beside_their_rows(fruit, tmp_path, capsys):
    said(capsys, "train", fruit, "--target", "kind", "--save", tmp_path / "model")
    rows = tmp_path / "rows.csv"
    rows.write_text("size,colour\n,red\n1,green\nnan,red\n1,2,3\n6,red\n,\n")
    args = ["predict", rows, "--from", tmp_path / "model", "--on-bad", "skip", "--missing", "skip-row"]
    lines = said(capsys, *args).splitlines()
    assert [bool(line.strip('"')) for line in lines] == [True, False, True, False, False, True, False]
    proba = list(csv.reader(io.StringIO(said(capsys, *args, "--proba"))))
    assert {len(line) for line in proba} == {3}


def test_label_column_is_no_feature_where_it_is_named(tmp_path, capsys):
    model = SoftmaxRegression()
    model.learn_one({"a": 1.0, "y": 1.0}, "u")
    model.learn_one({"a": -1.0, "y": 5.0}, "v")
    model.save(tmp_path / "model")
    (tmp_path / "rows.csv").write_text("a,y\n1,9\n")
    with_y = said(capsys, "predict", tmp_path / "rows.csv", "--from", tmp_path / "model", "--proba")
    without = said(capsys, "predict", tmp_path / "rows.csv", "--from", tmp_path / "model", "--proba", "--target", "y")
    p = list(model.predict_proba_one({"a": 1.0}).values())
    assert [float(field) for field in without.splitlines()[1].split(",")] == p
    assert with_y != without


def feed(pipe):
    """Write rows until nobody reads them."""
    for _ in range(200):
        pipe.write(b"2,green\n" * 20_000)
        pipe.flush()


def test_predict_prints_before_the_end_and_stops_with_its_reader(fruit, tmp_path, capsys):
    said(capsys, "train", fruit, "--target", "kind", "--save", tmp_path / "model")
    args = [*COMMAND, "predict", "-", "--from", str(tmp_path / "model")]
    with subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(b"size,colour\n1,red\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"prediction\n"
        assert process.stdout.readline() in (b"a\n", b"b\n", b"c\n")
        process.stdout.close()
        with pytest.raises(BrokenPipeError):
            feed(process.stdin)
        process.stdin.close()
        assert process.wait(30) == 1
        assert process.stderr.read() == b""


def test_a_bad_row_ends_training_with_the_rows_before_it(fruit, tmp_path, capsys):
    text = fruit.read_text()
    fruit.write_text(text + "1,red\n" + "2,green,c\n" * 100)
    error = fails(capsys, "train", fruit, "--target", "kind", "--save", tmp_path / "model")
    place = f"{fruit}, line 1502: 2 fields where the header has 3 (1,500 rows were scored before it)"
    assert error == f"online-softmax: {place}; the model of those rows is saved to {tmp_path / 'model'}\n"
    model = AutoSoftmaxRegression()
    progressive_validation(fruit, model, target="kind", limit=1500)
    assert (tmp_path / "model").read_bytes() == to_bytes(model)

    out = said(capsys, "train", fruit, "--target", "kind", "--save", tmp_path / "model", "--on-bad", "skip")
    assert "1 bad row was passed over:\n  after 1,500 rows: " in out
    assert load(tmp_path / "model").classes == ["a", "b", "c"]


def test_evictions_are_shown(tmp_path, capsys):
    words = tmp_path / "words.vw"
    words.write_text("".join(f"{i % 2} | word{i} w{i % 5}\n" for i in range(3000)))
    out = said(capsys, "evaluate", words, "--max-features", 100, "--json", tmp_path / "run.json")
    found = json.loads((tmp_path / "run.json").read_text())
    assert f"{found['n_evicted']:,} features made room for others in the model" in out
    assert (found["n_evicted"] > 2500, found["max_features"]) == (True, 100)


@pytest.mark.parametrize("model", ["auto", "SGD(0.1)"])
def test_a_killed_run_goes_on(model, tmp_path, capsys, figures):
    """Kill it for real, whenever it happens to be; resume until it is done."""
    rng = np.random.default_rng(0)
    table = tmp_path / "table.csv"
    frame = pd.DataFrame({"a": rng.normal(size=40_000), "b": rng.choice(["x", "y"], 40_000)})
    frame["y"] = np.where(frame["a"] + rng.normal(size=40_000) > 0, "u", "v")
    frame.to_csv(table, index=False)
    common = ["evaluate", table, "--target", "y", "--model", model, "--json"]
    said(capsys, *common, tmp_path / "whole.json", "--save", tmp_path / "whole")
    args = [*common, tmp_path / "run.json", "--save", tmp_path / "run", "--checkpoint", tmp_path / "c", "--every", 500]
    kills = 0
    for wait in (0.7, 0.8, 0.9, 1.0, 1.1):
        command = [*COMMAND, *map(str, args), "--resume"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
            kills += process.wait() == -signal.SIGKILL
    assert kills or (tmp_path / "run").exists()
    said(capsys, *args, "--resume")
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
        (["evaluate", "phishing", "--from", "nothing"], "No such file"),
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
        (["evaluate", "phishing", "--max-features", "0"], "max_features must be an int of at least 1"),
        (["evaluate", "phishing", "--hash-bits", "31"], "hash_bits must be an int from 1 to 30"),
        (["evaluate", "phishing", "--on-bad", "drop"], "on_bad is 'raise' or 'skip', not 'drop'"),
        (["predict", "phishing"], "Missing option '--from'"),
        (["predict", "phishing", "--from", "empty"], "the model in empty has learned no class yet"),
        (["predict", "nothing.csv", "--from", "full"], "no file 'nothing.csv'"),
        (["predict", "phishing", "--from", "full", "--drop", "x"], "no column 'x' to be dropped"),
        (["predict", "phishing", "--from", "full", "--features", "x"], "no column 'x' to be a feature"),
        (["predict", "phishing", "--from", "full", "--missing", "drop"], "missing is 'error', 'zero', 'skip-row'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_are_one_line(args, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "junk").write_text("junk")
    SoftmaxRegression().save("empty")
    model = SoftmaxRegression()
    model.learn_one({"a": 1.0}, "u")
    model.save("full")
    before = sorted(os.listdir())
    assert message in fails(capsys, *args)
    assert sorted(os.listdir()) == before
    assert capsys.readouterr().out == ""


def test_columns_are_what_the_model_has_learned_from(tmp_path, capsys):
    (tmp_path / "codes.csv").write_text("code,y\n" + "1,u\n2,v\nx,w\n" * 20)
    said(capsys, "train", tmp_path / "codes.csv", "--target", "y", "--save", tmp_path / "model")
    (tmp_path / "numbers.csv").write_text("code,y\n1,u\n2,v\n")
    args = [tmp_path / "numbers.csv", "--target", "y", "--from", tmp_path / "model"]
    assert said(capsys, "predict", *args).split() == ["prediction", "u", "v"]
    said(capsys, "train", *args, "--save", tmp_path / "other")
    assert set(load(tmp_path / "other").features) == {"code=1", "code=2", "code=x"}
    (tmp_path / "model").unlink()
    said(capsys, "train", tmp_path / "numbers.csv", "--target", "y", "--save", tmp_path / "model")
    args[0] = tmp_path / "codes.csv"
    assert "column 'code' holds strings, and the model" in fails(capsys, "predict", *args)
    (tmp_path / "odd.csv").write_text("a=b,y\n" + "red,u\nblue,v\n" * 20)
    said(capsys, "train", tmp_path / "odd.csv", "--target", "y", "--save", tmp_path / "model")
    said(capsys, "predict", tmp_path / "odd.csv", "--from", tmp_path / "model")


def test_files_named_twice_are_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkdir("d")
    for name in ("d/1.csv", "d/2.csv"):
        with open(name, "w") as file:
            file.write("a,y\n1,u\n2,v\n")
    os.link("d/1.csv", "linked")
    said(capsys, "train", "d", "--target", "y", "--save", "m")
    before = {name: Path(name).read_bytes() for name in ("d/1.csv", "d/2.csv", "m")}
    for args in (
        ["d/1.csv", "--from", "m", "--json", "m"],
        ["d", "--save", "d/1.csv"],
        ["d/*.csv", "--json", "d/2.csv"],
        ["d/1.csv", "--json", "linked"],
        ["d/1.csv", "--save", "x", "--checkpoint", "./x"],
    ):
        assert "is named twice" in fails(capsys, "evaluate", *args, "--target", "y")
    assert {name: Path(name).read_bytes() for name in before} == before
    said(capsys, "train", "d", "--target", "y", "--from", "m", "--save", "m")


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


def test_closed_standard_files_are_one_line(tmp_path):
    SoftmaxRegression().save(tmp_path / "model")
    model = SoftmaxRegression()
    model.learn_one({"a": 1.0}, "u")
    model.save(tmp_path / "model")
    command = f"{sys.executable} -m online_softmax predict - --from {tmp_path / 'model'}"
    for closed, name in (("<&-", "input"), (">&-", "output")):
        done = subprocess.run(["sh", "-c", f"{command} {closed}"], input="a\n1\n", capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (2, f"online-softmax: standard {name} is closed\n")


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


def test_labels_that_no_file_holds_are_one_line(tmp_path, capsys):
    table = pa.table({"a": [1.0, 2.0], "d": pa.array([0, 1], pa.date32())})
    pa.parquet.write_table(table, tmp_path / "dates.parquet")
    args = [tmp_path / "dates.parquet", "--target", "d"]
    assert "is a date: a model file holds" in fails(capsys, "train", *args, "--save", tmp_path / "model")
    assert "is a date: a model file holds" in fails(capsys, "evaluate", *args, "--checkpoint", tmp_path / "run")
    assert "2 rows in" in said(capsys, "evaluate", *args)


def test_a_checkpoint_that_cannot_be_written_leaves_the_model(fruit, tmp_path, capsys, monkeypatch):
    from online_softmax.evaluation import checkpoints

    writes = []

    def full(path, data):
        writes.append(path)
        if len(writes) == 4:
            raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(checkpoints, "write_file", full)
    args = ["--target", "kind", "--save", tmp_path / "model", "--checkpoint", tmp_path / "c", "--every", "500"]
    error = fails(capsys, "train", fruit, *args)
    assert f"No space left on device: '{tmp_path / 'c'}'; the model of the first 1,500 rows is saved to" in error
    model = AutoSoftmaxRegression()
    progressive_validation(fruit, model, target="kind")
    assert (tmp_path / "model").read_bytes() == to_bytes(model)
