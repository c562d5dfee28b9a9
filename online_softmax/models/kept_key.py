"""KeptKey: what a KeyedClassifier holds of one key in memory."""

from __future__ import annotations

import copy
import math
from collections.abc import Hashable
from math import log
from typing import Any

from online_softmax.models.native import NativeModel
from online_softmax.models.scaled import native
from online_softmax.rows import Rows

ONE = 1.0  # the weight of a sample that was given none
LEAST = 1e-15  # what a probability counts for at least in a log loss
FEW = 4  # rows of a key that are learned one by one sooner than together


class OneByOne:
    """What a model of ours does in one call, by those that any model has."""

    __slots__ = ("_learner", "_model")

    def __init__(self, model: Any) -> None:
        self._model, self._learner = model, native(model) or model

    def predict_proba_one(self, x: dict[Hashable, Any]) -> dict[Hashable, float]:
        """Return the probability of each class."""
        answer: dict[Hashable, float] = self._learner.predict_proba_one(x)
        return answer

    def predict_one(self, x: dict[Hashable, Any]) -> Any:
        """Return the most probable label."""
        return self._model.predict_one(x)

    def _progress_one(self, x: dict[Hashable, Any], y: Hashable, w: float) -> tuple[float, bool]:
        """Learn a sample; return p of its label before, nan where it was new, and whether it was the largest."""
        p = self._learner.predict_proba_one(x)
        self._learner.learn_one(x, y) if w is ONE else self._learner.learn_one(x, y, w=w)
        return (p[y], max(p, key=p.__getitem__) == y) if y in p else (math.nan, False)


class KeptKey:
    """A key in memory.

    Attributes
    ----------
    model
        Its model, as the caller would have it.
    learner
        What predicts and learns a sample in its place.
    n_samples, n_losses, loss, hits
        The sums that its figures are made of.
    changed
        Whether it has learned anything that its store does not have.
    """

    __slots__ = ("changed", "hits", "learner", "loss", "model", "n_losses", "n_samples")

    def __init__(self, model: Any, n_samples: int = 0, n_losses: int = 0, loss: float = 0.0, hits: int = 0) -> None:
        self.model = model
        self.learner = model if type(native(model)) is NativeModel else OneByOne(model)
        self.n_samples, self.n_losses, self.loss, self.hits = n_samples, n_losses, loss, hits
        self.changed = False

    def learn(self, x: dict[Hashable, Any], y: Hashable, w: float) -> None:
        """Predict, then learn a sample, or change nothing."""
        p, hit = self.learner._progress_one(x, y, w)
        self.changed = True
        self.n_samples += 1
        if p == p:  # it is nan where the label is new
            self.n_losses += 1
            self.hits += hit
            self.loss -= log(p if p > LEAST else LEAST)

    def learn_rows(self, rows: Rows) -> None:
        """Do what `learn` does for each row in turn, to the last bit."""
        found = native(self.model)
        if found is None or not found.can_progress or len(rows) < FEW:
            for i in range(len(rows)):
                self.learn(rows.x(i), rows.y(i), rows.w(i))
            return
        n, answers = found.progress(rows)
        if n < len(rows):
            self.learn(rows.x(n), rows.y(n), rows.w(n))
            raise RuntimeError(f"{self.model} refused the row {rows.x(n)!r} in bulk and took it alone")
        self.changed = True
        self.n_samples += n
        for p, rank in zip(answers["p"].tolist(), answers["rank"].tolist(), strict=True):
            if p == p:
                self.n_losses += 1
                self.hits += rank == 0
                self.loss -= log(p if p > LEAST else LEAST)

    def sums(self) -> tuple[int, int, float, int]:
        """Return the sums, in the order in which they are given."""
        return self.n_samples, self.n_losses, self.loss, self.hits

    def twin(self, fresh: Any) -> KeptKey:
        """Return one that has learned the same; `fresh` is a model of the same parameters."""
        ours, theirs = native(self.model), native(fresh)
        if ours is None or theirs is None:
            fresh = copy.deepcopy(self.model)
        else:
            theirs.restore(ours.state())
        twin = KeptKey(fresh, *self.sums())
        twin.changed = self.changed
        return twin
