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
