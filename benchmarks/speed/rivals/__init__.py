"""One file a rival. Each has CALLS, the calls that it knows; `model(kind)`, a fresh model (SGD, Adam, its default,
its linear default, a pipeline with river's scaler, three that take records); `size(model)`, its bytes; and how much of
the generated streams it takes: ROOM, features x classes at most, and PASS, rows x classes of a pass at most."""

from __future__ import annotations

import importlib
from types import ModuleType

OURS, RIVER, NUMPY = RIVALS = "ours", "river_softmax", "numpy_softmax"


def rival(name: str) -> ModuleType:
    """The file of a rival."""
    return importlib.import_module(f"{__name__}.{name}")
