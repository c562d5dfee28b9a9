"""A classifier of MOA, from its Python package CapyMOA, which runs in a Java machine inside the process.

It wants all features and classes in advance, which no stream tells: they are read from the whole list of rows, to the
rival's advantage. A feature that a row does not have is 0. Its ensembles work on one thread.
"""

from __future__ import annotations

import numpy as np
from capymoa.core import Instance, LabeledInstance
from capymoa.stream import Schema

from benchmarks.quality.rivals.known_classes import among

MEMBERS = 100


class Moa:
    def __init__(self, make, rows):
        self.column = {name: j for j, name in enumerate(dict.fromkeys(name for x, *_ in rows for name in x))}
        self.number = {y: c for c, y in enumerate(sorted({y for *_, y in rows}))}
        self.seen = {}
        columns, classes = [f"x{j}" for j in self.column.values()], [f"{c}" for c in self.number.values()]
        self.schema = Schema.from_custom([*columns, "y"], "y", {"y": classes})
        self.model = make(self.schema)

    def vector(self, x):
        row = np.zeros(len(self.column))
        for name, value in x.items():
            row[self.column[name]] = value
        return row

    def predict_proba_one(self, x):
        votes = self.model.predict_proba(Instance.from_array(self.schema, self.vector(x)))
        return among(self.seen, () if votes is None else votes)

    def learn_one(self, x, y):
        self.model.train(LabeledInstance.from_array(self.schema, self.vector(x), self.number[y]))
        self.seen[y] = self.number[y]
