"""The long memory: thousands of samples in units of their own, of which those in the same leaves of k-d trees vote."""

# ruff: noqa: F403, F405 (the constants come as the table that they are)

from __future__ import annotations

import numpy as np

from tests.reference.constants import *
from tests.reference.precision import exp, number, totals
from tests.reference.steps import grown


def columns(d):
    """The room for features in a row, a multiple of 8."""
    return max((d + 7) // 8 * 8, 8)


def memory_size(d):
    return min(MEMORY_MOST, MEMORY_CELLS // columns(d))


class Random:
    """splitmix64."""

    def __init__(self, state):
        self.state = state

    def below(self, n):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        x = self.state
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
        return ((x ^ x >> 31) >> 32) % n


def total(a):
    """The sum, from the first to the last, in the precision of the values."""
    return np.cumsum(a, 0, dtype=a.dtype)[-1] if len(a) else np.zeros(a.shape[1:], a.dtype)[()]


class Tree:
    """A k-d tree: of each node the feature it looks at, its threshold and its left child, 0 of a leaf.

    The place of a right child is twice that of its leaf; a left child keeps the leaf of its parent.
    """

    def __init__(self, memory, place):
        self.memory, self.place = memory, place
        self.dim, self.threshold, self.child, self.leaves = [0], [0.0], [0], [[]]

    def random(self):
        return Random(((self.memory.stored * KD_TREES + self.place) << 16) | len(self.child))

    def find(self, z):
        """The node that z falls into, and its leaf."""
        k = leaf = 0
        while self.child[k]:
            right = bool(z[self.dim[k]] >= self.threshold[k])
            k = self.child[k] + right
            leaf = k // 2 if right else leaf
        return k, leaf

    def cut(self, k, ids, random):
        """Cut at the feature of the largest w_j var_j among some at random, or else among all.

        The threshold lies between two values at a random place in the middle third. False where all samples are equal.
        """
        memory, n = self.memory, len(ids)
        Z, d = memory.Z[ids], memory.Z.shape[1]
        some = d if d < 4 else 2 + d // 4
        best, dim = number(0), None
        for q in range(some + d):
            if q >= some and dim is not None:
                break
            j = q % d if d < 4 or q >= some else random.below(d)
            u = Z[1:, j] - Z[0, j]
            spread = (total(u * u) - total(u) * total(u) / number(n)) * number(memory.w[j + 1])
            if d < 4:
                spread *= number(0.3) + number(random.below(1024)) / number(1024)
            if spread > best:
                best, dim = spread, j
        if dim is None:
            return False
        values = np.sort(Z[:, dim])
        at = values[n // 3 + random.below(n // 3 + 1)]
        if at == values[0]:
            at = values[values > at][0]
        low = values[values < at][-1]
        middle = number(0.5) * (low + at)
        self.dim[k], self.threshold[k] = dim, middle if low < middle <= at else at
        return True

    def branch(self, k):
        """Give a node its children."""
        self.child[k] = len(self.child)
        self.dim += [0, 0]
        self.threshold += [0.0, 0.0]
        self.child += [0, 0]
        self.leaves.append([])

    def is_full(self):
        return len(self.child) + 2 > len(self.memory.L) // 8 + 16

    def insert(self, i):
        k, leaf = self.find(self.memory.Z[i])
        ids = self.leaves[leaf]
        if len(ids) == KD_LEAF:
            if self.is_full() or not self.cut(k, ids, self.random()):
                del ids[: KD_LEAF // 2]
            else:
                self.branch(k)
                right = self.memory.Z[ids, self.dim[k]] >= self.threshold[k]
                self.leaves[leaf], self.leaves[-1] = [
                    [ids[i] for i in np.flatnonzero(right == is_)] for is_ in (False, True)
                ]
            _, leaf = self.find(self.memory.Z[i])
        self.leaves[leaf].append(i)

    def plant(self):
        """Anew: cut all samples in two by what a few of them say, and what comes of it, until all are in leaves."""
        self.__init__(self.memory, self.place)
        parts, k = [(np.array(self.memory.oldest_first()), 0)], 0
        while k < len(parts):
            ids, leaf = parts[k]
            n, random, is_cut = len(ids), self.random(), False
            for _ in range(4):
                if n <= KD_LEAF or self.is_full() or is_cut:
                    break
                few = (random.below(n) + np.arange(KD_LEAF) * n // KD_LEAF) % n
                is_cut = self.cut(k, ids[few], random)
            if is_cut:
                self.branch(k)
                right = self.memory.Z[ids, self.dim[k]] >= self.threshold[k]
                parts += [(ids[~right], leaf), (ids[right], len(self.leaves) - 1)]
            else:
                self.leaves[leaf] = ids[-KD_LEAF:].tolist()
            k += 1


class Memory:
    """A sample is a row of Z, z = (x - mean) / sd. The memory is a ring, and the next row goes to its `head`."""

    experts = "memory", "wide-memory"

    def __init__(self):
        self.head, self.stored = 0, 0
        self.Z, self.L, self.time, self.weights = (
            np.zeros((0, 0), number),
            np.zeros(0, int),
            np.zeros(0, int),
            np.zeros(0, number),
        )
        self.mean, self.sd = np.zeros(0), np.zeros(0)
        self.w, self.G, self.nearest, self.n_nearest = np.array([AGE_WEIGHT]), np.array([METRIC_SUM]), 1.0, 0
        self.trees = [Tree(self, place) for place in range(KD_TREES)]

    def scores(self, s):
        """As those of the window, over the samples in the leaves of x."""
        self.k, self.r, self.v = np.zeros(0), BACKGROUND / max(self.C, 1), np.zeros((2, self.C))
        if not self.L.size:
            return self.v
        self.z = self.in_units(s.raw[: self.mean.size])
        self.near = list(dict.fromkeys(i for tree in self.trees for i in tree.leaves[tree.find(self.z)[1]]))
        if not self.near:
            return self.v
        w, L, weights = self.w[1:].astype(number), self.L[self.near], self.weights[self.near]
        self.far, self.ago = self.Z[self.near] - self.z, s.t - self.time[self.near]
        D = totals(w * self.far * self.far, 8) + number(self.w[0] / self.size) * self.ago.astype(number)
        self.least, self.rate = float(D.min()), max(1 / (self.n_nearest + 1), 0.01)
        self.T = TEMPERATURE * (self.nearest + (self.least - self.nearest) * self.rate) + 1e-9
        a = (D - D.min()) * number(1 / self.T)
        e = np.where(a < FARTHEST, exp(-np.minimum(a, number(FARTHEST))), 0)
        self.k = e * e * e * weights
        self.v = np.array([np.bincount(L, votes, self.C) for votes in (self.k, e * weights)]) + self.r
        return np.log(self.v)

    def grow(self, d, C):
        self.C, d = C, min(d, SECOND_ORDER)
        if columns(d) > columns(self.mean.size):
            self.resize(memory_size(d))
        self.size = memory_size(d)
        self.Z = grown(self.Z, len(self.Z), d)
        self.mean, self.sd = grown(self.mean, d), grown(self.sd, d)
        self.w, self.G = grown(self.w, 1 + d, start=METRIC_START), grown(self.G, 1 + d, start=METRIC_SUM)

    def learn(self, s, P, y, weight):
        p_y = 0.0
        if self.k.size:
            self.nearest += (self.least - self.nearest) * self.rate
            self.n_nearest += 1
            seen, votes = y < self.v.shape[1], self.k.sum(dtype=float)
            v_y = self.v[0, y] if seen else self.r
            p_y = v_y / (votes + BACKGROUND)
            if seen and p_y < 0.99 and votes > 0:
                self.learn_metric(y, v_y, votes, weight)
        if weight > 0 and (p_y < SURE_ENOUGH or s.t % WINDOW_STORE == 0):
            self.store(s, y, weight)

    def learn_metric(self, y, v_y, votes, weight):
        """w_j <- w_j exp(-METRIC_RATE g_j / sqrt(G_j)), g_j = w_j sum_i a_i (z_ij - z_j)^2, of the features so far."""
        d = self.far.shape[1]
        others = number(3 / (self.T * (votes + BACKGROUND)))
        own = number(3 / (self.T * v_y)) - others
        some = self.k > number(1e-3 * votes)
        a = (self.k * np.where(self.L[self.near] == y, own, -others))[some]
        far = self.far[some]
        age = total(a.astype(float) * self.ago[some]) / self.size
        g = np.append(age, total(a[:, None] * far * far)) * weight * self.w[: 1 + d]
        self.G[: 1 + d] += g**2
        self.w[: 1 + d] *= np.exp(-METRIC_RATE * g / np.sqrt(self.G[: 1 + d]))
        self.w = np.clip(self.w, METRIC_LEAST, METRIC_MOST)

    def in_units(self, x):
        """z of a sample, or of so many of its first features; features without units are 0."""
        mean, sd = self.mean[: x.size], self.sd[: x.size]
        per = np.divide(1, sd, out=np.zeros(sd.size), where=sd > 0)
        with np.errstate(over="ignore"):
            return np.clip((x[: mean.size] - mean) * per, -FARTHEST_Z, FARTHEST_Z).astype(number)

    def oldest_first(self):
        n = len(self.L)
        return [(i + self.head * (n == self.size)) % n for i in range(n)]

    def store(self, s, y, weight):
        """Keep the sample; after some samples there are new units, and after that new trees, one a sample."""
        x, var, i = s.raw[: self.mean.size], s.var[: self.mean.size], self.head
        new = (self.sd == 0) & (x != 0)
        self.sd = np.where(new, np.maximum(np.where(var > 0, np.sqrt(var), np.abs(x)), LEAST_UNIT), self.sd)
        if len(self.L) == self.size:
            for tree in self.trees:
                tree.leaves = [[j for j in ids if j != i] for ids in tree.leaves]
        row = self.in_units(x), y, s.t, min(weight, 1e6)
        ring = self.Z, self.L, self.time, self.weights
        self.Z, self.L, self.time, self.weights = (
            np.concatenate([a[:i], np.array([value], a.dtype), a[i + 1 :]]) for a, value in zip(ring, row, strict=True)
        )
        self.head, self.stored = (i + 1) % self.size, self.stored + 1
        for tree in self.trees:
            tree.insert(i)
        epoch = KD_FIRST_EPOCH
        while epoch < KD_EPOCH and 4 * epoch <= self.stored:
            epoch *= 4
        since = self.stored - epoch if epoch < KD_EPOCH else self.stored % KD_EPOCH
        if since == 0:
            self.rescale()
        elif 0 < since <= KD_TREES:
            self.trees[since - 1].plant()

    def rescale(self):
        """New units: mean and standard deviation, or the median and the quantiles' distance where outliers are many."""
        n = min(len(self.L), QUANTILES)
        rows = np.arange(n) * len(self.L) // n
        for j in range(self.mean.size):
            z = self.Z[rows, j].astype(float)
            centre, values = total(z) / n, np.sort(z)
            sd = np.sqrt(max(total(z * z) / n - centre * centre, 0))
            wide = (values[n - 1 - n // 20] - values[n // 20]) / NORMAL_WIDTH
            if wide > 0 and sd > 2 * wide:
                centre, sd = values[n // 2], wide
            if not (sd > 1e-30 and self.sd[j] * sd > LEAST_UNIT):
                continue

            def anew(z, centre=centre, sd=sd):
                return np.clip((z.astype(float) - centre) * (1 / sd), -FARTHEST_Z, FARTHEST_Z).astype(number)

            self.mean[j] += self.sd[j] * centre
            self.sd[j] *= sd
            self.Z[:, j] = anew(self.Z[:, j])
            for tree in self.trees:
                for k, child in enumerate(tree.child):
                    if child and tree.dim[k] == j:
                        tree.threshold[k] = anew(number(tree.threshold[k]))

    def resize(self, size):
        """More features leave room for fewer samples, and the oldest go."""
        newest = self.oldest_first()[-size:]
        place = {i: k for k, i in enumerate(newest)}
        self.Z, self.L, self.time, self.weights = (a[newest] for a in (self.Z, self.L, self.time, self.weights))
        self.head = len(newest) % size
        for tree in self.trees:
            tree.leaves = [[place[i] for i in ids if i in place] for ids in tree.leaves]
