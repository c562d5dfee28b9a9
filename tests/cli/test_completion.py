"""The shell completes commands, options and values: tried in the shells themselves, where they are installed."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest

from online_softmax import cli

SCRIPTS = Path(sys.executable).parent
NAME = "online-softmax"


@pytest.fixture
def offered(capsys, monkeypatch, tmp_path):
    """Give the function that gives what bash is offered for the last of some words, beside two files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos.csv").write_text("size,colour,kind\n1,red,a\n")
    (tmp_path / "data").mkdir()

    def run(*words):
        monkeypatch.setenv("_ONLINE_SOFTMAX_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", "\n".join([NAME, *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert end.value.code == 0
        return capsys.readouterr().out.split("\n")[:-1]

    return run


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ev"], ["evaluate"]),
        (["evaluate", "--mo"], ["--model", "--moment"]),
        (["evaluate", "ph"], ["phishing", "photos.csv"]),
        (["evaluate", "d"], ["digits", "data/"]),
        (["evaluate", "pho"], []),  # the shell finds files itself
        (["evaluate", "photos.csv", "--target", ""], ["size", "colour", "kind"]),
        (["evaluate", "photos.csv", "--target", "si"], ["size"]),
        (["columns", "photos.csv", "--drop", "k"], ["kind"]),
        (["evaluate", "nothing.csv", "--target", ""], []),
        (["evaluate", "kafka://host/topic", "--target", ""], []),
        (["evaluate", "--target", ""], []),
        (["evaluate", "digits", "--model", "Implicit"], ["ImplicitSGD", "ImplicitAdaGrad"]),
        (["compare", "digits", "--model", "auto"], ["auto", "auto-linear"]),
        (["evaluate", "digits", "--model", "ri"], ["river:"]),
        (["evaluate", "digits", "--model", "river:Gauss"], ["river:GaussianNB"]),
        (["evaluate", "digits", "--model", "river:tree.HoeffdingT"], ["river:tree.HoeffdingTreeClassifier"]),
        (["evaluate", "digits", "--metric", "MacroF"], ["MacroF1", "MacroFBeta"]),
        (["evaluate", "digits", "--format", "p"], ["parquet"]),
        (["evaluate", "digits", "--output", ""], ["table", "json", "csv"]),
        (["predict", "digits", "-o", ""], ["csv", "json"]),
        (["evaluate", "digits", "--missing", "z"], ["zero"]),
        (["train", "digits", "--label-type", ""], ["auto", "number", "text"]),
        (["evaluate", "digits", "--from", "p"], []),
        (["inspect", "p"], []),
        (["evaluate", "digits", "--limit", ""], []),
    ],
)
def test_values_are_offered(words, expected, offered):
    assert offered(*words) == (expected or [""])


def test_every_model_that_is_offered_can_be_made(offered):
    for name in offered("evaluate", "digits", "--model", ""):
        assert name == "river:" or cli.parse_model(name)


def environment(home):
    return {**os.environ, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}", "HOME": str(home), "ZDOTDIR": str(home)}


def shell(name):
    """Leave a test out where its shell is not installed, or the command is not on its own path."""
    return pytest.mark.skipif(
        not (shutil.which(name) and (SCRIPTS / NAME).exists()), reason=f"{name} or {NAME} is not installed"
    )


@pytest.mark.slow
@shell("bash")
def test_bash_installs_it_and_completes(tmp_path):
    script = f"""
        {NAME} --install-completion
        source ~/.bashrc
        complete -p {NAME}
        COMP_WORDS=({NAME} evaluate image_segments --target ca); COMP_CWORD=4
        _online_softmax_completion {NAME}
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True
    )
    assert done.stderr == ""
    installed, restart, how, *found = done.stdout.splitlines()
    assert installed == f"bash completion installed in {tmp_path}/.bash_completions/{NAME}.sh"
    assert "restart" in restart
    assert how == f"complete -o default -F _online_softmax_completion {NAME}"
    assert found == ["category"]


@pytest.mark.slow
@shell("fish")
def test_fish_completes_with_what_it_is(tmp_path):
    script = f'{NAME} --show-completion | source; complete -C "{NAME} evaluate phi"'
    done = subprocess.run(
        ["fish", "-c", script], cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("phishing\tweb pages, phishing or not\n", "")


@pytest.mark.slow
@shell("zsh")
def test_zsh_completes_in_a_terminal(tmp_path):
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(tmp_path)
        os.execvpe("zsh", ["zsh", "-f", "-i"], {**environment(tmp_path), "TERM": "dumb", "PS1": "> "})
    try:
        setup = f"autoload -U compinit; compinit -u -D; eval \"$({NAME} --show-completion)\"; print rea''dy\n"
        os.write(terminal, setup.encode())
        read_until(terminal, r"\bready\b")
        os.write(terminal, f"{NAME} evaluate phi\t".encode())
        read_until(terminal, r"evaluate phishing")
    finally:
        os.close(terminal)
        os.waitpid(process, 0)


def read_until(terminal, wanted):
    """Read from a terminal until something is there."""
    found, end = "", monotonic() + 60
    while not re.search(wanted, found):
        ready, *_ = select.select([terminal], [], [], end - monotonic())
        assert ready, found
        found += os.read(terminal, 1 << 16).decode()


def test_help_imports_nothing_that_only_completion_needs():
    code = (
        "import json, sys; from online_softmax import cli; cli.main('--help'); "
        "print(json.dumps([*sys.modules]), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stderr))
    assert "online_softmax.cli.completion" in loaded
    assert not {"river.api", "river.metrics", "pyarrow", "pandas", "matplotlib"} & loaded


@pytest.mark.slow
@shell("bash")
def test_bash_executes_no_name_that_is_completed(tmp_path):
    tmp_path.joinpath("phish $(touch a).csv").write_text("x$(touch b),`touch c` *,y\n1,2,u\n")
    script = f"""
        eval "$({NAME} --show-completion)"
        COMP_WORDS=({NAME} evaluate phish); COMP_CWORD=2
        _online_softmax_completion {NAME}
        eval "files=(${{COMPREPLY[@]:1}})"
        printf '%s\\n' "${{files[@]}}"
        COMP_WORDS=({NAME} evaluate 'phish\\ \\$\\(touch\\ a\\).csv' --target ''); COMP_CWORD=4
        _online_softmax_completion {NAME}
        eval "columns=(${{COMPREPLY[*]}})"
        printf '%s\\n' "${{columns[@]}}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["phish $(touch a).csv", "x$(touch b)", "`touch c` *", "y"], done.stderr
    assert len([*tmp_path.iterdir()]) == 1
