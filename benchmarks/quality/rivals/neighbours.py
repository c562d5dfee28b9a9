"""river's nearest neighbours behind a scaler (raw on sparse streams, where a scaler erases ones), for context."""

from __future__ import annotations

from river.neighbors import SWINN, KNNClassifier
from river.preprocessing import StandardScaler

from benchmarks.quality.rivals import HEAD
from benchmarks.quality.rivals.uniform import Mixed
from benchmarks.quality.score import plain


def runs(stream):
    model = KNNClassifier(engine=SWINN(seed=1))
    yield "default", Mixed(model if stream.sparse else StandardScaler() | model), plain(stream.rows()[:HEAD])
