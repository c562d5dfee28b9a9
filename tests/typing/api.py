"""Uses every public name as a typed program would: `make lint` checks it under mypy and pyright, nothing runs it."""

from __future__ import annotations

import io
from collections.abc import Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, assert_type

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray
from river import linear_model, optim

from online_softmax import (
    AutoSoftmaxRegression,
    CheckpointError,
    ImplicitAdaGrad,
    ImplicitSGD,
    KeyedClassifier,
    ModelFileError,
    ModelStore,
    RowError,
    RunInterrupt,
    SoftmaxRegression,
    StoreError,
    explain_one,
    from_river,
    inspection,
    load,
    merge,
    open_stream,
    progressive_validation,
    save,
    to_river,
)
from online_softmax.drawing import html_page, page_json, write_page
from online_softmax.evaluation import (
    EVERY,
    ClassScores,
    ColumnCounter,
    Columns,
    Comparison,
    Figures,
    Offender,
    Predictions,
    Progress,
    Result,
    Scores,
)
from online_softmax.executors import RayExecutor, fit_rounds
from online_softmax.models.explanation import Explanation
from online_softmax.rounds import Commit, Round, RoundError, Update, after_round, learn_shard
from online_softmax.sklearn import AutoSoftmaxClassifier, SoftmaxClassifier
from online_softmax.spark import KeyedModels, fit_keyed, fit_stream, predict_stream
from online_softmax.streams import (
    ArffStream,
    ArrayStream,
    ArrowStream,
    Chunk,
    Chunks,
    CsvStream,
    FrameStream,
    JsonStream,
    KafkaStream,
    Known,
    Note,
    PairChunk,
    PairStream,
    ParquetStream,
    Place,
    PlaceError,
    RowStream,
    Stream,
    TextStream,
    chunk_of,
    open_file,
    rows_after,
)

# ---- a model, one sample at a time ----

model = SoftmaxRegression(optim.Adam(0.01), intercept=True, clip_gradient=1.0, max_features=1000)
SoftmaxRegression(categorical=True, missing="zero").learn_one({"job": "admin", "age": None, "owner": True}, "yes")
SoftmaxRegression(ImplicitSGD(0.1))
SoftmaxRegression(ImplicitAdaGrad(0.3), l2=0.01, hash_bits=18)
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
assert_type(model.optimizer, Any)
assert_type(model.loss, Any)
assert_type(model.l2, float)
assert_type(model.intercept, bool)
assert_type(model.clip_gradient, float | None)
assert_type(model.max_features, int | None)
assert_type(model.hash_bits, int | None)
assert_type(model.categorical, bool)

# ---- frames and arrays ----

X, y = pl.DataFrame({"a": [1.0, 2.0]}), pl.Series(["yes", "no"])
model.learn_many(X, y)
model.learn_many(X, y, w=2.0)
model.learn_batch(X, y)
model.learn_many(np.ones((2, 1)), np.array([0, 1]))
model.learn_many(X, y, w=[2.0, 1.0])
frame, labels = model.predict_proba_many(X), model.predict_many(X)

# ---- the model that needs no tuning ----

auto = AutoSoftmaxRegression(interactions=False, window=64, max_features=100_000)
assert_type(auto.expert_weights, dict[str, float])
assert_type(auto.copy(), AutoSoftmaxRegression)
assert_type(auto.interactions, bool | str)
assert_type(auto.window, int)
auto.learn_many(X, y)
auto.forget_feature("a")
auto.forget_class("yes")
assert_type(AutoSoftmaxRegression(categorical=True, missing="indicate").missing, str)

# ---- why ----

why = auto.explain_one({"a": 1.0}, of="linear", permutations=64)
assert_type(why, Explanation)
assert_type(model.explain_one({"a": 1.0}).contributions, dict[Hashable, dict[Hashable, float]])
assert_type(explain_one(model, {"a": 1.0}).scores, dict[Hashable, float])
assert_type(why.to_dict(), dict[str, Any])
assert_type(why.prediction, Hashable)
assert_type(inspection(auto, top=3, labels=["yes"]).expert_weights, dict[str, float])
assert_type(inspection(model).to_dict(), dict[str, Any])

