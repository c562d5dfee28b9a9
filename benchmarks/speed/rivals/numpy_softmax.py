"""What one would write in an afternoon: NumPy, a dense matrix, one row a feature; SGD and Adam with river's numbers."""

from __future__ import annotations

import sys

import numpy as np

ROOM = PASS = sys.maxsize
CALLS = "learn_one", "learn_one_adam", "predict_proba_one", "predict_one"
BETA_1, BETA_2, EPS = 0.9, 0.999, 1e-8


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


class SoftmaxRegression:
    def __init__(self, states, eta=0.01):
        self.eta = eta
        self.slots, self.labels = {}, {}  # name -> row, label -> column
        self.B = np.zeros((1 + states, 64, 0))  # the weights, then Adam's m and v
        self.t = np.zeros(0)  # steps of each class

    def grow(self):
        """Room for twice the features where they have outgrown it; exactly as many columns as classes."""
        parts, rows, columns = self.B.shape
        B = np.zeros((parts, max(rows, 2 * len(self.slots)) if len(self.slots) > rows else rows, len(self.labels)))
        B[:, :rows, :columns] = self.B
        self.B, self.t = B, np.append(self.t, np.zeros(len(self.labels) - columns))

    def predict_proba(self, x):
        known = [(self.slots[name], value) for name, value in x.items() if name in self.slots]
        rows, values = zip(*known, strict=True) if known else ((), ())
        return softmax(np.array(values) @ self.B[0, list(rows)])

    def predict_proba_one(self, x):
        return dict(zip(self.labels, self.predict_proba(x).tolist(), strict=True)) if self.labels else {}

    def predict_one(self, x):
        return list(self.labels)[self.predict_proba(x).argmax()] if self.labels else None

    def learn_one(self, x, y):
        slots, known = self.slots, len(self.labels)
        rows = [slots.setdefault(name, len(slots)) for name in x]
        values = np.fromiter(x.values(), float, len(x))
        j = self.labels.setdefault(y, known)
        if len(slots) > self.B.shape[1] or j == known:
            self.grow()
        W = self.B[0, rows]
        g = np.zeros(len(self.labels))
        if known:
            g[:known] = softmax(values @ W[:, :known])
        g[j] -= 1
        if len(self.B) == 1:
            self.B[0, rows] = W - np.outer(self.eta * values, g)
            return
        self.t += 1
        G = np.outer(values, g)
        m = BETA_1 * self.B[1, rows] + (1 - BETA_1) * G
        v = BETA_2 * self.B[2, rows] + (1 - BETA_2) * G * G
        eta = self.eta * np.sqrt(1 - BETA_2**self.t) / (1 - BETA_1**self.t)
        self.B[1, rows], self.B[2, rows] = m, v
        self.B[0, rows] = W - eta * m / (np.sqrt(v) + EPS)


def model(kind):
    return SoftmaxRegression(states=2 if kind == "Adam" else 0)


def size(trained):
    """Bytes of the matrices."""
    return trained.B.nbytes + trained.t.nbytes
