"""Progressive validation: predict each row, score the prediction, then learn the row."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any, Protocol

from online_softmax.checks import check_count, check_on_bad
from online_softmax.evaluation import checkpoints
from online_softmax.evaluation.columns import ColumnCounter
from online_softmax.evaluation.result import Figures, Offender, Predictions, Result, RowError
from online_softmax.evaluation.scorer import Numbering, Scorer, said
from online_softmax.evaluation.tally import FIRST_MARK, Tally
from online_softmax.streams import Chunk, PairChunk, RowStream, Stream, chunk_of, open_stream
from online_softmax.streams.ahead import ahead

__all__ = ["Figures", "Offender", "Predictions", "Progress", "Result", "RowError", "progressive_validation"]

EVERY = 100_000  # rows between two checkpoints


class Progress(Protocol):
    """Called as the validation goes on.

    If it has a method `note`, too, that is called with a sentence on whatever is probably wrong, once it shows.
    """

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
    target: Any = None,
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

    The model that predicts a row has learned the rows before it, and no other, so that no row is ever scored by a model
    that has seen it.

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
        The column that holds the label, in a file or frame; or the labels of a frame or an array, as an array, a list
        or a series, in the order of the rows.
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
        the result count it. Our models are unchanged by a row that they refuse; other models may not be. A stream that
        is open already has its own `on_bad` for rows that cannot be read.
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
    scorer = Scorer(model, Numbering(), skips=on_bad == "skip")
    stream = open_stream(source, target, on_bad=on_bad, model=model)
    run = _tally(stream, scorer, window, yield_predictions)
    if path is not None:
        if path.exists() and not resume:
            raise FileExistsError(f"the checkpoint {path} exists: resume it, or remove it")
        if path.exists():
            checkpoints.resume(path, run, stream)
            if limit is not None and run.n_samples > limit:
                raise ValueError(f"the checkpoint {path} is at {run.n_samples:,} rows, and the limit is {limit:,}")
        else:
            checkpoints.check(path, run, stream)

    def tell(row: Figures, *, mark: bool) -> None:
        if progress is not None:
            parts = [part for part in (stream.fraction, limit and row.n_samples / limit) if part is not None]
            progress(row, mark=mark, fraction=max(parts, default=None))
            if mark and row.n_samples == FIRST_MARK and (hint := run.hint()) and hasattr(progress, "note"):
                progress.note(hint)

    def rows_left() -> int:
        """Return how many rows there are to the next mark, checkpoint or limit."""
        n = run.n_samples
        stops = [run.next_mark()]
        if limit is not None:
            stops.append(limit)
        if path is not None:
            stops.append(n - n % every + every)
        return min(stops) - n

    for row in run.marks:
        tell(row, mark=True)
    try:
        with closing(_chunks(stream, run)) as chunks:
            for chunk in chunks:
                while chunk and (n := rows_left()):
                    part, chunk = chunk.split(min(n, scorer.step(chunk)))
                    scored = scorer.score(part)
                    run.add(scored)
                    if len(scored):
                        row, is_mark = run.row()
                        tell(row, mark=is_mark)
                    if scored.error is not None:
                        raise _StopError from scored.error
                    if path is not None and len(scored) and run.n_samples % every == 0:
                        checkpoints.write(path, run, stream)
                if not (run.behind or rows_left()):
                    break
    except _StopError as stop:
        if path is not None and run.n_taken:
            checkpoints.write(path, run, stream)
        error = stop.__cause__
        assert isinstance(error, Exception)
        raise RowError(said(error), run.result()) from error
    if run.behind:
        raise checkpoints.CheckpointError(f"the source ends {run.behind:,} rows before the place of the checkpoint")
    if not run.n_samples:
        gone = run.n_skipped + run.n_bad
        raise ValueError("the stream has no rows" + (f": all {gone:,} were skipped" if gone else ""))
    if path is not None:
        checkpoints.write(path, run, stream)
    result = run.result()
    if len(result.rows) > len(run.marks):
        tell(result.rows[-1], mark=True)
    return result


def _tally(stream: Stream, scorer: Scorer, window: int, keep: bool) -> Tally:
    """Return the tally of a run that begins with a stream just opened."""
    if not isinstance(stream, RowStream):
        return Tally(scorer, window, keep)
    columns = ColumnCounter(stream.kinds, stream.reading, stream.code_columns) if stream.kinds else None
    return Tally(scorer, window, keep, stream.seconds_to_open, columns)


class _StopError(Exception):
    """Ends a run before its stream ends; the cause is the error of a row, or of the stream."""


def _chunks(stream: Stream, run: Tally) -> Generator[Chunk | PairChunk, None, None]:
    """Yield the chunks of a stream, without the rows that a resumed run has behind it."""
    # Pairs are not read ahead: their source may wait for the model.
    with closing(ahead(stream)) if isinstance(stream, RowStream) else nullcontext(stream) as chunks:
        try:
            for chunk in chunks:
                yield run.pass_over(chunk_of(chunk))
        except Exception as error:
            raise _StopError from error