# ---- model files ----

model.save("model.safetensors")
save(auto, Path("model.safetensors"))
save(model, io.BytesIO())
try:
    loaded = load(Path("model.safetensors"))
except ModelFileError as error:
    print(error)

# ---- merging ----

assert_type(merge(model, [model.copy(), model.copy()]), SoftmaxRegression)

# ---- from river, and back ----

assert_type(model.to_river(), linear_model.SoftmaxRegression)
carried: SoftmaxRegression = from_river(linear_model.SoftmaxRegression())
back: linear_model.SoftmaxRegression = to_river(carried)

# ---- a model a key ----

with KeyedClassifier(AutoSoftmaxRegression(), key="sensor", max_keys=1000, store="keys.sqlite") as keyed:
    keyed.learn_one({"sensor": "a", "x": 1.0}, "yes", w=2.0)
    assert_type(keyed.predict_proba_one({"sensor": "a", "x": 1.0}), dict[Any, float])
    keyed.learn_many(X, y)
    table, column = keyed.predict_proba_many(X), keyed.predict_many(X)
    assert_type(keyed.figures().log_loss, float)
    assert_type(keyed.figures_of("a").n_samples, int)
    assert_type(len(keyed), int)
    assert_type("a" in keyed, bool)
    keys: list[Hashable] = list(keyed)
    one = keyed["a"]
    keyed.forget_key("a")
    keyed.flush()
    keyed.save("keys.copy")
    assert_type(keyed.copy(), KeyedClassifier)
keyed.close()

# ---- validation ----


def tell(row: Figures, *, mark: bool, fraction: float | None) -> None:
    print(row.n_samples, mark, fraction)


progress: Progress = tell
try:
    result = progressive_validation(
        open_stream("table.csv", "y", missing="zero", on_bad="skip"),
        auto,
        window=100,
        limit=1000,
        progress=progress,
        checkpoint="run.safetensors",
        every=EVERY,
        resume=True,
    )
except RowError as error:
    print(error.reason)
    raise
except RunInterrupt as stop:
    so_far: Result | Comparison = stop.result
    raise
except CheckpointError:
    raise
assert_type(result, Result)
assert_type(result.log_loss, float)
assert_type(result.rows[0].rows_per_second, float)
assert_type(result.predictions, Predictions | None)
assert_type(result.classes, list[ClassScores])
assert_type(result.bad, list[Offender])
assert_type(result.columns, Columns | None)
assert_type(result.labels, list[Hashable])
assert_type(result.confusion, NDArray[np.int64])
assert_type(result.hint, str | None)
assert_type(result.to_dict(), dict[str, Any])
result.plot("reliability", path="reliability.png", dark=True)
result.save_html("result.html", source="table.csv")
both = progressive_validation("table.csv", {"auto": auto, "plain": model}, target="y")
assert_type(both, Comparison)
assert_type(both["auto"], Result)
assert_type(both.best, str)
assert_type(both.to_dict(), dict[str, Any])

scores = Scores(window=100, k=2)
scores.add(true=[0, 1], predicted=[-1, 0], p=[float("nan"), 0.25])
assert_type(scores.metrics(), dict[str, float])
assert_type(scores.window_log_loss, float)
assert_type(scores.counts, NDArray[np.int64])
assert_type(scores.classes(["yes", "no"]), list[ClassScores])

# ---- pages ----

assert_type(html_page(result.document(source="table.csv"), is_live=True), str)
assert_type(page_json(both.document()), str)
write_page(result.document(), Path("page.html"))

# ---- streams ----

stream: Stream = open_stream(X, "a")
assert_type(stream.fraction, float | None)
opened = open_file("table.csv", "y", format="csv")
assert_type(opened, RowStream)
assert_type(opened.features, list[Hashable])
assert_type(opened.place(), Place)
formats: list[RowStream] = [
    ArffStream("t.arff", "y"),
    ArrayStream(np.ones((2, 1)), np.array([0, 1])),
    ArrowStream("t.arrow", "y"),
    CsvStream("t.csv", "y", delimiter=";"),
    FrameStream(nw.from_native(X, eager_only=True), "a"),
    JsonStream("t.jsonl", "y"),
    KafkaStream("kafka://localhost/topic", "y", format="json"),
    ParquetStream("t.parquet", "y"),
    TextStream("t.svm"),
]
old_name: list[Chunks] = formats
for chunk in opened:
    assert_type(chunk, Chunk)
    assert_type(chunk.bad, tuple[Note, ...])
    assert_type(chunk.upto(5), Chunk)
    for x_of, y_of, keywords in chunk.pairs():
        model.learn_one(x_of, y_of, **keywords)
