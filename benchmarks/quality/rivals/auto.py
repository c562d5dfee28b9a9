"""Ours: AutoSoftmaxRegression() on the features as they come."""

from __future__ import annotations

from score import plain

from online_softmax import AutoSoftmaxRegression

from . import HEAD


def runs(stream):
    rows = plain(stream.rows())
    yield "default", AutoSoftmaxRegression(), rows
    yield "head", AutoSoftmaxRegression(), rows[:HEAD]
