"""Models: what --model names."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable
from typing import Any

from river import optim

from online_softmax.models.auto import AutoSoftmaxRegression
from online_softmax.models.optimizers import CONSTANTS
from online_softmax.models.softmax import SoftmaxRegression

DEFAULT_MODEL = "auto"
INTERACTIONS: dict[str, bool | str] = {"auto": "auto", "auto-linear": False}  # of AutoSoftmaxRegression, by model
OPTIMIZERS: dict[str, Callable[..., optim.base.Optimizer]] = {kind.__name__: kind for kind in CONSTANTS}


def parse_model(
    text: str, *, intercept: bool = False, max_features: int | None = None, hash_bits: int | None = None
) -> AutoSoftmaxRegression | SoftmaxRegression:
    """Make the model that `text` names: `auto`, `auto-linear`, or an optimiser, `Adam` or `Adam(lr=0.1, beta_1=0.8)`.

    Examples
    --------
    >>> from online_softmax.cli import parse_model

    >>> parse_model("auto").interactions
    'auto'
    >>> parse_model("Adam(0.1, beta_1=0.8)").optimizer.beta_1
    0.8
    >>> parse_model("Madam")
    Traceback (most recent call last):
    ValueError: no model is called 'Madam'; there are auto, auto-linear, SGD, Momentum, ...

    """
    if text in INTERACTIONS:
        return AutoSoftmaxRegression(interactions=INTERACTIONS[text], max_features=max_features, hash_bits=hash_bits)
    name, positional, named = _parse_call(text)
    if name not in OPTIMIZERS:
        raise ValueError(f"no model is called {name!r}; there are {', '.join([*INTERACTIONS, *OPTIMIZERS])}")
    signature = inspect.signature(OPTIMIZERS[name])
    try:
        values = signature.bind(*positional, **named).arguments
    except TypeError as error:
        raise ValueError(f"model {text!r}: {error}; {name} takes {', '.join(signature.parameters)}") from None
    for parameter, value in values.items():
        if isinstance(signature.parameters[parameter].default, bool):
            if not isinstance(value, bool):
                raise ValueError(f"model {text!r}: {parameter} is True or False, not {value!r}")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= sys.float_info.max:
            raise ValueError(f"model {text!r}: {parameter} is a finite number, 0 or more, not {value!r}")
    optimizer = OPTIMIZERS[name](**values)
    return SoftmaxRegression(optimizer, intercept=intercept, max_features=max_features, hash_bits=hash_bits)


def _parse_call(text: str) -> tuple[str, list[Any], dict[str, Any]]:
    """Take `Name(1, a=2)` apart, literals only."""
    try:
        call = ast.parse(text.strip(), mode="eval").body
        if isinstance(call, ast.Name):
            return call.id, [], {}
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg}
            if len(named) == len(call.keywords):  # none twice, and no **
                return call.func.id, [ast.literal_eval(value) for value in call.args], named
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        pass
    raise ValueError(f"model {text!r} is not of the form SGD, SGD(0.1) or Adam(lr=0.1, beta_1=0.8)")
