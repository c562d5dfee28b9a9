"""Whatever is killed, every row is learned once, with the same bits: executors, machines, and the driver."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from online_softmax import AutoSoftmaxRegression, ModelStore
from online_softmax.models.saving import to_bytes
from tests.spark.driver import ROUNDS, ROWS, SHARDS
from tests.spark.rounds import MARKS, serial

pyspark = pytest.importorskip("pyspark", reason="Spark needs pyspark, which `make test-cluster` installs")
pytestmark = [*MARKS, pytest.mark.skipif(not shutil.which("java"), reason="Spark needs Java 17")]
ROOT = Path(__file__).parents[2]
KILLED = -signal.SIGKILL


@pytest.fixture(scope="module")
def wanted():
    """Give the commit that one process makes of all rounds."""
    return serial(AutoSoftmaxRegression(), ROUNDS, SHARDS, ROWS)


@pytest.fixture
def master(tmp_path):
    """Give the URL of a master with two workers, all on 127.0.0.1."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url, deploy = f"spark://127.0.0.1:{port}", "org.apache.spark.deploy"
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m"}
    environment |= {"SPARK_DAEMON_JAVA_OPTS": "-Dspark.master.rest.enabled=false", "PYTHONPATH": str(ROOT)}
    environment |= {"SPARK_HOME": str(Path(pyspark.__file__).parent), "PYSPARK_PYTHON": sys.executable}
    worker = ["worker.Worker", "--host", "127.0.0.1", "--cores", "1", "--memory", "600m", "--webui-port", "0", url]
    daemons = [
        ["master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0"],
        *([*worker, "--work-dir", str(tmp_path / f"work{i}")] for i in range(2)),
    ]
    program = str(Path(pyspark.__file__).parent / "bin" / "spark-class")
    started = []
    with open(tmp_path / "daemons.log", "w") as log:
        for kind, *arguments in daemons:
            command = [program, f"{deploy}.{kind}", *arguments]
            started.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
        yield url
        for daemon in reversed(started):
            with suppress(ProcessLookupError):
                daemon.terminate()
            daemon.wait(30)


def drive(master, folder, whom, guard="on"):
    """Run a driver; return how it ended."""
    command = [sys.executable, "-m", "tests.spark.driver", master, str(folder), whom, guard]
    with open(folder / "driver.log", "a") as log:
        return subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, timeout=300).returncode


def assert_same(store, wanted):
    found = store.load()
    assert (found.version, found.total.rows) == (ROUNDS, ROUNDS * SHARDS * ROWS)
    assert to_bytes(found.model) == to_bytes(wanted.model)
    assert [one.served_loss for one in found.log] == [one.served_loss for one in wanted.log]


@pytest.mark.parametrize("whom", ["executor", "machine"])
def test_killed_executor_and_machine_change_no_bit(master, tmp_path, wanted, whom):
    assert drive(master, tmp_path, whom) == 0, (tmp_path / "driver.log").read_text()[-3000:]
    assert (tmp_path / "killed").exists()
    assert_same(ModelStore(tmp_path / "store"), wanted)


def test_killed_driver_goes_on_with_the_same_bits_and_would_not_without_its_guard(tmp_path, wanted):
    there, unguarded = tmp_path / "one", tmp_path / "other"
    there.mkdir()
    assert drive("local[2,4]", there, "driver") == KILLED, (there / "driver.log").read_text()[-3000:]
    assert ModelStore(there / "store").version() == 4
    checkpoint = there / "store" / "checkpoint"
    assert (checkpoint / "offsets" / "3").exists()
    assert not (checkpoint / "commits" / "3").exists()  # the store has the round, and Spark does not know
    shutil.copytree(there, unguarded)

    assert drive("local[2,4]", there, "driver") == 0
    assert_same(ModelStore(there / "store"), wanted)

    assert drive("local[2,4]", unguarded, "driver", guard="off") == 0
    found = ModelStore(unguarded / "store").load()
    assert found.total.rows == (ROUNDS + 1) * SHARDS * ROWS  # a round was learned twice
    assert to_bytes(found.model) != to_bytes(wanted.model)
