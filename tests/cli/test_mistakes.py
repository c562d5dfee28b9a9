"""A wrong value of any option of any command is one line that names the option, and status 2."""

from __future__ import annotations

import re

import pytest
import typer

from online_softmax import SoftmaxRegression, cli

ROWS = ["rows.csv", "--target", "y"]
ARGUMENTS = {
    "evaluate": ROWS,
    "compare": ROWS,
    "train": [*ROWS, "--save", "new"],
    "predict": ["rows.csv", "--from", "model"],
    "columns": ["rows.csv"],
    "inspect": ["model"],
    "rounds": ["store"],
    "datasets": [],
}
WRONG = {
    **dict.fromkeys(("--json", "--report", "--save", "--checkpoint"), "nowhere/file"),
    "--delay": "-1",
    "--names": "a",
}  # and "wrong" of all others
ANY = {"--na", "--not-na"}  # of which any text is right
COMMANDS = typer.main.get_command(cli.app).commands
OPTIONS = [
    (name, max(param.opts, key=len), param.is_flag)
    for name, command in COMMANDS.items()
    for param in command.params
    if param.param_type_name == "option"
]


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Give rows and a model, in the directory of a test."""
    monkeypatch.chdir(tmp_path)
    model = SoftmaxRegression()
    model.learn_one({"a": 1.0}, "u"), model.learn_one({"a": 2.0}, "v")
    model.save("model")
    (tmp_path / "rows.csv").write_text("a,b,y\n1,2,u\n2,3,v\n")
    return tmp_path


def test_every_command_is_tried():
    assert set(ARGUMENTS) == set(COMMANDS)
    assert len(OPTIONS) > 150


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_wrong_value_is_one_line_that_names_its_option(name, files, fails):
    there = {path.name for path in files.iterdir()}
    for command, flag, is_flag in OPTIONS:
        if command == name and flag not in ANY:
            value = "wrong" if is_flag else WRONG.get(flag, "wrong")
            error = fails(name, *ARGUMENTS[name], f"{flag}={value}")
            assert re.match(r"online-softmax: ", error)
            assert re.search(rf"{flag}\b", error), error
            assert {path.name for path in files.iterdir()} == there, flag


@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_option_that_there_is_not_and_its_value_that_is_missing(name, files, fails):
    near, *_ = (flag for command, flag, is_flag in OPTIONS if command == name and not is_flag)
    error = fails(name, *ARGUMENTS[name], near.replace("t", "f", 1) + "x")
    assert "No such option: " in error
    assert near in error.partition("ossible")[2], error
    assert near in fails(name, *ARGUMENTS[name], near)


def test_the_near_command_is_named(fails):
    assert "No such command 'evaluatex'. Did you mean 'evaluate'?" in fails("evaluatex")
    assert "No such command 'guess'" in fails("guess")


@pytest.mark.parametrize("name", [name for name in ARGUMENTS if name != "datasets"])
def test_a_command_without_its_argument(name, fails):
    assert re.search(r"Missing argument '(SOURCE|FILE|STORE)'", fails(name))


@pytest.mark.parametrize("name", ARGUMENTS)
def test_help_names_every_option_and_the_exit_statuses(name, said):
    out = " ".join(said(name, "--help").split())
    for command, flag, _ in OPTIONS:
        assert command != name or f"{flag} " in out
    for status in ("0 when it is done", "1 when whoever read", "2 for a mistake", "130 after Ctrl-C"):
        assert status in out
