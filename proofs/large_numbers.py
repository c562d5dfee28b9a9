"""Features up to 1e300, 40,000 classes, a million equal samples: weights stay finite, probabilities sum to 1.

`make reliability PROOFS=large_numbers`, or `python -m proofs.large_numbers`. Every optimiser and every
kind of the tuning-free model is taught each stream; a step that would leave the doubles is refused and changes nothing.
Prints the counts as JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from river import optim

from online_softmax import AutoSoftmaxRegression, ImplicitAdaGrad, ImplicitSGD, SoftmaxRegression

MARGIN = 1e-12
OPTIMIZERS = [optim.SGD, optim.Momentum, optim.NesterovMomentum, optim.AdaGrad, optim.AdaDelta, optim.RMSProp]
OPTIMIZERS += [optim.Adam, optim.AMSGrad, optim.AdaMax, optim.Nadam, optim.AdaBound, optim.FTRLProximal]
OPTIMIZERS += [ImplicitSGD, ImplicitAdaGrad]


def softmax(Optimizer: Any) -> SoftmaxRegression:
    return SoftmaxRegression(Optimizer())


MODELS: dict[str, Callable[[], Any]] = {
    **{Optimizer.__name__: partial(softmax, Optimizer) for Optimizer in OPTIMIZERS},
    "SGD, every option": lambda: SoftmaxRegression(optim.SGD(1.0), l2=0.01, intercept=True, clip_gradient=0.5),
    "auto": AutoSoftmaxRegression,
    "auto, linear": lambda: AutoSoftmaxRegression(interactions=False),
}
Sample = tuple[dict[Any, float], Any]


def huge(n: int, rng: random.Random) -> Iterator[Sample]:
    """Values of every size that a double has, either sign."""
    for _ in range(n):
        x = {f"x{j}": rng.choice([-1, 1]) * 10.0 ** rng.uniform(-300, 300) for j in range(rng.randrange(1, 6))}
        yield x, rng.randrange(4)


def growing(n: int, rng: random.Random) -> Iterator[Sample]:
    """Values that grow from 1e-300 to 1e300 as the stream goes on."""
    for i in range(n):
        yield {f"x{j}": rng.gauss(0, 1) * 10.0 ** (600 * i / n - 300) for j in range(5)}, i % 3


def jumping(n: int, rng: random.Random) -> Iterator[Sample]:
    """Ordinary values, and at times 1e300."""
    for i in range(n):
        yield {f"x{j}": 1e300 if rng.random() < 0.02 else rng.gauss(i % 3, 1) for j in range(5)}, i % 3


STREAMS: dict[str, Callable[[int, random.Random], Iterator[Sample]]] = {
    "values of every size": huge,
    "growing values": growing,
    "jumps to 1e300": jumping,
}


def check(model: Any, questions: list[dict[Any, float]]) -> None:
    """Hold a model to finite numbers and to probabilities that sum to 1."""
    for value in model._state().values():
        assert not isinstance(value, np.ndarray | float) or np.isfinite(value).all(), "a number is not finite"
    for x in questions:
        p = list(model.predict_proba_one(x).values())
        assert all(0 <= each <= 1 for each in p), f"not probabilities, for {x}"
        assert abs(math.fsum(p) - 1) <= MARGIN, f"the sum is off by {math.fsum(p) - 1}, for {x}"


def taught(model: Any, samples: Iterator[Sample], counts: Counter[str], every: int = 50) -> None:
    """Teach a model, and check it again and again."""
    asked: list[dict[Any, float]] = [{}]
    for i, (x, y) in enumerate(samples):
        try:
            model.learn_one(x, y)
            counts["samples learned"] += 1
        except OverflowError:
            counts["samples refused"] += 1
        asked = [*asked[-4:], x]
        if i % every == 0 and model.classes:
            check(model, asked)
            counts["checks"] += 1
    check(model, asked)


def many_classes(model: Any, classes: int, more: int, counts: Counter[str]) -> None:
    """Bring so many classes, then a few samples more."""
    X = np.random.default_rng(0).normal(size=(classes + more, 3))
    y = np.r_[np.arange(classes), np.arange(more)]
    model.learn_many(X, y)
    assert len(model.classes) == classes
    check(model, [{}, {0: 1.0, 1: -1.0, 2: 5.0}, {0: 1e300}])
    counts["samples learned"] += len(y)
    counts["models of many classes"] += 1


def the_same(model: Any, n: int, counts: Counter[str]) -> None:
    """Learn the same sample over and over, after one of another class."""
    model.learn_one({0: -1.0, 1: 3.0}, 1)
    X, y = np.tile([1.0, 2.0], (min(n, 50_000), 1)), np.zeros(min(n, 50_000), np.int64)
    for _ in range(n // len(y)):
        model.learn_many(X, y)
        check(model, [{}, {0: 1.0, 1: 2.0}, {0: -1e300, 1: 1e300}])
    assert model.predict_one({0: 1.0, 1: 2.0}) == 0
    counts["samples learned"] += n
    counts["models of one sample"] += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=1_000_000, help="that are all the same")
    parser.add_argument("--classes", type=int, default=40_000)
    parser.add_argument("--large", type=int, default=5_000, help="samples of large values, for each model and stream")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    counts, start = Counter[str](), time.monotonic()
    with np.errstate(all="ignore"):
        for name, make in MODELS.items():
            try:
                for stream in STREAMS.values():
                    taught(make(), stream(options.large, random.Random(options.seed)), counts)
                the_same(make(), options.samples, counts)
            except AssertionError as error:
                error.add_note(f"of {name}")
                raise
        for name in ("SGD", "Adam", "auto", "auto, linear"):
            many_classes(MODELS[name](), options.classes, 20, counts)
    print(json.dumps({**counts, "models": len(MODELS), "seconds": round(time.monotonic() - start, 1)}))


if __name__ == "__main__":
    main()
