"""List the public names with their signatures: `make api`, or `python -m tests.golden.api`, writes them to api.txt."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Container, Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

API = Path(__file__).with_name("api.txt")
# Every room whose names are for users; its `__all__` says which.
ROOMS = ("", ".drawing", ".evaluation", ".executors", ".rounds", ".sklearn", ".spark", ".streams")
OURS = "online_softmax"
PROTOCOLS = ("__call__", "__contains__", "__enter__", "__exit__", "__getitem__", "__iter__", "__len__", "__next__")


def value(thing: Any) -> str:
    """Write a default or a constant, but for where it is in memory."""
    return re.sub(r" at 0x\w+", "", repr(thing))


def annotation(thing: Any) -> str:
    """Write an annotation as its source has it."""
    thing = getattr(thing, "__forward_arg__", thing)
    return thing if isinstance(thing, str) else inspect.formatannotation(thing)


def signature(thing: Any) -> str:
    """Write the parameters that a caller gives, and what comes back."""
    found = inspect.signature(thing)
    empty, words, star = inspect.Parameter.empty, list[str](), False
    for name, each in found.parameters.items():
        if name in ("self", "cls"):
            continue
        if each.kind is each.KEYWORD_ONLY and not star:
            words.append("*")
        star = star or each.kind in (each.KEYWORD_ONLY, each.VAR_POSITIONAL)
        stars = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        kind = "" if each.annotation is empty else f": {annotation(each.annotation)}"
        default = "" if each.default is empty else f"{' = ' if kind else '='}{value(each.default)}"
        words.append(f"{stars}{name}{kind}{default}")
    known = not inspect.isclass(thing) and found.return_annotation is not empty
    return f"({', '.join(words)})" + (f" -> {annotation(found.return_annotation)}" if known else "")


def member(name: str, thing: Any) -> str:
    """Write one member of a class."""
    thing = getattr(thing, "__func__", thing)  # of a static or class method
    if get := getattr(thing, "fget", getattr(thing, "func", None)):  # a property, cached or not
        return f"{name}{signature(get).removeprefix('()')}"
    if name.startswith("__") or inspect.isdatadescriptor(thing):
        return name
    return f"{name}{signature(thing)}" if callable(thing) else f"{name} = {value(thing)}"


def members(kind: type, listed: Container[Any]) -> dict[str, Any]:
    """Give what a class offers: of its own, and of those of our classes that are not listed themselves."""
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith(OURS) and (base is kind or base not in listed):
            found |= {
                name: thing for name, thing in vars(base).items() if not type(thing).__module__.startswith("sklearn")
            }
    given = inspect.signature(kind).parameters if is_dataclass(kind) or issubclass(kind, tuple) else ()
    return {name: found[name] for name in sorted(found) if name in PROTOCOLS or not (name[0] == "_" or name in given)}


def of_class(name: str, kind: type, listed: Container[Any]) -> Iterator[str]:
    """Yield the lines of a class."""
    bases = ", ".join(base.__name__ for base in kind.__bases__ if base is not object)
    is_made = not getattr(kind, "_is_protocol", False) and ("__init__" in vars(kind) or not issubclass(kind, Exception))
    yield f"class {name}({bases}){': ' + signature(kind) if is_made else ''}"
    yield from (f"    {member(each, thing)}" for each, thing in members(kind, listed).items())


def listing() -> str:
    """List every public name, room by room."""
    rooms = [importlib.import_module(OURS + room) for room in ROOMS]
    listed = {thing for room in rooms for name in room.__all__ if inspect.isclass(thing := getattr(room, name))}
    lines, told = ["# `make api` writes this file.", ""], dict[Any, str]()
    for room in rooms:
        lines.append(f"[{room.__name__}]")
        for name in sorted(room.__all__):
            thing = getattr(room, name)
            if not callable(thing):
                lines.append(f"{name} = {value(thing)}")
            elif thing in told:
                lines.append(f"{name} is {told[thing]}")
            else:
                told[thing] = f"{room.__name__}.{name}"
                lines += of_class(name, thing, listed) if inspect.isclass(thing) else [f"{name}{signature(thing)}"]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    API.write_text(listing())
