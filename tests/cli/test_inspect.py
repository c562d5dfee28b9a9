"""The command line shows what a model file holds, to people and to machines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest
from river import preprocessing

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, inspection, save


@pytest.fixture
def auto(tmp_path, fruit, said):
    said("train", fruit, "--target", "kind", "--save", tmp_path / "auto")
    return tmp_path / "auto"


@pytest.fixture
def scaled(tmp_path, fruit, said):
    said("train", fruit, "--target", "kind", "--model", "AdaGrad(0.3)", "--save", tmp_path / "scaled")
    return tmp_path / "scaled"


def test_a_bank_is_shown(auto, said):
    out = said("inspect", auto)
    assert out.startswith("AutoSoftmaxRegression\n3 classes, 3 features, 1,500 samples learned\n")
    assert "linear, second order: the running average of newton" in out
    assert f"{os.path.getsize(auto) / 1000:.1f} kB in its file" in out
    for label in "abc":
        assert f"\n{label}, 500 samples, intercept " in out
    assert "colour=green" in out


def test_a_scaled_model_says_so(scaled, said):
    out = said("inspect", scaled, "--top", 1)
    assert out.startswith("SoftmaxRegression behind NumberScaler\noptimiser: AdaGrad(lr=0.3, eps=1e-08)\n")
    assert "weights are those of standardised numbers" in out
    assert out.count("feature") == 1 + 3  # in the sizes, and above each class


def test_one_class(auto, said, fails):
    out = said("inspect", auto, "--class", "b")
    assert "\nb, 500 samples" in out
    assert "\na, 500 samples" not in out
    assert fails("inspect", auto, "--class", "d") == "online-softmax: --class d is unknown: the model's are a, b, c\n"


def test_labels_of_one_text_are_shown_together(tmp_path, said):
    model = SoftmaxRegression()
    model.learn_one({"a": 1.0}, 7), model.learn_one({"a": -1.0}, "7"), model.learn_one({"a": 0.5}, "8")
    save(model, tmp_path / "model")
    content = json.loads(said("inspect", tmp_path / "model", "--class", 7, "--json", "-"))
    assert [one["label"] for one in content["classes"]] == [7, "7"]


@pytest.mark.parametrize("name", ["auto", "scaled"])
def test_json_for_machines(name, request, tmp_path, said):
    file = request.getfixturevalue(name)
    content = json.loads(said("inspect", file, "--json", "-", "--top", 2))
    assert content["file_bytes"] == os.path.getsize(file)
    assert all(len(one["strongest"]) == 2 for one in content["classes"])
    out = said("inspect", file, "--top", 2, "--json", tmp_path / "out.json")
    assert out == said("inspect", file, "--top", 2)
    assert json.loads((tmp_path / "out.json").read_text()) == content


def test_json_says_what_python_says(tmp_path, said):
    model = preprocessing.StandardScaler() | SoftmaxRegression()
    for i in range(30):
        model.learn_one({"a": i % 7, "b": i % 3}, i % 2)
    save(model, tmp_path / "model")
    content = json.loads(said("inspect", tmp_path / "model", "--json", "-"))
    assert {**content, "file_bytes": None, "n_bytes": 0} == {**inspection(model).to_dict(), "n_bytes": 0}


def test_json_goes_into_a_pipe(auto, tmp_path, said):
    os.mkfifo(tmp_path / "pipe")
    got = []
    reader = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_text()))
    reader.start()
    said("inspect", auto, "--json", tmp_path / "pipe")
    reader.join()
    assert json.loads(got[0])["n_classes"] == 3


def test_a_model_that_has_learned_nothing(tmp_path, said, fails):
    save(AutoSoftmaxRegression(), tmp_path / "model")
    assert "0 classes, 0 features, 0 samples learned" in said("inspect", tmp_path / "model")
    assert "the model has learned no class yet" in fails("inspect", tmp_path / "model", "--class", "a")


def test_what_is_no_model_and_what_cannot_be_written(auto, fruit, tmp_path, fails):
    assert f"cannot load {fruit}: " in fails("inspect", fruit)
    missing = tmp_path / "nothing"
    for args in (["inspect", missing], ["predict", fruit, "--from", missing], ["evaluate", fruit, "--from", missing]):
        flag = "--from " if "--from" in args else ""
        assert fails(*args) == f"online-softmax: {flag}{missing}: no such file or directory\n"
    assert fails("inspect", tmp_path) == f"online-softmax: {tmp_path}: is a directory\n"
    assert f"cannot write {tmp_path}: it is a directory" in fails("inspect", auto, "--json", tmp_path)
    assert "there is no directory" in fails("inspect", auto, "--json", tmp_path / "no" / "out.json")
    assert "is named twice, for the model and --json" in fails("inspect", auto, "--json", auto)
    assert "--top" in fails("inspect", auto, "--top", -1)
    assert "--class" in fails("inspect", auto, "--class")


def test_what_an_encoding_lacks_is_spelled_out(tmp_path):
    model = SoftmaxRegression()
    model.learn_one({"größe": 1.0}, "日本")
    save(model, tmp_path / "model")
    command = [sys.executable, "-m", "online_softmax", "inspect", str(tmp_path / "model")]
    done = subprocess.run(command, env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True)

    assert done.returncode == 0
    assert rb"\u65e5\u672c" in done.stdout
