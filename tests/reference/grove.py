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

    def __init__(self, tree, W, G=0):
        self.tree, self.W, self.G, self.wrong, self.tests = tree, W, F(G), F(0), None


class Node:
    """A test, and what is on its left (x_j below the threshold) and on its right."""

    def __init__(self, j, threshold, left, right):
        self.j, self.threshold, self.sides = j, threshold, [left, right]


class Tests:
    """What a leaf may split by, x_j >= threshold; of each test, N[c, side] is the weight of class c on that side."""

    def __init__(self, leaf, C):
        self.leaf, self.wrong, self.n, self.N = leaf, leaf.wrong, 0, np.zeros((C, 2, 0), F)
        self.j, self.threshold, self.noted, self.samples = np.zeros(0, int), np.zeros(0), 0, [None] * RECALLED

    def add(self, j, threshold):
        self.j, self.threshold = np.append(self.j, j), np.append(self.threshold, threshold)
        self.N = np.append(self.N, np.zeros((len(self.N), 2, 1), F), 2)

    def note(self, number):
        self.samples[self.noted % RECALLED] = number
        self.noted += 1

    def count(self, x, y, weight, since=0):
        """Count a sample in the tests from `since` on."""
        k = np.arange(since, self.j.size)
        self.N[y, (x[self.j[k]] >= self.threshold[k]).astype(int), k] += F(weight)

    def keep(self, order):
        self.j, self.threshold, self.N = self.j[order], self.threshold[order], self.N[..., order]


