"""Predicting: a stream, scored by the newest model of a store."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

import numpy as np

from online_softmax.checks import check_on_bad
from online_softmax.models import saving
from online_softmax.models.scaled import native
from online_softmax.rounds import ModelStore
from online_softmax.spark.columns import check_columns, check_kinds, check_streaming, feature_names, reading_of
from online_softmax.spark.engine import pyspark_sql
from online_softmax.streams import open_stream

LABELS: dict[type, str] = {bool: "boolean", int: "bigint", float: "double", str: "string"}  # Spark's types of them

# Of each store that this process has predicted by: the stamp of its newest commit, and its number and model.
_newest: dict[str, tuple[tuple[int, str], tuple[int, Any]]] = {}


def predict_stream(
    stream_df: Any,
    store: ModelStore | str | os.PathLike[str],
    *,
    features: Sequence[str] | None = None,
    label_type: str | None = None,
    on_bad: str = "raise",
    **reading: Any,
) -> Any:
    """Predict a stream by the newest model of a store, which is looked up anew for each micro-batch.

    Parameters
    ----------
    stream_df
        A streaming DataFrame.
    store
        A `ModelStore`, or its directory or URL, which the executors must reach.
    features
        The feature columns; without it those that `fit_stream` learned from, or all, if the store does not tell.
    label_type
        Spark's type of the predictions, such as "string" or "bigint"; without it, that of the classes in the store.
    on_bad
        What becomes of a row that cannot be read: "raise", which ends the query; or "skip", by which it has no
        prediction.
    **reading
        How columns are read otherwise, as for `fit_stream`; the same as there.

    Returns
    -------
    predictions
        A streaming DataFrame of the same columns, and after them `prediction`, the most probable label;
        `probabilities`, a map from label to probability; and `model_version`, the number of the commit in the store.
        Before the first commit, prediction and probabilities are null.

    Raises
    ------
    StoreError
        If the store is empty or cannot be read; an empty one is taken if `features` and `label_type` are told.
    ValueError
        If a column is missing, or of a type that is no feature, or not what the model knows.

    Examples
    --------
    >>> from online_softmax.spark import predict_stream
    >>> scored = predict_stream(events, "s3://bucket/model")  # doctest: +SKIP
    >>> query = scored.writeStream.format("console").start()  # doctest: +SKIP

    """
    types = pyspark_sql().types
    check_streaming(stream_df, "predict_stream")
    check_on_bad(on_bad)
    store = store if isinstance(store, ModelStore) else ModelStore(store)
    model = None
    if store.version() or features is None or label_type is None:
        commit = store.load()
        model = commit.model
        columns, target = commit.run.get("columns"), commit.run.get("target")
        if features is None and columns is not None:
            features = [name for name in columns if name != target and name in stream_df.columns]
        label_type = _label_type(store, native(model).classes) if label_type is None else label_type  # type: ignore[union-attr]
    names = feature_names(stream_df.columns, (), features)
    if taken := [name for name in stream_df.columns if name in ("prediction", "probabilities", "model_version")]:
        raise ValueError(f"the stream has a column {taken[0]!r} already, which the predictions are to have: rename it")
    check_columns(stream_df, names)
    read = reading_of(stream_df, model, features=names, on_bad=on_bad, labelled=False, **reading)
    check_kinds(stream_df.select(*names), None, model, read)
    schema = types.StructType([*stream_df.schema.fields])
    label = types._parse_datatype_string(label_type)
    schema = schema.add("prediction", label).add("probabilities", types.MapType(label, types.DoubleType()))
    schema = schema.add("model_version", "long", False)
    return stream_df.mapInArrow(_task(store, read, schema), schema)


def _label_type(store: ModelStore, classes: Sequence[Hashable]) -> str:
    """Return Spark's type of labels."""
    kinds = {type(label) for label in classes}
    if len(kinds) != 1 or not kinds <= LABELS.keys():
        raise ValueError(
            f"the classes in the store {store} are of no one type that Spark has: say label_type='string', or so"
        )
    return LABELS[kinds.pop()]


def _model_of(store: ModelStore) -> tuple[int, Any]:
    """Return number and model of the newest commit; it is read only if the process has not read it yet."""
    stamp, (known, found) = store.stamp(), _newest.get(store.url, (None, (0, None)))
    if stamp is not None and stamp == known:
        return found
    if stamp is None or (newest := store.newest()) is None:
        return 0, None
    version, data = newest
    found = version, native(saving.from_bytes(data))
    _newest[store.url] = stamp, found
    return found


def _task(store: ModelStore, reading: dict[str, Any], schema: Any) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Return what an executor does with a partition: predict it by the newest model."""

    def predict(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa
        from pyspark.sql.pandas.types import to_arrow_schema

        arrow = to_arrow_schema(schema, timezone="UTC")
        label, chances, _ = (arrow.field(i).type for i in range(len(arrow) - 3, len(arrow)))
        version, model = _model_of(store)
        for batch in batches:
            n = batch.num_rows
            starts = np.zeros(n + 1, np.int32)
            predicted, keys, values = pa.nulls(n, label), pa.array([], label), pa.array([], pa.float64())
            is_bad = np.ones(n, np.bool_)
            if model is not None and model.classes and n:
                at, P, classes = _probabilities(model, batch, reading)
                labels = pa.array(_as_spark_has(classes, pa.types.is_string(label)), label)
                best = np.zeros(n, np.int64)
                is_bad[at], best[at] = False, P.argmax(axis=1)
                predicted = labels.take(pa.array(best, mask=is_bad))
                starts[1:] = np.cumsum(~is_bad) * len(classes)
                keys = labels.take(pa.array(np.tile(np.arange(len(classes)), len(at))))
                values = pa.array(P.ravel())
            offsets = pa.array(starts, pa.int32(), mask=np.append(is_bad, False))
            columns = [*batch.columns, predicted, pa.MapArray.from_arrays(offsets, keys, values).cast(chances)]
            yield pa.RecordBatch.from_arrays([*columns, pa.array(np.full(n, version))], schema=arrow)

    return predict


def _as_spark_has(classes: list[Hashable], as_text: bool) -> list[Hashable]:
    texts = [str(label) for label in classes]
    if as_text and len({*texts}) < len(texts):
        raise ValueError(f"the labels {classes!r} have equal texts: say another label_type than 'string'")
    return list(texts) if as_text else classes


def _probabilities(model: Any, batch: Any, reading: dict[str, Any]) -> tuple[Any, Any, list[Hashable]]:
    """Return which rows of a batch could be read, the probabilities of each, and the labels of the classes."""
    places, found, classes = [], [], list[Hashable]()
    first = 0
    for chunk in open_stream(batch, **reading):
        P, classes = model.predict_rows(chunk.rows)
        places.append(first + chunk.places())
        found.append(P)
        first += len(chunk)
    return np.concatenate(places), np.concatenate(found), classes
