"""Scoring: what is measured besides, and when labels come."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from online_softmax.cli import options
from online_softmax.cli.refusals import named
from online_softmax.cli.river_names import river_metric
from online_softmax.evaluation.delayed import Lateness


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """What `evaluate` and `compare` score, and when."""

    delay: options.Delay = None
    moment: options.Moment = None
    metric: options.Metric = None
    top_k: options.TopK = 3

    def keywords(self) -> dict[str, Any]:
        """Return them as `progressive_validation` takes them."""
        if self.moment is not None and self.delay is None:
            raise ValueError("--moment goes with --delay: how long after it the labels come")
        with named("--metric"):
            metrics = [river_metric(text) for text in self.metric or []]
        return {"delay": self._delay(), "moment": self.moment, "metrics": metrics, "top_k": self.top_k}

    @property
    def conditions(self) -> dict[str, Any]:
        """Return them for the record."""
        delay = None if self.delay is None else str(Lateness(self._delay(), self.moment))  # as a result says it
        return {"delay": delay, "metrics": self.metric or []}

    def _delay(self) -> int | float | str | None:
        """Return the amount, or the name of the column that holds it."""
        if self.delay is None:
            return None
        try:
            amount = _number(self.delay)
        except ValueError:
            return self.delay
        if not 0 <= amount < math.inf or (self.moment is None and amount != int(amount)):
            what = "a number of rows" if self.moment is None else f"an amount of {self.moment}"
            raise ValueError(f"--delay is {what}, 0 or more, or a column, not {self.delay!r}")
        return int(amount) if amount == int(amount) else amount


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)
