"""AutoSoftmaxRegression's bank in dense NumPy: to be read beside the C of `_kernel/bank`, and to judge it.

A sample is an array with a column for each feature so far, 0 where the sample does not carry it; features and classes
are numbered in the order in which they came. `Bank.learn` tells what happens to a sample, from the top down. The
scaling stands below it; the other parts have files of their own: `experts.py`, `mixture.py`, `steps.py` (what these
share), `precision.py` (the arithmetic of the votes), and `constants.py` (a table: name, value, what it does).

The letters are the formulas': t is the number of samples before, d of features, C of classes; xa and xb are the sample
squashed at two widths, with a 1 in front for the intercept; Z are the experts' scores, a row each, and P = softmax(Z);
y is the label and g = p - e_y. The weight of a sample multiplies its loss.
"""

# ruff: noqa: F403, F405 (the constants come as the table that they are)

from __future__ import annotations

from fractions import Fraction
from itertools import repeat

import numpy as np

from tests.reference.constants import *
from tests.reference.experts import Additive, Gaussian, Labels, Linear, Newton, Sample, Votes, fits
from tests.reference.grove import Grove
from tests.reference.memory import Memory
from tests.reference.mixture import Mixture
from tests.reference.sparse import Sparse
from tests.reference.steps import grown, softmax


def progressive(samples, weights=None, bank=None):
    """Yield p by label, before each (features by name, label) is learned.

    A name begins with its first value that is not 0.
    """
    bank, names, labels = bank or Bank(), [], []
    for (x, label), weight in zip(samples, weights or repeat(1.0), strict=False):
        names += sorted(name for name, value in x.items() if value != 0 and name not in names)
        known = list(labels)
        if label not in labels:
            labels.append(label)
        p = bank.learn(np.array([x.get(name, 0.0) for name in names], float), labels.index(label), weight)
        yield dict(zip(known, p.tolist(), strict=True))


class Bank:
    """A mixture of blocks of experts.

    `interactions` and `window` are the model's.
    """

    def __init__(self, interactions="auto", window=1000):
        self.interactions, self.window = interactions, window
        self.t, self.d, self.C, self.scaler, self.unheard = 0, 0, 0, Scaler(), []

    def learn(self, x, y, weight=1.0):
        """Return p of the classes so far, then learn that x is of class y. New columns and a new class are welcome."""
        if self.t == 0:
            self.start(x.size)
        there = np.flatnonzero((x != 0) | grown(self.scaler.nz >= DENSE, x.size))
        xa, xb = self.scaler.scale(x, self.t)
        raw, var, d = np.where(np.abs(x) < TOO_LARGE, x, self.scaler.mean), self.scaler.var, self.d
        sample = Sample(self.t, xa, xb, raw, there, var, x, self.scaler.own)
        known = sample._replace(xa=xa[: 1 + d], xb=xb[: 1 + d], x=x[:d], own=sample.own[:d])  # none knows new features
        if x.size > SECOND_ORDER and "naive-bayes" not in self.experts and not self.unheard:
            self.unheard = [self.sparse()]
        blocks, n = self.blocks + self.unheard, len(self.experts)
        Z, p = np.vstack([block.scores(known) for block in blocks]), np.zeros(0)
        if self.C:
            self.P = softmax(Z)
            p = self.mixture.answer(Z[:n], self.P[:n])
        if y < self.C:
            self.mixture.learn(self.P[:n], y, weight)
        else:
            self.P = softmax(grown(Z, len(Z), y + 1))  # a new class has the score 0
        self.grow(x.size, max(self.C, y + 1))
        rows = iter(self.P)
        for block in blocks:
            block.learn(sample, [next(rows) for _ in block.experts], y, weight)
        self.t += 1
        self.fade = min(max(1 - FADE / self.t, 0.1), LEAVE)
        gone = dict(zip(self.experts, self.mixture.leave(self.fade), strict=True))
        self.blocks = [block for block in self.blocks if not any(gone[name] for name in block.experts)]
        self.choose()
        return p

    def start(self, d):
        """Choose the experts by the features of the first sample."""
        self.blocks = [Linear(), Labels()] + [Grove()] * (self.interactions is not False)
        if d <= SECOND_ORDER:
            self.blocks += [Newton()]
            if self.interactions:
                self.blocks += [Votes(self.window), Additive(), Memory()]
                self.blocks += [Gaussian()] * fits(d, 1)
            self.unheard = [] if self.interactions is True else [self.sparse()]
        else:
            self.blocks += [self.sparse()]
        self.mixture = Mixture(len(self.experts))
        self.grow(d, 0)

    def grow(self, d, C):
        """Tell every expert of the features and classes that there are."""
        self.d, self.C = d, C
        for block in self.blocks + self.unheard:
            block.grow(d, C)

    def sparse(self):
        """Return the experts for sparse rows as they begin, with the features and classes so far."""
        new = Sparse(self.blocks[1])
        new.grow(self.d, self.C)
        return new

    def choose(self):
        """Let those in that many features call for, and those go that a young stream has outgrown."""
        if self.unheard and self.d > SECOND_ORDER:
            self.unheard[0].refresh()
            self.mixture.join(len(Sparse.experts), max(1 / (1 + self.t / JOIN_TIME), LEAST_TRUST))
            self.blocks, self.unheard = self.blocks + self.unheard, []
        elif self.t >= SETTLED:
            self.unheard = []
        for k, name in enumerate(self.experts):
            outgrown = not fits(self.d, self.C) if name == "gaussian" else name in COVERING and self.d > SECOND_ORDER
            crowded = name == "grove" and self.C > GROVE_CLASSES
            if (crowded or (outgrown and self.t <= SETTLED)) and self.mixture.voice[k] == 1:
                self.mixture.voice[k] = self.fade

    @property
    def experts(self):
        return [name for block in self.blocks for name in block.experts]

    @property
    def expert_weights(self):
        return dict(zip(self.experts, self.mixture.w.tolist(), strict=True))


