"""A model a key: one small model for each user, sensor or shop, in Spark's own keyed state."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np

from online_softmax.checks import check_on_bad, is_missing, shorten
from online_softmax.evaluation.metrics import CLIP
from online_softmax.evaluation.scored import Scored
from online_softmax.evaluation.scorer import Scorer
from online_softmax.models.saving import from_bytes, kind_of, to_bytes
from online_softmax.spark.columns import (
    check_columns,
    check_keys,
    check_kinds,
    check_streaming,
    feature_names,
    reading_of,
)
from online_softmax.spark.engine import pyspark_sql
from online_softmax.storage.fields import check_same
from online_softmax.streams import PairChunk

ROCKSDB = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
PROVIDER = "spark.sql.streaming.stateStore.providerClass"
KEPT = {
    "columns": "string",
    "model": "binary",
    "n_samples": "long",
    "n_bad": "long",
    "hits": "long",
    "n_losses": "long",
    "loss": "double",
}
NEW = {"rows": "long", "bad_rows": "long", "new_hits": "long", "new_losses": "long", "new_loss": "double"}
FIGURES = {"n_samples": "long", "n_bad": "long", "log_loss": "double", "accuracy": "double", **NEW}


def fit_keyed(
    stream_df: Any,
    key: str | Sequence[str],
    model: Any,
    *,
    target: str,
    features: Sequence[str] | None = None,
    order: str | None = None,
    time_to_live: timedelta | float | None = None,
    on_bad: str = "raise",
) -> Any:
    """Learn one model for each key of a stream, in Spark's keyed state, each row exactly once.

    A row is predicted by its key's model, then learned by it. Nothing is averaged: the models are, to the last bit,
    those that a dictionary of models in one process would hold, if the rows of each key come in the same order.

    Parameters
    ----------
    stream_df
        A streaming DataFrame.
    key
        The column of the key, or several that are one together. It is no feature.
    model
        What each key begins with, and what that has learned: a model of ours, or a pipeline of a scaler and one.
    target
        The column of the label.
    features
        The feature columns; all others without it. Their values are what `model.learn_one` takes: texts need
        `categorical=True` there, and gaps `missing="zero"` or `"indicate"`.
    order
        A column by which the rows of a key are ordered within a micro-batch, and beyond that by all they hold. Without
        it they come as Spark's shuffle gives them: those of one source partition mostly in their order, those of
        several in any order, which may be another one after a failure.
    time_to_live
        After how many seconds without a row a key is forgotten. Spark runs micro-batches without rows then, one after
        another unless the query has a trigger: `.trigger(processingTime="10 seconds")`, say. A query with
        `.trigger(availableNow=True)` never ends by that: set `spark.sql.streaming.noDataMicroBatches.enabled` to false
        there, and keys are forgotten in micro-batches that have rows.
    on_bad
        What becomes of a row that has no key, no label, or is refused by the model: "raise", which ends the query; or
        "skip", which counts it in `n_bad` of its key. Rows that have no key, and so no model, are counted together.

    Returns
    -------
    figures
        A streaming DataFrame for output mode "update": in each micro-batch a row for each key that had one, with the
        key, `n_samples`, `n_bad`, `log_loss` and `accuracy` of all its rows so far. What a micro-batch had over all
        keys is in each progress event, under `observedMetrics["online_softmax"]`: `rows`, `bad_rows`, `log_loss`,
        `accuracy`. `KeyedModels` reads figures and models of all keys back from the checkpoint.

    Examples
    --------
    >>> from online_softmax import SoftmaxRegression
    >>> from online_softmax.spark import fit_keyed
    >>> figures = fit_keyed(events, "user", SoftmaxRegression(), target="bought", order="at")  # doctest: +SKIP
    >>> query = (
    ...     figures.writeStream.outputMode("update").format("console")
    ...     .option("checkpointLocation", "s3://bucket/checkpoint").start()
    ... )  # doctest: +SKIP

    """
    sql = pyspark_sql()
    check_streaming(stream_df, "fit_keyed")
    check_on_bad(on_bad)
    keys = [key] if isinstance(key, str) or not isinstance(key, Iterable) else [*key]
    if not keys or not all(isinstance(name, str) for name in keys):
        raise ValueError(f"key is the name of a column, or several, not {key!r}")
    if target in keys:
        raise ValueError(f"column {target!r} is the key and the target: a key's model would know one label")
    others = [*keys, target, *([] if order is None else [order])]
    names = feature_names(stream_df.columns, others, features)
    check_columns(stream_df, [*others, *names])
    check_keys(stream_df, keys)
    rows = stream_df.select(*others, *names)
    features_and_label = rows.select(*names, target)
    check_kinds(features_and_label, target, None, reading_of(features_and_label, None, features=names))
    if taken := [name for name in keys if name in {*FIGURES, *KEPT, "value", "ttlExpirationMs"}]:
        raise ValueError(f"the key {taken[0]!r} is called like something that is kept of each key: rename the column")
    output = sql.types.StructType([rows.schema[name] for name in keys])
    for name, kind in FIGURES.items():
        output = output.add(name, kind)
    milliseconds = _milliseconds(time_to_live)
    _use_rocksdb(stream_df.sparkSession)
    types = {one.name: one.dataType.simpleString() for one in rows.schema.fields}
    columns = {"key": keys, "target": target, "order": order, "features": {name: types[name] for name in names}}
    learner = _learner(to_bytes(model), columns, output.names, milliseconds, on_bad)
    mode = "None" if time_to_live is None else "ProcessingTime"
    found = rows.groupBy(*keys).transformWithState(learner, output, "Update", mode)
    functions = sql.functions
    total = {name: functions.sum(name) for name in NEW}
    return found.observe(
        "online_softmax",
        total["rows"].alias("rows"),
        total["bad_rows"].alias("bad_rows"),
        functions.try_divide(total["new_loss"], total["new_losses"]).alias("log_loss"),
        functions.try_divide(total["new_hits"], total["rows"]).alias("accuracy"),
    ).drop(*NEW)


class KeyedModels:
    """The models and figures of all keys, as a query of `fit_keyed` has them in its checkpoint.

    Parameters
    ----------
    spark
        The session.
    checkpoint
        The query's `checkpointLocation`.

    Examples
    --------
    >>> from online_softmax.spark import KeyedModels
    >>> models = KeyedModels(spark, "s3://bucket/checkpoint")  # doctest: +SKIP
    >>> models["anna"].predict_proba_one({"price": 3.5})  # doctest: +SKIP
    {False: 0.81, True: 0.19}
    >>> models.figures().orderBy("log_loss").show()  # doctest: +SKIP

    """

    def __init__(self, spark: Any, checkpoint: str) -> None:
        self.spark, self.checkpoint = spark, checkpoint

    def state(self) -> Any:
        """Return the state as a DataFrame: the columns of the key, and what is kept of each."""
        reader = self.spark.read.format("statestore").option("path", self.checkpoint)
        state = reader.option("stateVarName", "learned").load().select("key.*", "value.*")
        if "ttlExpirationMs" not in state.columns:
            return state
        state = state.where("ttlExpirationMs > unix_millis(current_timestamp())")  # Spark forgets some time later
        return state.select("*", "value.*").drop("value", "ttlExpirationMs")

    def figures(self) -> Any:
        """Return the figures of each key as a DataFrame: the key, `n_samples`, `n_bad`, `log_loss` and `accuracy`."""
        return _with_figures(self.state())

    def over_all(self) -> Any:
        """Return the same figures over all keys that have not been forgotten, and `n_keys`: a DataFrame of one row."""
        functions = pyspark_sql().functions
        sums = [functions.sum(name).alias(name) for name in ("n_samples", "n_bad", "hits", "n_losses", "loss")]
        count = functions.count("model").alias("n_keys")
        return _with_figures(self.state().agg(count, *sums))

    def __getitem__(self, key: Any) -> Any:
        functions = pyspark_sql().functions
        state = self.state()
        values = key if isinstance(key, tuple) else (key,)
        names = state.columns[: len(state.columns) - len(KEPT)]
        if len(values) != len(names):
            raise KeyError(f"a key is of {len(names)} columns, {', '.join(names)}, not {key!r}")
        for name, value in zip(names, values, strict=True):
            state = state.where(functions.col(name) == functions.lit(value))
        found = state.select("model").take(1)
        if not found or found[0].model is None:
            raise KeyError(key)
        return from_bytes(bytes(found[0].model))


def _with_figures(sums: Any) -> Any:
    """Return a DataFrame with log loss and accuracy in the place of the sums that they are made of."""
    divide = pyspark_sql().functions.try_divide
    log_loss, accuracy = divide("loss", "n_losses"), divide("hits", "n_samples")
    return sums.withColumns({"log_loss": log_loss, "accuracy": accuracy}).drop(
        "columns", "model", "hits", "n_losses", "loss"
    )


def _milliseconds(time_to_live: timedelta | float | None) -> int | None:
    if time_to_live is None:
        return None
    seconds = time_to_live.total_seconds() if isinstance(time_to_live, timedelta) else time_to_live
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0.001 <= seconds < math.inf:
        raise ValueError(f"time_to_live is a time span, or seconds above 0, not {time_to_live!r}")
    return int(seconds * 1000)


def _use_rocksdb(spark: Any) -> None:
    """Have the session keep state in RocksDB, the one store that knows state of several kinds."""
    if "RocksDB" not in spark.conf.get(PROVIDER):
        spark.conf.set(PROVIDER, ROCKSDB)


def _learner(
    fresh: bytes,
    columns: dict[str, Any],
    names: list[str],
    time_to_live: int | None,
    on_bad: str,
) -> Any:
    """Return what Spark runs over the rows of each key."""
    from pyspark.sql import Row
    from pyspark.sql.streaming import StatefulProcessor

    state = ", ".join(f"{name} {kind}" for name, kind in KEPT.items())
    text, kind, label = json.dumps(columns), kind_of(from_bytes(fresh)), columns["target"]

    class Learner(StatefulProcessor):  # type: ignore[misc]
        def init(self, handle: Any) -> None:
            self.state = handle.getValueState("learned", state, time_to_live)

        def handleInputRows(self, key: Any, rows: Any, timerValues: Any) -> Iterator[Any]:  # noqa: N802
            kept, model, n, n_bad, hits, n_losses, loss = self.state.get() or (text, None, 0, 0, 0, 0, 0.0)
            check_query("columns", json.loads(kept), columns)
            if any(is_missing(part) for part in key):
                new = without_key(rows, on_bad)
            else:
                learning = from_bytes(fresh if model is None else bytes(model))
                check_query("model", kind_of(learning), kind)
                new = learned(learning, key, ordered(rows, label, columns["order"], columns["features"]), on_bad)
                model = to_bytes(learning)
            n, n_bad, hits, n_losses = n + new.rows, n_bad + new.bad_rows, hits + new.hits, n_losses + len(new.losses)
            loss = float(np.add.accumulate([loss, *new.losses])[-1])  # one by one, however the rows are cut
            self.state.update((text, model, n, n_bad, hits, n_losses, loss))
            ratios = loss / n_losses if n_losses else None, hits / n if n else None
            sums = new.rows, new.bad_rows, new.hits, len(new.losses), sum(new.losses, 0.0)
            yield Row(**dict(zip(names, (*key, n, n_bad, *ratios, *sums), strict=True)))

        def close(self) -> None:
            pass

    return Learner()


def check_query(what: str, then: dict[str, Any], now: dict[str, Any]) -> None:
    """Refuse the state of a key that another query has learned."""
    try:
        for name in now:
            check_same(name if what == "columns" else f"{what}'s {name}", then.get(name), now[name])
    except ValueError as error:
        raise ValueError(
            f"the checkpoint belongs to another query, so start this one with a new one: {error}"
        ) from None


class Found(NamedTuple):
    """What a micro-batch had for a key: how many rows, bad rows and hits, and the losses of labels that were known."""

    rows: int
    bad_rows: int
    hits: int
    losses: list[float]


def without_key(rows: Any, on_bad: str) -> Found:
    """Refuse or count rows that have no key."""
    if on_bad == "raise":
        raise ValueError(f"a row has no key, and so no model: {shorten(next(iter(rows)).asDict())}")
    return Found(0, sum(1 for _ in rows), 0, [])


def learned(model: Any, key: Sequence[Any], pairs: Iterator[Any], on_bad: str) -> Found:
    """Have a model predict, then learn, each sample of its key; return what came of them."""
    scored: Scored = Scorer(model, skips=on_bad == "skip").score(PairChunk(enumerate(pairs), on_bad))
    if scored.error is not None:
        name = key[0] if len(key) == 1 else tuple(key)
        raise ValueError(f"row {scored.n_taken} of key {name!r} in this micro-batch: {scored.error}")
    losses = -np.log(np.clip(scored.p, CLIP, 1.0))
    hits = int(np.count_nonzero(scored.predicted == scored.true))
    return Found(len(scored), len(scored.bad), hits, losses[~np.isnan(losses)].tolist())


def ordered(rows: Any, target: str, order: str | None, features: Iterable[str]) -> Iterator[Any]:
    """Yield rows as pairs, by a column, and beyond that by all they hold, so that no bit hangs on the shuffle."""
    if order is not None:
        rows = [*rows]
        if any(is_missing(row[order]) for row in rows):
            raise ValueError(f"column {order!r}, by which the rows of a key are ordered, has a gap")
        rows.sort(key=lambda row: (row[order], repr(row)))
    for row in rows:
        yield {name: row[name] for name in features}, row[target]
