"""Samples with keys, and a process that learns them for as long as it lives."""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from online_softmax import KeyedClassifier, SoftmaxRegression

LABELS = ("red", "green", "blue")
USERS = ("ann", "bob", "eve", "dan", "zoe", "kim")


def samples(n: int, seed: int = 0, keys: Sequence[Hashable] = USERS) -> Iterator[tuple[dict[str, Any], str, float]]:
    """Give samples with keys, some features now and then, and labels that differ among keys."""
    draw = random.Random(seed)
    for _ in range(n):
        user = draw.choice(keys)
        names = draw.sample(["a", "b", "c", "d"], draw.randint(0, 4))
        x = {"user": user, **{name: draw.uniform(-2, 2) for name in names}}
        y = LABELS[(len(names) + len(str(user))) % 3] if draw.random() < 0.8 else draw.choice(LABELS)
        yield x, y, draw.choice([1.0, 0.5, 2.0])


def flush_until_killed(path: Path, flushed: Connection) -> None:
    """Learn 20 samples and flush, over and over, and send how many have been flushed."""
    keyed = KeyedClassifier(SoftmaxRegression(), max_keys=3, store=path)
    for part in range(1000):
        for x, y, w in samples(20, part):
            keyed.learn_one(x, y, w)
        keyed.flush()
        flushed.send(20 * (part + 1))