COVERING = *Newton.experts, *Votes.experts, *Additive.experts, *Memory.experts  # at most SECOND_ORDER features


class Scaler:
    """A running mean and variance of each feature, of values cut off at `wid` times WINSOR deviations."""

    def __init__(self):
        self.mean, self.var, self.nz, self.wid = np.zeros((4, 0))

    def scale(self, x, t):
        """Take x in, and return z = (x - mean) / sqrt(var) squashed, z / sqrt(1 + (z / c)^2), at both widths c."""
        mean, var, nz = (grown(a, x.size) for a in (self.mean, self.var, self.nz))
        wid, k = grown(self.wid, x.size, start=1.0), min(t + 1, MEMORY)
        x = np.where(np.abs(x) < TOO_LARGE, x, mean)
        # nz + (hit - nz) / k, rounded once: whether a share of 1/10 is below DENSE hangs on its last bit
        self.nz = np.array(
            [float(Fraction(a) * Fraction(1 / k) + Fraction(b)) for a, b in zip((x != 0) - nz, nz, strict=True)]
        )
        centred, settled = self.nz >= DENSE, (t >= 10) & (var > 0)  # a rare feature keeps its 0
        delta = np.where(centred, x - mean, x)
        most = np.where(settled, np.where(centred, wid, 1) * WINSOR * np.sqrt(var), np.inf)
        wider = np.where(np.abs(delta) > most, np.minimum(wid * WIDEN, 1e9), 1)
        self.wid = np.where(centred & settled, wider, wid)
        delta = np.clip(delta, -most, most)
        self.mean = np.where(centred, mean + delta / k, 0)
        self.var = var + (delta**2 * np.where(centred, 1 - 1 / k, 1) - var) / k
        self.own = np.sqrt((self.var + self.mean**2) / np.maximum(self.nz, 1e-300))
        z = np.divide(x - self.mean, np.sqrt(self.var), out=np.zeros(x.size), where=self.var > 1e-300)
        return [np.append(1, z / np.hypot(1, z / c)) for c in (SQUASH_A, SQUASH_B)]
