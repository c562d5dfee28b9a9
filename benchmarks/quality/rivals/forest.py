"""river's adaptive random forest, for context."""

from __future__ import annotations

from river.forest import ARFClassifier

from benchmarks.quality.rivals import HEAD
from benchmarks.quality.rivals.uniform import Mixed
from benchmarks.quality.score import plain


def runs(stream):
    yield "default", Mixed(ARFClassifier(seed=1)), plain(stream.rows()[:HEAD])
