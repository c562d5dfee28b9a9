"""Kill consumers of a topic of Kafka that keep a checkpoint, at random instants, and resume them until they are done.

`python -m proofs.kill_kafka --kills 50`, on a mock broker of four partitions. Whatever was killed when, the figures and
the bytes of the model at the end are those of the run that nobody interrupted: each message counts once. Prints the
counts as JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from proofs.kill_runs import MODELS, kill_until_done, run
from tests.broker import Broker, running

ROWS = 20_000


def messages(rng: random.Random) -> list[bytes | None]:
    """Give messages of three kinds, a few of them poison or without a value."""
    found: list[bytes | None] = []
    for i in range(ROWS):
        row = {"a": rng.gauss(i % 3, 1), "b": rng.gauss(0, 10), "word": f"w{rng.randrange(30)}"}
        text = json.dumps({**row, "y": "uvw"[int(row["a"] > 1) + (row["b"] > 9)]}).encode()
        found.append(rng.choice([text[:-1], None]) if i > 5000 and rng.random() < 0.001 else text)
    return found


def in_child(work: Callable[..., Any], *args: Any) -> Any:
    """Do something in another process: one that has a client of Kafka cannot be forked."""
    with get_context("fork").Pool(1) as pool:
        return pool.apply(work, args)


def fill(address: Any, values: list[bytes | None]) -> str:
    broker = Broker.__new__(Broker)
    broker.address = address
    return broker.fill(values, "rows")


def run_kind(kind: str, url: str, checkpoint: Path | None) -> tuple[Any, bytes]:
    return run(MODELS[kind], url, checkpoint, on_bad="skip")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, counts = random.Random(options.seed), Counter[str]()
    with running() as broker, tempfile.TemporaryDirectory() as name:
        in_child(fill, broker.address, messages(rng))
        url = broker.url("rows")
        expected, longest = {}, {}
        for kind in MODELS:
            expected[kind] = in_child(run_kind, kind, url, None)
            start = time.monotonic()
            in_child(run_kind, kind, url, Path(name, kind))
            longest[kind] = time.monotonic() - start
        while counts["killed"] < options.kills:
            kind = rng.choice(list(MODELS))
            with tempfile.TemporaryDirectory(dir=name) as folder:
                work = kind, url, Path(folder, "checkpoint")
                counts["killed"] += kill_until_done(partial(run_kind, *work), rng, longest[kind] / 2)
                counts["runs"] += 1
                assert in_child(run_kind, *work) == expected[kind], (
                    f"{kind}: a resumed run differs from the uninterrupted one"
                )
    print(json.dumps(dict(sorted(counts.items()))))


if __name__ == "__main__":
    main()
