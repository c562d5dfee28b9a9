"""Baselines: what is right without looking at the features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Baselines:
    """Says the last label again, and the label that was the most frequent so far; of equals, the one that was so first.

    Attributes
    ----------
    last, leader
        The codes of the last label and of the most frequent; -1 before the first row.
    support
        How often each label has come.

    Examples
    --------
    >>> import numpy as np
    >>> from online_softmax.evaluation.baselines import Baselines

    >>> last, most = Baselines().add(np.array([0, 0, 1, 1, 1, 0]))
    >>> last.tolist()
    [False, True, False, True, True, False]
    >>> most.tolist()
    [False, True, False, False, False, False]

    """

    def __init__(self) -> None:
        self.last = self.leader = -1
        self.support = np.zeros(0, np.int64)

    def add(self, true: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Add labels; return for which of them each of the two was right."""
        no_change = true == np.append(self.last, true[:-1])
        n = len(true)
        lead = self.support[self.leader] if self.leader >= 0 else 0
        grown = np.bincount(true, minlength=len(self.support))
        before = np.zeros(len(grown), np.int64)
        before[: len(self.support)] = self.support

        # How often each row's label has come, with it: its place among its like, after those before.
        order = np.argsort(true.astype(np.uint16) if len(grown) <= 1 << 16 else true, kind="stable")
        first = np.cumsum(grown) - grown
        count = np.empty(n, np.int64)
        count[order] = np.arange(n) - np.repeat(first - before, grown) + 1

        # The leader after a row is the label of the last row at which a count was reached for the first time.
        most = np.maximum.accumulate(np.append(lead, count))
        leads = np.maximum.accumulate(np.where(count > most[:-1], np.arange(n), -1))
        leader = np.where(leads >= 0, true[leads], self.leader)
        majority = true == np.append(self.leader, leader[:-1])

        self.last, self.leader, self.support = int(true[-1]), int(leader[-1]), before + grown
        return no_change, majority
