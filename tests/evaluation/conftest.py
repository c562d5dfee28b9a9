"""What the tests of evaluation share: a table, and a run that is stopped as if it was killed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from river import base

from online_softmax import progressive_validation


class StopError(Exception):
    """The end of a run, from outside."""


def stopping_at(n):
    def progress(row, *, mark, fraction):
        if row.n_samples >= n:
            raise StopError

    return progress


def stopped_run(source, model, path, at, **options):
    """Run until about the given row, as if killed there."""
    with pytest.raises(StopError):
        progressive_validation(source, model, checkpoint=path, progress=stopping_at(at), **options)


@pytest.fixture(scope="session")
def stopped():
    """Give the function that runs until about the given row."""
    return stopped_run


class Last(base.Classifier):
    """Says the last label again, and gives no probabilities."""

    label = None

    def learn_one(self, x, y):
        self.label = y

    def predict_one(self, x):
        return self.label


@pytest.fixture
def last():
    """Give a model without probabilities."""
    return Last()


@pytest.fixture
def table(tmp_path):
    """Give a table of 3,000 rows, of numbers and words."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=3000), "b": rng.choice(["x", "y", "z"], 3000), "c": rng.random(3000)})
    frame["y"] = rng.choice(["u", "v", "w"], 3000)
    path = tmp_path / "table.csv"
    frame.to_csv(path, index=False)
    return path
