"""Metrics: the running scores of a stream of predictions."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_softmax.evaluation.baselines import Baselines
from online_softmax.evaluation.curves import Curves
from online_softmax.evaluation.ranking import Ranking
from online_softmax.evaluation.sums import (
    BIN_CONFIDENCE,
    BIN_HITS,
    BIN_N,
    BINS,
    Outcomes,
    Vector,
    metrics,
    widened,
)

MANY = 1 << 14  # rows to add up at once
CLIP = 1e-15  # the least probability a log loss is taken of


@dataclass(frozen=True)
class ClassScores:
    """How well one class was found.

    Attributes
    ----------
    label
        The class.
    precision
        The part of the rows predicted as this class that were of this class.
    recall
        The part of the rows of this class that were predicted as this class.
    f1
        The harmonic mean of the two.
    support
        How many rows were of this class; where rows fade, the sum of their weights.

    """

    label: Hashable
    precision: float
    recall: float
    f1: float
    support: float


class Bin(NamedTuple):
    """The rows whose prediction had a probability in some range.

    Attributes
    ----------
    start, end
        The range.
    n
        How many rows there were.
    confidence
        The mean of these probabilities.
    accuracy
        The part of these rows that were right.

    """

    start: float
    end: float
    n: float
    confidence: float
    accuracy: float


def bins(sums: Vector) -> list[Bin]:
    """Return the bins of confidence among some sums."""
    n, hits, confidence = (sums[part].tolist() for part in (BIN_N, BIN_HITS, BIN_CONFIDENCE))
    return [
        Bin(i / BINS, (i + 1) / BINS, int(k) if k.is_integer() else k, c / k if k else nan, h / k if k else nan)
        for i, (k, h, c) in enumerate(zip(n, hits, confidence, strict=True))
    ]


class Scores:
    """The running scores of a stream of predictions.

    Labels and predictions are codes: the caller's numbering of the classes from 0.

    Parameters
    ----------
    window
        How many of the last rows the window figures are about.
    k
        How many of the most probable classes the label has to be among, to count for `top_k`.

    Attributes
    ----------
    n_samples
        How many rows have been added.
    n_unseen
        How many of them had a label the model could not know.

    Examples
    --------
    >>> from online_softmax.evaluation.metrics import Scores

    >>> scores = Scores(window=2)
    >>> scores.add(true=[0, 1, 1], predicted=[-1, 0, 1], p=[float("nan"), 0.25, 0.5])
    >>> scores.accuracy, scores.window_accuracy
    (0.3333333333333333, 0.5)
    >>> scores.log_loss
    1.0397207708399179
    >>> scores.counts.tolist()  # label, prediction and how often
    [[0, -1, 1], [1, 0, 1], [1, 1, 1]]

    """

    window: int
    k: int
    n_samples: int
    n_unseen: int

    def __init__(self, window: int, k: int = 3) -> None:
        self.window, self.k = window, k
        self.n_samples = 0
        self.n_unseen = 0
        self._hits = 0
        self._loss = 0.0
        self._n_losses = 0
        self._waiting: list[tuple[NDArray[Any], ...]] = []
        self._n_waiting = 0
        self._are_late = False
        self._curves = Curves(window)
        self._counts: dict[tuple[int, int], int] = {}
        self._baselines = Baselines()
        self._ranking = Ranking()
        self._last_hits = np.empty(0, dtype=bool)
        self._last_losses = np.empty(0)

    def add(
        self,
        true: Sequence[int] | NDArray[np.int32],
        predicted: Sequence[int] | NDArray[np.int32],
        p: Sequence[float] | NDArray[np.float64],
        unseen: Sequence[bool] | NDArray[np.bool_] | None = None,
        confidence: Sequence[float] | NDArray[np.float64] | None = None,
        squares: Sequence[float] | NDArray[np.float64] | None = None,
        rank: Sequence[int] | NDArray[np.int32] | None = None,
        baselines: NDArray[np.int64] | None = None,
    ) -> None:
        """Add rows, in order.

        Parameters
        ----------
        true
            The code of each row's label.
        predicted
            The code of the predicted label, or -1 where the model knew no class.
        p
            The probability of the row's label; nan leaves the row out of the log loss.
        unseen
            Whether the model could not know the row's label; without it, that is so where `p` is nan.
        confidence, squares
            The largest of the row's probabilities, and the sum of the squares of all; nan where there are none, which
            leaves the row out of `ece` and `brier`. A label without a probability has one of 0 for these.
        rank
            How many classes were more probable than the label; -1 where the label was not among them.
        baselines
            The codes of the last and of the most frequent label that were known, of shape (rows, 2); without them,
            those of the rows before.

        """
        if not (n := len(true)):
            return
        labels = np.asarray(true, dtype=np.int64)
        choices = np.asarray(predicted, dtype=np.int64)
        chances = np.asarray(p, dtype=np.float64)
        losses = -np.log(np.clip(chances, CLIP, 1.0))
        hits = labels == choices
        most, squared = (
            np.full(n, nan) if one is None else np.asarray(one, np.float64) for one in (confidence, squares)
        )
        ranks = np.full(n, -1) if rank is None else np.asarray(rank)
        if self._are_late is not (baselines is not None):  # what waits is of the other kind
            self._add_waiting()
            self._are_late = baselines is not None
        known_labels = labels if baselines is None else baselines  # of their own, labels are enough

        self._remember(hits, losses)
        self.n_samples += n
        self.n_unseen += int(np.count_nonzero(np.isnan(losses) if unseen is None else unseen))
        self._hits += int(np.count_nonzero(hits))
        known = losses[~np.isnan(losses)]
        # One by one from the left, so that the sum does not depend on how the rows were cut into chunks.
        self._loss = float(np.add.accumulate(np.append(self._loss, known))[-1])
        self._n_losses += len(known)
        self._waiting.append((labels, choices, chances, losses, hits, most, squared, ranks, known_labels))
        self._n_waiting += n
        if self._n_waiting >= MANY:
            self._add_waiting()

    @property
    def accuracy(self) -> float:
        """Return the part of the rows that were predicted right."""
        return self._hits / self.n_samples if self.n_samples else nan

    @property
    def log_loss(self) -> float:
        """Return the mean of -ln p over the rows whose label had been seen."""
        return self._loss / self._n_losses if self._n_losses else nan

    @property
    def roc_auc(self) -> float:
        """Return the area under the ROC curve of two classes; nan for more."""
        self._add_waiting()
        return self._ranking.area

    @property
    def curves(self) -> Curves:
        """Return the metrics along the way."""
        self._add_waiting()
        return self._curves

    def metrics(self) -> dict[str, float]:
        """Return the metrics of all rows, by name."""
        sums = widened(self.curves.sums, 0)
        if self._counts:
            true, predicted, n = self.counts.T
            by_class = np.zeros((max(true.max(), predicted.max()) + 1, 3))
            np.add.at(by_class[:, 0], true, n)
            np.add.at(by_class[:, 1], predicted[predicted >= 0], n[predicted >= 0])
            np.add.at(by_class[:, 2], true[true == predicted], n[true == predicted])
            sums = np.concatenate([sums, by_class.ravel()])
        return {name: value.item() for name, value in metrics(sums).items()} | {"log_loss": self.log_loss}

    def reliability(self) -> list[Bin]:
        """Return how right the predictions of each confidence were."""
        return bins(self.curves.sums)

    @property
    def window_accuracy(self) -> float:
        """Return the accuracy over the last `window` rows."""
        last = self._last_hits[: self.n_samples]
        return float(np.count_nonzero(last)) / len(last) if len(last) else nan

    @property
    def window_log_loss(self) -> float:
        """Return the log loss over the last `window` rows."""
        last = self._last_losses[: self.n_samples]
        last = last[~np.isnan(last)]
        return float(last.mean()) if len(last) else nan

    @property
    def counts(self) -> NDArray[np.int64]:
        """Return how often each label met each prediction: rows of the two codes and the count, in their order."""
        self._add_waiting()
        return np.array([(*pair, n) for pair, n in sorted(self._counts.items())], np.int64).reshape(-1, 3)

    def classes(self, labels: Sequence[Hashable]) -> list[ClassScores]:
        """Return the scores of each class that was a label or a prediction, where `labels[code]` is its label."""
        support, chosen, right = np.zeros((3, len(labels)), dtype=np.int64)
        self._add_waiting()
        for (true, predicted), n in self._counts.items():
            support[true] += n
            if predicted >= 0:
                chosen[predicted] += n
            if predicted == true:
                right[true] += n
        return [
            ClassScores(label, r / c if c else 0.0, r / s if s else 0.0, 2 * r / (s + c), s)
            for label, r, c, s in zip(labels, right.tolist(), chosen.tolist(), support.tolist(), strict=True)
            if s + c
        ]

    def state(self) -> tuple[dict[str, int | float], dict[str, NDArray[Any]]]:
        """Return all that has been added up, as numbers and arrays."""
        numbers, arrays = self.curves.state()
        last, leader = self._baselines.last, self._baselines.leader
        own: dict[str, int | float] = {
            "n_samples": self.n_samples,
            "n_unseen": self.n_unseen,
            "hits": self._hits,
            "loss": self._loss,
            "n_losses": self._n_losses,
            "last": last,
            "leader": leader,
        }
        return own | numbers, {
            "counts": self.counts,
            "last_hits": self._last_hits.astype(np.uint8),
            "last_losses": self._last_losses,
            "support": self._baselines.support,
            "ranking": self._ranking.counts,
            **arrays,
        }

    def restore(self, numbers: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `state` returned."""
        self.n_samples, self.n_unseen = numbers["n_samples"], numbers["n_unseen"]
        self._hits, self._loss, self._n_losses = numbers["hits"], numbers["loss"], numbers["n_losses"]
        self._counts = {(true, predicted): n for true, predicted, n in arrays["counts"].tolist()}
        self._last_hits, self._last_losses = arrays["last_hits"].astype(np.bool_), arrays["last_losses"].copy()
        self._baselines.last, self._baselines.leader = numbers["last"], numbers["leader"]
        self._baselines.support, self._ranking.counts = arrays["support"].copy(), arrays["ranking"].copy()
        self._curves.restore(numbers, arrays)

    def _add_waiting(self) -> None:
        """Add up what has come in small chunks: much of it costs as much for one row as for hundreds."""
        if not self._waiting:
            return
        labels, choices, chances, losses, hits, most, squared, ranks, known_labels = map(
            np.concatenate, zip(*self._waiting, strict=True)
        )
        self._waiting, self._n_waiting = [], 0
        p = np.where(np.isnan(chances), 0.0, chances)
        self._count(labels, choices)
        self._ranking.add(labels, choices, p, ~np.isnan(most))
        no_change, majority = (
            (labels[:, np.newaxis] == known_labels).T if self._are_late else self._baselines.add(labels)
        )
        top_k = (ranks >= 0) & (ranks < self.k)
        rows = Outcomes(labels, choices, hits, no_change, majority, top_k, losses, squared - 2 * p + 1, most)
        self._curves.add(rows)

    def _remember(self, hits: NDArray[np.bool_], losses: NDArray[np.float64]) -> None:
        """Write the rows over the oldest ones of the window, which grows to its size as it fills."""
        end = self.n_samples + len(hits)
        if (size := min(self.window, end)) > len(self._last_hits):
            size = min(self.window, max(size, 2 * len(self._last_hits)))
            self._last_hits = np.resize(self._last_hits, size)
            self._last_losses = np.resize(self._last_losses, size)
        keep = min(self.window, len(hits))
        place = np.arange(end - keep, end) % len(self._last_hits)
        self._last_hits[place] = hits[len(hits) - keep :]
        self._last_losses[place] = losses[len(hits) - keep :]

    def _count(self, true: NDArray[np.int64], predicted: NDArray[np.int64]) -> None:
        """Count the rows of each pair of classes."""
        width = int(predicted.max()) + 2
        pairs = true * width + predicted + 1
        if pairs.max() < 4096 + len(pairs):
            every = np.bincount(pairs)
            cells = np.flatnonzero(every)
            counts = every[cells]
        else:
            cells, counts = np.unique(pairs, return_counts=True)
        for cell, n in zip(cells.tolist(), counts.tolist(), strict=True):
            pair = cell // width, cell % width - 1
            self._counts[pair] = self._counts.get(pair, 0) + n
