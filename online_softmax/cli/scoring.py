"""Scoring: what is measured besides, and when labels come."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from online_softmax.cli import options
from online_softmax.cli.river_names import river_metric
from online_softmax.evaluation.delayed import Lateness


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """What `evaluate` and `compare` score, and when."""

    delay: options.Delay = None
    moment: options.Moment = None
    metric: options.Metric = None

    def keywords(self) -> dict[str, Any]:
        """Return them as `progressive_validation` takes them."""
        if self.moment is not None and self.delay is None:
            raise ValueError("--moment goes with --delay: how long after it the labels come")
        metrics = [river_metric(text) for text in self.metric or []]
        return {"delay": self._amount(), "moment": self.moment, "metrics": metrics}

    @property
    def conditions(self) -> dict[str, Any]:
        """Return them for the record."""
        delay = None if self.delay is None else str(Lateness(self._amount(), self.moment))  # as a result says it
        return {"delay": delay, "metrics": self.metric or []}

    def _amount(self) -> int | float | None:
        if self.delay is None:
            return None
        try:
            amount = int(self.delay) if self.moment is None else float(self.delay)
        except ValueError:
            amount = math.nan
        if not 0 <= amount < math.inf:
            what = "a number of rows" if self.moment is None else f"an amount of {self.moment}"
            raise ValueError(f"--delay is {what}, 0 or more, not {self.delay!r}")
        return int(amount) if int(amount) == amount else amount
