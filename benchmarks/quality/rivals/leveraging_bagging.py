"""CapyMOA's Leveraging Bagging."""

from __future__ import annotations

from capymoa.classifier import LeveragingBagging

from benchmarks.quality.rivals.moa import MEMBERS, Moa
from benchmarks.quality.rivals.uniform import Mixed
from benchmarks.quality.score import plain


def runs(stream):
    rows = plain(stream.rows())
    yield (
        "default",
        Mixed(Moa(lambda schema: LeveragingBagging(schema, random_seed=1, ensemble_size=MEMBERS), rows)),
        rows,
    )
