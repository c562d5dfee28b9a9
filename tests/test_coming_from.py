"""What the tables of docs/coming_from call ours is there: commands, options, models, functions, attributes."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from river import optim
from typer.main import get_command

import online_softmax
from online_softmax import cli
from online_softmax.cli.options import with_ports
from online_softmax.evaluation import Result
from online_softmax.sklearn import AutoSoftmaxClassifier, SoftmaxClassifier
from online_softmax.streams import RowStream

FOLDER = Path(__file__).parent.parent / "docs" / "coming_from"
PAGES = sorted(page for page in FOLDER.glob("*.md") if page.stem != "index")
COMMANDS = get_command(cli.app).commands
OPTIONS = {name: {flag for each in command.params for flag in each.opts} for name, command in COMMANDS.items()}
MODELS = (online_softmax.SoftmaxRegression, online_softmax.AutoSoftmaxRegression)
NAMES = {name: getattr(online_softmax, name) for name in online_softmax.__all__}
NAMES |= {"optim": optim, "SoftmaxClassifier": SoftmaxClassifier, "AutoSoftmaxClassifier": AutoSoftmaxClassifier}
FITTED = SoftmaxClassifier().fit(pd.DataFrame({"size": [1.0, 2.0]}), ["a", "b"])
STANDS_FOR = {"model": MODELS, "result": (Result,), "stream": (RowStream,), "classifier": (FITTED,)}
ANYTHING = {"x", "y", "X", "w", "path", "dataset"}


def spans():
    """Give each span of code in the middle column of the tables, with its page."""
    for page in PAGES:
        for row in re.findall(r"^\| .* \|$", page.read_text(), flags=re.MULTILINE):
            ours = re.split(r"(?<!\\)\|", row)[2]
            yield from ((page.stem, span.replace("\\|", "|")) for span in re.findall(r"`([^`]+)`", ours))


SPANS = list(dict.fromkeys(spans()))


def check_command(text):
    """Check that the command is there, takes these options, and knows the model that it is told."""
    words = with_ports(shlex.split(text))
    if words[0].startswith("-"):  # of any command
        given = {word for word in words if word.startswith("--")}
        assert any(given <= flags for flags in OPTIONS.values()), given
    else:
        try:
            COMMANDS[words[0]].make_context(words[0], words[1:])
        except Exception as error:  # typer's, wherever it keeps the class
            raise AssertionError(text) from error
    for flag, value in pairwise(words):
        if flag == "--model" and value != "vw":
            cli.parse_model(value)


def check_python(node):
    """Check that names, attributes and parameters are there; return what an expression may be: classes or an object."""
    match node:
        case ast.Name(id=name):
            assert name in NAMES or name in STANDS_FOR or name in ANYTHING, name
            return NAMES.get(name, STANDS_FOR.get(name))
        case ast.Attribute(value=value, attr=attr):
            owners = check_python(value)
            if isinstance(owners, tuple):
                owners = [owner for owner in owners if attr in dir(owner) or attr in fields(owner)]
                assert owners, attr
                return getattr(owners[0], attr, None)
            return getattr(owners, attr)
        case ast.Call(func=func, args=args, keywords=keywords):
            called = check_python(func)
            for each in [*args, *(keyword.value for keyword in keywords)]:
                check_python(each)
            signature = inspect.signature(called)
            owner = [None] if next(iter(signature.parameters), "") == "self" else []
            signature.bind(*owner, *args, **{keyword.arg: 0 for keyword in keywords})
            return (called,) if inspect.isclass(called) else None
        case _:
            for each in ast.iter_child_nodes(node):
                check_python(each)
            return None


def fields(owner):
    return getattr(owner, "__dataclass_fields__", {})


@pytest.mark.parametrize(("page", "span"), SPANS)
def test_what_a_table_calls_ours_is_there(page, span):
    if span.startswith("online-softmax "):
        check_command(span.partition(" ")[2])
    elif span.startswith("--"):
        check_command(span)
    else:
        check_python(ast.parse(span.replace("..", "..."), mode="eval").body)


@pytest.mark.parametrize(
    "span",
    [
        "model.weight",
        "SoftmaxRegression(l3=1)",
        "model.learn_one(x)",
        "open_file(path)",
        "result.loss",
        "optim.schedulers.Nothing()",
    ],
)
def test_what_is_not_there_is_found(span):
    with pytest.raises((AssertionError, AttributeError, TypeError)):
        check_python(ast.parse(span, mode="eval").body)


@pytest.mark.parametrize(
    "command", ["--nonesuch 3", "predict rows.csv", "evaluate a --nonesuch 3", "--model 'Madam(0.1)'", "run a"]
)
def test_a_command_that_is_not_there_is_found(command):
    with pytest.raises((AssertionError, ValueError)):
        check_command(command)


def test_every_page_has_a_table():
    assert {page for page, _ in SPANS} == {page.stem for page in PAGES}


def test_the_flags_of_vowpal_wabbit_are_its_own():
    pytest.importorskip("vowpalwabbit")
    told = subprocess.run([sys.executable, "-m", "vowpalwabbit", "--help"], capture_output=True, text=True).stdout
    theirs = set(re.findall(r"(?<![\w-])--?[a-z]\w*", told))
    rows = re.findall(r"^\| ([^|]*) \|", (PAGES[0].parent / "vowpal_wabbit.md").read_text(), flags=re.MULTILINE)
    flags = {flag for cell in rows for flag in re.findall(r"(?<![\w-])--?[a-z]\w*", cell)}
    assert len(flags) > 40
    assert flags <= theirs
