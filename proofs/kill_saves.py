"""Kill a process that saves a model, at random instants: the path must hold the old model or the new one, whole.

`python -m proofs.kill_saves --kills 10000`. Prints the counts as JSON; a killed save may leave its
temporary file, and nothing else, beside the path.
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
from pathlib import Path

from online_softmax import AutoSoftmaxRegression
from online_softmax.models.saving import load, save, to_bytes


def trained(n: int) -> AutoSoftmaxRegression:
    """Give a model that has learned n samples of 20 features."""
    rng = random.Random(n)
    model = AutoSoftmaxRegression()
    for i in range(n):
        model.learn_one({f"x{j}": rng.gauss(i % 4, 2) for j in range(20)}, i % 4)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    models = [trained(100), trained(400)]
    files = [to_bytes(model) for model in models]
    rng = random.Random(options.seed)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "model")
        save(models[1], path)
        start = time.monotonic()
        save(models[0], path)
        longest = 2 * (time.monotonic() - start)
        for _ in range(options.kills):
            before = files.index(path.read_bytes())
            child = os.fork()
            if child == 0:
                save(models[1 - before], path)
                os._exit(0)
            time.sleep(rng.uniform(0, longest))
            os.kill(child, signal.SIGKILL)
            killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
            after = files.index(path.read_bytes())  # fails on anything else
            counts[f"{'killed' if killed else 'done'}, {'old' if before == after else 'new'} file"] += 1
            for left in set(os.listdir(directory)) - {path.name}:
                assert left.startswith(".online-softmax-"), left
                counts["temporary files left"] += 1
                Path(directory, left).unlink()
        load(path)
    print(json.dumps(dict(sorted(counts.items()))))
    assert not counts["done, old file"], "a save that came to its end was lost"


if __name__ == "__main__":
    main()
