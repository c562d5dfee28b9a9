"""What river's softmax regression has learned, as the arrays that our kernel keeps; and back."""

from __future__ import annotations

import copy
import inspect
from collections import defaultdict
from collections.abc import Hashable
from typing import Any

import numpy as np
from river import linear_model, optim

from online_softmax._kernel import state as layout
from online_softmax.checks import is_missing, shorten
from online_softmax.models import optimizers

NONE_OF_RIVERS = ("intercept", "clip_gradient", "max_features", "hash_bits", "categorical")


def check_river(theirs: Any) -> None:
    """Refuse what is not river's own class: what a subclass learns, nobody can guess.

    Raises
    ------
    TypeError
        If it is not.
    """
    if type(theirs) is not linear_model.SoftmaxRegression:
        raise TypeError(
            "from_river takes river.linear_model.SoftmaxRegression, or a pipeline that ends with one, "
            f"got {shorten(theirs)}"
        )


def state(theirs: linear_model.SoftmaxRegression, ours: Any) -> dict[str, Any]:
    """Return what river's model has learned, as the state of `ours`, which has the same parameters.

    A class holds the features that its samples carried; here it holds all, those that it has not met with 0.

    Raises
    ------
    ValueError
        If a class is learned by another optimiser than the model's, or a number is not finite.
    """
    labels = list(theirs.weights)
    for label in filter(is_missing, labels):
        raise ValueError(
            f"the model has learned {label!r} as a label, and here a missing label is none: delete it from its weights "
            "and its optimizers"
        )
    for label in theirs.optimizers:
        if label not in theirs.weights:
            raise ValueError(f"class {label!r} has an optimizer and no weights: delete model.optimizers[{label!r}]")
    template = theirs.optimizer
    given = _parameters(template)
    steppers = [theirs.optimizers.get(label, template) for label in labels]
    for label, each in zip(labels, steppers, strict=True):
        own = ["class"] if type(each) is not type(template) else _differences(given, each)
        if own:
            raise ValueError(
                f"class {label!r} has an optimizer whose {own[0]} is not the model's: here all classes have the same"
            )
    of_class = [
        [theirs.weights[label], *(getattr(each, name) or {} for name in optimizers.STATES[type(template)])]
        for label, each in zip(labels, steppers, strict=True)
    ]
    names = list(dict.fromkeys(name for parts in of_class for part in parts for name in part))
    slots = {name: slot for slot, name in enumerate(names, 1)}
    values = ours._sizes["value"]
    B = np.zeros((1 + len(names), values, len(labels)))
    for c, parts in enumerate(of_class):
        for value, part in enumerate(parts):
            for name, number in part.items():
                B[slots[name], value, c] = number
    for slot, _, c in np.argwhere(~np.isfinite(B))[:1]:
        raise ValueError(
            f"class {labels[c]!r} has learned of feature {names[slot - 1]!r} what is not finite: train the model anew, "
            "on scaled features or at a lower learning rate"
        )
    found: dict[str, Any] = {
        "B": B,
        "scalars": np.zeros((1 + len(names), 0)),
        "t": np.array([each.n_iterations for each in steppers], np.int64),
        "final_lr": np.array([getattr(each, "final_lr", 0.0) for each in steppers], np.float64),
    }
    if labels:
        layout.check(ours, len(names), len(labels), found)
    return {"names": names, "labels": labels, **found}


def filled(ours: Any) -> linear_model.SoftmaxRegression:
    """Return river's model of the same parameters, which has learned what ours has.

    Raises
    ------
    ValueError
        If ours has a parameter, or an optimiser, that river's has not.
    """
    for name in NONE_OF_RIVERS:
        value = getattr(ours, name)
        if value is not None and value is not False:
            raise ValueError(f"{name}={value!r} cannot go to river, whose SoftmaxRegression has no such parameter")
    if ours.missing != "raise":
        raise ValueError(f"missing={ours.missing!r} cannot go to river, whose SoftmaxRegression has no such parameter")
    kind = type(ours.optimizer)
    if not kind.__module__.startswith("river."):
        raise ValueError(f"optimizer {kind.__name__} cannot go to river, which has no such optimizer")
    learned = ours._state()
    theirs = linear_model.SoftmaxRegression(copy.deepcopy(ours.optimizer), copy.deepcopy(ours.loss), ours.l2)
    for c, label in enumerate(learned["labels"]):
        stepper = theirs.optimizers[label]
        stepper.n_iterations = int(learned["t"][c])
        if kind is optim.AdaBound:
            stepper.final_lr = float(learned["final_lr"][c])
        parts = [_by_name(learned["names"], column) for column in learned["B"][1:, :, c].T]
        theirs.weights[label] = parts[0]
        for name, part in zip(optimizers.STATES[kind], parts[1:], strict=True):
            setattr(stepper, name, part)
    return theirs


def _by_name(names: list[Hashable], numbers: Any) -> defaultdict[Hashable, float]:
    return defaultdict(float, zip(names, numbers.tolist(), strict=True))


def _parameters(optimizer: Any) -> dict[str, Any]:
    """Return what an optimiser has been given: all but what it has learned."""
    learned = {"n_iterations", "final_lr", *optimizers.STATES[type(optimizer)]}
    return {name: value for name, value in vars(optimizer).items() if name not in learned}


def _differences(given: dict[str, Any], optimizer: Any) -> list[str]:
    return [name for name, value in given.items() if not _alike(value, getattr(optimizer, name, None))]


def _alike(a: Any, b: Any) -> bool:
    """Whether two values are equal, or plain objects of one class with equal attributes."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_alike(a[key], b[key]) for key in a)
    plain = not any("__eq__" in vars(kind) for kind in type(a).__mro__[:-1])
    if plain and hasattr(a, "__dict__") and not inspect.isroutine(a):
        return _alike(vars(a), vars(b))
    return np.array_equal(a, b)
