"""What installed packages hold: their modules, and the docstrings and words in them.

Rows made of these are the same ones only at the same versions, so a stream names the packages that it reads, and is
left out where one of them has another version than `PINS`, which is what the extra `bench` installs.
"""

from __future__ import annotations

import ast
import importlib.util
import platform
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

PINS = {
    "matplotlib": "3.11.2",
    "numpy": "2.4.6",
    "pandas": "3.1.1",
    "pygments": "2.21.0",
    "river": "0.26.1",
    "scikit-learn": "1.9.1",
    "scipy": "1.17.1",
}
PYTHON = "3.11"  # its parser and its table of Unicode are read, too
WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*|\d+(?:\.\d+)?")
ASIDE = "/test", "/_vendor", "/externals"


class Source(NamedTuple):
    path: str
    text: str
    tree: ast.Module


class Docstring(NamedTuple):
    path: str
    kind: str
    text: str
    parameters: tuple[str, ...]


def distribution(package: str) -> str:
    """By which name a package is installed."""
    return {"sklearn": "scikit-learn"}.get(package, package)


def missing(packages: Iterable[str]) -> str | None:
    """What these packages must be and are not here, in a sentence; None if all are as pinned."""
    if platform.python_version_tuple()[:2] != tuple(PYTHON.split(".")):
        return f"it needs Python {PYTHON}, and this is {platform.python_version()}"
    for package in map(distribution, packages):
        try:
            found = version(package)
        except PackageNotFoundError:
            found = "none"
        if found != PINS[package]:
            return f"it reads {package} {PINS[package]}, and here is {found}: pip install '.[bench]'"
    return None


def folder(package: str) -> Path:
    return Path(importlib.util.find_spec(package).submodule_search_locations[0])


@cache
def sources(package: str) -> list[Source]:
    """The modules of a package that can be parsed, without tests and foreign ones, in the order of their paths."""
    root, found = folder(package), []
    for file in sorted(root.rglob("*.py")):
        path = file.relative_to(root.parent).as_posix()
        if any(part in path for part in ASIDE):
            continue
        try:
            text = file.read_text(encoding="utf-8")
            found.append(Source(path, text, ast.parse(text)))
        except (SyntaxError, ValueError):
            continue
    return found


@cache
def docstrings(package: str) -> list[Docstring]:
    """Every docstring of 60 letters and more of a class, method or function, once."""
    found, seen = [], set()
    for path, _, tree in sources(package):
        methods = {id(each) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for each in node.body}
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            text = ast.get_docstring(node)
            if not text or len(text) < 60 or text in seen:
                continue
            seen.add(text)
            if isinstance(node, ast.ClassDef):
                found.append(Docstring(path, "class", text, ()))
            else:
                kind = "method" if id(node) in methods else "function"
                parameters = tuple(each.arg for each in node.args.args + node.args.kwonlyargs)
                found.append(Docstring(path, kind, text, parameters))
    return found


def words(text: str) -> list[str]:
    return [word.lower() for word in WORD.findall(text)]


def paragraphs(text: str) -> Iterator[str]:
    yield from re.split(r"\n\s*\n", text)
