"""CapyMOA's Adaptive Random Forest."""

from __future__ import annotations

from capymoa.classifier import AdaptiveRandomForestClassifier

from benchmarks.quality.rivals.moa import MEMBERS, Moa
from benchmarks.quality.score import plain


def model(schema):
    return AdaptiveRandomForestClassifier(schema, random_seed=1, ensemble_size=MEMBERS)


def runs(stream):
    rows = plain(stream.rows())
    yield "default", Moa(model, rows), rows
