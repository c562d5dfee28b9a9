"""Scaling: a scaler before a model, and river's StandardScaler for some of the features."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from river import base

from online_softmax._kernel.bulk import BulkModel
from online_softmax.rows import Rows


class NumberScaler(base.Transformer):
    """river's `StandardScaler` for the features that are numbers; the others, one-hot features say, pass as they are.

    Parameters
    ----------
    numbers
        The names of the features to standardise.

    Examples
    --------
    >>> from online_softmax.models.scaled import NumberScaler

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


def scaled(scaler: Any, rows: Rows) -> Rows:
    """Return rows as a `StandardScaler` or `NumberScaler` transforms them."""
    numbers = scaler._numbers if isinstance(scaler, NumberScaler) else None
    scaler = scaler if numbers is None else scaler.scaler
    passing = np.array([numbers is not None and name not in numbers for name in rows.names], np.bool_)
    means = np.array([scaler.means.get(name, 0.0) for name in rows.names])
    sds = np.array([scaler.vars.get(name, 0.0) ** 0.5 for name in rows.names])
    means[passing], sds[passing] = 0, 1
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        values = np.where(sds[rows.ids] != 0, (rows.values - means[rows.ids]) / sds[rows.ids], 0.0)
    return replace(rows, values=values)


def scaled_model(model: Any) -> tuple[Any, Any] | None:
    """Return scaler and model of `StandardScaler() | model` or `NumberScaler(..) | model`, where the model is ours.

    None for any other model.
    """
    # Not imported: whoever has a pipeline has imported them, and they are heavy.
    compose, preprocessing = sys.modules.get("river.compose"), sys.modules.get("river.preprocessing")
    if not compose or not preprocessing or type(model) is not compose.Pipeline or len(model.steps) != 2:
        return None
    scaler, last = model.steps.values()
    plain = type(scaler) is preprocessing.StandardScaler and scaler.with_std and scaler.window_size is None
    if (plain or type(scaler) is NumberScaler) and issubclass(type(last), BulkModel):
        return scaler, last
    return None
