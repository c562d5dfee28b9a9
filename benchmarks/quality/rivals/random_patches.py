"""CapyMOA's Streaming Random Patches."""

from __future__ import annotations

from capymoa.classifier import StreamingRandomPatches

from benchmarks.quality.rivals.moa import MEMBERS, Moa
from benchmarks.quality.score import plain


def model(schema):
    return StreamingRandomPatches(schema, random_seed=1, ensemble_size=MEMBERS)


def runs(stream):
    rows = plain(stream.rows())
    yield "default", Moa(model, rows), rows
