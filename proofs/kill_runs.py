"""Kill runs that keep a checkpoint, at random instants, and resume them until they are done.

`python -m proofs.kill_runs --kills 1000`. Whatever was killed when, the figures and the bytes of the
model at the end are those of the run that nobody interrupted. Prints the counts as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from river import optim, preprocessing

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, progressive_validation
from online_softmax.models.saving import to_bytes

ROWS, EVERY = 20_000, 250
MODELS: dict[str, Callable[[], Any]] = {
    "scaled SGD": lambda: preprocessing.StandardScaler() | SoftmaxRegression(optim.SGD(0.1)),
    "Adam, few features": lambda: SoftmaxRegression(optim.Adam(0.01), max_features=20),
    "auto": AutoSoftmaxRegression,
}


def write_table(path: Path, rng: random.Random) -> None:
    with path.open("w") as file:
        file.write("a,b,word,y\n")
        for i in range(ROWS):
            a, b = rng.gauss(i % 3, 1), rng.gauss(0, 10)
            file.write(f"{a!r},{b!r},w{rng.randrange(30)},{'uvw'[int(a > 1) + (b > 9)]}\n")


def run(make: Callable[[], Any], source: Path | str, checkpoint: Path | None, **more: Any) -> tuple[Any, bytes]:
    """Run, or resume, to the end; give figures and model."""
    model = make()
    options = {} if checkpoint is None else {"checkpoint": checkpoint, "every": EVERY, "resume": True}
    result = progressive_validation(source, model, target="y", **options, **more).to_dict()
    for name in ("seconds", "microseconds_per_row"):
        del result[name]
    for row in result["rows"]:
        del row["seconds"]
    return result, to_bytes(model)


def kill_until_done(work: Callable[[], Any], rng: random.Random, longest: float) -> int:
    """Run in processes that are killed, until one comes to its end; give the number that did not."""
    kills = 0
    while True:
        child = os.fork()
        if child == 0:
            work()
            os._exit(0)
        time.sleep(rng.uniform(0, longest))
        os.kill(child, signal.SIGKILL)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
            return kills
        kills += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, counts = random.Random(options.seed), Counter[str]()
    with tempfile.TemporaryDirectory() as name:
        table = Path(name, "table.csv")
        write_table(table, rng)
        expected, longest = {}, {}
        for kind, make in MODELS.items():
            expected[kind] = run(make, table, None)
            start = time.monotonic()
            run(make, table, Path(name, kind))
            longest[kind] = time.monotonic() - start
        while counts["killed"] < options.kills:
            kind = rng.choice(list(MODELS))
            with tempfile.TemporaryDirectory(dir=name) as folder:
                work = partial(run, MODELS[kind], table, Path(folder, "checkpoint"))
                counts["killed"] += kill_until_done(work, rng, longest[kind] / 2)
                counts["runs"] += 1
                counts["temporary files left"] += len(os.listdir(folder)) - 1
                assert work() == expected[kind], f"{kind}: a resumed run differs from the uninterrupted one"
    print(json.dumps(dict(sorted(counts.items()))))


if __name__ == "__main__":
    main()
