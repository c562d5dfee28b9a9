"""river's Hoeffding adaptive tree, for context."""

from __future__ import annotations

from river.tree import HoeffdingAdaptiveTreeClassifier
from score import plain

from . import HEAD
from .uniform import Mixed


def runs(stream):
    yield "default", Mixed(HoeffdingAdaptiveTreeClassifier(seed=1)), plain(stream.rows()[:HEAD])
