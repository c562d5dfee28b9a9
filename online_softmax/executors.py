"""Executors: rounds on anything that is like `concurrent.futures`: processes, Dask, Ray."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import closing, contextmanager
from itertools import count
from time import perf_counter
from typing import Any

from online_softmax.checks import check_count, check_on_bad
from online_softmax.evaluation.scorer import message
from online_softmax.models import saving
from online_softmax.rounds import Commit, ModelStore, RoundError, StoreError, Update, after_round, learn_shard
from online_softmax.rounds.parts import Part, Parts, parts_of
from online_softmax.rounds.schedule import rows_of_shard
from online_softmax.streams import Known, Place, open_stream
from online_softmax.streams.ahead import ahead

__all__ = ["RayExecutor", "fit_rounds"]


def fit_rounds(
    executor: Any,
    source: Any,
    model: Any,
    store: ModelStore | str | os.PathLike[str],
    *,
    shards: int,
    target: Any = None,
    round_rows: int = 20_000,
    limit: int | None = None,
    on_bad: str = "raise",
    progress: Callable[[Commit], None] | None = None,
    **reading: Any,
) -> Commit:
    """Learn a source in shards, round by round, on the workers of an executor.

    In each round every shard learns its part of the next rows, all from the same model; what they have learned is
    merged, and committed to the store together with the place in the source. The result has the same bits on any
    executor, whatever fails and is tried again: a shard's task is a pure function of the model and its rows. The first
    rounds are short, and double until they have `round_rows`, as a model that knows little learns most from each merge.

    Parameters
    ----------
    executor
        A `concurrent.futures` executor, of processes or threads; Dask's `Client.get_executor()`; a `RayExecutor`; or
        anything else whose `submit` returns futures. It is left running.
    source
        Whatever `open_stream` opens. Workers open the path of a file themselves, at their places; what cannot be opened
        there, such as frames, iterables, pipes and compressed files, is read here, and its rows are sent to them.
    model
        A model of ours, or a pipeline of a scaler and one. It is left as it is.
    store
        A `ModelStore`, or where one is to be. If it has a commit of this run, the run goes on from there.
    shards
        How many parts a round has. It need not be the number of workers, and it decides what is learned.
    target
        The column that holds the label, as in `open_stream`.
    round_rows
        How many rows a round has, all of its shards together, once rounds are as long as they become.
    limit
        Stop after this many rows of the source.
    on_bad
        What becomes of a row that cannot be read or learned: "raise", or "skip", which passes over it and counts it.
    progress
        Called after every round with its `Commit`.
    **reading
        What else `open_stream` takes.

    Returns
    -------
    Commit
        The newest: its `model`, and in `total` and `log` what was found.

    Raises
    ------
    RoundError
        If a row of a round is refused, or a worker dies. The store is at the round before, and the same call goes on.
    StoreError
        If the store belongs to another run: of another source, read otherwise, with other shards or another model.

    Examples
    --------
    >>> import tempfile
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from online_softmax import AutoSoftmaxRegression
    >>> from online_softmax.executors import fit_rounds

    >>> with ThreadPoolExecutor(2) as executor, tempfile.TemporaryDirectory() as folder:
    ...     done = fit_rounds(executor, "image_segments", AutoSoftmaxRegression(), folder, shards=2)
    >>> done.total.rows
    2310

    """
    if not isinstance(shards, int) or isinstance(shards, bool) or shards < 1:
        raise ValueError(f"shards is a number of shards, 1 or more, not {shards!r}")
    check_count("round_rows", round_rows)
    if limit is not None:
        check_count("limit", limit)
    check_on_bad(on_bad)
    if not callable(getattr(executor, "submit", None)):
        raise TypeError(f"an executor has a method submit, and a {type(executor).__name__} has none")
    store = store if isinstance(store, ModelStore) else ModelStore(store)
    reading |= {"model": Known.of(model), "on_bad": on_bad}
    stream = open_stream(source, target, **reading)
    fingerprint = stream.fingerprint() if hasattr(stream, "fingerprint") else None
    run = {"engine": "executor", "source": fingerprint, "shards": shards, "round_rows": round_rows}
    commit = store.open(model, run)
    begin = getattr(stream, "begin", Place()) if commit.place is None else _place_of(store, commit)
    first = getattr(stream, "first", getattr(stream, "begin", Place()).rows)  # behind those that are passed over
    taken = max(begin.rows - first, 0)
    if limit is not None and taken > limit:
        raise ValueError(
            f"the store {store} is at {taken:,} rows, and the limit is {limit:,}: give a higher one, or none"
        )
    parts = parts_of(stream, source, target, reading, begin)
    done = _Run(executor, store, commit, on_bad, progress).take(
        _rounds(parts, commit.total.rounds, shards, round_rows, None if limit is None else limit - taken)
    )
    if not done.total.rows:
        gone = done.total.n_skipped + done.total.n_bad
        raise ValueError("the stream has no rows" + (f": all {gone:,} were skipped" if gone else ""))
    return done


def _place_of(store: ModelStore, commit: Commit) -> Place:
    try:
        return Place.from_json(commit.place)
    except ValueError as error:
        raise StoreError(f"version {commit.version} of the store {store} cannot be gone on from: {error}") from None


def _rounds(parts: Parts, n_rounds: int, shards: int, round_rows: int, left: int | None) -> Iterator[list[Part]]:
    """Yield the parts of each round, after so many rounds, until so many rows have come."""
    for n in count(n_rounds):
        size, found = rows_of_shard(n, round_rows, shards), list[Part]()
        try:
            for _ in range(shards):
                wanted = size if left is None else min(size, left)
                if not wanted or (part := parts.take(wanted)) is None:
                    break
                found.append(part)
                left = None if left is None else left - part.n
        except Exception as error:
            raise RoundError(f"round {n + 1}: {message(error)}") from error
        if not found:
            return
        yield found


def _ready() -> None:
    """Do nothing, on a worker."""


class _Run:
    """A run of rounds on an executor."""

    def __init__(
        self,
        executor: Any,
        store: ModelStore,
        commit: Commit,
        on_bad: str,
        progress: Callable[[Commit], None] | None,
    ) -> None:
        self._executor, self._store, self._commit = executor, store, commit
        self._on_bad, self._progress = on_bad, progress
        self._kept = commit.version

    def take(self, rounds: Iterator[list[Part]]) -> Commit:
        """Learn rounds, of which the next is prepared while the workers learn one; return the last commit."""
        self._check_executor()
        start, end = perf_counter(), None
        with closing(ahead(rounds)) as prepared:
            try:
                for parts in prepared:
                    if end is not None and parts[0].begin.rows != end.rows:
                        raise self._changed(end.rows)
                    updates = self._learned(parts)
                    end = parts[-1].end or parts[-1].begin.after(updates[-1].found.taken)
                    seconds, start = perf_counter() - start, perf_counter()
                    self._commit = after_round(self._commit, updates, end.to_json(), seconds)
            finally:
                self._keep()
        return self._commit

    def _check_executor(self) -> None:
        """Have the executor start its workers, before there is a thread that a process would take along."""
        try:
            self._executor.submit(_ready).result()
        except Exception as error:
            raise RoundError(f"the executor takes no tasks: {message(error)}") from error

    def _learned(self, parts: Sequence[Part]) -> list[Update]:
        """Return what the shards have learned; the commit of the round before is kept meanwhile."""
        base = saving.to_bytes(self._commit.model)
        futures: list[Any] = []
        try:
            with self._failing(parts):
                for k, part in enumerate(parts):
                    keywords = {"on_bad": self._on_bad, "first": part.begin.rows}
                    futures.append(self._executor.submit(learn_shard, base, k, part.chunks, **keywords))
            self._keep()
            with self._failing(parts):
                updates = [future.result() for future in futures]
            for part, update in zip(parts[:-1], updates, strict=False):
                if update.found.taken != part.n:
                    raise self._changed(part.begin.rows + update.found.taken)
            return updates
        finally:
            for future in futures:
                future.cancel()

    def _changed(self, row: int) -> RoundError:
        return RoundError(f"round {self._commit.total.rounds + 1}: the source has changed, and ends at row {row:,} now")

    @contextmanager
    def _failing(self, parts: Sequence[Part]) -> Iterator[None]:
        """Say of what fails in which round and rows it was."""
        try:
            yield
        except Exception as error:
            n, first, last = self._commit.total.rounds, parts[0].begin.rows, parts[-1].begin.rows + parts[-1].n - 1
            raise RoundError(
                f"round {n + 1}, rows {first:,} to {last:,}: {message(error)}; the store has {n:,} rounds, and the "
                "same call goes on from there"
            ) from error

    def _keep(self) -> None:
        """Commit the last round, unless it has been."""
        if self._commit.version > self._kept:
            self._store.commit(self._commit)
            self._kept = self._commit.version
            if self._progress is not None:
                self._progress(self._commit)


class RayExecutor(Executor):
    """Ray, as an executor: each task is one of Ray's, which runs it again where its worker dies.

    Ray is started by `ray.init(..)`, or by the first task. Extra: `pip install 'ray[default]'`.

    Parameters
    ----------
    **options
        What `ray.remote` takes for each task, such as `num_cpus=1` or `max_retries=3`.

    """

    def __init__(self, **options: Any) -> None:
        try:
            import ray
        except ImportError:
            raise ImportError("this executor is Ray's: pip install ray") from None
        self._ray, self._options = ray, options
        self._remote: dict[Any, Any] = {}

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future[Any]:
        """Have Ray run a task, and return its future.

        Parameters
        ----------
        task
            The function to call.
        arguments, keywords
            What it is called with.
        """
        if task not in self._remote:
            remote = self._ray.remote(task)
            self._remote[task] = remote.options(**self._options) if self._options else remote
        future: Future[Any] = self._remote[task].remote(*arguments, **keywords).future()
        return future
