"""Progressive validation: predict each row, score the prediction, then learn the row."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypedDict, Unpack, overload

from online_softmax.checks import check_count, check_on_bad
from online_softmax.evaluation import checkpoints
from online_softmax.evaluation.columns import ColumnCounter
from online_softmax.evaluation.comparing import Comparison
from online_softmax.evaluation.delayed import DelayedScorer, Lateness
from online_softmax.evaluation.one_pass import Pass
from online_softmax.evaluation.progress import Progress
from online_softmax.evaluation.result import Result
from online_softmax.evaluation.river_metrics import river_metrics
from online_softmax.evaluation.runs import Runs
from online_softmax.evaluation.scored import Numbering
from online_softmax.evaluation.scorer import Scorer
from online_softmax.evaluation.tally import Tally
from online_softmax.streams import RowStream, Stream, open_stream

EVERY = 100_000  # rows between two checkpoints


class Options(TypedDict, total=False):
    """The keywords of `progressive_validation`."""

    target: Any
    window: int
    limit: int | None
    progress: Progress | None
    yield_predictions: bool
    on_bad: str
    checkpoint: str | os.PathLike[str] | None
    every: int
    resume: bool
    delay: Any
    moment: Any
    metrics: Iterable[Any]
    top_k: int


@overload
def progressive_validation(source: Any, model: Mapping[str, Any], **options: Unpack[Options]) -> Comparison: ...


@overload
def progressive_validation(source: Any, model: Any, **options: Unpack[Options]) -> Result: ...


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
    delay: Any = None,
    moment: Any = None,
    metrics: Iterable[Any] = (),
    top_k: int = 3,
) -> Result | Comparison:
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
        A river classifier, or a pipeline that ends with one. It is trained in place. Or a dictionary of several, by
        name, which see the same rows in one pass.
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
    delay
        How late the labels come, with the meaning that it has in river's `progressive_val_score`: an amount, the name
        of a feature that holds it, or a function of x and y. A row is predicted when it comes, and learned and scored
        when its label does.
    moment
        When a row comes, for a delay: the name of a feature that holds it, or a function of x. Without it rows come at
        0, 1, 2, .., and the delay counts rows.
    metrics
        Metrics of river to be updated with each row, or their names; they are in the result's `river`. One that needs
        the probabilities of all classes makes the rows go one by one.
    top_k
        How many of the most probable classes the label has to be among, to count for the metric `top_k`.

    Returns
    -------
    result
        A `Result`: the figures of the whole run, of each class, and along the way. For several models a `Comparison`.

    Raises
    ------
    RowError
        A ValueError at the first row that cannot be read, scored or learned; what was found before it is its `result`.
    CheckpointError
        A ValueError where the checkpoint is damaged, or of another run.
    FileExistsError
        If there is a checkpoint and it is not to be resumed.
    RunInterrupt
        A KeyboardInterrupt, at Ctrl-C; what was found before it is its `result`.

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
    for name, count in (("window", window), ("limit", limit), ("every", every), ("top_k", top_k)):
        if name != "limit" or count is not None:
            check_count(name, count)
    check_on_bad(on_bad)
    path = None if checkpoint is None else Path(checkpoint)
    several = isinstance(model, Mapping)
    lateness = None if delay is None and moment is None else Lateness(delay, moment)
    asked = river_metrics(metrics)
    _check_checkpoint(
        path,
        resume,
        {
            "yield_predictions keeps every row": yield_predictions,
            "a delay keeps rows whose labels are to come": lateness is not None,
            "metrics of river have a state of their own": bool(asked),
            "there are several models": several,
        },
    )
    models: dict[Any, Any] = dict(model) if several else {None: model}
    if several:
        _check_models(models)
    labels = Numbering()
    scorers = {name: _scorer(one, labels, on_bad == "skip", asked, lateness) for name, one in models.items()}
    settled = checkpoints.settled(source, path if resume else None)
    stream = open_stream(source, target, on_bad=on_bad, model=None if several else model, settled=settled)
    tallies = {}
    for name, scorer in scorers.items():
        own = copy.deepcopy(asked) if several else asked
        tallies[name] = _tally(stream, scorer, window, yield_predictions, k=top_k, river=own, alone=not several)
    runs, run = Runs(tallies), next(iter(tallies.values()))
    resumed = None if path is None else _resumed(path, run, stream, resume, limit)
    return Pass(stream, runs, progress, limit=limit, path=path, every=every, resumed=resumed).result()


def _check_models(models: Mapping[Any, Any]) -> None:
    """Refuse models that cannot be told apart."""
    if not models:
        raise ValueError("there is no model to run")
    names: dict[int, str] = {}
    for name, model in models.items():
        if not isinstance(name, str):
            raise TypeError(f"the name of a model is a str, not {name!r}")
        if (other := names.setdefault(id(model), name)) != name:
            raise ValueError(f"{other!r} and {name!r} are one model, which would learn each row twice: copy it")


def _check_checkpoint(path: Path | None, resume: bool, hindrances: Mapping[str, bool]) -> None:
    """Refuse a checkpoint of what it does not hold."""
    if path is None and resume:
        raise ValueError("resume goes with a checkpoint")
    for reason, is_so in hindrances.items() if path is not None else ():
        if is_so:
            raise ValueError(f"{reason}, and a checkpoint does not hold them")


def _resumed(path: Path, run: Tally, stream: Stream, resume: bool, limit: int | None) -> checkpoints.Resumed | None:
    """Find out whether the run can be kept in a file, and bring it to where that of the file was, if there is one."""
    if not path.exists():
        checkpoints.check(path, run, stream)
        return None
    if not resume:
        raise FileExistsError(f"the checkpoint {path} exists: resume it, or remove it")
    resumed = checkpoints.resume(path, run, stream)
    if limit is not None and run.n_samples > limit:
        raise ValueError(f"the checkpoint {path} is at {run.n_samples:,} rows, and the limit is {limit:,}")
    return resumed


def _scorer(model: Any, labels: Numbering, skips: bool, river: Mapping[str, Any], lateness: Lateness | None) -> Scorer:
    keeps = any(not one.requires_labels for one in river.values())
    if lateness is not None:
        return DelayedScorer(model, labels, skips, keeps=keeps, lateness=lateness)
    return Scorer(model, labels, skips, keeps=keeps)


def _tally(stream: Stream, scorer: Scorer, window: int, keep: bool, **keywords: Any) -> Tally:
    """Return the tally of a run that begins with a stream just opened."""
    if not isinstance(stream, RowStream):
        return Tally(scorer, window, keep, **keywords)
    columns = ColumnCounter(stream.kinds, stream.reading, stream.code_columns) if stream.kinds else None
    return Tally(scorer, window, keep, stream.seconds_to_open, columns, **keywords)
