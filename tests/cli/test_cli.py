"""The command line does what its help says, and answers a mistake with one line and status 2."""

from __future__ import annotations

import gzip
import json
import os
import platform
import pty
import re
import signal
import subprocess
import sys
import time
from importlib import import_module
from importlib.metadata import version

import pytest
from river import optim, preprocessing

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, cli
from online_softmax.evaluation import progressive_validation
from online_softmax.streams import open_stream

COMMAND = [sys.executable, "-m", "online_softmax"]


@pytest.fixture
def long(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("a,b,y\n" + "1.5,word,u\n2.5,other,v\n" * 100_000)
    return path


def test_evaluate_prints_a_table_and_a_summary(capsys):
    assert cli.run("evaluate", "image_segments") == 0

    lines = capsys.readouterr().out.splitlines()
    result = progressive_validation("image_segments", AutoSoftmaxRegression())
    assert [line.split()[0] for line in lines[2:5]] == ["1,000", "2,000", "2,310"]
    assert lines[4].split()[1:3] == [f"{result.accuracy:.2%}", f"{result.log_loss:.4f}"]
    assert f"accuracy {result.accuracy:.2%}, log loss {result.log_loss:.4f}, macro F1 {result.macro_f1:.2%}" in lines[6]
    assert [line.split()[0] for line in lines[-7:]] == result.labels


def test_options_reach_the_run(fruit, tmp_path, capsys):
    file = tmp_path / "run.json"
    args = ["--model", "AdaGrad(0.3, eps=1e-6)", "--no-scale", "--intercept", "--limit", "1200", "--window", "100"]
    assert cli.run("evaluate", str(fruit), "--target", "kind", *args, "--json", str(file)) == 0

    content = json.loads(file.read_text())
    model = SoftmaxRegression(optim.AdaGrad(0.3, eps=1e-6), intercept=True)
    result = progressive_validation(fruit, model, target="kind", limit=1200, window=100)
    assert content["log_loss"] == result.log_loss
    assert content["rows"][-1]["window_log_loss"] == result.rows[-1].window_log_loss
    conditions = {
        "source": str(fruit),
        "target": "kind",
        "scaled": False,
        "intercept": True,
        "limit": 1200,
        "window": 100,
    }
    assert conditions.items() <= content.items()
    assert "last 100 rows" in capsys.readouterr().out


def test_scaling_leaves_the_one_hot_features_of_strings_alone(tmp_path, capsys):
    path = tmp_path / "words.csv"
    path.write_text("n,word,kind\n" + "".join(f"{i % 7},{'pqr'[i % 3]},{'abc'[i % 3]}\n" for i in range(600)))
    file = tmp_path / "run.json"

    assert cli.run("evaluate", str(path), "--target", "kind", "--json", str(file), "--model", "SGD(0.1)") == 0
    assert json.loads(file.read_text())["accuracy"] > 0.98


def test_datasets_lists_the_bundled_streams(capsys):
    assert cli.run("datasets") == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "rows", "features", "classes", "description"]
    assert lines[1].startswith("image_segments    2,310        18        7  ")


def test_without_a_command_there_is_help(capsys):
    assert cli.run() == 0
    without = capsys.readouterr().out
    assert cli.run("--help") == 0

    assert without == capsys.readouterr().out
    assert "evaluate" in without


def test_version_names_the_parts_a_line_each(capsys):
    assert cli.run("--version") == 0
    own, kernel, python, *parts = capsys.readouterr().out.splitlines()
    assert own == f"online-softmax {version('online-softmax')}"
    assert re.fullmatch(r"kernel compiled by \S.*\d, with vectors of \S.*", kernel)
    assert python.startswith(f"Python {platform.python_version()} on ")
    assert {f"{name} {version(name)}" for name in ("river", "numpy", "narwhals", "typer", "rich")} <= set(parts)
    assert len(parts) == len({part.split()[0] for part in parts})


def test_models_that_tune_themselves():
    assert cli.parse_model(cli.models.DEFAULT_MODEL).interactions == "auto"
    assert cli.parse_model("auto-linear").interactions is False


