"""Columns: what a streaming DataFrame has for a model, checked before the first row comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from online_softmax.streams import open_stream
from online_softmax.streams.known import Known
from online_softmax.streams.stream import RowStream
from online_softmax.streams.tables import refuse_labels

# The types of text, and those that are no keys, as Spark calls them.
TEXT = ("string", "char", "varchar")
NO_KEYS = ("array", "map", "struct", "variant")


def check_streaming(stream_df: Any, what: str) -> None:
    """Refuse what is no streaming DataFrame."""
    if not hasattr(stream_df, "isStreaming"):
        raise TypeError(f"{what} takes a streaming DataFrame of Spark, not {type(stream_df).__name__!r}")
    if not stream_df.isStreaming:
        raise ValueError(f"{what} takes a streaming DataFrame, and this one is none: make it by spark.readStream")


def check_columns(stream_df: Any, names: Sequence[str]) -> None:
    """Refuse names that are no columns, or are so more than once, and columns that are to be two things."""
    columns = stream_df.columns
    for name, n_named in Counter(names).items():
        if not isinstance(name, str):
            raise TypeError(f"a column is named by a string, not {name!r}")
        if n_named > 1:
            raise ValueError(
                f"column {name!r} is named {n_named} times: it is either the label, of the key, the order, the weight, "
                "a feature, or dropped"
            )
        if (n := columns.count(name)) != 1:
            raise ValueError(f"the stream has {n or 'no'} columns {name!r}; it has {', '.join(map(repr, columns))}")


def reading_of(
    stream_df: Any,
    model: Any,
    *,
    features: Sequence[str],
    number_columns: Collection[str] = (),
    label_type: str = "auto",
    **others: Any,
) -> dict[str, Any]:
    """Return how `open_stream` reads any part of a stream alike, since no column's kind hangs on its values.

    A column of text is one of strings, unless it is among `number_columns`.
    """
    texts = {field.name for field in stream_df.schema.fields if field.dataType.typeName() in TEXT}
    return {
        **others,
        "features": list(features),
        "text_columns": [name for name in features if name in texts and name not in number_columns],
        "number_columns": list(number_columns),
        "label_type": Known.of(model).label_type_of(label_type),
    }


def check_kinds(stream_df: Any, target: str | None, model: Any, reading: dict[str, Any]) -> RowStream:
    """Refuse columns that are no features or no labels, or not what the model knows; return a stream without rows."""
    import pyarrow as pa
    from pyspark.sql.pandas.types import to_arrow_schema

    schema = to_arrow_schema(stream_df.schema, timezone="UTC")
    if target is not None and pa.types.is_temporal(kind := schema.field(target).type):
        refuse_labels(target, f"{kind} values")  # no model file holds them
    stream = open_stream(schema.empty_table(), target, model=model, **reading)
    assert isinstance(stream, RowStream)
    return stream


def check_keys(stream_df: Any, names: Sequence[str]) -> None:
    """Refuse columns whose values are no keys."""
    for name in names:
        if (kind := stream_df.schema[name].dataType.typeName()) in NO_KEYS:
            raise ValueError(f"column {name!r} holds values of type {kind}, which are no keys: name what is in them")


def feature_names(columns: Sequence[str], others: Collection[str], features: Sequence[str] | None) -> list[str]:
    """Return the columns that are features: those named, or all but the others."""
    if isinstance(features, str):
        raise TypeError(f"features are several columns, a list of names, not {features!r}")
    names = [name for name in columns if name not in others] if features is None else [*features]
    if taken := [name for name in names if name in others]:
        raise ValueError(f"column {taken[0]!r} is the label, the key or the order, and so no feature")
    return names
