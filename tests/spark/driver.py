"""A driver in a process of its own, which can be killed: python -m tests.spark.driver MASTER FOLDER WHOM GUARD."""

from __future__ import annotations

import sys
from pathlib import Path

from online_softmax import AutoSoftmaxRegression
from online_softmax.spark import fit_stream, training
from tests.spark.rounds import KillingStore
from tests.spark.source import session

ROUNDS, SHARDS, ROWS = 6, 2, 300


def main(master, folder, whom, guard):
    """Learn all rounds, or die at the fourth; with GUARD "off", a micro-batch that comes again is learned again."""
    if guard == "off":
        training.is_replay = lambda commit, batch: False
    spark = session(master)
    store = KillingStore(Path(folder) / "store", whom, 4, Path(folder) / "killed")
    source = spark.readStream.format("rounds").options(rounds=ROUNDS, shards=SHARDS, rows=ROWS)
    query = fit_stream(source.load(), AutoSoftmaxRegression(), store, target="y", drop=["at", "user"])
    query.processAllAvailable()
    query.stop()
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
