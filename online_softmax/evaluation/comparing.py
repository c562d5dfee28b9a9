"""Comparing: several models in one pass over the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from math import inf, isfinite, nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from online_softmax.evaluation.drawn import Drawn
from online_softmax.evaluation.metrics import CLIP
from online_softmax.evaluation.result import Result
from online_softmax.evaluation.scored import Scored

FIRST = 20  # rows of a block, until there are 64
MOST_BLOCKS = 64
SURE = 0.95


@dataclass(frozen=True)
class Standing:
    """Where a model stands, over the rows that all models have scored.

    Attributes
    ----------
    log_loss, accuracy
        As in `Result`; nan for the log loss of a model without probabilities.
    difference
        Its loss minus that of the best model; nan where it has none.
    low, high
        The ends of the 95 % interval of the difference; nan for the best, and for fewer than 2 blocks.
    microseconds_per_row
        How long predicting, scoring and learning a row took.

    """

    log_loss: float
    accuracy: float
    difference: float
    low: float
    high: float
    microseconds_per_row: float

    @property
    def is_noise(self) -> bool | None:
        """Whether the difference may be noise: its interval holds 0; None where there is no interval."""
        return self.low <= 0 <= self.high if isfinite(self.low) else None


@dataclass(frozen=True, repr=False)
class Comparison(Drawn):
    """What progressive validation found of several models over the same rows.

    The differences are paired: each is taken row by row, and their means over up to 64 blocks of consecutive rows are
    taken for independent, which makes Student's interval of 95 %. Where a stream drifts, neighbouring blocks are alike,
    and the interval is too narrow rather than too wide.

    Attributes
    ----------
    results
        The result of each model, by name. The seconds are those of predicting, scoring and learning.
    best
        The model with the least log loss over the common rows, or with the fewest errors where no model gives
        probabilities; with the most rows, where there are no common ones.
    n_common
        The rows that all models have scored.
    n_blocks
        How many full blocks of them the intervals are from.
    standings
        Where each model stands.

    """

    results: dict[str, Result]
    best: str
    n_common: int
    n_blocks: int
    standings: dict[str, Standing]

    @property
    def n_samples(self) -> int:
        """Return the most rows that a model has scored."""
        return max(one.n_samples for one in self.results.values())

    @property
    def ranking(self) -> list[str]:
        """Return the names of the models, the best first."""
        return sorted(self.standings, key=lambda name: _loss(self.standings[name]))

    def __getitem__(self, name: str) -> Result:
        return self.results[name]

    def to_dict(self) -> dict[str, Any]:
        """Return all as plain values, ready for JSON: `runs`, and `comparison`."""
        models = {name: {**_plain(asdict(one)), "is_noise": one.is_noise} for name, one in self.standings.items()}
        for one in models.values():
            one["loss_difference"] = one.pop("difference")
        counts = {"best": self.best, "n_common": self.n_common, "n_blocks": self.n_blocks}
        runs = {name: result.to_dict() for name, result in self.results.items()}
        return {"runs": runs, "comparison": {**counts, "models": models}}

    def document(self, **conditions: Any) -> dict[str, Any]:
        """Return what plots and pages draw: the conditions of the runs, the runs, and how they compare.

        Parameters
        ----------
        conditions
            What a page is to tell of the run besides, by name.
        """
        return {"conditions": conditions, **self.to_dict()}

    def __repr__(self) -> str:
        standings = [(name, self.standings[name]) for name in self.ranking]
        lines = [f"  {name}: log_loss={one.log_loss:.4f}, accuracy={one.accuracy:.4f}" for name, one in standings]
        return "\n".join([f"Comparison(best={self.best!r}, n_common={self.n_common},", *lines, ")"])

    def _repr_html_(self) -> str:
        from online_softmax.drawing.notebook import comparison_cell

        return comparison_cell(self.document())


class Pairing:
    """Adds up the losses of several models in blocks of rows that all of them have scored.

    Parameters
    ----------
    n_models
        How many models there are.

    """

    def __init__(self, n_models: int) -> None:
        self._n_models = n_models
        self._length = FIRST
        self._n = 0
        # Of each block: rows; the hits of each model; rows with losses; the losses of each model.
        self._open = np.zeros(2 + 2 * n_models)
        self._blocks: list[NDArray[np.float64]] = []
        self._has_losses = np.ones(n_models, np.bool_)

    def add(self, scored: Sequence[Scored], has_losses: Sequence[bool]) -> None:
        """Add what the models made of the same rows, and which of them give probabilities."""
        self._has_losses = np.array(has_losses)
        at = reduce(np.intersect1d, [one.at for one in scored])
        if not len(at):
            return
        own = [np.searchsorted(one.at, at) if _in_order(one.at) else _places(one.at, at) for one in scored]
        hits = np.array([(one.true == one.predicted)[i] for one, i in zip(scored, own, strict=True)])
        losses = np.array([-np.log(np.clip(one.p[i], CLIP, 1.0)) for one, i in zip(scored, own, strict=True)])
        has_loss = ~np.isnan(losses[self._has_losses]).any(axis=0) & self._has_losses.any()
        losses = np.where(has_loss & ~np.isnan(losses), losses, 0.0)
        rows = np.column_stack([np.ones(len(at)), hits.T, has_loss, losses.T])
        while len(rows):
            part, rows = np.split(rows, [self._length - self._n % self._length])
            self._open = np.add.accumulate(np.concatenate([self._open[np.newaxis], part]))[-1]
            self._n += len(part)
            if self._n % self._length == 0:
                self._blocks.append(self._open)
                self._open = np.zeros_like(self._open)
                if len(self._blocks) == MOST_BLOCKS:
                    self._blocks = [a + b for a, b in zip(self._blocks[::2], self._blocks[1::2], strict=True)]
                    self._length *= 2

    def comparison(self, results: Mapping[str, Result]) -> Comparison:
        """Return how the models compare."""
        m = self._n_models
        blocks = np.array(self._blocks).reshape(-1, len(self._open))
        n, hits, n_losses, losses = np.split(np.sum([*self._blocks, self._open], axis=0), [1, 1 + m, 2 + m])
        with np.errstate(invalid="ignore", divide="ignore"):
            accuracy, log_loss = hits / n, np.where(self._has_losses, losses / n_losses, nan)
            by_loss = bool(n_losses[0])
            measure = log_loss if by_loss else 1 - accuracy
            best = int(np.argmin(np.where(np.isnan(measure), inf, measure)))
            if np.isnan(measure).all():
                best = int(np.argmax([one.n_samples for one in results.values()]))
            means = (
                blocks[:, 2 + m :] / blocks[:, 1 + m : 2 + m] if by_loss else 1 - blocks[:, 1 : 1 + m] / blocks[:, :1]
            )
        standings = {}
        for i, (name, result) in enumerate(results.items()):
            differences = means[:, i] - means[:, best]
            differences = differences[np.isfinite(differences)]
            difference = measure[i] - measure[best]
            half = nan if i == best or np.isnan(difference) else _half_interval(differences)
            standings[name] = Standing(
                float(log_loss[i]),
                float(accuracy[i]),
                float(difference),
                float(difference - half),
                float(difference + half),
                result.microseconds_per_row,
            )
        return Comparison(dict(results), [*results][best], int(n[0]), len(blocks), standings)


def _half_interval(differences: NDArray[np.float64]) -> float:
    """Return half the width of Student's interval of a mean."""
    from scipy.special import stdtrit

    n = len(differences)
    return float(stdtrit(n - 1, (1 + SURE) / 2) * differences.std(ddof=1) / sqrt(n)) if n > 1 else nan


def _in_order(at: NDArray[np.int64]) -> bool:
    return bool((np.diff(at) > 0).all())


def _places(at: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where the wanted numbers are among numbers in any order."""
    order = np.argsort(at)
    places: NDArray[np.int64] = order[np.searchsorted(at[order], wanted)]
    return places


def _loss(one: Standing) -> float:
    return one.difference if isfinite(one.difference) else inf


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value if isfinite(value) else None for name, value in values.items()}
