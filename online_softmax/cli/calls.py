"""Calls: `Name(1, a=2)` as text, taken apart and never executed."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """A name, and what is given to it: literals, other calls, and lists, tuples and dictionaries of these."""

    name: str
    positional: list[Any]
    named: dict[str, Any]


@dataclass(frozen=True)
class Pipe:
    """Calls with a bar between them, `A() | B()`."""

    steps: list[Any]


def parse_call(text: str) -> Call | Pipe:
    """Take a call, or a pipe of calls, apart; a name alone is a call of it.

    Examples
    --------
    >>> from online_softmax.cli.calls import parse_call

    >>> parse_call("Adam(0.1, beta_1=0.8)")
    Call(name='Adam', positional=[0.1], named={'beta_1': 0.8})
    >>> parse_call("a.B | C(D())").steps[1].positional
    [Call(name='D', positional=[], named={})]
    >>> parse_call("f(x)(y)")
    Traceback (most recent call last):
    ValueError: 'f(x)(y)' is not a call

    """
    try:
        found = _value(ast.parse(text.strip(), mode="eval").body)
        if isinstance(found, Call | Pipe):
            return found
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        pass
    raise ValueError(f"{text!r} is not a call")


def made(value: Any, call: Callable[[Call], Any], pipe: Callable[[list[Any]], Any]) -> Any:
    """Return a value with what comes of the calls and pipes in it, the innermost first."""

    def of(part: Any) -> Any:
        match part:
            case Call(name, positional, named):
                return call(Call(name, of(positional), of(named)))
            case Pipe(steps):
                return pipe(of(steps))
            case dict():
                return {of(key): of(one) for key, one in part.items()}
            case list() | tuple() | set():
                return type(part)(map(of, part))
        return part

    return of(value)


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Name() | ast.Attribute():
            return Call(_name(node), [], {})
        case ast.Call(func, args, keywords):
            named = {keyword.arg: _value(keyword.value) for keyword in keywords if keyword.arg is not None}
            if len(named) < len(keywords):
                raise ValueError("** is no argument")
            return Call(_name(func), [_value(one) for one in args], named)
        case ast.BinOp(left, ast.BitOr(), right):
            steps = [_value(left), _value(right)]
            if all(isinstance(step, Call | Pipe) for step in steps):
                return Pipe([one for step in steps for one in (step.steps if isinstance(step, Pipe) else [step])])
            raise ValueError("a bar stands between calls")
        case ast.List(elements):
            return [_value(one) for one in elements]
        case ast.Tuple(elements):
            return tuple(_value(one) for one in elements)
        case ast.Dict(keys, values) if None not in keys:
            return {ast.literal_eval(key): _value(one) for key, one in zip(keys, values, strict=True) if key}
    return ast.literal_eval(node)


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    if isinstance(node, ast.Name):
        return node.id
    raise ValueError("only a name is called")
