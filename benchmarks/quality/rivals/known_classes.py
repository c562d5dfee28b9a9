"""Answers of learners that want their classes in advance, over the classes seen so far, as every rival answers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence


def among(seen: Mapping[Hashable, int], votes: Sequence[float]) -> dict[Hashable, float]:
    """The votes of the classes in `seen`, by their numbers, as probabilities: others are dropped, the rest sum to 1.

    Votes may end before the last number: a class that has none gets 0. If none of the votes is above 0, or one is no
    number, all classes are as likely.
    """
    p = {y: float(votes[c]) if c < len(votes) else 0.0 for y, c in seen.items()}
    total = sum(p.values())
    return {y: v / total for y, v in p.items()} if 0 < total < float("inf") else dict.fromkeys(p, 1 / max(len(p), 1))
