"""Results: what progressive validation finds."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_softmax.evaluation.columns import Columns
from online_softmax.evaluation.curves import Curve
from online_softmax.evaluation.drawn import Drawn
from online_softmax.evaluation.drift import Drift
from online_softmax.evaluation.experts import Experts
from online_softmax.evaluation.hint import target_hint
from online_softmax.evaluation.metrics import Bin, ClassScores
from online_softmax.evaluation.sums import METRICS
from online_softmax.texts import plain


@dataclass(frozen=True)
class Figures:
    """The figures after some rows.

    Attributes
    ----------
    n_samples
        How many rows.
    accuracy, log_loss
        Over all of them.
    window_accuracy, window_log_loss
        Over the last window.
    seconds
        The time since the run began.

    """

    n_samples: int
    accuracy: float
    log_loss: float
    window_accuracy: float
    window_log_loss: float
    seconds: float

    @property
    def rows_per_second(self) -> float:
        """Return how many rows were read, predicted, scored and learned in a second."""
        return self.n_samples / max(self.seconds, 1e-9)


Row = Figures  # its name until 1.0

MOST_CELLS = 20_000  # windows times classes, of scores in a dictionary
MOST_CLASSES = 1000  # of a confusion matrix in a dictionary
MOST_CONFUSIONS = 200  # in a dictionary
COUNTS = ("n_samples", "n_unseen", "n_zeroed", "n_skipped", "n_bad", "n_evicted")


class Confusion(NamedTuple):
    """A label that was predicted as another.

    Attributes
    ----------
    label, predicted
        The label, and the other one.
    n
        How many rows were.
    support
        Of how many that had the label.

    """

    label: Hashable
    predicted: Hashable
    n: int
    support: int


class Offender(NamedTuple):
    """A row that was passed over.

    Attributes
    ----------
    row
        How many rows the stream had given before it.
    reason
        What is wrong with it.

    """

    row: int
    reason: str


@dataclass(frozen=True, repr=False)
class Predictions:
    """Every row of a validation.

    Attributes
    ----------
    true, predicted
        Each row's label and prediction, as int32 positions in the result's `labels`; -1 where the model knew no class.
    p
        The probability the model gave the label, as float64; nan where it gave none.

    """

    true: NDArray[np.int32]
    predicted: NDArray[np.int32]
    p: NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Result(Drawn):
    """What progressive validation found.

    Attributes
    ----------
    n_samples
        The rows that were predicted, scored and learned.
    n_unseen
        Those of them with a label that the model could not know. They are errors for the accuracy and left out of the
        log loss.
    accuracy
        The part of the rows that were predicted right.
    log_loss
        The mean of -ln p, where p is the probability the model gave the label, at least 1e-15. nan for a model that
        gives no probabilities.
    balanced_accuracy
        The mean of the classes' recall.
    macro_f1
        The mean of the classes' F1.
    kappa, kappa_t, kappa_m
        How far the accuracy is above that of chance, of saying the last label again, and of saying the label that was
        the most frequent so far: 1 for no error, 0 for no better, nan where these make no error.
    brier
        The mean of the sum over the classes of (p - [y = class])^2, from 0 to 2.
    ece
        The expected calibration error: the mean distance between confidence and accuracy, over 15 bins of confidence.
    top_k
        The part of the rows whose label was among the `k` most probable classes.
    no_change_accuracy, majority_accuracy
        The part of the rows that would have been right to say the last label again, and the most frequent one so far.
    roc_auc
        The area under the ROC curve; nan for other than two classes.
    k
        How many classes `top_k` is about.
    seconds
        The time it took, opening and reading the source included.
    window
        How many rows the window figures are about.
    classes
        Precision, recall, F1 and support of each class that was a label or a prediction, in sorted order.
    counts
        How often each class was predicted as each: int64 rows of a class, the prediction, and how often, both as
        positions in `labels`. Rows for which the model knew no class yet are not in it.
    rows
        The figures after 1,000, 2,000, 4,000 .. rows and at the end.
    n_zeroed
        The values of these rows that were missing, not finite or of another kind than their column, and that the stream
        set to 0; or, of strings, to no feature.
    n_skipped
        The rows that the stream left out before or between these, for such a value.
    n_bad
        The rows that could not be read, scored or learned and were passed over, as `on_bad="skip"` asks for.
    bad
        The first of them.
    n_evicted
        The features that made room for others in the model, under its `max_features`.
    predictions
        Label, prediction and probability of every row, where they were asked for.
    columns
        What the columns of the source were read as; None where it has none, as pairs and svmlight text.
    windows
        The metrics in tumbling windows of `window` rows, or of twice, four times .. as many where there would be more
        than 1,000. The last may be shorter.
    fading
        The metrics of rows that fade, each weighing 1 - 1 / `window` of the next; and of all rows up to each point.
    reliability, fading_reliability
        How right the predictions of each confidence were, over the run and as rows fade.
    window_classes
        Precision, recall, F1 and support of each class in the tumbling windows: arrays of shape (windows, classes), by
        name; None for more than 1,000 classes.
    fading_classes
        The scores of each class as rows fade, nan for one that has faded to less than half a row; None for more than
        1,000 classes.
    drifts
        Where the loss changed, but for where it fell in the first tenth of the run, as the model learned.
    experts
        The weights of the model's experts along the run; None for a model without any.
    river
        The metrics of river that were asked for, by name; nan for one that is about the label True
        where there is neither that nor 1.
    model
        The class of the model, or those of the steps of a pipeline.
    memory
        How many bytes the model takes at the end: what a model of ours has learned, without room to grow, or all that
        belongs to another; None before the end, or where that is not known.
    delay
        How late the labels came; None where they were there at once.

    """

    n_samples: int
    n_unseen: int
    accuracy: float
    log_loss: float
    balanced_accuracy: float
    macro_f1: float
    kappa: float
    kappa_t: float
    kappa_m: float
    brier: float
    ece: float
    top_k: float
    no_change_accuracy: float
    majority_accuracy: float
    roc_auc: float
    k: int
    seconds: float
    window: int
    classes: list[ClassScores]
    counts: NDArray[np.int64]
    rows: list[Figures]
    windows: Curve
    fading: Curve
    reliability: list[Bin]
    fading_reliability: list[Bin]
    window_classes: dict[str, NDArray[np.float64]] | None = None
    fading_classes: list[ClassScores] | None = None
    drifts: list[Drift] = field(default_factory=list)
    experts: Experts | None = None
    river: dict[str, float] = field(default_factory=dict)
    model: str = "model"
    memory: int | None = None
    delay: str | None = None
    n_zeroed: int = 0
    n_skipped: int = 0
    n_bad: int = 0
    bad: list[Offender] = field(default_factory=list)
    n_evicted: int = 0
    predictions: Predictions | None = None
    columns: Columns | None = None

    @property
    def hint(self) -> str | None:
        """Return what is probably wrong with the target, if anything is."""
        return target_hint(self.n_samples, self.n_unseen, self.labels)

    @property
    def verdict(self) -> str | None:
        """Return which way of answering without looking at the features is right more often, if any is."""
        baselines = {
            "saying the last label again": self.no_change_accuracy,
            "always saying the most frequent label so far": self.majority_accuracy,
        }
        way = max(baselines, key=baselines.__getitem__)
        if not baselines[way] > self.accuracy:
            return None
        return f"{way} is right more often than the model: {baselines[way]:.2%} of the rows, not {self.accuracy:.2%}"

    @property
    def microseconds_per_row(self) -> float:
        """Return how long a row took."""
        return 1e6 * self.seconds / max(self.n_samples, 1)

    @property
    def labels(self) -> list[Hashable]:
        """Return the labels of the classes, in the order of `classes` and `confusion`."""
        return [one.label for one in self.classes]

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """Return how often each class (row) was predicted as each class (column), both in the order of `labels`."""
        matrix = np.zeros((len(self.classes), len(self.classes)), np.int64)
        matrix[self.counts[:, 0], self.counts[:, 1]] = self.counts[:, 2]
        return matrix

    @property
    def confusions(self) -> list[Confusion]:
        """Return the pairs of classes of which one was predicted as the other, the most frequent first."""
        wrong = self.counts[self.counts[:, 0] != self.counts[:, 1]]
        wrong = wrong[np.lexsort((wrong[:, 1], wrong[:, 0], -wrong[:, 2]))]
        return [
            Confusion(self.classes[true].label, self.classes[predicted].label, n, self.classes[true].support)
            for true, predicted, n in wrong.tolist()
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values, ready for JSON: nan becomes None, as does a confusion of many classes."""
        return {
            "model": self.model,
            **{name: getattr(self, name) for name in COUNTS},
            **{name: _plain(getattr(self, name)) for name in (*METRICS, "roc_auc")},
            "k": self.k,
            "river": {name: _plain(value) for name, value in self.river.items()},
            "verdict": self.verdict,
            "seconds": _plain(self.seconds),
            "microseconds_per_row": _plain(self.microseconds_per_row),
            "memory": self.memory,
            "window": self.window,
            "delay": self.delay,
            "hint": self.hint,
            "columns": None if self.columns is None else self.columns.to_dict(),
            "bad": [one._asdict() for one in self.bad],
            "rows": [_plainly(asdict(row)) for row in self.rows],
            "drifts": [one._asdict() for one in self.drifts],
            "windows": self.windows.to_dict(),
            "fading": self.fading.to_dict(),
            "reliability": [_bin(one) for one in self.reliability],
            "fading_reliability": [_bin(one) for one in self.fading_reliability],
            "experts": None if self.experts is None else self.experts.to_dict(),
            "classes": [_plainly(asdict(one)) for one in self.classes],
            "fading_classes": None
            if self.fading_classes is None
            else [_plainly(asdict(one)) for one in self.fading_classes],
            "window_classes": self._window_classes(),
            "confusion": self.confusion.tolist() if len(self.classes) <= MOST_CLASSES else None,
            "confusions": [_plainly(one._asdict()) for one in self.confusions[:MOST_CONFUSIONS]],
        }

    def _window_classes(self) -> dict[str, list[list[float]]] | None:
        """Return the scores of the classes in windows, a list for each class, unless they are too many to be plain."""
        if self.window_classes is None or self.window_classes["f1"].size > MOST_CELLS:
            return None
        return {name: values.T.tolist() for name, values in self.window_classes.items()}

    def document(self, **conditions: Any) -> dict[str, Any]:
        """Return what plots and pages draw: the conditions of the run, and the run under the name of its model.

        Parameters
        ----------
        conditions
            What a page is to tell of the run besides, by name.
        """
        return {"conditions": conditions, "runs": {self.model: self.to_dict()}, "comparison": None}

    def _repr_html_(self) -> str:
        from online_softmax.drawing.notebook import result_cell

        return result_cell(self.to_dict())

    def __repr__(self) -> str:
        return (
            f"Result(n_samples={self.n_samples}, accuracy={self.accuracy:.4f}, log_loss={self.log_loss:.4f}, "
            f"macro_f1={self.macro_f1:.4f}, n_unseen={self.n_unseen})"
        )


