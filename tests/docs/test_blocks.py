"""Every block of code of the pages runs: doctests by pytest itself, commands and programs here, in order."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from online_softmax import cli
from online_softmax.streams import open_stream
from tests import broker

ROOT = Path(__file__).parent.parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), ROOT / "online_softmax/_kernel/README.md"]
DOCTESTS = {ROOT / "README.md", *(ROOT / "docs").rglob("*.md")}  # that `--doctest-glob` finds
MAKEFILE = (ROOT / "Makefile").read_text()
EXTRAS = set(re.findall(r"^(\w[\w-]*) = \[", (ROOT / "pyproject.toml").read_text().split("dependencies]")[1], re.M))
FENCE = re.compile(r"^(`{3,})(\S*)[^\n]*\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
# Changes, formulas, parts of the site, and what others print or would run.
NO_CODE = {"diff", "math", "{toctree}", "{eval-rst}", "text"}
# What other tests run, or look for.
ELSEWHERE = {
    r"make (?P<target>[\w-]+)( PROOFS=\w+)?": "tests/test_contributing.py",
    r"\.venv/bin/pytest .*": "tests/test_contributing.py",
    r"\. \.venv/bin/activate": "Makefile",  # which makes what the tests run in
    r"online-softmax --(install|show)-completion": "tests/cli/test_completion.py",
    r"man online-softmax": "tests/cli/test_manual.py",
}
SHELL = {"cp", "cat", "head"}
# What stands for files that only a reader has, and for brokers.
NUMBERS = open_stream("image_segments", limit=50)
LINES = [" ".join(f"{name}:{value}" for name, value in x.items()) for x, _, _ in NUMBERS.pairs()]
FILES = {
    "segments.vw": "".join(f"{i % 7} | {line}\n" for i, line in enumerate(LINES)),
    "new.vw": "".join(f"| {line}\n" for line in LINES),
}
BROKERS = re.compile(r"b1:9092(,b2:9092)?")
SPARKS = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")


class Block(NamedTuple):
    """A block of code: its language, its text, and the text of the block of text that follows at once."""

    language: str
    text: str
    printed: str | None


def blocks(page):
    text = page.read_text()
    found = list(FENCE.finditer(text))
    for i, one in enumerate(found):
        after = found[i + 1] if i + 1 < len(found) else None
        follows = after is not None and after[2] == "text" and not text[one.end() : after.start()].strip()
        yield Block(one[2], one[3], after[3] if follows else None)


def commands(text):
    """Give each command of a block, and what it is said to print."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        while command.endswith("\\"):
            line, _, printed = printed.partition("\n")
            command = command[:-1] + line.removeprefix(">")
        yield command, printed.strip("\n")


def check(said, printed, what):
    if not said.strip():
        return
    assert OutputChecker().check_output(said + "\n", printed.rstrip() + "\n", ELLIPSIS | NORMALIZE_WHITESPACE), (
        what,
        printed,
    )


BLOCKS = {page: list(blocks(page)) for page in PAGES}
RUNNABLE = {page: [one for one in BLOCKS[page] if one.language in ("console", "python")] for page in PAGES}


def param(page):
    programs = "".join(one.text for one in RUNNABLE[page] if one.language == "python")
    marks = [pytest.mark.cluster, SPARKS] if "pyspark" in programs else []
    return pytest.param(page, id=str(page.relative_to(ROOT)), marks=marks)


@pytest.fixture(scope="module")
def kafka():
    """Give the address of a broker with a topic of payments."""
    with broker.running() as one:
        rows = [{"amount": i % 90, "shop": "ab"[i % 2], "fraud": i % 90 > 80} for i in range(400)]
        one.fill([json.dumps(row).encode() for row in rows], "payments")
        one.fill([], "fraud")
        yield one.address


@pytest.fixture(scope="module")
def spark():
    """Have a session that the programs get."""
    pytest.importorskip("pyspark", reason="Spark needs pyspark, which `make test-cluster` installs")
    if not shutil.which("java"):
        pytest.skip("Spark needs Java 17")
    from tests.spark.source import session

    return session("local[2,4]")


def run(command, printed, request, capsys):
    """Run a command, whichever it is."""
    words = shlex.split(command, comments=True)
    tested = ((re.fullmatch(pattern, shlex.join(words)), where) for pattern, where in ELSEWHERE.items())
    known, where = next(((found, where) for found, where in tested if found), (None, ""))
    if known:
        assert (ROOT / where).is_file(), command
        if target := known.groupdict().get("target"):
            assert re.search(rf"^{target}:.*## ", MAKEFILE, re.MULTILINE), command
    elif "|" in words:
        programs = [words[0], *(after for pipe, after in pairwise(words) if pipe == "|")]
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        if all(shutil.which(program, path=path) for program in programs):
            environment = {**os.environ, "PATH": path}
            done = subprocess.run(["bash", "-c", command], check=True, capture_output=True, text=True, env=environment)
            assert done.stdout
            assert not done.stderr
            check(printed, done.stdout, command)
    elif words[0] == "online-softmax":
        if "vw" in command.split():
            pytest.importorskip("vowpalwabbit")
        if "kafka://" in command:
            address = request.getfixturevalue("kafka")
            words = [BROKERS.sub(address, word) for word in words]
            words += [] if words[1] == "columns" else ["--until-idle", "0"]
        capsys.readouterr()
        assert cli.run(*words[1:]) == 0, command
        out = capsys.readouterr().out
        assert out or "--to" in words, command
        check(printed, out, command)
    elif words[0] in SHELL:
        out = subprocess.run(["bash", "-c", command], check=True, capture_output=True, text=True).stdout
        check(printed, out, command)
    elif words[:2] == ["pip", "install"]:
        assert set(re.findall(r"[\w-]+", words[2].partition("[")[2])) <= EXTRAS, command
    else:
        pytest.fail(f"nothing runs this: {command}")


@pytest.mark.parametrize("page", [param(page) for page in PAGES if RUNNABLE[page]])
def test_commands_and_programs_run_in_their_order(page, request, tmp_path, monkeypatch, capsys):
    (tmp_path / "datasets").symlink_to(ROOT / "datasets")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    if "pyspark" in "".join(block.text for block in RUNNABLE[page]):
        request.getfixturevalue("spark")
    names = {"__name__": "page"}
    for block in RUNNABLE[page]:
        if block.language == "console":
            told = list(commands(block.text))
            assert told, f"no command begins with $: {block.text}"
            for command, printed in told:
                run(command, printed, request, capsys)
        else:
            capsys.readouterr()
            exec(compile(block.text, str(page), "exec"), names)
            check(block.printed or "", capsys.readouterr().out, block.text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_nothing_is_left_that_does_not_run(page):
    for block in BLOCKS[page]:
        assert block.language in {"console", "python", "pycon", *NO_CODE}, block
        if block.language == "pycon":
            assert page in DOCTESTS
            assert ">>>" in block.text
            assert "+SKIP" not in block.text, block.text
        else:
            assert ">>>" not in block.text, "a doctest is a block of pycon"


def test_the_readme_shows_commands():
    shown = "".join(block.text for block in BLOCKS[ROOT / "README.md"])
    assert len(re.findall(r"^\$ online-softmax ", shown, re.MULTILINE)) >= 3
    assert {"demo", "test"} <= set(re.findall(r"^\$ make (\S+)", shown, re.MULTILINE))
