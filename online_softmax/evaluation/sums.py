"""Sums: what metrics are made of, added up in blocks of rows, the same however the rows are cut into chunks."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]  # the sums of some rows; along the last axis, where there are many

N, HITS, N_LOSSES, LOSS, N_BRIERS, BRIER, NO_CHANGE, MAJORITY, TOP_K = range(9)
PARTS_OF_N = [HITS, N_LOSSES, N_BRIERS, NO_CHANGE, MAJORITY, TOP_K]
BINS = 15  # of the largest probability: 1/15 wide
BIN_N, BIN_HITS, BIN_CONFIDENCE = (slice(9 + i * BINS, 9 + (i + 1) * BINS) for i in range(3))
CLASSES = BIN_CONFIDENCE.stop  # from here on three sums a class: its rows, how often it was said, and how often rightly
MOST_CLASSES = 1000  # whose sums are kept block by block
FINEST = 20  # blocks in a window
MOST_ROWS = 1000  # of a block
LEAST = 0.5  # rows of a class: one that has faded to less counts no more for the means over the classes
LONGEST = 1 << 62  # rows in a window that counts can be about
METRICS = (
    "accuracy",
    "log_loss",
    "balanced_accuracy",
    "macro_f1",
    "kappa",
    "kappa_t",
    "kappa_m",
    "brier",
    "ece",
    "top_k",
    "no_change_accuracy",
    "majority_accuracy",
)
OF_CLASSES = ("balanced_accuracy", "macro_f1", "kappa")  # the metrics that need the sums of classes


@dataclass(frozen=True)
class Outcomes:
    """What became of rows, one array for each question.

    Attributes
    ----------
    true, predicted
        The codes of labels and predictions; -1 for no prediction.
    hits, no_change, majority, top_k
        Whether the prediction was right; whether the last label, or the label that was the most frequent so far, would
        have been; and whether the label was among the k most probable.
    losses, briers
        The row's log loss and Brier score; nan where it has none.
    confidence
        The largest probability; nan where there was none.

    """

    true: NDArray[np.int64]
    predicted: NDArray[np.int64]
    hits: NDArray[np.bool_]
    no_change: NDArray[np.bool_]
    majority: NDArray[np.bool_]
    top_k: NDArray[np.bool_]
    losses: NDArray[np.float64]
    briers: NDArray[np.float64]
    confidence: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.true)


class Blocks:
    """Adds rows up in blocks: 20 a window, fewer where it has fewer rows, and more where they would pass 1,000 rows.

    Parameters
    ----------
    window
        How many rows a window has.

    Attributes
    ----------
    per_window
        How many blocks there are in a window.
    open
        The sums of the block that has begun.

    """

    def __init__(self, window: int) -> None:
        self.window = min(window, LONGEST)
        self._step = min(-(-self.window // FINEST), MOST_ROWS)
        self.per_window = -(-self.window // self._step)
        self.n_samples = 0
        self.open: Vector = np.zeros(CLASSES)

    def n_full(self, place: Any) -> Any:
        """Return how many blocks are full after so many rows."""
        return place // self.window * self.per_window + place % self.window // self._step

    def add(self, rows: Outcomes, n_classes: int) -> NDArray[np.float64]:
        """Add rows, in order, whose codes are below `n_classes`; return the sums of each block that is full now."""
        n, K = len(rows), n_classes
        self.open = widened(self.open, K)
        place = np.arange(self.n_samples, self.n_samples + n + 1)
        block = self.n_full(place)
        block -= block[0]
        n_full = int(block[n])  # the block of the row after these
        block = block[:n]
        B = int(block[-1]) + 1
        starts = np.searchsorted(block, np.arange(B))

        sums = np.zeros((B, CLASSES + 3 * K))
        sums[:, N] = np.diff(starts, append=n)
        has_loss, has_brier, said = (~np.isnan(one) for one in (rows.losses, rows.briers, rows.confidence))
        flags = np.array([rows.hits, has_loss, has_brier, rows.no_change, rows.majority, rows.top_k])
        counted = np.add.reduceat(flags, starts, axis=1, dtype=np.int64).T
        sums[:, PARTS_OF_N] = counted

        bins = block * BINS
        bins += np.minimum((np.where(said, rows.confidence, 0.0) * BINS).astype(np.int64), BINS - 1)
        sums[:, BIN_N] = _counts(bins[said], B, BINS)
        sums[:, BIN_HITS] = _counts(bins[said & rows.hits], B, BINS)
        if K:
            by_class = sums[:, CLASSES:].reshape(B, K, 3)
            cells = block * K
            by_class[:, :, 0] = _counts(cells + rows.true, B, K)
            by_class[:, :, 1] = _counts((cells + rows.predicted)[rows.predicted >= 0], B, K)
            by_class[:, :, 2] = _counts((cells + rows.true)[rows.hits], B, K)
        sums[0] += self.open

        # One by one from the left, from what the open block had, so that no sum depends on how the rows were cut.
        sums[:, LOSS] = _added(block[has_loss], rows.losses[has_loss], self.open[[LOSS]], B)
        sums[:, BRIER] = _added(block[has_brier], rows.briers[has_brier], self.open[[BRIER]], B)
        confidence = _added(bins[said], rows.confidence[said], self.open[BIN_CONFIDENCE], B * BINS)
        sums[:, BIN_CONFIDENCE] = confidence.reshape(B, BINS)

        self.n_samples += n
        self.open = sums[n_full].copy() if n_full < B else np.zeros(sums.shape[1])
        return sums[:n_full]


def widened(sums: NDArray[np.float64], n_classes: int) -> NDArray[np.float64]:
    """Return sums with room for so many classes, or for none any more."""
    width = CLASSES + 3 * n_classes
    if sums.shape[-1] >= width:
        return sums[..., :width]
    return np.concatenate([sums, np.zeros((*sums.shape[:-1], width - sums.shape[-1]))], axis=-1)


def metrics(sums: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return the metrics of sums, by name, an array without their last axis; nan where there is nothing to measure.

    Accuracy a, by chance c: Cohen's kappa is (a - c) / (1 - c) with c = sum over the classes of (rows / n)(said / n)
    (Cohen, 1960, doi.org/10.1177/001316446002000104). `kappa_t` has in the place of c the accuracy of saying the last
    label again, `kappa_m` that of saying the label that was the most frequent so far (Bifet et al., 2015,
    doi.org/10.1145/2783258.2783372). The Brier score is the sum over the classes of (p - [y = class])^2, 0 to 2 (Brier,
    1950). `ece` is the expected calibration error: the mean distance between confidence and accuracy over 15 bins of
    the confidence (Naeini, Cooper and Hauskrecht, 2015).

    Parameters
    ----------
    sums
        The sums over rows, along the last axis in the order of this module's constants.

    Examples
    --------
    >>> import numpy as np
    >>> from online_softmax.evaluation.sums import CLASSES, HITS, N, metrics

    >>> sums = np.zeros(CLASSES)
    >>> sums[N], sums[HITS] = 4, 3
    >>> metrics(sums)["accuracy"].item()
    0.75

    """
    n = sums[..., N]
    with np.errstate(divide="ignore", invalid="ignore"):
        accuracy, no_change, majority = (sums[..., i] / n for i in (HITS, NO_CHANGE, MAJORITY))
        distance = np.abs(sums[..., BIN_HITS] - sums[..., BIN_CONFIDENCE]).sum(axis=-1)
        found = {
            "accuracy": accuracy,
            "log_loss": sums[..., LOSS] / sums[..., N_LOSSES],
            **_of_classes(sums, accuracy),
            "kappa_t": _above(accuracy, no_change),
            "kappa_m": _above(accuracy, majority),
            "brier": sums[..., BRIER] / sums[..., N_BRIERS],
            "ece": distance / sums[..., BIN_N].sum(axis=-1),
            "top_k": np.where(sums[..., N_BRIERS] > 0, sums[..., TOP_K] / n, nan),
            "no_change_accuracy": no_change,
            "majority_accuracy": majority,
        }
    return {name: np.asarray(values) for name, values in found.items()}


