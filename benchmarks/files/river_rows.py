"""One whole process of river: `python -m benchmarks.files.river_rows FILE.csv ROWS`."""

from __future__ import annotations

import sys
from itertools import islice

from river import linear_model, metrics, optim, stream


def main(path: str, rows: int) -> None:
    with open(path) as file:
        names = file.readline().strip().replace('"', "").split(",")
    converters = {name: float for name in names if name != "y"}
    model, loss = linear_model.SoftmaxRegression(optim.SGD(0.05)), metrics.CrossEntropy()
    for x, y in islice(stream.iter_csv(path, target="y", converters=converters), rows):
        loss.update(y, model.predict_proba_one(x))
        model.learn_one(x, y)
    print(loss)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
