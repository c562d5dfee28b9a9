"""scikit-learn's 200 extra trees, trained anew on all rows so far whenever they have grown by a tenth."""

from __future__ import annotations

from sklearn.ensemble import ExtraTreesClassifier

from benchmarks.quality.rivals.refitted import Refitted
from benchmarks.quality.score import plain


def model():
    return ExtraTreesClassifier(200, n_jobs=1, random_state=1)


def runs(stream):
    rows = plain(stream.rows())
    yield "default", Refitted(model, rows), rows
