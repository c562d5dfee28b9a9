"""Drift: where along a run the loss changed for good."""

from __future__ import annotations

from itertools import dropwhile
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from online_softmax.evaluation.curves import Trace
from online_softmax.evaluation.sums import HITS, LOSS, N_LOSSES, N

LEARNING = 0.1  # the part of a run in which a fall is no drift
DELTA = 0.002  # the chance of a false alarm, as river has it


class Drift(NamedTuple):
    """A change of the loss.

    Attributes
    ----------
    row
        After how many rows it changed, as far as can be told.
    found
        After how many rows that was clear.
    before, after
        The mean loss between the change before it and `row`, and between `row` and `found`: log loss, or the part of
        the rows that were predicted wrong, where the model gives no probabilities.

    """

    row: int
    found: int
    before: float
    after: float

    @property
    def is_worse(self) -> bool:
        """Whether the loss rose."""
        return self.after > self.before


def drifts(trace: Trace) -> list[Drift]:
    """Return where the loss changed, by river's ADWIN over the mean losses between the points of the fading curve.

    Where the loss falls in the first tenth of the run, and has not risen before, the model learns: that is left out.

    The points are as many as 1,000, whatever the length of the run, so that a change is placed to about a thousandth of
    it (Bifet and Gavalda, 2007, doi.org/10.1137/1.9781611972771.42).

    Examples
    --------
    >>> import numpy as np
    >>> from online_softmax.evaluation.curves import Trace
    >>> from online_softmax.evaluation.drift import drifts

    >>> losses = np.repeat([0.25, 0.75], 100) + np.resize([0.01, -0.01], 200)
    >>> sums = np.column_stack([np.full(200, 50), np.zeros(200), np.full(200, 50), 50 * losses])
    >>> [one] = drifts(Trace(np.arange(50, 10050, 50), sums))
    >>> one.row, one.is_worse
    (5000, True)

    """
    sums = trace.sums
    has_loss = bool(sums[:, N_LOSSES].any())
    n = sums[:, N_LOSSES] if has_loss else sums[:, N]
    total = sums[:, LOSS] if has_loss else sums[:, N] - sums[:, HITS]
    told = n > 0
    rows, n, total = trace.n_samples[told], n[told], total[told]
    losses = total / n
    found: list[Drift] = []
    if not losses.any():
        return found
    steady = _without_spikes(losses)
    # The noise of neighbours is the unit: means of many rows are nearly normal, and a change shows in as many units.
    values = (steady / (_noise(steady) or 1.0)).tolist()
    watch, last = _Adwin(), 0
    for i, value in enumerate(values):
        if watch.update(value):
            at = last + _split(n[last : i + 1], (n * steady)[last : i + 1])
            before, after = total[last:at].sum() / n[last:at].sum(), total[at : i + 1].sum() / n[at : i + 1].sum()
            found.append(Drift(int(rows[at - 1]), int(rows[i]), float(before), float(after)))
            watch, last = _Adwin(), at
            for known in values[at : i + 1]:
                watch.update(known)
    learned = rows[-1] * LEARNING
    return [*dropwhile(lambda one: not one.is_worse and one.row < learned, found)]


def _noise(losses: NDArray[np.float64]) -> float:
    """Return the standard deviation of one value, from the steps between neighbours."""
    return float(np.sqrt(np.mean(np.diff(losses) ** 2) / 2)) if len(losses) > 1 else 0.0


def _without_spikes(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return losses, each at most four times the noise from the median of five: one block hides no change then.

    This is Hampel's filter, with the noise from the median of the steps (1.048 times it, where they are normal).
    """
    if len(losses) < 5:
        return losses
    near = np.median(sliding_window_view(np.pad(losses, 2, "reflect"), 5), axis=1)
    noise = 1.048 * float(np.median(np.abs(np.diff(losses)))) or _noise(losses)
    return np.clip(losses, near - 4 * noise, near + 4 * noise)


def _split(n: NDArray[np.float64], total: NDArray[np.float64]) -> int:
    """Return where to cut values in two so that the two differ most: by their means, weighed by their numbers."""
    before, sums = np.cumsum(n)[:-1], np.cumsum(total)[:-1]
    after, rest = n.sum() - before, total.sum() - sums
    return int(np.argmax(before * after * (sums / before - rest / after) ** 2)) + 1


class _Adwin:
    """river's ADWIN, from its compiled core if possible: `river.drift` imports scikit-learn, which takes a second."""

    def __init__(self) -> None:
        try:
            from river._river_rust.drift import AdaptiveWindowing
        except ImportError:
            from river import drift

            kind: Any = drift.ADWIN
            self._watch = kind(DELTA, clock=1)
        else:
            self._watch = AdaptiveWindowing(DELTA, 1, max_buckets=5, min_window_length=5, grace_period=10)

    def update(self, value: float) -> bool:
        """Take a value; return whether the values have changed."""
        found = self._watch.update(value)
        return bool(getattr(self._watch, "drift_detected", found))
