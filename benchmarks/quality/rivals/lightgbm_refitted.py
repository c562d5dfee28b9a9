"""LightGBM as it comes, on one thread, trained anew on all rows so far whenever they have grown by a tenth."""

from __future__ import annotations

from lightgbm import LGBMClassifier

from benchmarks.quality.rivals.refitted import Refitted
from benchmarks.quality.score import plain


def model():
    return LGBMClassifier(n_jobs=1, random_state=1, deterministic=True, force_col_wise=True, verbose=-1)


def runs(stream):
    rows = plain(stream.rows())
    yield "default", Refitted(model, rows), rows
