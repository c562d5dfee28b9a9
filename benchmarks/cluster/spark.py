"""What a round costs on Spark, on two cores: a session of `local[2,4]`, two shards.

python -m benchmarks.cluster.spark           # measure: some minutes; wants Java 17 and the extra `spark`
python -m benchmarks.cluster.spark --table   # print what was kept; with --check, status 1 if the target is missed
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Any

import numpy as np

from benchmarks import ROOT
from benchmarks.common.conditions import conditions, printed
from benchmarks.common.markdown import markdown
from benchmarks.common.results import keep, read
from online_softmax import AutoSoftmaxRegression, ModelStore, SoftmaxRegression

RESULTS = Path(__file__).with_name("spark.jsonl")
FEATURES, CLASSES, SHARDS = 50, 10, 2
WIDE = 250_000  # features of a model of 40 MB
MOST_SECONDS = 0.6  # of a round, after the first
TARGET = "SGD"


def wide() -> Any:
    """Make a model of 40 MB."""
    model = SoftmaxRegression()
    for c in range(20):
        model.learn_one(dict.fromkeys(range(WIDE), 1.0), c)
    return model


MODELS: dict[str, tuple[str, Callable[[], Any]]] = {
    "SGD": ("SGD", SoftmaxRegression),
    "auto-linear": (
        "`AutoSoftmaxRegression(interactions=False)`",
        lambda: AutoSoftmaxRegression(interactions=False),
    ),
    "auto": ("`AutoSoftmaxRegression()`", AutoSoftmaxRegression),
    "wide": ("SGD, 250,000 features x 20 classes", wide),
}
RUNS = {"SGD": (20_000, 30), "auto-linear": (20_000, 30), "auto": (20_000, 30), "wide": (20_000, 4)}  # rows, rounds


def session() -> Any:
    """Start Spark; its ports are on 127.0.0.1 alone."""
    from pyspark.sql import SparkSession

    python = dict.fromkeys(("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"), sys.executable)
    os.environ |= {**python, "SPARK_LOCAL_IP": "127.0.0.1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    settings = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "OFF"}
    settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    settings |= {"spark.driver.memory": "2g", "spark.sql.streaming.numRecentProgressUpdates": "1000"}
    return SparkSession.builder.master("local[2,4]").config(map=settings).getOrCreate()


def stream(spark: Any, folder: Path, rows: int, rounds: int) -> Any:
    """Write rounds of so many rows, a file a shard, and make a stream of them."""
    import pyarrow as pa
    from pyarrow import parquet

    rng = np.random.default_rng(0)
    centres = rng.normal(size=(FEATURES, CLASSES)) * 2 / np.sqrt(FEATURES)
    n = rows // SHARDS
    for number in range(rounds * SHARDS):
        X = rng.normal(size=(n, FEATURES))
        y = (X @ centres + rng.gumbel(size=(n, CLASSES))).argmax(axis=1)
        columns = {f"x{j}": X[:, j] for j in range(FEATURES)} | {"y": y}
        parquet.write_table(pa.table(columns), folder / f"{number:06d}.parquet")
    size = (folder / "000000.parquet").stat().st_size
    spark.conf.set("spark.sql.files.maxPartitionBytes", size * 5 // 4)  # so that each file is a partition
    schema = ", ".join(f"x{j} double" for j in range(FEATURES)) + ", y long"
    return spark.readStream.schema(schema).option("maxFilesPerTrigger", SHARDS).parquet(str(folder))


def measured(spark: Any, name: str, rows: int, rounds: int) -> dict[str, Any]:
    """Learn some rounds; return what each took."""
    from online_softmax.spark import fit_stream

    with tempfile.TemporaryDirectory() as folder:
        store, files = ModelStore(Path(folder, "store")), Path(folder, "files")
        files.mkdir()
        model = MODELS[name][1]()
        query = fit_stream(stream(spark, files, rows, rounds), model, store, target="y")
        until = monotonic() + 600
        while len(query.recentProgress) < rounds and query.isActive and monotonic() < until:
            sleep(0.05)
        progress = query.recentProgress[:rounds]
        query.stop()
        if error := query.exception():
            raise error
        took = [
            {"all": one["durationMs"]["triggerExecution"], "body": one["durationMs"]["addBatch"]} for one in progress
        ]
        data, log = store.newest(), store.load().log
        assert data is not None
        assert all((one.rows, one.updates) == (rows, SHARDS) for one in log)
        return {"rounds": took, "bytes": len(data[1])}


def table(lines: list[dict[str, Any]]) -> tuple[list[str], bool]:
    """What was measured, and whether the target is met."""
    found = {line["of"]: line for line in lines}

    def seconds(line: dict[str, Any], what: str) -> float:
        return median(one[what] for one in line["rounds"][1:]) / 1000

    header = ["model", "its file, MB", "first round, s", "a round, s", "the quickest, s", "Spark's logs, s"]
    rows = [
        [
            MODELS[name][0],
            f"{line['bytes'] / 1e6:.3g}",
            f"{line['rounds'][0]['all'] / 1000:.1f}",
            f"{seconds(line, 'all'):.2f}",
            f"{min(one['all'] for one in line['rounds']) / 1000:.2f}",
            f"{seconds(line, 'all') - seconds(line, 'body'):.2f}",
        ]
        for name, line in ((name, found[name]) for name in RUNS if name in found)
    ]
    met = seconds(found[TARGET], "all") <= MOST_SECONDS
    said = f"Target of the first row: {MOST_SECONDS} s a round after the first." + ("" if met else " Missed.")
    text = [
        f"Rounds of 20,000 rows x {FEATURES} features x {CLASSES} classes in {SHARDS} shards, in a session of "
        "`local[2,4]`, from Parquet. Medians of the rounds after the first. Others used the machine.",
        "",
        *markdown(header, rows, words=1),
        "",
        f"{said} {printed(line['conditions'] for line in lines)}",
    ]
    return text, met


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--only", choices=RUNS)
    options = parser.parse_args()
    if options.table:
        text, met = table(read(options.results))
        print("\n".join(text))
        sys.exit(options.check and not met)
    spark = session()
    for name in [options.only] if options.only else RUNS:
        where = conditions()
        line = {"of": name, **measured(spark, name, *RUNS[name]), "conditions": where}
        print(name, line["bytes"], line["rounds"], flush=True)
        keep(options.results, [line], "of")
    spark.stop()


if __name__ == "__main__":
    main()
