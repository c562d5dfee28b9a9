"""The public names and their signatures are those of tests/golden/api.txt, and tests/typing/api.py uses them all."""

from __future__ import annotations

import ast
import importlib
import inspect
from difflib import unified_diff
from pathlib import Path

import pytest

import online_softmax
from tests.golden.api import API, OURS, ROOMS, listing, members

TYPED = ast.parse((Path(__file__).parent / "typing" / "api.py").read_text())
CLASSES = {name: thing for name in online_softmax.__all__ if inspect.isclass(thing := getattr(online_softmax, name))}


def test_the_public_names_and_signatures_are_those_that_are_kept():
    kept, found = API.read_text(), listing()
    changes = "\n".join(
        unified_diff(kept.splitlines(), found.splitlines(), "tests/golden/api.txt", "now", n=0, lineterm="")
    )
    assert kept == found, f"what users call has changed; if it is meant, `make api` accepts it:\n{changes}"


def test_compiled_methods_and_inherited_ones_are_listed():
    model = listing().partition("class SoftmaxRegression(")[2].partition("\nclass")[0]
    assert "\n    learn_one(x, y, w=1.0)\n" in model  # compiled
    assert "\n    forget_class(label: Hashable) -> None\n" in model  # of a class that is not listed itself
    assert "\n    classes\n" in model  # a compiled property


@pytest.mark.parametrize("room", ROOMS)
def test_the_typed_program_uses_every_public_name(room):
    imports = [node for node in ast.walk(TYPED) if isinstance(node, ast.ImportFrom) and node.module != "__future__"]
    used = {alias.name for node in imports if node.module.startswith(OURS) for alias in node.names}
    assert set(importlib.import_module(OURS + room).__all__) <= used


@pytest.mark.parametrize("name", CLASSES)
def test_the_typed_program_uses_every_public_member(name):
    used = {node.attr for node in ast.walk(TYPED) if isinstance(node, ast.Attribute)}
    assert {each for each in members(CLASSES[name], ()) if not each.startswith("__")} <= used
