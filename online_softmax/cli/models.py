"""Models: what --model names."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

from river import optim

from online_softmax.checks import shorten
from online_softmax.cli.calls import Call, Pipe, parse_call
from online_softmax.cli.river_names import river_classifier
from online_softmax.models.auto import AutoSoftmaxRegression
from online_softmax.models.optimizers import CONSTANTS
from online_softmax.models.softmax import SoftmaxRegression
from online_softmax.models.vowpal_wabbit import VowpalWabbit

DEFAULT_MODEL = "auto"
INTERACTIONS: dict[str, bool | str] = {"auto": "auto", "auto-linear": False}  # of AutoSoftmaxRegression, by model
RIVALS = ("vw", "vw:'-l 0.5'", "river:'HoeffdingTreeClassifier()'")
OPTIMIZERS: dict[str, Callable[..., optim.base.Optimizer]] = {kind.__name__: kind for kind in CONSTANTS}


def parse_model(
    text: str, *, intercept: bool = False, max_features: int | None = None, hash_bits: int | None = None
) -> Any:
    """Make the model that `text` names.

    That is `auto` or `auto-linear`; an optimiser, `Adam` or `Adam(lr=0.1, beta_1=0.8)`; or a rival: `vw`, or `vw:` and
    options of Vowpal Wabbit, or `river:` and a classifier of river or a pipeline, `river:A(b=B()) | C()`.

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
    if is_rival(text):
        kind, _, about = text.partition(":")
        about = _unquoted(about)
        return river_classifier(about) if kind == "river" else VowpalWabbit(about)
    if text in INTERACTIONS:
        return AutoSoftmaxRegression(interactions=INTERACTIONS[text], max_features=max_features, hash_bits=hash_bits)
    try:
        call = parse_call(text)
    except ValueError:
        call = None
    if not isinstance(call, Call) or _has_calls(call):
        raise ValueError(f"model {shorten(text)} is not of the form SGD, SGD(0.1) or Adam(lr=0.1, beta_1=0.8)")
    if call.name not in OPTIMIZERS:
        known = ", ".join([*INTERACTIONS, *OPTIMIZERS, *RIVALS])
        raise ValueError(f"no model is called {call.name!r}; there are {known}")
    signature = inspect.signature(OPTIMIZERS[call.name])
    try:
        values = signature.bind(*call.positional, **call.named).arguments
    except TypeError as error:
        raise ValueError(f"model {text!r}: {error}; {call.name} takes {', '.join(signature.parameters)}") from None
    for parameter, value in values.items():
        if isinstance(signature.parameters[parameter].default, bool):
            if not isinstance(value, bool):
                raise ValueError(f"model {text!r}: {parameter} is True or False, not {value!r}")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= sys.float_info.max:
            raise ValueError(f"model {text!r}: {parameter} is a finite number, 0 or more, not {value!r}")
    optimizer = OPTIMIZERS[call.name](**values)
    return SoftmaxRegression(optimizer, intercept=intercept, max_features=max_features, hash_bits=hash_bits)


def is_rival(text: str) -> bool:
    """Whether `text` names a model of others."""
    return text.partition(":")[0] in ("river", "vw") and text != "river"


def is_optimizer(text: str) -> bool:
    """Whether `text` names a softmax regression under an optimiser."""
    return text not in INTERACTIONS and not is_rival(text)


def _unquoted(text: str) -> str:
    """Return a text without the quotes around it, which a shell has left there."""
    inside = text[1:-1]
    return (
        inside if text[:1] in ("'", '"') and text == f"{text[0]}{inside}{text[0]}" and text[0] not in inside else text
    )


def _has_calls(call: Call) -> bool:
    return any(isinstance(value, Call | Pipe) for value in (*call.positional, *call.named.values()))
