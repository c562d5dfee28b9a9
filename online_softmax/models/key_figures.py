"""KeyFigures: how well the labels of a key, or of all keys, were predicted."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple


class KeyFigures(NamedTuple):
    """How well labels were predicted before they were learned.

    Attributes
    ----------
    n_samples
        How many samples were learned.
    log_loss
        The mean of -ln p of the label, over the samples whose label the model had met before; nan without any.
    accuracy
        The part of the samples whose label was the most probable one; nan without any.
    """

    n_samples: int
    log_loss: float
    accuracy: float


def figures(sums: Iterable[tuple[int, int, float, int]]) -> KeyFigures:
    """Return the figures that sums of keys come to, whatever the order of the keys."""
    n_samples, n_losses, loss, hits = (math.fsum(each) for each in zip((0, 0, 0.0, 0), *sums, strict=True))
    log_loss, accuracy = (each / n if n else math.nan for each, n in ((loss, n_losses), (hits, n_samples)))
    return KeyFigures(int(n_samples), log_loss, accuracy)
