"""Text-like streams: a row is a dictionary of the words that are present, drawn from a Zipf law tilted by the class."""

from __future__ import annotations

from collections import Counter

import numpy as np

from benchmarks.quality.streams.stream import Row, Stream


def topics(r: np.random.Generator, vocabulary: int, C: int, share: float, tilt: float) -> np.ndarray:
    """Word frequencies of each class: a common Zipf law, where a `share` of the words is more or less likely."""
    common = 1.0 / np.arange(1, vocabulary + 1)
    own = np.where(r.random((C, vocabulary)) < share, r.normal(scale=tilt, size=(C, vocabulary)), 0.0)
    law = common * np.exp(own)
    return law / law.sum(1, keepdims=True)


def texts(n: int, C: int, length: int, seed: int, counts=False, share=0.1, tilt=1.5, vocabulary=2000, moves=False):
    r = np.random.default_rng(seed)
    laws = [topics(r, vocabulary, C, share, tilt) for _ in range(1 + moves)]
    prior = r.dirichlet(np.full(C, 4.0))
    for t in range(n):
        law, y = laws[moves and t >= n // 2], int(r.choice(C, p=prior))
        words = r.choice(vocabulary, size=1 + r.poisson(length - 1), p=law[y])
        bag = Counter(f"w{word}" for word in words.tolist())
        yield {word: float(count) if counts else 1.0 for word, count in bag.items()}, f"topic{y}"


def one_hot() -> list[Row]:
    """Six nominal columns of 25 values each, as `column=value`."""
    r = np.random.default_rng(205)
    values = np.minimum(r.geometric(0.15, size=(6000, 6)) - 1, 24)
    effects = r.normal(size=(6, 25, 5))
    y = (sum(effects[j, values[:, j]] for j in range(6)) + 1.5 * r.gumbel(size=(6000, 5))).argmax(1)
    bags = [{f"c{j}={v}": 1.0 for j, v in enumerate(row)} for row in values.tolist()]
    return list(zip(bags, y.tolist(), strict=True))


STREAMS = [
    Stream("text_2", lambda: texts(4000, 2, 12, 201), sparse=True),
    Stream("text_5", lambda: texts(4000, 5, 25, 202, counts=True), sparse=True),
    Stream("text_20", lambda: texts(5000, 20, 40, 203), sparse=True),
    Stream("text_drift", lambda: texts(5000, 4, 20, 204, moves=True), sparse=True),
    Stream("one_hot", one_hot, sparse=True),
]
