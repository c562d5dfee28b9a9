"""A source of rounds that can be read again, and a session that knows it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql.datasource import DataSource, DataSourceStreamReader, InputPartition

from tests.spark.rounds import rows_of

ROOT = Path(__file__).parents[2]
SCHEMA = "at long, user string, x0 double, x1 double, word string, y string"
QUIET = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.executor.memory": "512m",
    "spark.sql.shuffle.partitions": "2",
    "spark.log.level": "OFF",
    "spark.python.authenticate.socketTimeout": "120s",  # a machine that has much to do takes its time
}


def session(master, **others):
    """Return a session whose ports are all on 127.0.0.1, and whose workers are this Python."""
    os.environ |= dict.fromkeys(("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"), sys.executable)
    os.environ |= {"SPARK_LOCAL_IP": "127.0.0.1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    os.environ |= {"PYTHONPATH": str(ROOT)}
    builder = SparkSession.builder.master(master)
    for name, value in {**QUIET, **others}.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.dataSource.register(Rounds)
    return spark


class Rounds(DataSource):
    """A source whose offset is the number of a round; each micro-batch is the next one.

    Options: `rounds` until it ends; `shards`, its partitions; `rows` in each of them; `empty`, the shards `round,shard`
    that have none; `gaps`, the cells `round,shard,row,column` that are null.
    """

    @classmethod
    def name(cls):
        """Return what the source is called."""
        return "rounds"

    def schema(self):
        """Return the columns."""
        return SCHEMA

    def streamReader(self, schema):  # noqa: N802
        """Return what reads them."""
        return Reader({name: int(self.options[name]) for name in ("rounds", "shards", "rows")}, self.options)


class Part(InputPartition):
    """The rows of one shard in some rounds."""

    def __init__(self, start, end, shard):
        self.start, self.end, self.shard = start, end, shard


class Reader(DataSourceStreamReader):
    """The stream of rounds."""

    def __init__(self, counts, options):
        self.counts, self.empty = counts, options.get("empty", "").split()
        self.gaps = [line.split(",") for line in options.get("gaps", "").split()]

    def initialOffset(self):  # noqa: N802
        """Return where it begins."""
        return {"round": 0}

    def latestOffset(self, start, limit):  # noqa: N802
        """Return where the next micro-batch ends."""
        return {"round": min(self.counts["rounds"], start["round"] + 1)}

    def partitions(self, start, end):
        """Return the shards of a micro-batch."""
        return [Part(start["round"], end["round"], shard) for shard in range(self.counts["shards"])]

    def read(self, partition):
        """Yield the rows of a shard."""
        for number in range(partition.start, partition.end):
            if f"{number},{partition.shard}" in self.empty:
                continue
            batch = rows_of(number, partition.shard, self.counts["rows"])
            rows = batch.to_pylist()
            for where, shard, row, column in self.gaps:
                if (int(where), int(shard)) == (number, partition.shard):
                    rows[int(row)][column] = None
            yield pa.RecordBatch.from_pylist(rows, batch.schema)
