"""Uses the public names as a typed program would: `make lint` checks it under mypy's strict mode, nothing runs it."""

from __future__ import annotations

import io
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import polars as pl
from river import optim

from online_softmax import (
    AutoSoftmaxRegression,
    CheckpointError,
    ImplicitAdaGrad,
    ImplicitSGD,
    ModelFileError,
    ModelStore,
    RowError,
    SoftmaxRegression,
    explain_one,
    inspection,
    load,
    merge,
    open_stream,
    progressive_validation,
    save,
)
from online_softmax.evaluation.result import Figures, Predictions, Result
from online_softmax.executors import fit_rounds
from online_softmax.models.explanation import Explanation
from online_softmax.rounds import Commit, RoundError

# ---- a model, one sample at a time ----

model = SoftmaxRegression(optim.Adam(0.01), intercept=True, clip_gradient=1.0, max_features=1000)
SoftmaxRegression(categorical=True, missing="zero").learn_one({"job": "admin", "age": None, "owner": True}, "yes")
SoftmaxRegression(ImplicitSGD(0.1)), SoftmaxRegression(ImplicitAdaGrad(0.3), l2=0.01, hash_bits=18)
model.learn_one({"a": 1.0}, "yes")
model.learn_one({"a": 1.0, 2: 0.5}, "no", w=2.0)
assert_type(model.predict_proba_one({"a": 1.0}), dict[Any, float])
assert_type(model.loss_one({"a": 1.0}, "yes"), float)
label: Hashable = model.predict_one({"a": 1.0})
assert_type(model.classes, list[Hashable])
assert_type(model.features, list[Hashable])
assert_type(model.n_evicted, int)
assert_type(model.weights, dict[Hashable, dict[Hashable, float]])
assert_type(model.intercepts, dict[Hashable, float])
model.forget_feature("a")
model.forget_class("yes")
assert_type(model.copy(), SoftmaxRegression)
assert_type(model.clone(), SoftmaxRegression)

# ---- frames and arrays ----

X, y = pl.DataFrame({"a": [1.0, 2.0]}), pl.Series(["yes", "no"])
model.learn_many(X, y)
model.learn_many(X, y, w=2.0)
model.learn_batch(X, y)
model.learn_many(np.ones((2, 1)), np.array([0, 1]))
frame, labels = model.predict_proba_many(X), model.predict_many(X)

# ---- the model that needs no tuning ----

auto = AutoSoftmaxRegression(interactions=False, window=64, max_features=100_000)
assert_type(auto.expert_weights, dict[str, float])
assert_type(auto.copy(), AutoSoftmaxRegression)
assert_type(AutoSoftmaxRegression(categorical=True, missing="indicate").missing, str)

# ---- why ----

why = auto.explain_one({"a": 1.0}, of="linear", permutations=64)
assert_type(why, Explanation)
assert_type(model.explain_one({"a": 1.0}).contributions, dict[Hashable, dict[Hashable, float]])
assert_type(explain_one(model, {"a": 1.0}).scores, dict[Hashable, float])
assert_type(why.to_dict(), dict[str, Any])
assert_type(inspection(auto, top=3, labels=["yes"]).expert_weights, dict[str, float])

# ---- model files ----

model.save("model.safetensors")
save(auto, Path("model.safetensors"))
save(model, io.BytesIO())
try:
    loaded = load(Path("model.safetensors"))
except ModelFileError as error:
    print(error)

# ---- merging ----

merged: SoftmaxRegression = merge(model, [model.copy(), model.copy()])

# ---- validation ----


def tell(row: Figures, *, mark: bool, fraction: float | None) -> None:
    print(row.n_samples, mark, fraction)


try:
    result = progressive_validation(
        open_stream("table.csv", "y", missing="zero", on_bad="skip"),
        auto,
        window=100,
        limit=1000,
        progress=tell,
        checkpoint="run.safetensors",
        every=500,
        resume=True,
    )
except RowError as error:
    result = error.result
except CheckpointError:
    raise
assert_type(result, Result)
assert_type(result.log_loss, float)
assert_type(result.rows[0].rows_per_second, float)
assert_type(result.predictions, Predictions | None)
assert_type(result.to_dict(), dict[str, Any])
for chunk in open_stream(X, "a"):
    print(chunk)

# ---- rounds ----

store = ModelStore("store", keep=2, storage_options=None)
with ThreadPoolExecutor(2) as executor:
    try:
        done = fit_rounds(executor, "table.csv", model, store, shards=2, target="y", round_rows=1000, missing="zero")
    except RoundError as error:
        print(error)
        done = store.load()
assert_type(done, Commit)
assert_type(done.total.served_log_loss, float)
assert_type(store.version(), int)
