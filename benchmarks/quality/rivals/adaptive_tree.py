"""river's Hoeffding adaptive tree, for context."""

from __future__ import annotations

from river.tree import HoeffdingAdaptiveTreeClassifier

from benchmarks.quality.rivals import HEAD
from benchmarks.quality.rivals.uniform import Mixed
from benchmarks.quality.score import plain


def runs(stream):
    yield "default", Mixed(HoeffdingAdaptiveTreeClassifier(seed=1)), plain(stream.rows()[:HEAD])
