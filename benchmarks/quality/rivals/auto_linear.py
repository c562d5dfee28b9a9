"""Ours without the non-linear experts: AutoSoftmaxRegression(interactions=False) on the features as they come."""

from __future__ import annotations

from benchmarks.quality.rivals import HEAD
from benchmarks.quality.score import plain
from online_softmax import AutoSoftmaxRegression


def runs(stream):
    rows = plain(stream.rows())
    yield "default", AutoSoftmaxRegression(interactions=False), rows
    yield "head", AutoSoftmaxRegression(interactions=False), rows[:HEAD]
