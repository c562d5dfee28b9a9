"""What the tests of the command line share: a small table, and commands that succeed or fail."""

from __future__ import annotations

import pytest

from online_softmax import cli


@pytest.fixture
def fruit(tmp_path):
    """Give a table of numbers and words, and three labels."""
    path = tmp_path / "fruit.csv"
    rows = [f"{i % 5 + (i % 3) * 3},{('red', 'green')[i % 2]},{'abc'[i % 3]}\n" for i in range(1500)]
    path.write_text("size,colour,kind\n" + "".join(rows))
    return path


@pytest.fixture
def said(capsys):
    """Give the function that runs a command that succeeds, and gives what it printed."""

    def run(*args):
        assert cli.run(*map(str, args)) == 0
        out, error = capsys.readouterr()
        assert error == ""
        return out

    return run


@pytest.fixture
def fails(capsys):
    """Give the function that runs a command that fails, and gives its one line of complaint."""

    def run(*args):
        assert cli.run(*map(str, args)) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        return error

    return run
