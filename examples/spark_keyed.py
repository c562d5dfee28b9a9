"""A model a user on Spark: python examples/spark_keyed.py (wants Java 17 and the extra `spark`).

Each user has a taste of their own, and a small model that learns it, in Spark's own keyed state: exactly once, whatever
dies, and forgotten when the user has been away for a day. The models are read back from the query's checkpoint, and
have the bits of a dictionary of models in one process. Here Spark counts numbers and makes events of them.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from datetime import timedelta
from typing import Any

from pyspark.sql import SparkSession

from online_softmax import SoftmaxRegression
from online_softmax.models.saving import to_bytes
from online_softmax.spark import KeyedModels, fit_keyed

ROWS = 1000  # a micro-batch


def events(numbers: Any) -> Any:
    """Make events of numbers: what a user bought at an hour; user 1 is the opposite of user 0."""
    rows = numbers.selectExpr("value at", "value % 5 user", "(hash(value) % 1000) / 1000 evening")
    return rows.selectExpr("*", "if((evening > 0.2) = (user % 2 = 0), 'tea', 'coffee') bought")


def main() -> None:
    os.environ["PYSPARK_PYTHON"] = sys.executable  # the workers' Python: this one, which has all that they need
    settings = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "OFF"}
    settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    settings |= {"spark.sql.shuffle.partitions": "2"}
    spark = SparkSession.builder.master("local[2,4]").config(map=settings).getOrCreate()  # tries a task four times
    numbers = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", ROWS).option("numPartitions", 2).load()
    with tempfile.TemporaryDirectory() as checkpoint:
        figures = fit_keyed(
            events(numbers),
            "user",
            SoftmaxRegression(),
            target="bought",
            features=["evening"],
            order="at",
            time_to_live=timedelta(days=1),
        )
        writer = figures.writeStream.outputMode("update").format("memory").queryName("figures")
        query = writer.option("checkpointLocation", checkpoint).start()
        while query.isActive and len(query.recentProgress) < 3:
            time.sleep(0.1)
        query.stop()
        if error := query.exception():
            raise error

        models = KeyedModels(spark, checkpoint)
        for row in models.figures().orderBy("user").collect():
            print(f"user {row.user}: {row.n_samples} events, log loss {row.log_loss:.3f}, accuracy {row.accuracy:.0%}")
        (over_all,) = models.over_all().collect()
        print(f"all {over_all.n_keys}: {over_all.n_samples:,} events, accuracy {over_all.accuracy:.0%}")

        alone: dict[int, SoftmaxRegression] = {}
        for row in events(spark.range(over_all.n_samples).toDF("value")).orderBy("at").collect():
            alone.setdefault(row.user, SoftmaxRegression()).learn_one({"evening": row.evening}, row.bought)
        same = all(to_bytes(models[user]) == to_bytes(model) for user, model in alone.items())
        print(f"one process learns the same bits: {same}")
    spark.stop()


if __name__ == "__main__":
    main()
