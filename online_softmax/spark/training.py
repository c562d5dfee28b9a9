"""Training: one micro-batch is a round of parameter mixing, one partition of the source a shard."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from time import perf_counter
from typing import Any

from online_softmax.checks import check_on_bad
from online_softmax.models.saving import to_bytes
from online_softmax.rounds import Commit, ModelStore, Round, StoreError, Update, after_round, learn_shard
from online_softmax.spark.columns import check_columns, check_kinds, check_streaming, feature_names, reading_of
from online_softmax.spark.engine import pyspark_sql
from online_softmax.streams import open_stream

SUMS = {one.name: "long" if one.type == "int" else "double" for one in fields(Round)}
UPDATE = {"shard": "long", "version": "long", "model": "binary", **SUMS}  # what a shard tells the driver
NO_FILESYSTEM = "UnsupportedFileSystemException"  # what Hadoop says of a URL that it does not know


def fit_stream(
    stream_df: Any,
    model: Any,
    store: ModelStore | str | os.PathLike[str],
    *,
    target: str,
    features: Sequence[str] | None = None,
    drop: Sequence[str] = (),
    weight: str | None = None,
    on_bad: str = "raise",
    checkpoint: str | None = None,
    trigger: Mapping[str, Any] | None = None,
    name: str | None = None,
    **reading: Any,
) -> Any:
    """Learn a stream, round by round, and keep the model in a store.

    In each micro-batch every partition of the source is a shard, which learns its rows in their order from the newest
    model of the store. Their models are merged, and the merged one is committed with the number of the micro-batch, in
    one object. So a micro-batch that Spark repeats is passed over: whatever dies, every row is learned once, with the
    same bits. The executors read the store, too, so that its directory or URL must be one that they all reach.

    Parameters
    ----------
    stream_df
        A streaming DataFrame. Kafka's partitions are good shards, since they stay what they are.
    model
        What to begin with, if the store is empty: a model of ours, or a pipeline of a scaler and one.
    store
        A `ModelStore`, or its directory or URL. It belongs to one query, and lives and dies with its checkpoint.
    target
        The column of the label.
    features
        The feature columns; all others without it. A column of text holds strings, whatever they look like.
    drop
        Columns that are no features.
    weight
        The column of the weights.
    on_bad
        What becomes of a row that cannot be read, or that the model refuses: "raise", which ends the query; or "skip".
    checkpoint
        Spark's `checkpointLocation`; without it, the folder `checkpoint` of the store. Name it if fsspec knows the URL
        of the store, and Spark does not.
    trigger
        When a micro-batch begins, as `DataStreamWriter.trigger` takes it: `{"processingTime": "10 seconds"}`, say.
    name
        The query's name.
    **reading
        How columns are read otherwise, as `open_stream` takes it: `missing="zero"`, `dates="parts"`, ..

    Returns
    -------
    query
        The running `StreamingQuery`. Each progress event has, under `observedMetrics["online_softmax"]`, the round's
        `rows` and `bad_rows`, and log loss and accuracy of the *served* model, which the round began with, and of the
        shards' *own*: `served_log_loss`, `served_accuracy`, `own_log_loss`, `own_accuracy`. The log of the store has
        them, too: `store.load().log`.

    Raises
    ------
    StoreError
        If the store belongs to another query; also by the query itself, as soon as that is known.
    ValueError
        If a column is missing, or of a type that is no feature, or no label, or not what the model knows.

    Examples
    --------
    >>> from online_softmax import AutoSoftmaxRegression
    >>> from online_softmax.spark import fit_stream
    >>> events = spark.readStream.schema("size double, kind string").json("s3://bucket/events")  # doctest: +SKIP
    >>> query = fit_stream(events, AutoSoftmaxRegression(), "s3://bucket/model", target="kind")  # doctest: +SKIP
    >>> query.awaitTermination()  # doctest: +SKIP

    """
    functions = pyspark_sql().functions
    check_streaming(stream_df, "fit_stream")
    check_on_bad(on_bad)
    if trigger is not None and not isinstance(trigger, Mapping):
        raise TypeError(f"trigger is a dictionary, {{'processingTime': '10 seconds'}} or so, not {trigger!r}")
    store = store if isinstance(store, ModelStore) else ModelStore(store)
    drop = [*dict.fromkeys(drop)]
    others = [target, *drop, *(() if weight is None else (weight,))]
    wanted = feature_names(stream_df.columns, others, features)
    check_columns(stream_df, [*wanted, *others])
    rows = stream_df.select(*wanted, *(one for one in others if one not in drop))
    run = {
        "engine": "spark",
        "target": target,
        "columns": {one.name: one.dataType.simpleString() for one in rows.schema.fields},
    }
    known = model
    if store.version():  # whose query it is shows when it runs
        newest = store.load()
        known = store.open(model, {**newest.run, **run}).model
    read = reading_of(rows, known, features=wanted, weight=weight, on_bad=on_bad, **reading)
    check_kinds(rows, target, known, read)
    task = _task(store, to_bytes(model), target, read, on_bad)
    total = {one: functions.sum(one) for one in SUMS}
    figures = [total["rows"].alias("rows"), total["n_bad"].alias("bad_rows")]
    for who in ("served", "own"):
        n_losses = total["rows"] - total[f"{who}_unseen"]
        figures.append(functions.try_divide(total[f"{who}_loss"], n_losses).alias(f"{who}_log_loss"))
        figures.append(functions.try_divide(total[f"{who}_hits"], total["rows"]).alias(f"{who}_accuracy"))
    updates = rows.mapInArrow(task, ", ".join(f"{one} {kind}" for one, kind in UPDATE.items()))
    checkpoint = f"{store.url.rstrip('/')}/checkpoint" if checkpoint is None else checkpoint
    writer = updates.observe("online_softmax", *figures).writeStream.foreachBatch(Rounds(model, store, run, checkpoint))
    writer = writer.option("checkpointLocation", checkpoint)
    writer = writer if name is None else writer.queryName(name)
    writer = writer if trigger is None else writer.trigger(**trigger)
    try:
        return writer.start()
    except Exception as error:  # of another type, as the session is
        if NO_FILESYSTEM not in str(error):
            raise
        shown = str(ModelStore(checkpoint))
        raise ValueError(f"Spark cannot keep its checkpoint at {shown}: name checkpoint=, a place it knows") from None


class Rounds:
    """What the driver does with each micro-batch: merge what the shards have learned, and commit.

    All that matters is in the store. The newest commit is kept so that it need not be read again.

    Parameters
    ----------
    model
        What to begin with.
    store
        Where the model is kept.
    run
        What tells the run from others, besides the query's identity.
    checkpoint
        Where Spark keeps its checkpoint, and the identity in it.

    """

    def __init__(self, model: Any, store: ModelStore, run: Mapping[str, Any], checkpoint: str) -> None:
        self.model, self.store, self.run, self.checkpoint = model, store, run, checkpoint
        self._newest: Commit | None = None

    def __call__(self, updates_df: Any, batch: int) -> None:
        """Run a micro-batch, unless the store has it."""
        started = perf_counter()
        if self._newest is None or self._newest.version != self.store.version():
            (metadata,) = updates_df.sparkSession.read.text(f"{self.checkpoint}/metadata").collect()
            query = json.loads(metadata.value)["id"]
            self._newest = self.store.open(self.model, {**self.run, "query": query})
        commit = self._newest
        if is_replay(commit, batch):
            return
        rows = updates_df.collect()
        if any(row.version != commit.version for row in rows):
            seen = next(row.version for row in rows if row.version != commit.version)
            raise StoreError(
                f"an executor found version {seen} of the store {self.store} and the driver {commit.version}: a store "
                "is a directory or URL that every executor reaches, and has one query"
            )
        updates = [Update(row.shard, Round(**{one: row[one] for one in SUMS}), bytes(row.model or b"")) for row in rows]
        commit = after_round(commit, updates, {"batch": batch}, perf_counter() - started)
        self.store.commit(commit)
        self._newest = commit


def is_replay(commit: Commit, batch: int) -> bool:
    """Whether a commit has a micro-batch already, which its query repeats after a crash.

    Raises
    ------
    StoreError
        If micro-batches are missing between them.

    """
    done: int = -1 if commit.place is None else commit.place["batch"]
    if batch > done + 1:
        raise StoreError(
            f"the query is at micro-batch {batch}, and the store has {'none' if done < 0 else f'those up to {done}'}: "
            "a store and its checkpoint live and die together, begin with both new"
        )
    return batch <= done


def _task(
    store: ModelStore, fresh: bytes, target: str, reading: dict[str, Any], on_bad: str
) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Return what an executor does with a partition: learn it, from the newest model of the store."""

    def learn(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa
        from pyspark import TaskContext

        shard = TaskContext.get().partitionId()
        version, base = store.newest() or (0, fresh)
        chunks = (chunk for batch in batches if batch.num_rows for chunk in open_stream(batch, target, **reading))
        update = learn_shard(base, shard, chunks, on_bad=on_bad)
        found = asdict(update.found)
        if any(found.values()):
            values = {"shard": shard, "version": version, "model": update.model if found["rows"] else None, **found}
            kinds = {"long": pa.int64(), "double": pa.float64(), "binary": pa.binary()}
            schema = pa.schema([(one, kinds[kind]) for one, kind in UPDATE.items()])
            yield pa.RecordBatch.from_pylist([values], schema)

    return learn
