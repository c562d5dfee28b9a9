"""CapyMOA's Streaming Random Patches."""

from __future__ import annotations

from capymoa.classifier import StreamingRandomPatches

from benchmarks.quality.rivals.moa import MEMBERS, Moa
from benchmarks.quality.rivals.uniform import Mixed
from benchmarks.quality.score import plain


def runs(stream):
    rows = plain(stream.rows())
    yield (
        "default",
        Mixed(Moa(lambda schema: StreamingRandomPatches(schema, random_seed=1, ensemble_size=MEMBERS), rows)),
        rows,
    )
