"""Progressive validation: predict each row, score the prediction, then learn the row."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Hashable
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any, Protocol

from online_softmax.checks import check_count, check_on_bad
from online_softmax.evaluation import checkpoints
from online_softmax.evaluation.result import Figures, Offender, Predictions, Result, RowError
from online_softmax.evaluation.scored import Scored, rest, said
from online_softmax.evaluation.scorer import Scorer
from online_softmax.evaluation.tally import Tally
from online_softmax.streams import RowStream, Stream, open_stream
from online_softmax.streams.ahead import ahead

__all__ = ["Figures", "Offender", "Predictions", "Progress", "Result", "RowError", "progressive_validation"]

EVERY = 100_000  # rows between two checkpoints


class Progress(Protocol):
    """Called as the validation goes on."""

    def __call__(self, row: Figures, *, mark: bool, fraction: float | None) -> None:
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
    on_bad: str = "raise",
    checkpoint: str | os.PathLike[str] | None = None,
    every: int = EVERY,
    resume: bool = False,
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
    on_bad
        What becomes of a row that cannot be read, scored or learned: "raise", or "skip", which passes over it and has
        the result count it. A row that one of our models refuses leaves no trace in it; another's may. A stream that is
        open already has its own `on_bad` for rows that cannot be read.
    checkpoint
        A file to keep the state of the run in: model, figures, and how far it came; for a `SoftmaxRegression`, an
        `AutoSoftmaxRegression`, or river's `StandardScaler` before one of them. It is written every so many rows and
        at the end, whole or not at all.
    every
        How many rows there are between two checkpoints.
    resume
        Whether to go on from the checkpoint, if there is one: to the last bit the same as a run that was never
        interrupted. Its source, its window and the parameters of its model must be the same.

    Returns
    -------
    result
        The figures of the whole run, of each class, and along the way.

    Raises
    ------
    RowError
        A ValueError at the first row that cannot be read, scored or learned; what was found before it is its `result`.
    CheckpointError
        A ValueError where the checkpoint is damaged, or of another run.
    FileExistsError
        If there is a checkpoint and it is not to be resumed.

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
    for name, count in (("window", window), ("limit", limit), ("every", every)):
        if name != "limit" or count is not None:
            check_count(name, count)
    check_on_bad(on_bad)
    path = None if checkpoint is None else Path(checkpoint)
    if path is None and resume:
        raise ValueError("resume goes with a checkpoint")
    if path is not None and yield_predictions:
        raise ValueError("yield_predictions keeps every row, and a checkpoint does not hold them")
    run = Tally(Scorer(model, skips=on_bad == "skip"), window, yield_predictions)
    stream = open_stream(source, target, on_bad=on_bad)
    behind = 0  # rows that the checkpoint has behind it
    if path is not None:
        if path.exists() and not resume:
            raise FileExistsError(f"the checkpoint {path} exists: resume it, or remove it")
        if path.exists():
            checkpoints.resume(path, run, stream)
            behind = run.n_taken
            if limit is not None and run.n_samples > limit:
                raise ValueError(f"the checkpoint {path} is at {run.n_samples:,} rows, and the limit is {limit:,}")
        else:
            checkpoints.check(path, run, stream)

    def tell(row: Figures, *, mark: bool) -> None:
        if progress is not None:
            parts = [part for part in (stream.fraction, limit and row.n_samples / limit) if part is not None]
            progress(row, mark=mark, fraction=max(parts, default=None))

    def room() -> int:
        """Return how many rows there are to the next mark, checkpoint or limit."""
        n = run.n_samples
        stops = [run.next_mark(), *([] if limit is None else [limit])]
        return min([*stops, *([] if path is None else [n - n % every + every])]) - n

    for row in run.marks:
        tell(row, mark=True)
    with closing(_scored(stream, run.scorer, room, behind)) as parts:
        for scored in parts:
            run.add(scored)
            if len(scored):
                row, is_mark = run.row()
                tell(row, mark=is_mark)
            done = (scored.error is not None and run.n_taken) or (len(scored) and run.n_samples % every == 0)
            if path is not None and done:
                checkpoints.write(path, run, stream)
            if scored.error is not None:
                raise RowError(said(scored.error), run.result()) from scored.error
    if not run.n_samples:
        gone = f": all {n:,} were {how}" if (n := run.n_skipped + run.n_bad) and (how := "skipped") else ""
        raise ValueError(f"the stream has no rows{gone}")
    if path is not None:
        checkpoints.write(path, run, stream)
    result = run.result()
    if len(result.rows) > len(run.marks):
        tell(result.rows[-1], mark=True)
    return result


def _scored(stream: Stream, scorer: Scorer, room: Callable[[], int], behind: int) -> Generator[Scored, None, None]:
    """Score the stream, a run of rows at a time; an error of the stream comes as that of a run without rows."""
    # Pairs are not read ahead: their source may wait for the model.
    with closing(ahead(stream)) if isinstance(stream, RowStream) else nullcontext(stream) as chunks:
        try:
            for chunk in chunks:
                after: Any = chunk
                if behind:
                    after, n, passed = rest(chunk, behind)
                    behind -= n
                    yield passed
                if after is not None:
                    yield from scorer.score(after, room)
                if not behind and not room():
                    return
        except Exception as error:
            yield Scored.nothing(error)
            return
    if behind:
        raise checkpoints.CheckpointError(f"the source ends {behind:,} rows before the place of the checkpoint")
