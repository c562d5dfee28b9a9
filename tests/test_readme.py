"""The commands of the README, of CONTRIBUTING and of docs/ do what they say; their Python blocks run as doctests."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from online_softmax import cli

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
CONSOLE = {page: "\n".join(re.findall(r"```console\n(.*?)```", page.read_text(), flags=re.DOTALL)) for page in PAGES}
COMMANDS = {page: re.findall(r"^\$ online-softmax (.*)$", told, flags=re.MULTILINE) for page, told in CONSOLE.items()}
TARGETS = re.findall(r"^\$ make (\S+)", "\n".join(CONSOLE.values()), flags=re.MULTILINE)


@pytest.mark.parametrize("page", [page for page in PAGES if COMMANDS[page]], ids=lambda page: page.name)
def test_commands_run_in_their_order(page, tmp_path, monkeypatch, capsys):
    (tmp_path / "datasets").symlink_to(ROOT / "datasets")
    monkeypatch.chdir(tmp_path)
    for command in COMMANDS[page]:
        if "--model vw" in command:
            pytest.importorskip("vowpalwabbit")
        assert cli.run(*shlex.split(command)) == 0, command
        assert capsys.readouterr().out, command


@pytest.mark.parametrize("target", TARGETS)
def test_make_has_the_target(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


def test_readme_shows_commands():
    assert len(COMMANDS[ROOT / "README.md"]) >= 3
    assert {"demo", "test"} <= set(TARGETS)
