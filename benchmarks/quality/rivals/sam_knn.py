"""CapyMOA's nearest neighbours with a self-adjusting memory, on the features as they come and behind a scaler."""

from __future__ import annotations

from capymoa.classifier import SAMkNN

from benchmarks.quality.rivals.moa import Moa
from benchmarks.quality.rivals.softmax_grid import scaled
from benchmarks.quality.score import plain


def runs(stream):
    rows = stream.rows()
    inputs = {"raw": plain(rows), "scaled": list(scaled(rows))}
    for setting, triples in inputs.items():
        yield setting, Moa(SAMkNN, triples), triples