counter = ColumnCounter({"a": "number"}, opened.reading)
assert_type(counter.columns(["yes"]), Columns)
pairs = PairStream([({"a": 1.0}, "yes")])
for some in pairs:
    assert_type(some, PairChunk)
assert_type(chunk_of(X), Chunk | PairChunk)
later: Iterator[Chunk | PairChunk] = rows_after(opened, 10)
try:
    place = Place.from_json(Place(rows=5).to_json())
except PlaceError as error:
    raise error
assert_type(place, Place)
assert_type(place.after(2), Place)
assert_type(Known.of(model), Known)
assert_type("a" in Known(["a"], ["yes"]), bool)

# ---- scikit-learn ----

rows, named = np.ones((4, 2)), ["a", "b", "a", "b"]
for classifier in (
    SoftmaxClassifier("SGD", learning_rate=0.1, l2=1e-4),
    AutoSoftmaxClassifier(interactions=False, window=500, class_weight="balanced"),
):
    classifier.fit(rows, named, sample_weight=[1.0, 2.0, 1.0, 2.0])
    classifier.partial_fit(rows, np.array(named), classes=["c"], sample_weight=np.ones(4))
    assert_type(classifier.predict_proba(rows), NDArray[np.float64])
    assert_type(classifier.predict_log_proba(rows), NDArray[np.float64])
    assert_type(classifier.decision_function(rows), NDArray[np.float64])
    assert_type(classifier.predict(rows), NDArray[Any])
fitted = SoftmaxClassifier().fit(rows, named)
assert_type(fitted, SoftmaxClassifier)
assert_type(fitted.partial_fit(rows, named), SoftmaxClassifier)
assert_type(fitted.coef_, NDArray[np.float64])
assert_type(fitted.intercept_, NDArray[np.float64])
assert_type(fitted.scaling_, str | None)
export: object = fitted.to_logistic_regression()
assert_type(SoftmaxClassifier.from_model(fitted.model_, 2), SoftmaxClassifier)
assert_type(AutoSoftmaxClassifier().fit(rows, named), AutoSoftmaxClassifier)
assert_type(AutoSoftmaxClassifier.from_model(auto, ["a"]), AutoSoftmaxClassifier)

# ---- rounds ----

store = ModelStore("store", keep=2, storage_options=None)
with ThreadPoolExecutor(2) as executor:
    try:
        done = fit_rounds(executor, "table.csv", model, store, shards=2, target="y", round_rows=1000, missing="zero")
    except RoundError as error:
        print(error)
        done = store.load()
    except StoreError:
        raise
assert_type(done, Commit)
assert_type(done.total, Round)
assert_type(done.total.served_log_loss, float)
assert_type(store.version(), int)
assert_type(store.newest(), tuple[int, bytes] | None)
assert_type(store.stamp(), tuple[int, str] | None)
update = learn_shard(b"", 0, [opened], on_bad="skip")
assert_type(update, Update)
assert_type(update.found, Round)
store.commit(after_round(store.open(model, {}), [update], None))
done.plot(path="rounds.png")
assert_type(RayExecutor(num_cpus=1).submit(len, "ray"), Future[Any])

# ---- Spark ----


def on_spark(session: Any, frame_of_spark: Any) -> None:
    query = fit_stream(frame_of_spark, model, store, target="y", trigger={"availableNow": True})
    query.awaitTermination()
    predict_stream(frame_of_spark, store, label_type="text")
    fit_keyed(frame_of_spark, "sensor", model, target="y", time_to_live=3600.0)
    read = KeyedModels(session, "checkpoint")
    assert_type(read, KeyedModels)
    print(read["a"], read.state(), read.figures(), read.over_all())
