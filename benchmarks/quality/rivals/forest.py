"""river's adaptive random forest, for context."""

from __future__ import annotations

from river.forest import ARFClassifier
from score import plain

from . import HEAD
from .uniform import Mixed


def runs(stream):
    yield "default", Mixed(ARFClassifier(seed=1)), plain(stream.rows()[:HEAD])
