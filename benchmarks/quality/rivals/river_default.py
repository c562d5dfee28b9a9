"""What river's documentation starts with: StandardScaler() | SoftmaxRegression()."""

from __future__ import annotations

from river.linear_model import SoftmaxRegression
from river.preprocessing import StandardScaler

from benchmarks.quality.score import plain


def runs(stream):
    yield "default", StandardScaler() | SoftmaxRegression(), plain(stream.rows())
