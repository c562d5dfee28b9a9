"""Constructor arguments as JSON: an optimiser, scheduler or loss is {"class": its name, and its parameters}."""

from __future__ import annotations

import inspect
import math
from typing import Any

from river import optim

from online_softmax.models import optimizers
from online_softmax.storage import names

PARTS: dict[str, type] = {
    part.__name__: part
    for part in (
        *optimizers.CONSTANTS,
        optim.schedulers.Constant,
        optim.schedulers.InverseScaling,
        optim.schedulers.Optimal,
        optim.losses.CrossEntropy,
        optim.losses.Absolute,
        optim.losses.BinaryFocalLoss,
        optim.losses.Cauchy,
        optim.losses.EpsilonInsensitiveHinge,
        optim.losses.Hinge,
        optim.losses.Huber,
        optim.losses.Log,
        optim.losses.Poisson,
        optim.losses.Quantile,
        optim.losses.Squared,
    )
}


def to_json(what: str, value: Any) -> Any:
    """Return a parameter's value as JSON's own kinds.

    Examples
    --------
    >>> to_json("lr", optim.schedulers.InverseScaling(0.1))
    {'class': 'InverseScaling', 'learning_rate': 0.1, 'power': 0.5}

    Raises
    ------
    TypeError
        If a part is none that a model file can name.
    """
    kind = type(value)
    if value is None or isinstance(value, bool):
        return value
    for plain in (int, float, str):
        if isinstance(value, plain):
            return plain(value)
    if kind is dict:
        return [[names.to_json("label", label), to_json(what, weight)] for label, weight in value.items()]
    if PARTS.get(kind.__name__) is not kind:
        raise TypeError(f"{what} is {value!r}, of a kind that a model file cannot hold: it knows {', '.join(PARTS)}")
    node = {"class": kind.__name__}
    for name in [*inspect.signature(kind).parameters, *["n_iterations"] * isinstance(value, optim.base.Optimizer)]:
        node[name] = to_json(f"{kind.__name__}'s {name}", getattr(value, name))
    return node


def from_json(node: Any) -> Any:
    """Return the value that `to_json` wrote.

    Examples
    --------
    >>> from_json({"class": "Constant", "learning_rate": 0.1}).get(0)
    0.1
    """
    if isinstance(node, list):
        return {names.from_json(label): from_json(weight) for label, weight in node}
    if not isinstance(node, dict):
        if isinstance(node, float) and not math.isfinite(node):
            raise ValueError(f"a parameter is {node}")
        return node
    if node.get("class") not in PARTS:
        raise ValueError(f"a parameter is of the unknown class {node.get('class')!r}")
    kind = PARTS[node["class"]]
    part = kind(**{name: from_json(value) for name, value in node.items() if name not in ("class", "n_iterations")})
    if isinstance(part, optim.base.Optimizer):
        steps = node.get("n_iterations")
        if type(steps) is not int or not 0 <= steps <= 1 << 53:
            raise ValueError(f"{kind.__name__}'s n_iterations is {steps!r}")
        part.n_iterations = steps
    return part
