"""Samples with keys, the models that learn them, and the dictionary of models that a keyed model is to equal."""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterator, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from river import preprocessing

from online_softmax import AutoSoftmaxRegression, KeyedClassifier, SoftmaxRegression
from online_softmax.models.scaled import native

LABELS = ("red", "green", "blue")
USERS = ("ann", "bob", "eve", "dan", "zoe", "kim")
MODELS = {
    "softmax": SoftmaxRegression,
    "auto": AutoSoftmaxRegression,
    "linear": partial(AutoSoftmaxRegression, interactions=False),
    "hashed": partial(SoftmaxRegression, hash_bits=3),
    "bounded": partial(SoftmaxRegression, max_features=3),
    "records": partial(SoftmaxRegression, categorical=True, missing="indicate"),
    "scaled": lambda: preprocessing.StandardScaler() | SoftmaxRegression(),
    "scaled auto": lambda: preprocessing.StandardScaler() | AutoSoftmaxRegression(),
}


def samples(n: int, seed: int = 0, keys: Sequence[Hashable] = USERS) -> Iterator[tuple[dict[str, Any], str, float]]:
    """Give samples with keys, some features now and then, and labels that differ among keys."""
    draw = random.Random(seed)
    for _ in range(n):
        user = draw.choice(keys)
        names = draw.sample(["a", "b", "c", "d"], draw.randint(0, 4))
        x = {"user": user, **{name: draw.uniform(-2, 2) for name in names}}
        y = LABELS[(len(names) + len(str(user))) % 3] if draw.random() < 0.8 else draw.choice(LABELS)
        yield x, y, draw.choice([1.0, 0.5, 2.0])


def learned(model):
    """Give all that a model has learned, so that == compares it to the last bit."""
    state = native(model).state()
    return {name: value.tobytes() if isinstance(value, np.ndarray) else value for name, value in state.items()}


def rest(x):
    return {name: value for name, value in x.items() if name != "user"}


class Dictionary:
    """What a keyed model is to equal."""

    def __init__(self, make):
        self.make, self.models = make, {}

    def learn(self, x, y, w=1.0):
        model = self.models.setdefault(x["user"], self.make())
        native(model).learn_one(rest(x), y, w=w)

    def predict(self, x):
        return self.models.get(x["user"], self.make()).predict_proba_one(rest(x))


def assert_equal(keyed, dictionary):
    assert len(keyed) == len(dictionary.models)
    assert set(keyed) == set(dictionary.models)
    for key, model in dictionary.models.items():
        assert learned(keyed[key]) == learned(model)


def flush_until_killed(path: Path, flushed: Connection) -> None:
    """Learn 20 samples and flush, over and over, and send how many have been flushed."""
    keyed = KeyedClassifier(SoftmaxRegression(), max_keys=3, store=path)
    for part in range(1000):
        for x, y, w in samples(20, part):
            keyed.learn_one(x, y, w)
        keyed.flush()
        flushed.send(20 * (part + 1))
