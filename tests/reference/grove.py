"""The grove: trees of tests x_j >= threshold on raw values, whose leaves learn together, as one softmax regression.

W, G and the counts are single precision, as the kernel's.
"""

# ruff: noqa: F403, F405 (the constants come as the table that they are)

from __future__ import annotations

from math import inf, log, sqrt

import numpy as np

from tests.reference.constants import *
from tests.reference.steps import gradient, grown, share

F = np.float32


class Leaf:
    """A row W of z, the sum G of its squared gradients, and how often it was `wrong`; its tests, once it has some."""

    def __init__(self, W, G=0):
        self.W, self.G, self.wrong, self.tests = W, F(G), F(0), None


class Node:
    """A test, and what is on its left (x_j below the threshold) and on its right."""

    def __init__(self, j, threshold, left, right):
        self.j, self.threshold, self.sides = j, threshold, [left, right]


class Tests:
    """What a leaf may split by: (j, threshold), and of each the weights of class c left and right, N[c, side]."""

    def __init__(self, leaf, C):
        self.leaf, self.wrong, self.n, self.tests, self.N = leaf, leaf.wrong, 0, [], np.zeros((C, 2, TESTS), F)


class Grove:
    """The trees; `tested` are the leaves' tests, and `drawn` counts the random numbers."""

    experts = ("grove",)

    def __init__(self):
        self.roots, self.tested, self.drawn, self.C = [Leaf(np.zeros(0, F)) for _ in range(GROVE_TREES)], [], 0, 0
        self.calm, self.fast, self.slow = 0, 0.0, 0.0

    def leaves(self, node):
        return [node] if isinstance(node, Leaf) else self.leaves(node.sides[0]) + self.leaves(node.sides[1])

    def scores(self, s):
        self.known = self.C
        self.met = [self.way(root, s.raw)[-1] for root in self.roots]
        z = np.zeros(self.C, F)
        for leaf in self.met:
            z = z + leaf.W
        return [z.astype(float)]

    @staticmethod
    def way(node, x):
        way = [node]
        while isinstance(way[-1], Node):
            way.append(way[-1].sides[int(x[way[-1].j] >= way[-1].threshold)])
        return way

    def grow(self, d, C):
        self.C = C
        for root in self.roots:
            for leaf in self.leaves(root):
                leaf.W = grown(leaf.W, C)
        for tests in self.tested:
            tests.N = grown(tests.N, C, 2, TESTS)

    def learn(self, s, P, y, weight):
        """G <- G + |p - e_y|^2, r = GROVE_RATE / sqrt(G), W <- W - f r (p - e_y); then the tests of each leaf."""
        (p,), weight = P, min(weight, HEAVIEST)
        if weight == 0:
            return
        squared, wrong = (1 - p[y]) ** 2 + sum(np.delete(p, y) ** 2), 1 - p[y]
        for leaf in self.met:
            leaf.G += F(weight * squared)
        r = [F(weight * GROVE_RATE / sqrt(float(leaf.G) + 1e-8)) for leaf in self.met]
        f = share(sum(map(float, r)), p, y)
        if wrong > CERTAIN:
            g = (f * gradient(p, y)).astype(F)
            for leaf, rate in zip(self.met, r, strict=True):
                leaf.W = leaf.W - rate * g
        for tree, leaf in enumerate(self.met):
            if leaf.tests is None:
                leaf.wrong += F(weight * wrong)
                if leaf.wrong > OFTEN_WRONG:
                    self.ask(leaf)
            if leaf.tests is not None:
                self.count(tree, leaf, s, y, weight, F(weight * wrong))
        if y < self.known:
            self.watch(p[y])
        while len(self.tested) > self.most_tests:
            self.end(self.tested[-1])
        for tree in reversed(range(GROVE_TREES)):
            if sum(len(self.leaves(root)) for root in self.roots) > self.most_leaves:
                self.fell(tree)

    @property
    def most_leaves(self):
        return min(LEAVES, max(GROVE_TREES, LEAF_CELLS // self.C))

    @property
    def most_tests(self):
        return TEST_BYTES // (12 * TESTS + 16 + 8 * TESTS * self.C)

    def random(self):
        """The next 32 bits of SplitMix64."""
        self.drawn += 1
        v, all_bits = self.drawn * 0x9E3779B97F4A7C15, (1 << 64) - 1
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            v = ((v & all_bits) ^ (v & all_bits) >> shift) * factor
        return ((v & all_bits) ^ (v & all_bits) >> 31) >> 32

    def ask(self, leaf):
        """Where no tests are to be had, the least wrong of four leaves gives up its own, unless `leaf` is less so."""
        place = len(self.tested)
        if place >= self.most_tests:
            others = [self.random() % self.most_tests for _ in range(4 * (self.most_tests > 0))]
            place = min(others, key=lambda i: self.tested[i].wrong, default=None)
            if place is None or not self.tested[place].wrong < leaf.wrong:
                leaf.wrong *= F(0.5)
                return
            loser = self.tested[place].leaf
            loser.tests, loser.wrong = None, F(0)
        leaf.tests = Tests(leaf, self.C)
        self.tested[place : place + 1] = [leaf.tests]

    def end(self, tests):
        """The last tests take the place of these."""
        tests.leaf.tests, tests.leaf.wrong = None, F(0)
        place, last = self.tested.index(tests), self.tested.pop()
        if last is not tests:
            self.tested[place] = last

    def count(self, tree, leaf, s, y, weight, wrong):
        """Draw a few tests, of a feature that is there or of the best two, count the sample, and check now and then."""
        all_, x = leaf.tests, s.raw
        for _ in range(min(NEW_TESTS, TESTS - len(all_.tests)) if s.there.size else 0):
            u = self.random()
            again = all_.n >= FIRST_CHECK and len(all_.tests) > 1 and u & 1
            j = all_.tests[u >> 1 & 1][0] if again else s.there[(u >> 2) % s.there.size]
            all_.tests.append((j, x[j] if x[j] > 0 else np.nextafter(x[j], inf)))
        for i, (j, threshold) in enumerate(all_.tests):
            all_.N[y, int(x[j] >= threshold), i] += F(weight)
        all_.n, all_.wrong = all_.n + 1, all_.wrong + wrong
        if all_.n >= FIRST_CHECK and all_.n & (all_.n - 1) == 0:
            self.check(tree, leaf, x)

    def check(self, tree, leaf, x):
        """Split by the best test if it gains enough; otherwise the better half stays."""
        all_ = leaf.tests
        gains, classes = self.gains(all_), np.count_nonzero(all_.N.any((1, 2)))
        order = [i for i in np.argsort(-gains, kind="stable") if gains[i] >= 0]
        enough = GAIN + CLASS_GAIN * (classes - 1)
        if order and gains[order[0]] > enough and sum(map(len, map(self.leaves, self.roots))) < self.most_leaves:
            self.end(all_)
            leaf.G *= F(INHERITED)
            node, way = Node(*all_.tests[order[0]], leaf, Leaf(leaf.W.copy(), leaf.G)), self.way(self.roots[tree], x)
            if len(way) == 1:
                self.roots[tree] = node
            else:
                way[-2].sides[way[-2].sides.index(leaf)] = node
            return
        keep = order[: TESTS // 2]
        N, all_.N, all_.tests = all_.N, np.zeros_like(all_.N), [all_.tests[i] for i in keep]
        all_.N[..., : len(keep)] = N[..., keep]
        all_.n, all_.wrong = LONGEST_WAIT if all_.n == 2 * LONGEST_WAIT else all_.n, all_.wrong * F(0.5)

    @staticmethod
    def gains(all_):
        """n times the information of each test, h(N) = sum of N ln N; to 2^-20 nats, so that equal tests tie."""
        N = all_.N[..., : len(all_.tests)].astype(float)
        left, right = N[:, 0], N[:, 1]

        def h(N):
            return N * np.log(np.maximum(N, 1e-30))

        within = sum(h(left[c]) + h(right[c]) - h(left[c] + right[c]) for c in range(len(N)))
        left, right = left.sum(0), right.sum(0)
        gains = np.rint((within + (h(left + right) - (h(left) + h(right)))) * 2**20) / 2**20
        return np.where((left >= LEAST_SIDE) & (right >= LEAST_SIDE), gains, -1)

    def watch(self, p_y):
        """Where the fast mean of the loss is far above the slow one, half of the trees starts anew."""
        loss = min(-log(max(p_y, 1e-300)), 2 * log(self.C + 1))
        self.calm += 1
        self.fast += (loss - self.fast) / min(self.calm, FAST_LOSS)
        self.slow += (loss - self.slow) / min(self.calm, SLOW_LOSS)
        if self.calm > CALM and self.fast > self.slow + JUMP:
            self.fell(GROVE_TREES // 2)
            self.calm, self.fast, self.slow = 0, 0.0, 0.0
            for root in self.roots:
                for leaf in self.leaves(root):
                    leaf.G *= F(LOOSENED)

    def fell(self, first):
        """Start the trees from `first` on anew."""
        for tests in reversed(list(self.tested)):
            if any(tests.leaf in self.leaves(root) for root in self.roots[first:]):
                self.end(tests)
        self.roots[first:] = [Leaf(np.zeros(self.C, F)) for _ in self.roots[first:]]
