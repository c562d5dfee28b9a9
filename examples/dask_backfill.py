"""Years of files are learned on a Dask cluster, which loses a worker on the way: python examples/dask_backfill.py.

Each round takes the next rows of the files in two shards. Both begin with the model of the round before; what they have
learned is merged, and committed to a store together with the place in the files. A task is a pure function of a model
and of rows that can be read again, so Dask may run it twice: when a worker is killed, it does, and the model is the one
that a single process makes of the same rounds, to the last bit. Two losses are told: of the model that was served when
the rows came, and of the shards' own, which had seen a little more.

Here the cluster is two processes on this machine; `Client("tcp://scheduler:8786")` is any other. It needs Dask: pip
install 'online-softmax[dask]'.
"""

from __future__ import annotations

import logging
import os
import signal
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dask.distributed import Client, LocalCluster
from online_softmax.datasets import path

from online_softmax import AutoSoftmaxRegression, ModelStore
from online_softmax.executors import fit_rounds
from online_softmax.models.saving import to_bytes
from online_softmax.rounds import Commit


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        years = Path(folder, "years")
        years.mkdir()
        header, *rows = path("led_drift").read_text().splitlines(keepends=True)
        for i in range(5):
            (years / f"{2020 + i}.csv").write_text(header + "".join(rows[2000 * i : 2000 * (i + 1)]))
        how: dict[str, Any] = {"target": "digit", "shards": 2, "round_rows": 1000}

        def kill_a_worker(commit: Commit) -> None:
            if commit.version == 5:
                os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)

        store = ModelStore(Path(folder, "store"))
        with (
            LocalCluster(
                n_workers=2,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=None,
                silence_logs=logging.CRITICAL,  # the worker that dies here is no news
            ) as cluster,
            Client(cluster) as client,
        ):
            executor = client.get_executor(pure=False, retries=3)
            done = fit_rounds(executor, years, AutoSoftmaxRegression(), store, progress=kill_a_worker, **how)
        print(done)

        with ThreadPoolExecutor(1) as executor:
            alone = fit_rounds(executor, years, AutoSoftmaxRegression(), Path(folder, "alone"), **how)
        print("one process learns the same bits:", to_bytes(alone.model) == to_bytes(done.model))


if __name__ == "__main__":
    main()