def class_metrics(sums: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return precision, recall, F1 and support of each class, arrays with the classes along the last axis."""
    support, said, right = _of_each(sums)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "precision": np.where(said > 0, right / said, 0.0),
            "recall": np.where(support >= LEAST, right / support, 0.0),
            "f1": np.where(support + said >= LEAST, 2 * right / (support + said), 0.0),
            "support": support,
        }


def _of_each(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how often each class came, was said, and was said rightly: three arrays with the classes last."""
    K = (sums.shape[-1] - CLASSES) // 3  # -1 cannot be told where there are no rows
    return np.moveaxis(sums[..., CLASSES:].reshape(*sums.shape[:-1], K, 3), -1, 0)


def _of_classes(sums: NDArray[np.float64], accuracy: Any) -> dict[str, Any]:
    if sums.shape[-1] == CLASSES:
        nothing = np.full(sums.shape[:-1], nan)
        return dict.fromkeys(OF_CLASSES, nothing)
    support, said, _ = _of_each(sums)
    one = class_metrics(sums)
    return {
        "balanced_accuracy": _summed(one["recall"]) / np.count_nonzero(support >= LEAST, axis=-1),
        "macro_f1": _summed(one["f1"]) / np.count_nonzero(support + said >= LEAST, axis=-1),
        "kappa": _above(accuracy, _summed(support * said) / sums[..., N] ** 2),
    }


def _summed(of_classes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add the classes up one by one: those that have not come yet change no bit then."""
    return np.cumsum(of_classes, axis=-1)[..., -1]


def _above(accuracy: Any, chance: Any) -> Any:
    return np.where(chance < 1, (accuracy - chance) / (1 - chance), nan)


def _counts(cells: NDArray[np.int64], n_blocks: int, width: int) -> NDArray[np.int64]:
    return np.bincount(cells, minlength=n_blocks * width).reshape(n_blocks, width)


def _added(cells: NDArray[np.int64], values: NDArray[np.float64], first: Vector, n: int) -> NDArray[np.float64]:
    """Add values up in n cells, the first of which hold something already."""
    weights = np.concatenate([first, values])
    return np.bincount(np.concatenate([np.arange(len(first)), cells]), weights, n).astype(np.float64, copy=False)