@pytest.mark.parametrize("flag", ["--no-scale", "--intercept"])
def test_flags_of_optimisers_are_refused_without_one(flag, capsys):
    assert cli.run("evaluate", "phishing", flag) == 2
    assert flag in capsys.readouterr().err


def test_scaled_optimiser_is_the_pipeline(capsys, tmp_path):
    file = tmp_path / "run.json"
    assert cli.run("evaluate", "image_segments", "--model", "SGD(0.01)", "--json", str(file)) == 0
    result = progressive_validation("image_segments", preprocessing.StandardScaler() | SoftmaxRegression())
    assert json.loads(file.read_text())["log_loss"] == result.log_loss


@pytest.mark.parametrize("name", cli.models.OPTIMIZERS)
def test_every_optimiser_runs_by_its_name(name, capsys):
    assert cli.run("evaluate", "phishing", "--limit", "50", "--model", name) == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "Madam",
            "no model is called 'Madam'; there are auto, auto-linear, SGD, Momentum, NesterovMomentum, AdaGrad, ",
        ),
        ("SGD(0.1", "model 'SGD(0.1' is not of the form SGD, SGD(0.1) or Adam(lr=0.1, beta_1=0.8)"),
        ("", "model '' is not of the form"),
        ("SGD(lr)", "model 'SGD(lr)' is not of the form"),
        ("SGD(**{'lr': 1})", "is not of the form"),
        ("SGD(lr=1, lr=2)", "is not of the form"),
        ("__import__('os').getcwd()", "is not of the form"),
        ("(" * 9999, "is not of the form"),
        ("SGD(1, 2)", "model 'SGD(1, 2)': too many positional arguments; SGD takes lr"),
        ("SGD(rate=1)", "got an unexpected keyword argument 'rate'; SGD takes lr"),
        ("SGD('a')", "model \"SGD('a')\": lr is a finite number, 0 or more, not 'a'"),
        ("SGD(-1)", "lr is a finite number, 0 or more, not -1"),
        ("SGD(1e999)", "lr is a finite number, 0 or more, not inf"),
        ("SGD(True)", "lr is a finite number, 0 or more, not True"),
        ("AMSGrad(correct_bias=1)", "correct_bias is True or False, not 1"),
    ],
)
def test_wrong_model_is_one_sentence(text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        cli.parse_model(text)


MISTAKES = {
    "missing file": (["evaluate", "nothing.csv", "--target", "y"], "no file 'nothing.csv', nor a bundled stream"),
    "missing source": (["evaluate"], "Missing argument"),
    "missing target": (["evaluate", "good.csv"], "name the target column of good.csv, one of: a, y"),
    "unknown target": (
        ["evaluate", "good.csv", "--target", "z"],
        "good.csv has no column 'z' to be the target; its columns are: a, y",
    ),
    "directory": (["evaluate", ".", "--target", "y"], "ragged.csv, line 3: 1 field where the header has 2"),
    "empty file": (["evaluate", "empty.csv", "--target", "y"], "empty.csv is empty"),
    "header alone": (["evaluate", "header.csv", "--target", "y"], "header.csv holds a header and no rows"),
    "ragged row": (
        ["evaluate", "ragged.csv", "--target", "y"],
        "ragged.csv, line 3: 1 field where the header has 2 (1 row was scored before it)",
    ),
    "unknown model": (["evaluate", "good.csv", "--target", "y", "--model", "Madam"], "no model is called 'Madam'"),
    "negative limit": (["evaluate", "good.csv", "--target", "y", "--limit", "-1"], "Invalid value for '--limit'"),
    "word for a limit": (["evaluate", "good.csv", "--target", "y", "--limit", "all"], "Invalid value for '--limit'"),
    "window of none": (["evaluate", "good.csv", "--target", "y", "--window", "0"], "Invalid value for '--window'"),
    "JSON nowhere": (
        ["evaluate", "good.csv", "--target", "y", "--json", "nowhere/run.json"],
        "cannot write nowhere/run.json: there is no directory nowhere",
    ),
    "JSON directory": (["evaluate", "good.csv", "--target", "y", "--json", "."], "cannot write .: it is a directory"),
    "unknown option": (["evaluate", "good.csv", "--tarqet", "y"], "No such option: --tarqet"),
    "unknown command": (["guess"], "No such command 'guess'"),
}


@pytest.mark.parametrize(("args", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistake_is_one_line_and_status_2(args, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, content in {
        "good": "a,y\n1,u\n2,v\n",
        "empty": "",
        "header": "a,y\n",
        "ragged": "a,y\n1,u\n2\n",
    }.items():
        (tmp_path / f"{name}.csv").write_text(content)

    assert cli.run(*args) == 2
    error = capsys.readouterr().err
    assert error.startswith("online-softmax: ")
    assert message in error
    assert error.count("\n") == 1


def test_module_runs_as_a_command(fruit):
    done = subprocess.run([*COMMAND, "evaluate", fruit, "--target", "kind"], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
    assert "1,500 rows in " in done.stdout
    assert "\x1b" not in done.stdout


def test_module_answers_a_mistake_with_one_line():
    done = subprocess.run([*COMMAND, "evaluate", "nothing.csv"], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["typer", "rich"])
def test_missing_extra_is_one_line(name):
    code = f"import sys; sys.modules[{name!r}] = None; from online_softmax.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    expected = f"online-softmax: the command line needs {name}: pip install 'online-softmax[cli]'\n"
    assert (done.returncode, done.stderr) == (2, expected)


@pytest.mark.slow
def test_terminal_shows_a_bar_on_a_long_file_and_takes_it_away(long):
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    hasty = (
        "from online_softmax import __main__; from online_softmax.reports import terminal; "
        "terminal.PATIENCE = 0.0; __main__.main()"
    )
    args = [sys.executable, "-c", hasty, "evaluate", str(long), "--target", "y"]
    with subprocess.Popen(args, stdout=follower, stderr=follower, env=environment) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                piece = os.read(leader, 1 << 16)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
    os.close(leader)

    assert process.returncode == 0
    assert "━".encode() in shown
    assert b"200,000 rows in " in shown
    assert shown.rindex("━".encode()) < shown.rindex(b"200,000 rows in ")


@pytest.mark.parametrize(
    ("command", "models"), [("evaluate", ["auto-linear"]), ("compare", ["auto-linear", "river:GaussianNB()"])]
)
def test_an_interrupted_run_writes_what_it_has_found_and_says_so_in_one_line(command, models, long, tmp_path):
    file, page, model = (tmp_path / name for name in ("run.json", "run.html", "model"))
    args = [*COMMAND, command, long, "--target", "y", "--json", file, "--report", page]
    args += [word for name in models for word in ("--model", name)]
    if command == "evaluate":
        args += ["--save", model]
    with subprocess.Popen([*map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not process.stdout.readline().lstrip().startswith("1,000"):
            time.sleep(0)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate()

    assert process.returncode == 130
    assert error.startswith("online-softmax: interrupted after ")
    assert error.endswith(f"; the result of those rows is written to {file} and {page}\n")
    assert error.count("\n") == 1
    n = int(re.search(r"after ([\d,]+) rows", error)[1].replace(",", ""))
    assert 1000 <= n < 200_000
    content = json.loads(file.read_text())
    expected = progressive_validation(long, cli.parse_model("auto-linear"), target="y", limit=n)
    for name, run in {"auto-linear": content}.items() if command == "evaluate" else content["runs"].items():
        assert run["n_samples"] == n
        assert name != "auto-linear" or run["log_loss"] == expected.log_loss
    assert page.read_text().startswith("<!doctype html>")
    assert model.exists() == (command == "evaluate")


def test_an_interrupted_document_stands_alone(long):
    args = [*COMMAND, "evaluate", str(long), "--target", "y", "-o", "csv"]
    with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not process.stderr.readline().lstrip().startswith("1,000"):
            time.sleep(0)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate()
    assert process.returncode == 130
    assert out.startswith("n_samples,n,accuracy,")
    assert error.splitlines()[-1].endswith("the result of those rows is written to standard output")


def test_closed_pipe_ends_quietly(long):
    args = [*COMMAND, "evaluate", str(long), "--target", "y", "--model", "SGD", "--no-scale"]
    with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        process.stdout.close()
        error = process.stderr.read()

    assert error == ""


def test_columns_gaps_and_parts_are_chosen(tmp_path, capsys):
    path = tmp_path / "table.tsv.gz"
    rows = [f"{'' if i == 30 else i % 4}\t{i}\tx{i}\t{1 + i % 2}\t{'abc'[i % 3]}\n" for i in range(200)]
    path.write_bytes(gzip.compress(("a\tb\tid\tw\ty\n" + "".join(rows)).encode()))
    file = tmp_path / "run.json"
    args = ["--target", "y", "--drop", "id", "--drop", "b", "--weight", "w", "--skip", "20", "--limit", "100"]

    for missing, found in {"zero": (100, 1, 0), "skip-row": (100, 0, 1)}.items():
        assert cli.run("evaluate", str(path), *args, "--missing", missing, "--json", str(file)) == 0
        content = json.loads(file.read_text())
        assert (content["n_samples"], content["n_zeroed"], content["n_skipped"]) == found
        stream = open_stream(path, "y", features=["a"], weight="w", skip=20, missing=missing)
        assert content["log_loss"] == progressive_validation(stream, AutoSoftmaxRegression(), limit=100).log_loss
    assert "1 row was left out for a gap or a bad cell" in capsys.readouterr().out
    assert cli.run("evaluate", str(path), "--target", "y", "--features", "a,b", "--limit", "10") == 0
    assert cli.run("evaluate", str(path), *args) == 2
    error = capsys.readouterr().err
    assert "line 32, column 'a': '' is not a finite number, but a gap: say --missing 'zero'" in error
    assert "(10 rows were scored before it)" in error


@pytest.mark.parametrize("name", ["words.vw", "words.txt"])
def test_text_with_labels_needs_no_target(name, tmp_path, capsys):
    path = tmp_path / name
    path.write_text("".join(f"{'uv'[i % 2]} | f{i % 2} g{i % 5}\n" for i in range(300)))
    format = [] if name.endswith(".vw") else ["--format", "vw"]

    assert cli.run("evaluate", str(path), *format, "--model", "SGD(0.5)", "--no-scale") == 0
    assert "300 rows" in capsys.readouterr().out
    assert cli.run("evaluate", str(path), "--format", "vw", "--target", "y") == 2
    assert "target='y' names a column, and vw text carries its own labels" in capsys.readouterr().err


def test_an_encoding_that_lacks_signs_ends_no_run(tmp_path):
    (tmp_path / "signs.csv").write_text("a,y\n1,\u00e9\n2,\u65e5\n1,\u00e9\n", encoding="utf-8")
    command = [sys.executable, "-m", "online_softmax", "evaluate", "signs.csv", "--target", "y", "--model", "SGD(0.1)"]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert "\\xb5s a row" in done.stdout
    assert "\\u65e5" in done.stdout
    assert not done.stderr


def test_an_empty_name_is_no_model(capsys):
    assert cli.main("evaluate", "image_segments", "--model", "") == 2
    assert "model '' is not of the form SGD" in capsys.readouterr().err


def test_ctrl_c_while_the_arguments_are_read(monkeypatch, capsys):
    monkeypatch.setattr(
        import_module("online_softmax.cli.app"), "Printer", lambda *_: signal.raise_signal(signal.SIGINT)
    )
    assert cli.main("datasets") == 130
    assert capsys.readouterr().err == "online-softmax: interrupted\n"


def test_a_mistake_that_cannot_be_told_has_its_status():
    with open("/dev/full", "w") as full:
        assert subprocess.run([*COMMAND, "evaluate", "no such file"], stderr=full, check=False).returncode == 2


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_columns_where_the_encoding_lacks_a_letter(form, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("Größe,y\n1,u\n", "utf-8")
    args, env = [*COMMAND, "columns", str(path), "-o", form], os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(args, env=env, capture_output=True, text=True, check=False)
    if form == "csv":
        assert done.returncode == 2
        assert done.stderr == (
            "online-softmax: standard output is ascii, without '\\xf6': say PYTHONIOENCODING=utf-8\n"
        )
    else:
        assert (done.returncode, done.stderr) == (0, "")
        assert {"table": "Gr\\xf6\\xdfe", "json": "Gr\\u00f6\\u00dfe"}[form] in done.stdout
