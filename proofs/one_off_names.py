"""Learn ten million names that come once each, with room for a hundred thousand features.

`python -m proofs.one_off_names --names 10000000`. Each sample carries ten words, drawn by Zipf's law
from 20,000, which tell the class, and ten names that never come again. With `max_features` the memory stays flat, the
log loss is within 2 % of the model that keeps every name, and lower than that of names hashed into 2^17 buckets, which
are more. Every model has a process of its own; prints the figures as JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np
from river import optim

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, progressive_validation
from proofs import ROOT

WORDS, CLASSES, TRUE, ONE_OFF = 20_000, 3, 10, 10
ROOM, BITS = 100_000, 17
MODELS = {
    "SGD": lambda **room: SoftmaxRegression(optim.SGD(0.05), **room),
    "auto": lambda **room: AutoSoftmaxRegression(**room),
}
ROOMS: dict[str, dict[str, int]] = {
    "every name": {},
    "max_features": {"max_features": ROOM},
    "hash_bits": {"hash_bits": BITS},
}
FLAT = 1.05  # the memory at the end, by that at a quarter of the way


def samples(names: int) -> Iterator[tuple[dict[str, float], int]]:
    rng, fresh, block = np.random.default_rng(0), count(), 1000
    W = rng.normal(size=(WORDS, CLASSES)) * 1.5
    share = 1 / np.arange(1, WORDS + 1) ** 1.1
    chances = np.cumsum(share / share.sum())
    for _ in range(names // ONE_OFF // block):
        words = np.searchsorted(chances, rng.random((block, TRUE)))
        labels = (W[words].sum(axis=1) / 2 + rng.gumbel(size=(block, CLASSES))).argmax(axis=1)
        for row, label in zip(words.tolist(), labels.tolist(), strict=True):
            x = {f"word {i}": 1.0 for i in row}
            x.update((f"once {next(fresh)}", 1.0) for _ in range(ONE_OFF))
            yield x, label


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one(kind: str, room: str, names: int) -> dict[str, Any]:
    """Run one model in this process."""
    model, quarter = MODELS[kind](**ROOMS[room]), [0.0]

    def progress(row: Any, *, mark: bool, fraction: float | None) -> None:
        if row.n_samples <= names // ONE_OFF // 4:
            quarter[0] = megabytes()

    result = progressive_validation(samples(names), model, progress=progress)
    figures = {"log loss": result.log_loss, "MB at a quarter": quarter[0], "MB": megabytes()}
    return {**figures, "evicted": result.n_evicted, "seconds": result.seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", type=int, default=10_000_000)
    parser.add_argument("--one", nargs=2)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(*options.one, options.names)))
        return
    figures: dict[str, Any] = {"names": options.names}
    for kind in MODELS:
        for room in ROOMS:
            command = [sys.executable, "-m", "proofs.one_off_names", "--names", str(options.names), "--one", kind, room]
            found = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
            print(kind, room, found, flush=True)
            figures |= {f"{kind}, {room}, {name}": round(value, 4) for name, value in found.items()}
        least, kept, hashed = (figures[f"{kind}, {room}, log loss"] for room in ROOMS)
        memory = figures[f"{kind}, max_features, MB"] / figures[f"{kind}, max_features, MB at a quarter"]
        assert kept <= 1.02 * least, f"{kind}: {kept} is not within 2 % of {least}"
        assert kept < hashed, f"{kind}: {kept} is not better than hashing, {hashed}"
        assert memory <= FLAT, f"{kind}: memory grew {memory:.2f} times"
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
