"""Ranking: how well the probabilities of two classes put the rows in order."""

from __future__ import annotations

from math import nan

import numpy as np
from numpy.typing import NDArray

FINEST = 1 << 14  # bins of the log-odds from -40 to 40
MOST = 40.0


class Ranking:
    """The area under the ROC curve of two classes, from counts in 16,384 bins of the log-odds, 0.005 wide.

    That is the probability that a row of the one class has a higher probability of it than a row of the other. Rows in
    one bin count as equals, half.

    Attributes
    ----------
    counts
        int64 of shape (2, 16384): the rows of each label by the log-odds of label 1; (0, 0) once there are more labels.

    Examples
    --------
    >>> import numpy as np
    >>> from online_softmax.evaluation.ranking import Ranking

    >>> ranking = Ranking()
    >>> true = np.array([0, 0, 1, 1])
    >>> ranking.add(true, true, p=np.array([0.9, 0.6, 0.3, 0.8]), said=np.ones(4, bool))
    >>> ranking.area
    0.75

    """

    def __init__(self) -> None:
        self.counts = np.zeros((2, FINEST), np.int64)

    def add(
        self, true: NDArray[np.int64], predicted: NDArray[np.int64], p: NDArray[np.float64], said: NDArray[np.bool_]
    ) -> None:
        """Add rows: codes of labels and predictions, probabilities of the labels, and whether there were any."""
        if not len(self.counts):
            return
        if max(true.max(), predicted.max()) > 1:
            self.counts = np.zeros((0, 0), np.int64)
            return
        with np.errstate(divide="ignore"):
            odds = np.log(p) - np.log1p(-np.minimum(p, 1.0))
        odds = np.clip(np.where(true == 1, odds, -odds), -MOST, MOST)
        bins = np.minimum(((odds + MOST) * (FINEST / (2 * MOST))).astype(np.int64), FINEST - 1)
        self.counts += np.bincount((true * FINEST + bins)[said], minlength=2 * FINEST).reshape(2, FINEST)

    @property
    def area(self) -> float:
        """Return the area; nan where there are more than two classes, or fewer."""
        n = self.counts.sum(axis=1).astype(np.float64) if len(self.counts) else np.zeros(2)
        if not n.all():
            return nan
        zeros, ones = self.counts.astype(np.float64)
        below = np.cumsum(zeros) - zeros
        return float((ones * (below + zeros / 2)).sum() / n.prod())
