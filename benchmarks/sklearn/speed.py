"""How long `partial_fit` and `predict_proba` take: rivals in turns, in one process, on one thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
from sklearn.linear_model import SGDClassifier

from online_softmax.sklearn import AutoSoftmaxClassifier, SoftmaxClassifier

ROWS, FEATURES, CLASSES, BATCH = 100_000, 50, 10, 1_000
ONE_BY_ONE = 300  # rows of a turn that are learned one at a time
THEIRS = "SGDClassifier"
LIKE = "SoftmaxClassifier, SGD, no scaling"  # what SGDClassifier does, with softmax for one against the rest
DEFAULT = "SoftmaxClassifier"
RIVALS: dict[str, Callable] = {
    THEIRS: partial(SGDClassifier, loss="log_loss", random_state=0),
    LIKE: partial(SoftmaxClassifier, "SGD", scaling=None),
    "SoftmaxClassifier, SGD": partial(SoftmaxClassifier, "SGD"),
    DEFAULT: SoftmaxClassifier,
    "AutoSoftmaxClassifier, linear": partial(AutoSoftmaxClassifier, interactions=False),
}
WHOLE, BATCHES = "partial_fit, all rows at once", f"partial_fit, {BATCH:,} rows at a time"
LEARN, PREDICT = "partial_fit, one row", "predict_proba, one row"
CALLS = WHOLE, BATCHES, LEARN, PREDICT


def sample() -> tuple[np.ndarray, np.ndarray]:
    """Normal values, and labels of a linear rule with noise."""
    draw = np.random.default_rng(42)
    X = draw.normal(size=(ROWS, FEATURES))
    return X, (X @ draw.normal(size=(FEATURES, CLASSES)) + draw.gumbel(size=(ROWS, CLASSES))).argmax(axis=1)


def turn(make: Callable, call: str, X: np.ndarray, y: np.ndarray) -> float:
    """Microseconds of the processor a row, in one turn of a call."""
    model, classes, step = make(), np.arange(CLASSES), len(y) if call == WHOLE else BATCH
    if call in (LEARN, PREDICT):
        model.partial_fit(X[:BATCH], y[:BATCH], classes=classes)
        X, y, step = X[:ONE_BY_ONE], y[:ONE_BY_ONE], 1
    start = time.process_time()
    if call == PREDICT:
        for i in range(len(y)):
            model.predict_proba(X[i : i + 1])
    else:
        model.partial_fit(X[:step], y[:step], classes=classes)  # which scikit-learn's asks for
        for i in range(step, len(y), step):
            model.partial_fit(X[i : i + step], y[i : i + step])
    return (time.process_time() - start) / len(y) * 1e6


def times(turns: int) -> list[dict]:
    """The lines of all rivals and calls; rivals take turns, in an order that reverses, and the first warms up."""
    X, y = sample()
    us: dict[tuple[str, str], list[float]] = {}
    for call in CALLS:
        for i in range(1 + turns):
            for rival in [*RIVALS][:: -1 if i % 2 else 1]:
                us.setdefault((rival, call), []).append(turn(RIVALS[rival], call, X, y))
    return [
        {"kind": "speed", "rival": rival, "of": call, "us": [round(each, 4) for each in figures[1:]]}
        for (rival, call), figures in us.items()
    ]
