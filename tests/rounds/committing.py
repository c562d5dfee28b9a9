"""A process that commits to a store for as long as it lives."""

from __future__ import annotations

from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from online_softmax import ModelStore, SoftmaxRegression


def commit_until_killed(folder: Path, opened: Connection) -> None:
    store = ModelStore(folder)
    commit = store.open(SoftmaxRegression(), {})
    opened.send(True)
    while True:
        n = commit.version + 1
        commit.model.learn_one({f"x{n % 50}": 1.0}, n % 3)
        commit = replace(commit, version=n, place=n)
        store.commit(commit)