class RowError(ValueError):
    """A row that could not be read, scored or learned.

    Attributes
    ----------
    reason
        What is wrong with it.
    result
        What was found in the rows before it: a `Result`, or a `Comparison` of several models.

    """

    def __init__(self, reason: str, result: Any) -> None:
        n = getattr(result, "n_common", result.n_samples)
        super().__init__(f"{reason} ({n:,} {'row was' if n == 1 else 'rows were'} scored before it)")
        self.reason: str = reason
        self.result: Any = result

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.reason, self.result)


class RunInterrupt(KeyboardInterrupt):
    """Ctrl-C during a run.

    A model of ours that learns a file, a frame or arrays has learned the rows of the result and no more. One that is
    given pairs, and one that learns in Python, may have learned up to 500 rows after them.

    Attributes
    ----------
    result
        What was found in the rows before it: a `Result`, or a `Comparison` of several models.

    """

    def __init__(self, result: Any) -> None:
        super().__init__(f"interrupted after {result.n_samples:,} row{'s' * (result.n_samples != 1)}")
        self.result = result

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.result,)


def _bin(one: Bin) -> dict[str, Any]:
    start, end, *rest = one
    return {"from": start, "to": end, **_plainly(dict(zip(one._fields[2:], rest, strict=True)))}


def _plainly(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return value if isfinite(value) else None
    return plain(value)
