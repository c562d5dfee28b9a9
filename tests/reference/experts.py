"""The experts, in blocks: `scores` before the label is known, `grow` where a feature or class is new, then `learn`."""

# ruff: noqa: F403, F405 (the constants come as the table that they are)

from __future__ import annotations

from collections import namedtuple
from math import ceil, log

import numpy as np

from tests.reference.constants import *
from tests.reference.precision import exp, number, totals
from tests.reference.steps import adagrad, capped, grown, learned, step

# the values without outliers, the columns that it carries, and the variances with it; the values as they are, and the
# root mean squares of the columns where they are not 0
Sample = namedtuple("Sample", "t xa xb raw there var x own", defaults=[None] * 5)


class Linear:
    """Five matrices of weights B and the scores z = x B, on xa or on xb."""

    experts = "adagrad", "adagrad-average", "decaying-sgd", "normalised-sgd", "slow-adagrad"

    def __init__(self):
        self.B, self.G, self.length = np.zeros((5, 1, 0)), np.zeros((2, 1)), 0.0

    def scores(self, s):
        return [x @ B for x, B in zip((s.xa, s.xa, s.xb, s.xb, s.xb), self.B, strict=True)]

    def grow(self, d, C):
        self.B, self.G = grown(self.B, 5, 1 + d, C), grown(self.G, 2, 1 + d)

    def learn(self, s, P, y, weight):
        (t, xa, xb, *_), B = s, self.B
        self.length += (xb @ xb - self.length) / min(t + 1, LENGTH_MEMORY)
        step(B[0], ADAGRAD_RATE * adagrad(self.G[0], xa, P[0], y, weight), xa, P[0], y)
        B[1] += max(1 / MEMORY, 1 / (t + 1)) * (B[0] - B[1])
        step(B[2], weight * DECAYING_RATE / (1 + t / DECAYING_TIME) * xb, xb, P[2], y)
        step(B[3], weight / max(self.length, 1e-6) * xb, xb, P[3], y)
        step(B[4], SLOW_RATE * adagrad(self.G[1], xb, P[4], y, weight), xb, P[4], y)


class Labels:
    """Counts N of the classes: recent ones, all, and those that followed a sample of class `last`."""

    experts = "recent-prior", "prior", "markov"

    def __init__(self):
        self.recent, self.always, self.follow, self.last = np.zeros(0), np.zeros(0), np.zeros((0, 0)), 0

    def scores(self, s):
        C = self.always.size
        recent, prior = ((N + 1 / 2) / (N.sum() + C / 2) for N in (self.recent, self.always))
        N = self.follow[self.last] if 0 < C <= MARKOV_CLASSES else np.zeros(C)
        return np.log([recent, prior, (N + C * prior) / (N.sum() + C)])

    def grow(self, d, C):
        self.recent, self.always, self.follow = grown(self.recent, C), grown(self.always, C), grown(self.follow, C, C)

    def learn(self, s, P, y, weight):
        self.recent *= RECENT_DECAY
        for N in (self.recent, self.always, self.follow[self.last]):
            N[y] += weight
        self.last = y


class Newton:
    """Steps along P x, P the inverse of a Gauss-Newton matrix that forgets; `fresh` is P_jj of a feature to come."""

    experts = "newton", "newton-decaying", "newton-average"

    def __init__(self):
        self.B, self.P, self.fresh = np.zeros((3, 1, 0)), np.eye(1), 1.0

    def scores(self, s):
        return s.xa[: 1 + SECOND_ORDER] @ self.B

    def grow(self, d, C):
        had, rows = len(self.P), 1 + min(d, SECOND_ORDER)
        self.B, self.P = grown(self.B, 3, rows, C), grown(self.P, rows, rows)
        self.P[range(had, rows), range(had, rows)] = self.fresh

    def learn(self, s, P, y, weight):
        x, B, p = s.xa[: 1 + SECOND_ORDER], self.B, (P[0] + P[1]) / 2
        if not 0 < x @ self.P @ x < 1e300:
            self.P, self.fresh = np.eye(x.size), 1.0
        Px = self.P @ x
        step(B[0], weight * NEWTON_RATE * Px, x, P[0], y)
        step(B[1], weight / (1 + s.t / NEWTON_TIME) * Px, x, P[1], y)
        B[2] += max(1 / AVERAGE_MEMORY, 1 / (s.t + 1)) * (B[0] - B[2])
        kappa = weight * max(LEAST_CURVATURE, CURVATURE * (p @ (1 - p)) / max(p.size - 1, 1))
        self.P = capped(learned(self.P, x, kappa, NEWTON_FORGET), MOST_VARIANCE)
        self.fresh = min(self.fresh / NEWTON_FORGET, MOST_VARIANCE)


