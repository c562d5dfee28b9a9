"""CONTRIBUTING tells the truth: its commands run, its targets and the files that it names are there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "CONTRIBUTING.md").read_text()
CONSOLE = "\n".join(re.findall(r"```console\n(.*?)```", GUIDE, flags=re.DOTALL))
COMMANDS = [line.split("#")[0].split() for line in re.findall(r"^\$ \.venv/bin/(.*)$", CONSOLE, flags=re.MULTILINE)]
TARGETS = sorted({*re.findall(r"^\$ make (\S+)", CONSOLE, flags=re.MULTILINE), *re.findall(r"`make ([\w-]+)`", GUIDE)})
NAMED = r"`((?:online_softmax|tests|proofs|docs|bank|\.ci)/[\w./-]*|[\w.]+\.(?:toml|md))`"
FILES = sorted(set(re.findall(NAMED, GUIDE)))


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_commands_run(command):
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.mark.parametrize("target", TARGETS)
def test_make_has_the_target_and_tells_of_it(target):
    assert re.search(rf"^{target}:.*## ", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_there(name):
    assert (ROOT / name).exists() or (ROOT / "online_softmax/_kernel" / name).exists()


def test_it_shows_commands_and_files():
    assert len(COMMANDS) >= 2
    assert {"help", "test", "test-quick", "lint"} <= set(TARGETS)
    assert len(FILES) > 15
