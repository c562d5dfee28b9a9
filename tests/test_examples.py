"""The examples run, and say what they promise."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
SAID = {
    "after_a_crash": "the first run was killed by signal 9\n",
    "dask_backfill": "one process learns the same bits: True\n",
    "dirty_and_endless": "100 broken events, the first after 17: feature 'size' is",
    "kafka_evaluate": "\n2,310 predictions were sent\n",
    "in_a_pipeline": "of 2,000 messages were told before they were learned\n",
    "river_in_practice": "ours has the score of river's in 13 of 13 cases\n",
    "spark_keyed": "one process learns the same bits: True\n",
    "spark_stream": "went on after 6,000 rows: True, no row twice\n",
}
ARGUMENTS = {"river_in_practice": ["200"]}  # rows


def test_every_example_is_here():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(SAID)


RESUMED = {"after_a_crash", "kafka_evaluate"}  # whose second and third lines are of a resumed run and a whole one
ENGINES = {"dask_backfill": "distributed", "spark_keyed": "pyspark", "spark_stream": "pyspark"}
EXAMPLE = [pytest.param(name, marks=[pytest.mark.cluster] if name in ENGINES else []) for name in SAID]


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLE)
def test_example_runs(name):
    if name in ENGINES:
        pytest.importorskip(ENGINES[name])
    if ENGINES.get(name) == "pyspark" and not shutil.which("java"):
        pytest.skip("Spark needs Java 17")
    command = [sys.executable, EXAMPLES / f"{name}.py", *ARGUMENTS.get(name, [])]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not done.stderr or ENGINES.get(name) == "pyspark"  # whose JVM says what it uses
    assert SAID[name] in done.stdout
    if name in RESUMED:
        resumed, whole = (line.split(":", 1)[1].strip() for line in done.stdout.splitlines()[1:3])
        assert resumed == whole