class Votes:
    """Rows i of a window vote for their labels L_i, the nearer the stronger, in a metric w of age (w_0) and features.

    The window is a ring, and the next row goes to its `head`. Sums over rows are those of `precision.py`.
    """

    experts = "votes", "wide-votes"

    def __init__(self, budget):
        self.budget, self.size, self.head = budget, 0, 0
        self.window = [np.zeros((0, 0), number), np.zeros(0, int), np.zeros(0, int), np.zeros(0, number)]
        self.w, self.G, self.nearest, self.n_nearest = np.array([AGE_WEIGHT]), np.array([METRIC_SUM]), 1.0, 0

    def scores(self, s):
        """z_c = ln(v_c + r), v_c the sum of k_i = e_i^3 and of e_i over L_i = c, e_i = exp(-(D_i - min D) / T)."""
        (B, L, time, weights), x = self.window, s.xb[1 : 1 + SECOND_ORDER]
        self.known, self.r, self.k, self.v = x.size, BACKGROUND / max(self.C, 1), np.zeros(0), np.zeros((2, self.C))
        if not L.size:
            return self.v
        near = self.w[1:] > METRIC_LEAST
        far, w = (B[:, : x.size] - x.astype(number))[:, near], self.w[1:][near].astype(number)
        age = number(self.w[0] / self.size) * (s.t - time).astype(number)
        D = np.cumsum(np.vstack([age, (w * far * far).T]), 0)[-1]
        self.least, self.rate = float(D.min()), max(1 / (self.n_nearest + 1), 0.01)
        self.T = TEMPERATURE * (self.nearest + (self.least - self.nearest) * self.rate) + 1e-9
        a = (D - D.min()) * number(1 / self.T)
        e = np.where(a < FARTHEST, exp(-np.minimum(a, number(FARTHEST))), 0) * weights
        self.k = e * (e / weights) * (e / weights)
        self.v = np.array([np.bincount(L, votes, self.C) for votes in (self.k, e)]) + self.r
        return np.log(self.v)

    def grow(self, d, C):
        self.C, d = C, min(d, SECOND_ORDER)
        self.window[0] = grown(self.window[0], len(self.window[0]), d)
        self.w, self.G = grown(self.w, 1 + d, start=METRIC_START), grown(self.G, 1 + d, start=METRIC_SUM)

    def learn(self, s, P, y, weight):
        x, p_y, n = s.xb[1 : 1 + SECOND_ORDER], 0.0, self.k.size
        if n:
            new = x[self.known :]  # a distance that all rows have in common
            self.nearest += (self.least + new @ new - self.nearest) * self.rate
            self.n_nearest += 1
            seen, votes = y < self.v.shape[1], self.k.sum(dtype=float)
            v_y = self.v[0, y] if seen else self.r
            p_y = v_y / (votes + BACKGROUND)
            if seen and p_y < 0.99:
                self.learn_metric(s.t, x, y, v_y, votes, weight)
        self.resize(min(self.budget, max(WINDOW_LEAST, WINDOW_CELLS // max(x.size, 1))))
        if weight > 0 and (p_y < SURE_ENOUGH or s.t % WINDOW_STORE == 0):
            row, h = (x, y, s.t, min(weight, 1e6)), self.head
            parts = ([a[:h], np.array([value], a.dtype), a[h + 1 :]] for a, value in zip(self.window, row, strict=True))
            self.window, self.head = [np.concatenate(part) for part in parts], (h + 1) % self.size

    def learn_metric(self, t, x, y, v_y, votes, weight):
        """w_j <- w_j exp(-METRIC_RATE g_j / sqrt(G_j)), g_j = w_j sum_i a_i (B_ij - x_j)^2."""
        B, L, time, _ = self.window
        others = number(3 / (self.T * (votes + BACKGROUND)))
        own = number(3 / (self.T * v_y)) - others
        a = np.where(self.k > number(1e-3 * votes), self.k * np.where(y == L, own, -others), 0)
        far, age = (B - x.astype(number)).T, (t - time).astype(number)
        terms = np.vstack([a * age * (1 / number(self.size)), a * far * far])
        g = weight * totals(terms).astype(float) * self.w
        self.G += g**2
        self.w = np.clip(self.w * np.exp(-METRIC_RATE * g / np.sqrt(self.G)), METRIC_LEAST, METRIC_MOST)

    def resize(self, size):
        """More features leave room for fewer rows, and the oldest go."""
        n = len(self.window[0])
        if size != self.size and n:
            newest = (np.arange(n) + self.head * (n == self.size))[-size:] % n
            self.window, self.head = [a[newest] for a in self.window], newest.size % size
        self.size = size


class Additive:
    """AdaGrad over the intercept, and of each feature its value and its hats, max(0, 1 - |u - k|)."""

    experts = ("additive",)

    def __init__(self):
        self.B, self.G = np.zeros((1, 0)), np.zeros(1)

    def spread(self, xa):
        x = xa[1 : 1 + SECOND_ORDER, None]
        u = (HATS - 1) * (x + SQUASH_A) / (2 * SQUASH_A)
        return np.append(1, np.hstack([x, np.maximum(0, 1 - np.abs(u - np.arange(HATS)))]))

    def scores(self, s):
        return [self.spread(s.xa) @ self.B]

    def grow(self, d, C):
        rows = 1 + min(d, SECOND_ORDER) * (1 + HATS)
        self.B, self.G = grown(self.B, rows, C), grown(self.G, rows)

    def learn(self, s, P, y, weight):
        x = self.spread(s.xa)
        step(self.B, HAT_RATE * adagrad(self.G, x, P[0], y, weight), x, P[0], y)


def fits(d, C):
    """Whether the matrices of so many features and classes are few enough; d counts in eights."""
    return d <= QDA_FEATURES and (8 * max(ceil(d / 8), 1)) ** 2 * C <= QDA_CELLS


class Gaussian:
    """Of each class: its mean M, inverse covariance P and ln det of the covariance LD; N counts its samples.

    K counts the samples in the covariance, K_M those in the mean; `fresh` is P_jj of a feature to come, and `turn` the
    coordinate whose floor is next.
    """

    experts = ("gaussian",)

    def __init__(self):
        self.N, self.K, self.K_M, self.LD, self.fresh, self.turn = np.zeros((6, 0))
        self.M, self.P = np.zeros((0, 0)), np.zeros((0, 0, 0))

    def scores(self, s):
        """z_c = ln(N_c + 1/2) - LD_c / 2 - (K_c + d) / 2 ln(1 + h_c / K_c), h_c = a'P_c a, a = x - M_c."""
        n, d = self.M.shape
        a = s.xb[1 : 1 + d] - self.M
        h = np.maximum(np.einsum("ci,cij,cj->c", a, self.P, a), 0)
        density = -self.LD / 2 - (self.K + d) / 2 * np.log(1 + h / self.K)
        if n == self.C:
            return [np.log(self.N + 1 / 2) + density]
        average = log(self.N.mean() + 1 / 2) + density.mean()  # of a class that it does not cover
        return [np.append(np.log(self.N + 1 / 2) + density, np.full(self.C - n, average))]

    def grow(self, d, C):
        self.C, (n, had) = C, self.M.shape
        if not fits(d, C):
            return
        self.M, self.P = grown(self.M, C, d), grown(self.P, C, d, d)
        self.P[:n, range(had, d), range(had, d)] = self.fresh[:, None]
        self.LD -= (d - had) * np.log(self.fresh)
        self.N, self.K_M, self.turn = grown(self.N, C), grown(self.K_M, C), grown(self.turn, C)
        self.K = grown(self.K, C, start=2 + 0.05 * d)
        self.P[n:], self.LD = np.eye(d) / QDA_START, grown(self.LD, C, start=d * log(QDA_START))
        self.fresh = grown(self.fresh, C, start=1 / QDA_START)

    def learn(self, s, P, y, weight):
        self.N *= QDA_FORGET
        if y >= self.N.size or weight == 0:
            return
        d = self.M.shape[1]
        a, most = s.xb[1 : 1 + d] - self.M[y], max(QDA_MEMORY, 2 + 0.05 * d)
        if not (0 <= a @ self.P[y] @ a < 1e300 and abs(self.LD[y]) < 1e300):
            self.P[y], self.LD[y] = np.eye(d) / QDA_START, d * log(QDA_START)
        self.N[y] += weight
        self.K[y], self.K_M[y] = min(self.K[y] + weight, most), min(self.K_M[y] + weight, most)
        e, e_m = min(weight / self.K[y], 1 / 2), weight / (1 + max(self.K_M[y], weight))
        self.add(y, a, e * (1 - e_m), 1 - e)
        self.M[y] += e_m * a
        self.fresh[y] /= 1 - e + e * QDA_FLOOR * self.fresh[y]
        if d:
            self.add(y, np.eye(d)[int(self.turn[y]) % d], e * QDA_FLOOR * d, 1)
            self.turn[y] = (self.turn[y] + 1) % d

    def add(self, y, v, kappa, gamma):
        """The covariance becomes gamma times itself, and kappa v v' more."""
        self.LD[y] += self.M.shape[1] * log(gamma) + log(1 + kappa / gamma * (v @ self.P[y] @ v))
        self.P[y] = learned(self.P[y], v, kappa, gamma)
