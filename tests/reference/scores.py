"""Scores as a loop over the rows finds them."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

BINS = 15
LEAST = 0.5  # rows of a class that counts


@dataclass(frozen=True)
class Row:
    """A label, and what a model said of it: the probabilities of its classes, or a class alone (-1 for none)."""

    true: int
    P: dict[int, float] | None
    said: int = -1
    unseen: bool = False

    @property
    def predicted(self) -> int:
        return max(self.P, key=self.P.__getitem__) if self.P else self.said

    @property
    def p(self) -> float:
        if not self.P or (self.unseen and self.true not in self.P):
            return math.nan
        return self.P.get(self.true, 0.0)

    @property
    def confidence(self) -> float:
        return max(self.P.values()) if self.P else math.nan

    @property
    def squares(self) -> float:
        total = 0.0
        for p in (self.P or {}).values():
            total += p * p
        return total if self.P else math.nan

    @property
    def rank(self) -> int:
        """How many classes come before the label, those of equal p in the order of the classes."""
        if not self.P or self.true not in self.P:
            return -1
        return sorted(self.P, key=lambda one: -self.P[one]).index(self.true)

    def arguments(self) -> tuple[Any, ...]:
        """Give what `Scores.add` takes of each row, in its order."""
        return self.true, self.predicted, self.p, self.unseen, self.confidence, self.squares, self.rank


def no_change(labels: Sequence[Hashable]) -> list[bool]:
    """Tell where the last label was right."""
    return [i > 0 and labels[i - 1] == label for i, label in enumerate(labels)]


def majority(labels: Sequence[Hashable]) -> list[bool]:
    """Tell where the most frequent label of the rows before was right; of equals, the one that was so first."""
    counts: dict[Hashable, int] = {}
    leader: Hashable = None
    right = []
    for label in labels:
        right.append(bool(counts) and label == leader)
        counts[label] = counts.get(label, 0) + 1
        if counts[label] > max((n for one, n in counts.items() if one != label), default=0) and label != leader:
            leader = label
    return right


def metrics(rows: Sequence[Row], weights: Sequence[float], same: Sequence[bool], most: Sequence[bool], k: int):
    """Give the metrics of rows that weigh as much; `same` and `most` tell where the two baselines were right."""

    def share(of: Sequence[Any], among: Sequence[bool] | None = None) -> float:
        among = [True] * len(rows) if among is None else among
        total = math.fsum(w for w, here in zip(weights, among, strict=True) if here)
        return (
            math.fsum(w * x for w, x, here in zip(weights, of, among, strict=True) if here) / total
            if total
            else math.nan
        )

    def above(accuracy: float, chance: float) -> float:
        return (accuracy - chance) / (1 - chance) if chance < 1 else math.nan

    hits = [row.predicted == row.true for row in rows]
    asked = [bool(row.P) for row in rows]
    asked_of_weight = [here and w > 0 for here, w in zip(asked, weights, strict=True)]
    accuracy, total = share(hits), math.fsum(weights)
    support, chosen, right = {}, {}, {}
    for row, w, hit in zip(rows, weights, hits, strict=True):
        support[row.true] = support.get(row.true, 0) + w
        chosen[row.predicted] = chosen.get(row.predicted, 0) + w
        right[row.true] = right.get(row.true, 0) + w * hit
    chosen.pop(-1, None)
    classes = {one for one in {*support, *chosen} if support.get(one, 0) + chosen.get(one, 0) >= LEAST}
    f1 = [2 * right.get(one, 0) / (support.get(one, 0) + chosen.get(one, 0)) for one in classes]
    recall = [right[one] / support[one] for one in classes if support.get(one, 0) >= LEAST]
    chance = math.fsum(support.get(one, 0) * chosen.get(one, 0) for one in support) / total**2
    bins: list[list[float]] = [[0.0, 0.0, 0.0] for _ in range(BINS)]
    for row, w, hit in zip(rows, weights, hits, strict=True):
        if row.P:
            place = min(int(row.confidence * BINS), BINS - 1)
            for i, value in enumerate((w, w * hit, w * row.confidence)):
                bins[place][i] += value
    said = math.fsum(n for n, *_ in bins)
    return {
        "accuracy": accuracy,
        "log_loss": share(
            [0.0 if math.isnan(row.p) else -math.log(max(row.p, 1e-15)) for row in rows],
            [not math.isnan(row.p) for row in rows],
        ),
        "balanced_accuracy": sum(recall) / len(recall),
        "macro_f1": sum(f1) / len(f1),
        "kappa": above(accuracy, chance),
        "kappa_t": above(accuracy, share(same)),
        "kappa_m": above(accuracy, share(most)),
        "brier": share(
            [sum((p - (one == row.true)) ** 2 for one, p in {row.true: 0.0, **(row.P or {})}.items()) for row in rows],
            asked,
        ),
        "ece": sum(abs(right - confidence) for _, right, confidence in bins) / said if said else math.nan,
        "top_k": share([0 <= row.rank < k for row in rows]) if any(asked_of_weight) else math.nan,
        "no_change_accuracy": share(same),
        "majority_accuracy": share(most),
    }


def blocks(n: int, window: int) -> list[tuple[int, int]]:
    """Give where each block of n rows begins and ends; the last may be unfinished."""
    step = min(-(-window // 20), 1000)
    starts = [i for i in range(n) if i % window % step == 0]
    return list(zip(starts, [*starts[1:], n], strict=True))
