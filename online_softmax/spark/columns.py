"""Columns: what a streaming DataFrame has for a model, checked before the first row comes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from online_softmax.streams import open_stream
from online_softmax.streams.known import Known
from online_softmax.streams.stream import RowStream

TEXT = ("string", "char", "varchar")  # the types of text, as Spark calls them


def check_streaming(stream_df: Any, what: str) -> None:
    """Refuse what is no streaming DataFrame."""
    if not hasattr(stream_df, "isStreaming"):
        raise TypeError(f"{what} takes a streaming DataFrame of Spark, not {type(stream_df).__name__!r}")
    if not stream_df.isStreaming:
        raise ValueError(f"{what} takes a streaming DataFrame, and this one is none: make it by spark.readStream")


def check_columns(stream_df: Any, names: Sequence[str]) -> None:
    """Refuse names that are no columns, or are so more than once."""
    columns = stream_df.columns
    for name in names:
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
    from pyspark.sql.pandas.types import to_arrow_schema

    stream = open_stream(
        to_arrow_schema(stream_df.schema, timezone="UTC").empty_table(), target, model=model, **reading
    )
    assert isinstance(stream, RowStream)
    return stream


def feature_names(columns: Sequence[str], others: Collection[str], features: Sequence[str] | None) -> list[str]:
    """Return the columns that are features: those named, or all but the others."""
    names = [name for name in columns if name not in others] if features is None else [*features]
    if taken := [name for name in names if name in others]:
        raise ValueError(f"column {taken[0]!r} is the label, the key or the order, and so no feature")
    return names
