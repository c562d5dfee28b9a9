"""Progressive validation: predict each row, score the prediction, then learn the row."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass, replace
from math import fsum, isfinite, nan
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from online_softmax.metrics import ClassScores, Scores
from online_softmax.scoring import Labels, Scored, Scorer
from online_softmax.streams import Chunks, Stream, open_stream
from online_softmax.streams.ahead import ahead

__all__ = ["Predictions", "Progress", "Result", "Row", "RowError", "progressive_validation"]

FIRST_MARK = 1000  # the figures stand at this many rows, and at every doubling


@dataclass(frozen=True)
class Row:
    """The figures after `n_samples` rows: over all of them, and over the last window."""

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
class Result:
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
    macro_f1
        The mean of the classes' F1.
    seconds
        The time it took, reading included.
    window
        How many rows the window figures are about.
    classes
        Precision, recall, F1 and support of each class that was a label or a prediction, in sorted order.
    confusion
        How often each class (row) was predicted as each class (column), both in the order of `labels`. Rows for which
        the model knew no class yet are not in it.
    rows
        The figures after 1,000, 2,000, 4,000 .. rows and at the end.
    n_zeroed
        The values, missing or not finite, that the stream set to 0 in these rows.
    n_skipped
        The rows that the stream left out before or between these, for such a value.
    predictions
        Label, prediction and probability of every row, where they were asked for.

    """

    n_samples: int
    n_unseen: int
    accuracy: float
    log_loss: float
    macro_f1: float
    seconds: float
    window: int
    classes: list[ClassScores]
    confusion: NDArray[np.int64]
    rows: list[Row]
    n_zeroed: int = 0
    n_skipped: int = 0
    predictions: Predictions | None = None

    @property
    def labels(self) -> list[Hashable]:
        """Return the labels of the classes, in the order of `classes` and `confusion`."""
        return [one.label for one in self.classes]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as dictionaries, lists and plain values, ready for JSON: nan becomes None."""
        return {
            "n_samples": self.n_samples,
            "n_unseen": self.n_unseen,
            "n_zeroed": self.n_zeroed,
            "n_skipped": self.n_skipped,
            "accuracy": _plain(self.accuracy),
            "log_loss": _plain(self.log_loss),
            "macro_f1": _plain(self.macro_f1),
            "seconds": self.seconds,
            "window": self.window,
            "rows": [{name: _plain(value) for name, value in asdict(row).items()} for row in self.rows],
            "classes": [{name: _plain(value) for name, value in asdict(one).items()} for one in self.classes],
            "confusion": self.confusion.tolist(),
        }

    def __repr__(self) -> str:
        return (
            f"Result(n_samples={self.n_samples}, accuracy={self.accuracy:.4f}, log_loss={self.log_loss:.4f}, "
            f"macro_f1={self.macro_f1:.4f}, n_unseen={self.n_unseen})"
        )


class RowError(ValueError):
    """A row that could not be read, scored or learned.

    Attributes
    ----------
    result
        What was found in the rows before it.

    """

    def __init__(self, reason: Exception, result: Result) -> None:
        text = str(reason) if isinstance(reason, ValueError | TypeError) else f"{type(reason).__name__}: {reason}"
        n = result.n_samples
        super().__init__(f"{text} ({n:,} {'row was' if n == 1 else 'rows were'} scored before it)")
        self.result = result


class Progress(Protocol):
    """Called as the validation goes on."""

    def __call__(self, row: Row, *, mark: bool, fraction: float | None) -> None:
        """Take the figures so far.

        Parameters
        ----------
        row
            The figures.
        mark
            Whether `row` is one of the result's rows.
        fraction
            The part of the stream that is done, 0 to 1, or None where its length is unknown.

        """


def progressive_validation(
    source: Any,
    model: Any,
    *,
    target: Hashable | None = None,
    window: int = 1000,
    limit: int | None = None,
    progress: Progress | None = None,
    yield_predictions: bool = False,
) -> Result:
    """Predict, score, then learn every row of a stream.

    Each row is predicted by the model as the rows before it made it, so that no row is ever scored by a model that has
    seen it.

    A label that the model could not know, being neither among its probabilities nor learned earlier in this run, cannot
    be predicted: such a row is an error for the accuracy, is left out of the log loss, and is counted in `n_unseen`.

    Parameters
    ----------
    source
        Whatever `open_stream` opens, or a stream that it has opened: the path of a file, the name of a bundled stream,
        a pandas, polars or pyarrow frame, an array, or an iterable of `(x, y)` or `(x, y, {"w": weight})` such as
        river's datasets. Of files, frames and arrays the next rows are read in another thread while these are learned.
    model
        A river classifier, or a pipeline that ends with one. It is trained in place.
    target
        The column that holds the label, in a file or frame; or an array's labels.
    window
        How many of the last rows the window figures are about.
    limit
        Stop after this many rows.
    progress
        Called after every chunk with the figures so far; see `Progress`.
    yield_predictions
        Whether the result is to have `predictions`: each row's label, prediction and probability, as arrays.

    Returns
    -------
    result
        The figures of the whole run, of each class, and along the way.

    Raises
    ------
    RowError
        A ValueError at the first row that cannot be read, scored or learned; what was found before it is its `result`.

    Examples
    --------
    >>> from river import datasets, preprocessing
    >>> from online_softmax import SoftmaxRegression, progressive_validation

    >>> model = preprocessing.StandardScaler() | SoftmaxRegression()
    >>> result = progressive_validation(datasets.ImageSegments(), model)
    >>> result
    Result(n_samples=2310, accuracy=0.8251, log_loss=0.6837, macro_f1=0.8186, n_unseen=7)
    >>> for row in result.rows:
    ...     print(f"{row.n_samples:,} rows: {row.accuracy:.1%}, the last {result.window:,} {row.window_accuracy:.1%}")
    1,000 rows: 77.4%, the last 1,000 77.4%
    2,000 rows: 82.2%, the last 1,000 86.9%
    2,310 rows: 82.5%, the last 1,000 85.8%

    """
    _check_count("window", window)
    if limit is not None:
        _check_count("limit", limit)
    scorer, scores = Scorer(model), Scores(window)
    rows: list[Row] = []
    every: list[Scored] | None = [] if yield_predictions else None
    n_zeroed = n_skipped = 0
    start = perf_counter()
    stream = open_stream(source, target)

    def room() -> int:
        """Return how many rows there are to the next mark or the limit."""
        stop = _next_mark(scores.n_samples)
        return (stop if limit is None else min(stop, limit)) - scores.n_samples

    def tell(row: Row, *, mark: bool) -> None:
        if progress is not None:
            parts = [part for part in (stream.fraction, limit and row.n_samples / limit) if part is not None]
            progress(row, mark=mark, fraction=max(parts, default=None))

    def result() -> Result:
        found = _result(scores, scorer.labels, rows, start)
        predictions = None if every is None else _predictions(every, scorer.labels, found.labels)
        return replace(found, n_zeroed=n_zeroed, n_skipped=n_skipped, predictions=predictions)

    with closing(_run(stream, scorer, room)) as run:
        for scored in run:
            n_zeroed, n_skipped = n_zeroed + scored.zeroed, n_skipped + scored.skipped
            if len(scored):
                if every is not None:
                    every.append(scored)
                scores.add(scored.true, scored.predicted, scored.p, scored.unseen)
                row = _row(scores, start)
                if mark := row.n_samples == _next_mark(row.n_samples - 1):
                    rows.append(row)
                tell(row, mark=mark)
            if scored.error is not None:
                raise RowError(scored.error, result()) from scored.error
    if not scores.n_samples:
        raise ValueError(f"the stream has no rows{f': all {n_skipped:,} were skipped' if n_skipped else ''}")
    found = result()
    if len(found.rows) > len(rows):
        tell(found.rows[-1], mark=True)
    return found


def _run(stream: Stream, scorer: Scorer, room: Callable[[], int]) -> Generator[Scored, None, None]:
    """Score the stream, a run of rows at a time; an error of the stream comes as that of a run without rows."""
    # Pairs are not read ahead: their source may wait for the model.
    with closing(ahead(stream)) if isinstance(stream, Chunks) else nullcontext(stream) as chunks:
        try:
            for chunk in chunks:
                yield from scorer.score(chunk, room)
                if not room():
                    return
        except Exception as error:
            yield Scored.nothing(error)


def _next_mark(n: int) -> int:
    """Return the first of 1,000, 2,000, 4,000 .. that is more than `n`."""
    return FIRST_MARK << (n // FIRST_MARK).bit_length()


def _row(scores: Scores, start: float) -> Row:
    return Row(
        scores.n_samples,
        scores.accuracy,
        scores.log_loss,
        scores.window_accuracy,
        scores.window_log_loss,
        perf_counter() - start,
    )


def _result(scores: Scores, labels: Labels, rows: list[Row], start: float) -> Result:
    last = _row(scores, start)
    known = labels.known()
    classes = _sorted(scores.classes(known))
    codes = [labels.code(one.label) for one in classes]
    return Result(
        n_samples=scores.n_samples,
        n_unseen=scores.n_unseen,
        accuracy=scores.accuracy,
        log_loss=scores.log_loss,
        macro_f1=fsum(one.f1 for one in classes) / len(classes) if classes else nan,
        seconds=last.seconds,
        window=scores.window,
        classes=classes,
        confusion=scores.confusion(len(known))[np.ix_(codes, codes)],
        rows=[*rows] if rows and rows[-1].n_samples == last.n_samples else [*rows, last],
    )


def _predictions(every: list[Scored], labels: Labels, order: list[Hashable]) -> Predictions:
    position = np.full(len(labels.known()) + 1, -1, dtype=np.int32)  # the last is of code -1
    position[[labels.code(label) for label in order]] = np.arange(len(order))
    true, predicted, p = (
        np.concatenate([np.empty(0, kind), *(getattr(scored, name) for scored in every)])
        for name, kind in (("true", np.int32), ("predicted", np.int32), ("p", np.float64))
    )
    return Predictions(position[true], position[predicted], p)


def _sorted(classes: list[ClassScores]) -> list[ClassScores]:
    """Sort classes by label; labels that have no order among them by type and text."""
    try:
        return sorted(classes, key=lambda one: one.label)  # type: ignore[arg-type, return-value]
    except TypeError:
        return sorted(classes, key=lambda one: (type(one.label).__name__, str(one.label)))


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value if value is None or isinstance(value, int | str) else str(value)


def _check_count(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} is a number of rows, 1 or more, not {value!r}")
