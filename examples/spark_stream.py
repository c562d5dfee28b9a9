"""A stream learned and predicted on Spark: python examples/spark_stream.py (wants Java 17 and the extra `spark`).

Each micro-batch is a round: every partition of the source learns its rows from the newest model, the models are merged,
and the merged one is committed to a store. The query is stopped on the way and started again: it goes on from there, as
it would after a crash. Another stream is predicted by the newest model of the same store. Here Spark counts numbers and
makes events of them; with Kafka the first line of `events` would begin with spark.readStream.format("kafka") instead.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from typing import Any

from pyspark.sql import SparkSession

from online_softmax import AutoSoftmaxRegression, ModelStore
from online_softmax.spark import fit_stream, predict_stream


def events(spark: SparkSession) -> Any:
    """Make a stream of 2,000 events a micro-batch, in two partitions, whose kind hangs on size and colour."""
    numbers = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 2000).option("numPartitions", 2).load()
    rows = numbers.selectExpr("value", "(hash(value) % 1000) / 500 size", "if(value % 3 = 0, 'red', 'blue') colour")
    noisy = "size + (hash(value, 1) % 1000) / 4000"
    return rows.selectExpr(
        "*", f"case when {noisy} > 0.5 then 'large' when colour = 'red' then 'rose' else 'other' end kind"
    )


def learn(stream: Any, store: ModelStore, until: int) -> None:
    query = fit_stream(stream, AutoSoftmaxRegression(), store, target="kind", features=["size", "colour"])
    while store.version() < until and query.isActive:
        time.sleep(0.1)
    query.stop()
    if error := query.exception():
        raise error


def main() -> None:
    os.environ["PYSPARK_PYTHON"] = sys.executable  # the workers' Python: this one, which has all that they need
    settings = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "OFF"}
    settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    spark = SparkSession.builder.master("local[2,4]").config(map=settings).getOrCreate()  # tries a task four times
    with tempfile.TemporaryDirectory() as folder:
        store = ModelStore(folder)
        learn(events(spark), store, until=3)
        stopped = store.load().total.rows
        learn(events(spark), store, until=6)
        for number, found in enumerate(store.load().log):
            served, own = found.served_log_loss, found.own_log_loss
            print(f"round {number}: {found.rows:,} rows, log loss {served:.3f} served, {own:.3f} own")
        total = store.load().total
        print(f"went on after {stopped:,} rows: {total.rows == 2000 * total.rounds}, no row twice")

        scored = predict_stream(events(spark), store)
        query = scored.writeStream.format("memory").queryName("scored").start()
        while not spark.table("scored").head(1):
            time.sleep(0.1)
        query.stop()
        right, version = spark.sql("select avg(int(prediction = kind)), max(model_version) from scored").head()
        print(f"model {version} is right on {right:.0%} of a new stream")
    spark.stop()


if __name__ == "__main__":
    main()
