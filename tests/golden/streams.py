"""The streams of the golden figures: each gives (features by name, label), the same at every call."""

from __future__ import annotations

import random
from itertools import islice

from river import datasets
from sklearn import datasets as sklearn_datasets


def from_sklearn(load, name="x{}"):
    """Give a data set of scikit-learn in a random order."""
    X, y = load(return_X_y=True)
    rows = list(zip(X.tolist(), y.tolist(), strict=True))
    random.Random(0).shuffle(rows)
    return [({name.format(j): value for j, value in enumerate(x)}, label) for x, label in rows]


def drift():
    """Five classes whose centres wander, from features on scales from 1e-4 to 1e4; the classes come and go."""
    rng = random.Random(1)
    centres = [[rng.gauss(0, 0.8) for _ in range(8)] for _ in range(5)]
    for t in range(1500):
        label = rng.randrange(2 + t // 400) if rng.random() < 0.8 else rng.randrange(2)
        for centre in centres:
            for j in range(8):
                centre[j] += rng.gauss(0, 0.03)
        yield {f"x{j}": (rng.gauss(centres[label][j], 1) + j) * 10.0 ** (j - 4) for j in range(8)}, label


def sparse():
    """Forty features that are mostly absent: some always rare, some always common, and ten now rare, now common."""
    rng = random.Random(2)
    often = [(0.03, 0.2, 0.6)[j % 3] for j in range(30)]
    signs = [[rng.choice([-1, 0, 1]) for _ in range(4)] for _ in range(40)]
    for t in range(1000):
        now = often + [0.9 if (t + 100 * j) // 500 % 2 else 0.02 for j in range(10)]
        x = {f"x{j}": rng.gauss(1, 1) for j in range(40) if rng.random() < now[j]}
        scores = [sum(value * signs[int(name[1:])][c] for name, value in x.items()) for c in range(4)]
        yield x, max(range(4), key=lambda c: scores[c] + rng.gauss(0, 1))


def mixture():
    """Five classes of two clouds each, in ten features on scales from 1e-4 to 1e5; the clouds wander."""
    rng = random.Random(1)
    centres = [[rng.gauss(0, 1.2) for _ in range(10)] for _ in range(10)]
    for _ in range(1500):
        cloud = rng.randrange(10)
        for centre in centres:
            for j in range(10):
                centre[j] += rng.gauss(0, 0.02)
        yield {f"x{j}": (rng.gauss(centres[cloud][j], 0.8) + j) * 10.0 ** (j - 4) for j in range(10)}, cloud % 5


def wide():
    """Eighty features, so no Gaussians; the label depends on two products of them, and not always."""
    rng = random.Random(2)
    for _ in range(700):
        x = {f"x{j:02}": rng.gauss(0, 1) for j in range(80)}
        label = (x["x00"] * x["x01"] > 0) + (x["x02"] + rng.gauss(0, 0.5) > 0)
        yield x, label if rng.random() < 0.9 else rng.randrange(3)


# Of auto.npz.
LINEAR = {
    "image segments": datasets.ImageSegments,
    "phishing": datasets.Phishing,
    "wine": lambda: from_sklearn(sklearn_datasets.load_wine),
    "iris": lambda: from_sklearn(sklearn_datasets.load_iris),
    "drift": drift,
    "sparse": sparse,
}

# Of interactions.npz.
WHOLE = {
    "wine": lambda: from_sklearn(sklearn_datasets.load_wine, "x{:02}"),
    "bananas": lambda: islice(datasets.Bananas(), 1500),
    "mixture": mixture,
    "wide": wide,
}
# Two columns of this one start with zeros, which change nothing.
LATE = {"image segments": datasets.ImageSegments}
# Those of WHOLE that are learned with weights, too.
WEIGHTED = ("wine", "bananas", "mixture")


def random_weights():
    rng = random.Random(3)
    while True:
        yield rng.choice((0, 0.25, 0.5, 1, 1, 2, 3.5))
