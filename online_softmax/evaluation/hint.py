"""Hints: what is probably wrong with a run, by its figures."""

from __future__ import annotations

from collections.abc import Collection, Hashable

from online_softmax.streams.spelling import PLAIN

ENOUGH = 1000  # rows to judge a target by


def target_hint(n_samples: int, n_unseen: int, labels: Collection[Hashable]) -> str | None:
    """Return what is probably wrong with a target of numbers, most of which were new, if anything is.

    Examples
    --------
    >>> from online_softmax.evaluation.hint import target_hint

    >>> target_hint(1000, 900, [0.25, 0.5])
    'this looks like a regression target: 900 of 1,000 labels were new, each of them a class'
    >>> target_hint(1000, 900, ["0.250", "0.500"]) is None, target_hint(1000, 10, [0.25, 0.5]) is None
    (False, True)

    """
    if n_samples < ENOUGH or 2 * n_unseen <= n_samples or not all(map(_spells_number, labels)):
        return None
    return f"this looks like a regression target: {n_unseen:,} of {n_samples:,} labels were new, each of them a class"


def _spells_number(label: Hashable) -> bool:
    return isinstance(label, int | float) or (isinstance(label, str) and bool(PLAIN.fullmatch(label.strip())))
