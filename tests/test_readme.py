"""The README's commands do what they say; its Python blocks run as doctests."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from online_softmax import cli

ROOT = Path(__file__).parent.parent
CONSOLE = "\n".join(re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL))
COMMANDS = re.findall(r"^\$ online-softmax (.*)$", CONSOLE, flags=re.MULTILINE)
TARGETS = re.findall(r"^\$ make (\S+)", CONSOLE, flags=re.MULTILINE)


def test_commands_run_in_their_order(tmp_path, monkeypatch, capsys):
    (tmp_path / "datasets").symlink_to(ROOT / "datasets")
    monkeypatch.chdir(tmp_path)
    for command in COMMANDS:
        assert cli.run(*shlex.split(command)) == 0, command
        assert capsys.readouterr().out, command


@pytest.mark.parametrize("target", TARGETS)
def test_make_has_the_target(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


def test_readme_shows_commands():
    assert len(COMMANDS) >= 3
    assert {"demo", "test"} <= set(TARGETS)
