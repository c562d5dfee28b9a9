"""Vowpal Wabbit, one against all, from its Python package.

It wants the number of classes in advance and gives probabilities of classes not seen yet: these are dropped and the
others renormalised, as every rival answers over the classes seen so far. `-b 22` keeps weights from colliding.
"""

from __future__ import annotations

from vowpalwabbit import Workspace

from benchmarks.quality.rivals.known_classes import among
from benchmarks.quality.score import plain

SETTINGS = {"default": "", "-l .1": "-l .1", "-l 2": "-l 2", "--coin": "--coin", "--ftrl": "--ftrl"}


class VowpalWabbit:
    def __init__(self, labels, options):
        self.number = {y: c for c, y in enumerate(labels)}
        self.seen = {}
        self.vw = Workspace(
            f"--oaa {len(self.number)} --loss_function logistic --probabilities -b 22 --quiet {options}"
        )

    def predict_proba_one(self, x):
        return among(self.seen, self.vw.predict(text(x)))

    def learn_one(self, x, y):
        self.vw.learn(f"{self.number[y] + 1} {text(x)}")
        self.seen[y] = self.number[y]


def text(x):
    return "| " + " ".join(f"{name}:{value!r}" for name, value in x.items())


def runs(stream):
    rows = plain(stream.rows())
    labels = sorted({y for *_, y in rows})
    for name, options in SETTINGS.items():
        yield name, VowpalWabbit(labels, options), rows
