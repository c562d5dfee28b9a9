"""Late labels, metrics of river, a report and a live page, of evaluate and compare."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from river import metrics

from online_softmax import AutoSoftmaxRegression, progressive_validation

COMMAND = [sys.executable, "-m", "online_softmax"]
BOTH = pytest.mark.parametrize("command", ["evaluate", "compare"])


@pytest.fixture
def timed(tmp_path):
    """Give a table with moments, and labels that change."""
    path = tmp_path / "timed.csv"
    rows = (f"{i // 3 * 1.5},{i % 7},{'uv'[i % 7 > 3 + i // 200 % 2]}\n" for i in range(900))
    path.write_text("when,a,y\n" + "".join(rows))
    return path


@pytest.mark.parametrize(
    ("flags", "keywords"),
    [
        (["--delay", "50"], {"delay": 50}),
        (["--delay", "0"], {"delay": 0}),
        (["--delay", "7.5", "--moment", "when"], {"delay": 7.5, "moment": "when"}),
        (["--delay", "40", "--moment", "when"], {"delay": 40, "moment": "when"}),
        (["--delay", "a"], {"delay": "a"}),
        (["--delay", "a", "--moment", "when"], {"delay": "a", "moment": "when"}),
    ],
)
def test_labels_may_be_late(flags, keywords, timed, said, tmp_path):
    file = tmp_path / "run.json"
    out = said("evaluate", timed, "--target", "y", *flags, "--json", file)
    result = progressive_validation(timed, AutoSoftmaxRegression(), target="y", **keywords)

    content = json.loads(file.read_text())
    assert (content["log_loss"], content["n_samples"]) == (result.log_loss, result.n_samples)
    assert content["delay"] == result.delay
    assert f"labels came late: by {result.delay}" in out
    said("compare", timed, "--target", "y", *flags, "--json", file)
    assert json.loads(file.read_text())["runs"]["auto"]["log_loss"] == result.log_loss


def test_top_k_is_of_as_many_classes_as_asked(said, tmp_path):
    file = tmp_path / "run.json"
    result = progressive_validation("image_segments", AutoSoftmaxRegression(), top_k=2, limit=500)
    out = said("evaluate", "image_segments", "--limit", 500, "--top-k", 2, "--json", file)
    content = json.loads(file.read_text())
    assert (content["k"], content["top_k"]) == (2, result.top_k)
    assert f"top 2 {result.top_k:.2%}" in out
    said("compare", "image_segments", "--limit", 500, "--top-k", 2, "--json", file)
    run = json.loads(file.read_text())["runs"]["auto"]
    assert (run["k"], run["top_k"]) == (2, result.top_k)


def test_moments_may_be_dates(tmp_path, said):
    path = tmp_path / "dated.csv"
    path.write_text(
        "when,a,y\n" + "".join(f"2021-01-{1 + i // 24:02} {i % 24:02}:00,{i % 5},{i % 3}\n" for i in range(500))
    )
    file = tmp_path / "run.json"
    flags = ["--target", "y", "--dates", "parts", "--delay", "86400", "--moment", "when"]
    said("evaluate", path, *flags, "--model", "river:GaussianNB()", "--json", file)
    late = json.loads(file.read_text())
    said(
        "evaluate",
        path,
        "--target",
        "y",
        "--dates",
        "parts",
        "--delay",
        24,
        "--model",
        "river:GaussianNB()",
        "--json",
        file,
    )
    rows = json.loads(file.read_text())
    assert late["log_loss"] == rows["log_loss"]


def test_metrics_of_river_are_in_the_summary_and_the_json(said, tmp_path):
    file = tmp_path / "run.json"
    flags = ["--metric", "WeightedF1()", "--metric", "metrics.MacroFBeta(2)", "--metric", "CrossEntropy"]
    out = said("evaluate", "image_segments", *flags, "--json", file)
    result = progressive_validation(
        "image_segments",
        AutoSoftmaxRegression(),
        metrics=[metrics.WeightedF1(), metrics.MacroFBeta(2), metrics.CrossEntropy()],
    )
    content = json.loads(file.read_text())
    assert content["river"] == result.river
    assert content["metrics"] == ["WeightedF1()", "metrics.MacroFBeta(2)", "CrossEntropy"]
    assert ", ".join(f"{name} {value:.4f}" for name, value in result.river.items()) in out.splitlines()


@BOTH
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--delay", "soon"], "the row has no feature 'soon', which is to be its delay"),
        (["--delay", ""], "the row has no feature '', which is to be its delay"),
        (["--top-k", "0"], "Invalid value for '--top-k'"),
        (["--delay", "-1"], "--delay is a number of rows, 0 or more, or a column, not '-1'"),
        (["--delay", "1.5"], "--delay is a number of rows, 0 or more, or a column, not '1.5'"),
        (["--delay", "inf", "--moment", "https"], "--delay is an amount of https, 0 or more, or a column, not 'inf'"),
        (["--moment", "https"], "--moment goes with --delay"),
        (["--delay", "1", "--moment", "soon"], "the row has no feature 'soon', which is to be its moment"),
        (["--metric", "Foo"], "river has no metric 'Foo'; there are Accuracy, "),
        (
            ["--metric", "F1"],
            "river's metric F1 is about the labels True and 1 alone: F1(pos_val=1), if there are such",
        ),
        (["--report", "nowhere/a.html"], "cannot write nowhere/a.html: there is no directory nowhere"),
        (["--report", "."], "cannot write .: it is a directory"),
        (["--report", "a", "--json", "a"], "a is named twice, for json and report"),
        (["--live=soon"], "Invalid value for '--live'"),
        (["--live", "99999"], "Invalid value for '--live'"),
        (["--live=-1"], "Invalid value for '--live'"),
    ],
)
def test_mistake_is_one_line(command, args, message, fails, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert message in fails(command, "phishing", *args)
    assert not [*tmp_path.iterdir()]


@BOTH
def test_a_late_label_goes_into_no_checkpoint(command, fails, tmp_path):
    if command == "evaluate":
        error = fails(command, "phishing", "--delay", 3, "--checkpoint", tmp_path / "c")
        assert "a checkpoint does not hold" in error


@BOTH
def test_report_is_one_page(command, said, tmp_path):
    pytest.importorskip("vl_convert")
    file = tmp_path / "a.html"
    out = said(command, "phishing", "--limit", 300, "--report", file)
    assert out.splitlines()[-1] == f"the report is in {file}"
    page = file.read_text()
    assert page.startswith("<!doctype html>")
    assert "is_phishing" in page


@BOTH
def test_what_a_page_is_drawn_by_is_missed_before_the_run(command, fails, tmp_path, monkeypatch):
    from online_softmax.drawing import page

    monkeypatch.setitem(sys.modules, "vl_convert", None)
    for name in vars(page):
        if hasattr(getattr(page, name), "cache_clear"):
            getattr(page, name).cache_clear()
    for flag in (["--report", tmp_path / "a.html"], ["--live"]):
        assert "pip install 'online-softmax[report]'" in fails(command, "phishing", *flag)
    assert not [*tmp_path.iterdir()]


@BOTH
def test_a_port_in_use_is_one_line(command, fails):
    pytest.importorskip("vl_convert")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert fails(command, "phishing", "--live", port).startswith(f"online-softmax: port {port} is in use: give ")


@pytest.mark.slow
@pytest.mark.parametrize(("command", "asked"), [("evaluate", "named"), ("compare", "free")])
def test_page_is_served_while_the_run_goes_on(command, asked, tmp_path):
    pytest.importorskip("vl_convert")
    path = tmp_path / "long.csv"
    path.write_text("a,b,y\n" + "1.5,word,u\n2.5,other,v\n" * 60_000)
    port = []
    if asked == "named":
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = [str(free.getsockname()[1])]
    args = [*COMMAND, command, "--live", *port, str(path), "--target", "y"]
    with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = re.fullmatch(r"the run is shown at (http://127\.0\.0\.1:(\d+)/)\n", process.stdout.readline())
        if port:
            assert url[2] == port[0]
        with urlopen(url[1]) as page:
            assert page.read(15) == b"<!doctype html>"
        with urlopen(f"{url[1]}events") as events:
            assert events.readline().startswith(b"event: document")
        out, error = process.communicate(timeout=120)
    assert (process.returncode, error) == (0, "")
    assert "120,000 rows" in out
    with pytest.raises(URLError):
        urlopen(url[1])


@BOTH
def test_json_on_standard_output_stands_alone(command, capsys, tmp_path, monkeypatch):
    from online_softmax import cli

    monkeypatch.chdir(tmp_path)
    assert cli.run(command, "phishing", "--limit", "300", "--json", "-") == 0
    out, error = capsys.readouterr()
    assert json.loads(out)["source"] == "phishing"
    assert "by the last label again" in error
    assert "     300 " in error
    assert not [*tmp_path.iterdir()]


def test_a_pipe_goes_in_and_json_comes_out(tmp_path):
    rows = "a,y\n" + "1,u\n2,v\n" * 100
    args = [*COMMAND, "evaluate", "-", "--target", "y", "--json", "-"]
    done = subprocess.run(args, input=rows, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert json.loads(done.stdout)["n_samples"] == 200
    assert done.stderr.splitlines()[0].split() == ["last", "1,000", "rows"]
    head = subprocess.run(f"{' '.join(args)} | head -c 10", input=rows, shell=True, capture_output=True, text=True)
    assert "Traceback" not in head.stderr


@BOTH
def test_what_was_found_before_a_bad_row_is_written(command, fails, tmp_path, capsys):
    pytest.importorskip("vl_convert")
    path, file, page = tmp_path / "rows.csv", tmp_path / "run.json", tmp_path / "run.html"
    path.write_text("a,y\n" + "1,u\n2,v\n" * 300 + "bad,u\n" + "1,u\n" * 9)
    error = fails(command, path, "--target", "y", "--json", file, "--report", page)
    assert f"(600 rows were scored before it); the result of those rows is written to {file} and {page}" in error
    content = json.loads(file.read_text())
    runs = [content] if command == "evaluate" else content["runs"].values()
    assert [run["n_samples"] for run in runs] == [600] * len(runs)
    assert page.read_text().startswith("<!doctype html>")
    assert "those rows" not in fails(command, path, "--target", "y")

    from online_softmax import cli

    assert cli.run(command, str(path), "--target", "y", "--json", "-") == 2
    out, error = capsys.readouterr()
    assert (json.loads(out)["source"], error.splitlines()[-1][-34:]) == (
        str(path),
        "rows is written to standard output",
    )


@BOTH
def test_nothing_is_written_where_nothing_was_found_or_nothing_can_be(command, fails, tmp_path, monkeypatch):
    from online_softmax.reports import json as writing

    path, file = tmp_path / "rows.csv", tmp_path / "run.json"
    path.write_text("a,y\n" + "1,u\n2,v\n" * 1200 + "bad,u\n")
    args = ["--target", "y", "--json", file]

    def full(path, data):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(writing, "write", full)
    error = fails(command, path, *args)
    assert "(2,400 rows were scored before it); " in error
    assert f"the result of those rows could not be written ({file}: no space left on device)" in error
    assert "scored before it)\n" in fails(command, "phishing", "--delay", "soon", "--json", file)
    assert not file.exists()


def test_a_model_and_a_result_may_both_be_kept_at_a_bad_row(fails, tmp_path):
    path, file, model = tmp_path / "rows.csv", tmp_path / "run.json", tmp_path / "model"
    path.write_text("a,y\n" + "1,u\n2,v\n" * 300 + "bad,u\n")
    error = fails("evaluate", path, "--target", "y", "--json", file, "--save", model)
    said = f"; the model of those rows is saved to {model}; the result of those rows is written to {file}\n"
    assert error.endswith(said)
    assert file.exists()