class Grove:
    """Trees, their leaves, and the leaves' tests, in order; `drawn` counts the random numbers."""

    experts = ("grove",)

    def __init__(self):
        self.leaves, self.tested, self.drawn, self.C = (
            [Leaf(tree, np.zeros(0, F)) for tree in range(GROVE_TREES)],
            [],
            0,
            0,
        )
        self.past, self.size, self.n = {}, 0, 0
        self.roots, self.calm, self.fast, self.slow = list(self.leaves), 0, 0.0, 0.0

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
        if C > self.C:
            for leaf in self.leaves:
                leaf.W = grown(leaf.W, C)
            for tests in self.tested:
                tests.N = grown(tests.N, C, 2, tests.j.size)
        self.d, self.C, self.size = d, C, min(PAST_CELLS // (1 + d), PAST_SAMPLES)
        self.size *= self.size >= PAST_LEAST

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
        if self.size and self.known:
            self.n += 1
            self.past[self.n] = s.raw, y, weight
        self.past = {number: self.past[number] for number in list(self.past)[-self.size :] if self.size}
        for leaf in self.met:
            if leaf.tests is None:
                leaf.wrong += F(weight * wrong)
                if leaf.wrong > OFTEN_WRONG:
                    self.ask(leaf)
            if leaf.tests is not None:
                self.count(leaf.tests, s, y, weight, F(weight * wrong))
        if y < self.known:
            self.watch(p[y])
        while len(self.tested) > self.most_tests:
            self.end(self.tested[-1])
        for tree in reversed(range(GROVE_TREES)):
            if len(self.leaves) > self.most_leaves:
                self.fell(tree)

    @property
    def most_leaves(self):
        return min(LEAVES, max(GROVE_TREES, LEAF_CELLS // self.C))

    @property
    def most_tests(self):
        return TEST_BYTES // (12 * TESTS + 4 * RECALLED + 24 + 8 * TESTS * self.C)

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

    def count(self, tests, s, y, weight, wrong):
        """Draw a few tests, of a feature that is there or of the best two, count the sample, and check now and then."""
        for _ in range(min(NEW_TESTS, TESTS - tests.j.size) if s.there.size else 0):
            u = self.random()
            again = tests.n >= FIRST_CHECK and tests.j.size > 1 and u & 1
            j = tests.j[u >> 1 & 1] if again else s.there[(u >> 2) % s.there.size]
            tests.add(j, s.raw[j] if s.raw[j] > 0 else np.nextafter(s.raw[j], inf))
        tests.count(s.raw, y, weight)
        tests.n, tests.wrong = tests.n + 1, tests.wrong + wrong
        if self.size:
            tests.note(self.n)
        if tests.n >= FIRST_CHECK and tests.n & (tests.n - 1) == 0:
            self.check(tests, s)

    def check(self, tests, s):
        """Split by the best test if it gains enough; otherwise the better half stays, others are drawn: in rounds."""
        recalled = [number for number in tests.samples if number in self.past]
        for i in range(ROUNDS if recalled and s.there.size else 1):
            gains, classes = self.gains(tests.N.astype(float)), np.count_nonzero(tests.N.any((1, 2)))
            order = [k for k in np.argsort(-gains, kind="stable") if gains[k] >= 0]
            if order and gains[order[0]] > GAIN + CLASS_GAIN * (classes - 1) and len(self.leaves) < self.most_leaves:
                self.split(tests, tests.j[order[0]], tests.threshold[order[0]], s, recalled)
                return
            tests.keep(order[: TESTS // 2])
            if i == 0:
                tests.n, tests.wrong = LONGEST_WAIT if tests.n == 2 * LONGEST_WAIT else tests.n, tests.wrong * F(0.5)
            self.redraw(tests, s, recalled)

    def split(self, tests, j, threshold, s, recalled):
        """The left half keeps the leaf; both begin with those of its samples that are their own."""
        self.end(tests)
        leaf = tests.leaf
        leaf.G *= F(INHERITED)
        right = Leaf(leaf.tree, leaf.W.copy(), leaf.G)
        self.leaves.append(right)
        way = self.way(self.roots[leaf.tree], s.raw)
        if len(way) == 1:
            self.roots[leaf.tree] = Node(j, threshold, leaf, right)
        else:
            way[-2].sides[way[-2].sides.index(leaf)] = Node(j, threshold, leaf, right)
        for side, half in enumerate((leaf, right)):
            own = [number for number in recalled if (self.seen(number)[j] >= threshold) == side]
            if self.n < PARTED or len(own) < LEAST_PART or len({self.past[number][1] for number in own}) < 2:
                continue
            half.wrong = tests.wrong * F(0.5)
            self.ask(half)
            if half.tests is None:
                continue
            self.redraw(half.tests, s, own)
            for number in own:
                half.tests.note(number)
            n = len(own)
            half.tests.n = n if n < FIRST_CHECK else 2 ** int(np.log2(n + 1)) - 1

    def seen(self, number):
        """A sample of the past, with the features of today."""
        x = np.zeros(self.d)
        x[: self.past[number][0].size] = self.past[number][0]
        return x

    def redraw(self, tests, s, recalled):
        """Draw what is wanting at samples recalled, of a feature that is there or of the best two, and count them."""
        kept = tests.j.size
        if not recalled or not s.there.size:
            return
        while tests.j.size < TESTS:
            x = self.seen(recalled[self.random() % len(recalled)])
            u = self.random()
            j = tests.j[u >> 1 & 1] if kept > 1 and u & 1 else s.there[(u >> 2) % s.there.size]
            tests.add(j, x[j] if x[j] > 0 else np.nextafter(x[j], inf))
        for number in recalled:
            tests.count(self.seen(number), *self.past[number][1:], kept)

    @staticmethod
    def gains(N):
        """n times the information of each test, with h(N) = N ln N; to 2^-20 nats, so that equal tests tie."""
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
            for leaf in self.leaves:
                leaf.G *= F(LOOSENED)

    def fell(self, first):
        """Start the trees from `first` on anew."""
        for tests in reversed(list(self.tested)):
            if tests.leaf.tree >= first:
                self.end(tests)
        fresh = [Leaf(tree, np.zeros(self.C, F)) for tree in range(first, GROVE_TREES)]
        self.leaves = [leaf for leaf in self.leaves if leaf.tree < first] + fresh
        self.roots[first:] = fresh
