"""StandardScaler() | SoftmaxRegression(optimizer): the optimisers and rates one would try, with and without intercept.

Our compiled class takes the place of river's, whose numbers it gives. The scaler does not depend on the model, so its
two outputs a row (before and after it learned the row) are made once. A word that is 1 whenever it is present is always
0 after the scaler, so on sparse streams the grid has every setting on the raw values, too, and on those alone where all
values are 1.
"""

from __future__ import annotations

from river import optim
from river.preprocessing import StandardScaler

from benchmarks.quality.score import plain
from online_softmax import SoftmaxRegression

GRID = {
    optim.SGD: (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
    optim.AdaGrad: (0.01, 0.03, 0.1, 0.3, 1.0),
    optim.Adam: (0.001, 0.003, 0.01, 0.03, 0.1),
    optim.AdaMax: (0.001, 0.01, 0.03, 0.1),
    optim.RMSProp: (0.001, 0.01, 0.1),
}


def scaled(rows):
    scaler = StandardScaler()
    for x, y in rows:
        before = scaler.transform_one(x)
        scaler.learn_one(x)
        yield before, scaler.transform_one(x), y


def runs(stream):
    rows = stream.rows()
    inputs = {}
    if any(value != 1 for x, _ in rows for value in x.values()):
        inputs[""] = list(scaled(rows))
    if stream.sparse:
        inputs[" raw"] = plain(rows)
    for suffix, triples in inputs.items():
        for optimizer, rates in GRID.items():
            for eta in rates:
                for intercept in (False, True):
                    name = f"{optimizer.__name__}({eta:g}){' intercept' * intercept}{suffix}"
                    yield name, SoftmaxRegression(optimizer(eta), intercept=intercept), triples
