"""A learner of tables in a stream: fitted anew on all rows so far whenever they have grown by a tenth.

It gets all features in advance, in an array, or in a sparse matrix where there are more than `WIDE`. Between two fits
the model stays as it is, so its answers for these rows are made in one call, which is the cheapest way to have them.
Before the first fit the answer is how often each class has come.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from scipy.sparse import csr_matrix

FIRST = 50
WIDE = 2500


def next_fit(fitted: int) -> int:
    """The number of rows at which a model of so many rows is fitted anew."""
    return FIRST if fitted < FIRST else -(-fitted * 11 // 10)


def table(rows):
    """What is predicted from, a row a sample, the features in the order in which they came."""
    column = {name: j for j, name in enumerate(dict.fromkeys(name for x, *_ in rows for name in x))}
    entries = [(i, column[name], value) for i, (x, *_) in enumerate(rows) for name, value in x.items()]
    at, of, values = map(np.array, zip(*entries, strict=True))
    X = csr_matrix((values, (at, of)), shape=(len(rows), len(column)))
    return X if len(column) > WIDE else X.toarray()


class Refitted:
    def __init__(self, make, rows):
        self.make, self.X, self.y = make, table(rows), np.array([y for *_, y in rows])
        self.counts, self.n, self.fitted, self.due = Counter(), 0, 0, next_fit(0)

    def predict_proba_one(self, x):
        if self.fitted:
            return dict(zip(self.classes, self.answers[self.n - self.fitted], strict=True))
        return {y: count / self.n for y, count in self.counts.items()}

    def learn_one(self, x, y):
        self.counts[y] += 1
        self.n += 1
        if self.n < self.due:
            return
        self.due = next_fit(self.n)
        if len(self.counts) > 1 and self.n < len(self.y):
            model = self.make().fit(self.X[: self.n], self.y[: self.n])
            self.fitted, self.classes = self.n, model.classes_.tolist()
            self.answers = model.predict_proba(self.X[self.n : self.due]).tolist()
