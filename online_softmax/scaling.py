"""Scaling: a scaler before a model, and river's StandardScaler for some of the features."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterable
from typing import Any

from river import base

from online_softmax.classifier import KernelClassifier


class NumberScaler(base.Transformer):
    """river's `StandardScaler` for the features that are numbers; the others, one-hot features say, pass as they are.

    Parameters
    ----------
    numbers
        The names of the features to standardise.

    Examples
    --------
    >>> from online_softmax.scaling import NumberScaler

    >>> scaler = NumberScaler(["size"])
    >>> for size in (7.0, 19.0):
    ...     scaler.learn_one({"size": size, "colour=green": 1.0})
    >>> scaler.transform_one({"size": 19.0, "colour=yellow": 1.0})
    {'size': 1.0, 'colour=yellow': 1.0}

    """

    def __init__(self, numbers: Iterable[Hashable]) -> None:
        from river.preprocessing import StandardScaler

        self.numbers = list(numbers)
        self.scaler: Any = StandardScaler()
        self._numbers = frozenset(self.numbers)

    def learn_one(self, x: dict[Hashable, Any]) -> None:
        """Learn mean and variance of the numbers."""
        self.scaler.learn_one(self._only(x))

    def transform_one(self, x: dict[Hashable, Any]) -> dict[Hashable, Any]:
        """Return the features with the numbers standardised."""
        return {**x, **self.scaler.transform_one(self._only(x))}

    def _only(self, x: dict[Hashable, Any]) -> dict[Hashable, Any]:
        return {name: value for name, value in x.items() if name in self._numbers}


def scaled_model(model: Any) -> tuple[Any, KernelClassifier] | None:
    """Return scaler and model of `StandardScaler() | model` or `NumberScaler(..) | model`, where the model is ours.

    None for any other model.
    """
    # Not imported: whoever has a pipeline has imported them, and they are heavy.
    compose, preprocessing = sys.modules.get("river.compose"), sys.modules.get("river.preprocessing")
    if not compose or not preprocessing or type(model) is not compose.Pipeline or len(model.steps) != 2:
        return None
    scaler, last = model.steps.values()
    plain = type(scaler) is preprocessing.StandardScaler and scaler.with_std and scaler.window_size is None
    if (plain or type(scaler) is NumberScaler) and issubclass(type(last), KernelClassifier):
        return scaler, last
    return None
