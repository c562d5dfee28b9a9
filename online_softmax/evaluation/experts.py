"""Experts: how much a model's mixture trusts each of its experts, along a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from online_softmax.storage.fields import MOST, Array, Number, check_value

MOST_POINTS = 200
FIRST = 100  # rows between two points, until there are 200


@dataclass(frozen=True, repr=False)
class Experts:
    """The weights of experts along a run.

    Attributes
    ----------
    names
        The experts.
    n_samples
        The rows that had been scored at each point.
    weights
        The weight of each expert at each point, of shape (points, experts); each row sums to 1.

    """

    names: list[str]
    n_samples: NDArray[np.int64]
    weights: NDArray[np.float64]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as plain values, ready for JSON."""
        return {"names": self.names, "n_samples": self.n_samples.tolist(), "weights": self.weights.tolist()}


class ExpertLog:
    """Asks a model for the weights of its experts, every 100 rows at first, and every 200, 400 .. in long runs.

    Parameters
    ----------
    model
        The model: anything that has `expert_weights`, a mapping of names to shares.

    Attributes
    ----------
    every
        How many rows there are between two points.

    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self.every = FIRST
        self.points: list[tuple[int, dict[str, float]]] = []

    def look(self, n_samples: int) -> None:
        """Note the weights after so many rows."""
        if self.points and self.points[-1][0] == n_samples:
            return
        if weights := self._weights():
            self.points.append((n_samples, weights))
            if len(self.points) == MOST_POINTS:
                del self.points[::2]
                self.every *= 2

    def experts(self, n_samples: int) -> Experts | None:
        """Return the weights along the run, and now; None where there have been none."""
        points, weights = [*self.points], self._weights()
        if weights and not (points and points[-1][0] == n_samples):
            points.append((n_samples, weights))
        if not points:
            return None
        names = [*dict.fromkeys(name for _, weights in points for name in weights)]
        table = np.array([[weights.get(name, 0.0) for name in names] for _, weights in points])
        return Experts(names, np.array([n for n, _ in points], np.int64), table)

    def state(self) -> tuple[dict[str, Any], NDArray[np.float64]]:
        """Return the points so far: names and the step as plain values, and a row of each point, its place first."""
        names = [*dict.fromkeys(name for _, weights in self.points for name in weights)]
        rows = [[n, *(weights.get(name, 0.0) for name in names)] for n, weights in self.points]
        return {"every": self.every, "names": names}, np.array(rows, np.float64).reshape(-1, 1 + len(names))

    @staticmethod
    def check(about: Mapping[str, Any], points: NDArray[np.float64], n: int) -> None:
        """Refuse what is no state after n rows."""
        check_value("every", Number(int, FIRST, MOST), about.get("every"))
        names = about.get("names")
        if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
            raise ValueError("the names of its experts are no list of strings")
        if len({*names}) < len(names):
            raise ValueError("two of its experts have one name")
        if not n // about["every"] < MOST_POINTS:
            raise ValueError("it has more points of experts than there can be")
        check_value("experts", Array("f8", (len(points), 1 + len(names)), 0, MOST), points)
        rows, weights = points[:, 0], points[:, 1:]
        if rows.tolist() != [*range(about["every"], n + 1, about["every"])]:
            raise ValueError("the weights of its experts are not those after its rows")
        if (weights > 1).any():
            raise ValueError("the weights of its experts are more than 1")

    def restore(self, about: Mapping[str, Any], points: NDArray[np.float64]) -> None:
        """Take over what `state` returned."""
        self.every = about["every"]
        self.points = [(int(n), dict(zip(about["names"], weights, strict=True))) for n, *weights in points.tolist()]

    def _weights(self) -> dict[str, float]:
        weights: dict[str, float] = self._model.expert_weights
        return weights
