"""Columns: whether those of a source are what a model has learned from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from online_softmax.scaling import scaled_model
from online_softmax.streams import Chunks


def check_columns(stream: Chunks, model: Any, file: Path) -> None:
    """Refuse columns that a model in a file knows as something else, or of which it knows none.

    Which features a text holds is not known before it is read, and hashed names are not known at all: these pass.
    """
    _, model = scaled_model(model) or (None, model)
    if model.hash_bits is not None or not stream.features or not model.features:
        return
    known = set(model.features)
    words = {str(name).partition("=")[0] for name in known if "=" in str(name)}
    for name in stream.features:
        if name in stream.words and name in known:
            raise ValueError(f"column {name!r} holds strings, and the model in {file} knows it as numbers")
        if name not in stream.words and name not in known and str(name) in words:
            raise ValueError(f"column {name!r} holds numbers, and the model in {file} knows it as strings")
    if not any(name in known or str(name) in words for name in stream.features):
        shown = ", ".join(map(str, stream.features[:5]))
        raise ValueError(f"the model in {file} knows none of the columns {shown}{' ..' * (len(stream.features) > 5)}")
