"""Rounds: their rows, what one process makes of them, and what kills a query on its way through them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from online_softmax import ModelStore
from online_softmax.models.saving import to_bytes
from online_softmax.rounds import Commit, after_round, learn_shard
from online_softmax.streams import open_stream

PANDAS = "ignore:PySpark does not yet fully support pandas:FutureWarning"
MARKS = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.filterwarnings(PANDAS)]


class QueryError(Exception):
    """What a query has died of."""


def done(query):
    """Wait until a query has taken all there is, and end it."""
    from pyspark.errors import StreamingQueryException

    try:
        query.processAllAvailable()
    except StreamingQueryException as error:
        raise QueryError(str(error)) from None
    finally:
        query.stop()


def rows_of(number, shard, n):
    """Return the rows of a shard in a round: the same ones whenever they are asked for."""
    rng = np.random.default_rng([number, shard])
    y = rng.integers(0, 3, n)
    columns = {
        "at": 1000 * number + 10 * np.arange(n) + shard,
        "user": pa.array([f"u{i}" for i in rng.integers(0, 7, n)], pa.string()),
        "x0": rng.normal(size=n) + y,
        "x1": rng.normal(size=n) - y,
        "word": pa.array(rng.choice(["1", "2", "red"], n), pa.string()),
        "y": pa.array([f"c{i}" for i in y], pa.string()),
    }
    return pa.RecordBatch.from_pydict(columns)


def serial(model, n, shards=2, rows=100, **reading):
    """Return the commit after n rounds in this process."""
    reading = {"target": "y", "text_columns": ["word"], "drop": ["at", "user"], **reading}
    commit = Commit(model)
    for number in range(n):
        base = to_bytes(commit.model)
        streams = (open_stream(rows_of(number, shard, rows), **reading) for shard in range(shards))
        updates = [learn_shard(base, shard, stream) for shard, stream in enumerate(streams)]
        commit = after_round(commit, updates, {"batch": number})
    return commit


def parent(pid):
    """Return the process that has started another."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


class KillingStore(ModelStore):
    """A store that kills, once, whoever reads or commits a version: what runs a task, or the driver and its JVM."""

    def __init__(self, url, whom, version, marker):
        super().__init__(url)
        self.whom, self.at, self.marker = whom, version, str(marker)

    def newest(self):
        """Return the newest commit; in a task, perhaps not."""
        found = super().newest()
        from pyspark import TaskContext

        if TaskContext.get() is not None and self.whom != "driver" and found is not None and found[0] == self.at:
            self.kill()
        return found

    def commit(self, commit):
        """Keep a commit, and perhaps do nothing any more."""
        super().commit(commit)
        if self.whom == "driver" and commit.version == self.at:
            self.kill()

    def kill(self):
        """Kill, but for the second time."""
        try:
            Path(self.marker).touch(exist_ok=False)
        except FileExistsError:
            return
        worker = os.getpid()
        executor = parent(parent(worker))  # the JVM; between them is what forks the workers
        if self.whom == "driver":
            from pyspark import SparkContext

            victims = [SparkContext._gateway.proc.pid, worker]
        else:
            victims = {"worker": [worker], "executor": [executor], "machine": [parent(executor), executor]}[self.whom]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
