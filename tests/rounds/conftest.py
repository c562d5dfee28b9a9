"""What the tests of rounds share: a table, a store of some rounds, and what a model has learned."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from online_softmax import ModelStore, SoftmaxRegression, open_stream
from online_softmax.models.saving import to_bytes
from online_softmax.rounds import after_round, learn_shard

RUN = {"engine": "tests", "shards": 2}


@pytest.fixture(scope="session")
def frame():
    """Give 400 rows of numbers and words, of four classes, the last of which come late."""
    rng = np.random.default_rng(3)
    y = rng.integers(0, 4, 400)
    y[:200] %= 3
    x = rng.normal(size=(400, 3)) + y[:, None]
    columns = {f"x{i}": x[:, i] for i in range(3)}
    return pd.DataFrame({**columns, "kind": rng.choice(["a", "b"], 400), "y": np.array(list("uvwz"))[y]})


def rounds_of(commit, frame, n, shards=2):
    """Return the commit after each two parts of n rows, one by one."""
    for start in range(0, len(frame), shards * n):
        base = to_bytes(commit.model)
        parts = (frame.iloc[start + n * k : start + n * (k + 1)] for k in range(shards))
        updates = [learn_shard(base, k, open_stream(part, "y")) for k, part in enumerate(parts)]
        commit = after_round(commit, updates, start + shards * n, 0.5)
        yield commit


@pytest.fixture
def store(tmp_path, frame):
    """Give a store of four commits."""
    store = ModelStore(tmp_path / "store")
    for commit in rounds_of(store.open(SoftmaxRegression(), RUN), frame, 50):
        store.commit(commit)
    return store
