"""The manual page says what the commands say of themselves, and is sound for those who show it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import typer

from online_softmax import cli
from online_softmax.cli.manual import manual

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "man" / "online-softmax.1"
DATE = re.compile(r"(?<=^\.TH ONLINE\\-SOFTMAX 1 )\d{4}-\d\d-\d\d")


def test_the_page_is_that_of_these_commands():
    there = PAGE.read_text(encoding="ascii")
    assert manual(DATE.search(there)[0]) == there, "make man"


def test_the_page_is_installed():
    files = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["data-files"]
    assert files == {"share/man/man1": [str(PAGE.relative_to(ROOT))]}


def test_it_is_made_by_a_date():
    assert DATE.search(manual("2025-01-31"))[0] == "2025-01-31"


def needs(program):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@needs("mandoc")
def test_mandoc_finds_nothing_wrong():
    done = subprocess.run(["mandoc", "-Tlint", "-Wstyle", PAGE], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs("man")
def test_man_shows_every_command_and_option():
    done = subprocess.run(["man", "--warnings", "-l", PAGE], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    shown = re.sub(r".\x08", "", done.stdout)
    for name, command in typer.main.get_command(cli.app).commands.items():
        assert f"online-softmax {name}" in shown
        for param in command.params:
            assert max(param.opts, key=len) in shown or param.metavar in shown
    for section in ("NAME", "SYNOPSIS", "EXIT STATUS", "ENVIRONMENT", "EXAMPLES"):
        assert re.search(rf"^{section}$", shown, re.MULTILINE)
