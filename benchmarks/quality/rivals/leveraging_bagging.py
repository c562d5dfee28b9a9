"""CapyMOA's Leveraging Bagging."""

from __future__ import annotations

from capymoa.classifier import LeveragingBagging

from benchmarks.quality.rivals.moa import MEMBERS, Moa
from benchmarks.quality.score import plain


def model(schema):
    return LeveragingBagging(schema, random_seed=1, ensemble_size=MEMBERS)


def runs(stream):
    rows = plain(stream.rows())
    yield "default", Moa(model, rows), rows
