"""Call every public method over and over: no reference, no object and no block of memory is left behind.

`make reliability PROOFS=count_references`, or `python -m proofs.count_references --calls 1000000`. Each
method is called with the same objects, rightly and wrongly; before and after, the references to names, labels, values,
dictionaries and None, the objects under garbage collection and the allocated blocks are counted. Prints the counts as
JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import gc
import io
import json
import pickle
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy import sparse

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, inspection, load

ROUNDS = 4
LEAST = 100  # calls of a method in a round
SLACK = 50  # references or blocks that Python itself may keep in a round, whatever the number of calls


class Name:
    """A name or a label that nobody else holds."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Name) and other.text == self.text


def calls(Model: Any) -> dict[str, Callable[[], object]]:
    """Give every public method, right and wrong, over one model and the same objects."""
    model = Model()
    names, labels = [Name(text) for text in "abc"], [Name(text) for text in "uv"]
    values = [1.5, -2.5, 1e-3]
    x, y = dict(zip(names, values, strict=True)), labels[0]
    text = {"a": 1.5, "b": -2.5}
    frame, table = pd.DataFrame([text] * 3), pa.table({"a": [1.5, 2.5], "b": [1.0, 2.0]})
    matrix, csr = np.ones((3, 2)), sparse.csr_matrix(np.eye(3))
    row, series, column, rows = pd.Series(text), pd.Series([1, 2, 1]), pa.chunked_array([["u", "v"]]), [1, 2, 1]
    for label in labels:
        model.learn_one(x, label)
    plain = Model()
    plain.learn_many(frame, series)
    folder = tempfile.TemporaryDirectory()
    wrong, empty = {names[0]: "one"}, {}

    def refused(call: Callable[..., object], *arguments: Any) -> Callable[[], None]:
        def attempt() -> None:
            with contextlib.suppress(TypeError, ValueError):
                call(*arguments)
                raise AssertionError("not refused")

        return attempt

    def stored() -> None:
        path = Path(folder.name, "model")
        plain.save(path)
        load(path)

    def forgotten() -> None:
        model.learn_one({names[0]: 1.0, Name("d"): 1.0}, Name("w"))
        model.forget_feature(Name("d"))
        model.forget_class(Name("w"))

    held = [*names, *labels, *values, x, text, wrong, frame, table, matrix, csr, series, column, rows, model, plain]
    out: dict[str, Callable[[], object]] = {
        "held": lambda: held,
        "learn_one": lambda: model.learn_one(x, y, 0.5),
        "learn_one, a value refused": refused(model.learn_one, wrong, y),
        "learn_one, a new name and a label refused": refused(model.learn_one, {**x, Name("n"): 1.0}, [y]),
        "learn_one, no mapping": refused(model.learn_one, names, y),
        "learn_one, a series": lambda: model.learn_one(row, y),
        "predict_one": lambda: model.predict_one(x),
        "predict_one, refused": refused(model.predict_one, wrong),
        "predict_proba_one": lambda: model.predict_proba_one(x),
        "predict_proba_one, empty": lambda: model.predict_proba_one(empty),
        "loss_one": lambda: model.loss_one(x, y),
        "explain_one": lambda: model.explain_one(x),
        "explain_one, refused": refused(model.explain_one, wrong),
        "inspection": lambda: (inspection(model).to_dict(), model._repr_html_()),
        "learn_many, pandas": lambda: plain.learn_many(frame, series),
        "learn_many, pyarrow": lambda: model.learn_many(table, column),
        "learn_many, matrix": lambda: plain.learn_many(matrix, rows, [1.0, 2.0, 3.0]),
        "learn_many, sparse": lambda: plain.learn_many(csr, rows),
        "learn_many, refused": refused(plain.learn_many, frame, pd.Series([1, 2, None])),
        "learn_many, a row refused": refused(plain.learn_many, np.array([[1.0], [np.nan]]), [1, 2]),
        "predict_proba_many, pandas": lambda: plain.predict_proba_many(frame),
        "predict_proba_many, matrix": lambda: model.predict_proba_many(matrix),
        "predict_many, pyarrow": lambda: plain.predict_many(table),
        "predict_many, sparse": lambda: model.predict_many(csr),
        "classes, features": lambda: (model.classes, model.features, model.n_evicted),
        "copy": lambda: (model.copy(), copy.deepcopy(plain)),
        "clone": lambda: (model.clone(), model.clone(include_attributes=True)),
        "pickle": lambda: pickle.loads(pickle.dumps(plain)),
        "save": lambda: plain.save(io.BytesIO()),
        "save and load": stored,
        "forget": forgotten,
    }
    if Model is SoftmaxRegression:
        out["learn_batch"] = lambda: plain.learn_batch(frame, series)
        out["learn_batch, refused"] = refused(plain.learn_batch, frame, pd.Series([1, 2, None]))
        out["weights"] = lambda: (model.weights, model.intercepts)
    else:
        out["expert_weights"] = lambda: model.expert_weights
        out["explain_one, linear"] = lambda: model.explain_one(x, of="linear")
    return out


def counted(held: list[object]) -> list[int]:
    """Give the references to each object held and to None, the objects collected, and the blocks allocated."""
    for _ in range(3):
        gc.collect()
    references = [sys.getrefcount(each) for each in held]
    return [*references, sys.getrefcount(None), len(gc.get_objects()), sys.getallocatedblocks()]


def left_by(call: Callable[[], object], n: int, held: list[object]) -> int:
    """Give how many references, objects or blocks more there are after n calls: the most of any kind.

    What a call leaves is left in every round; what Python happens to cache is not.
    """
    for _ in range(50):
        call()
    gc.collect()
    gc.freeze()  # what is there already: the collector need not look at it again in each round
    try:
        counts = [counted(held)]
        for _ in range(ROUNDS):
            for _ in range(n // ROUNDS):
                call()
            counts.append(counted(held))
    finally:
        gc.unfreeze()
    return max(min(np.diff(kind)) for kind in zip(*counts, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1_000_000, help="of all methods together, at least")
    parser.add_argument("--seconds", type=float, default=5.0, help="that one method may take at most")
    options = parser.parse_args()
    start, total, left = time.monotonic(), 0, {}
    for Model in (SoftmaxRegression, AutoSoftmaxRegression):
        methods = calls(Model)
        held: Any = methods.pop("held")()
        for call in methods.values():
            call()
        gc.freeze()  # what is there now need not be searched again and again
        for name, call in methods.items():
            clock = time.monotonic()
            for _ in range(20):
                call()
            seconds = (time.monotonic() - clock) / 20
            n = int(max(LEAST * ROUNDS, min(options.calls / len(methods), options.seconds / seconds)))
            left[f"{Model.__name__}, {name}"] = left_by(call, n, held)
            total += n
    one = SoftmaxRegression()
    x = {Name("a"): 1.0}
    rest = max(0, options.calls - total)
    left["SoftmaxRegression, learn_one, the rest"] = left_by(lambda: one.learn_one(x, 1), rest, [*x, x, one])
    total += rest
    leaks = {name: n for name, n in left.items() if n >= SLACK}
    seconds = round(time.monotonic() - start, 1)
    print(
        json.dumps({"calls": total, "methods": len(left), "left at most": int(max(left.values())), "seconds": seconds})
    )
    assert not leaks, f"something is left behind: {leaks}"


if __name__ == "__main__":
    main()
