"""fit_stream: each micro-batch is a round, whose model and figures are in one commit, whatever dies meanwhile."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace

import pyarrow as pa
import pytest
from river import preprocessing

from online_softmax import AutoSoftmaxRegression, ModelStore, SoftmaxRegression
from online_softmax.models.saving import to_bytes
from online_softmax.rounds import StoreError
from online_softmax.spark import fit_stream
from tests.spark.rounds import MARKS, KillingStore, QueryError, done, serial

pytestmark = MARKS
OTHERS = ["at", "user"]  # the columns that are no features


def fit(stream, store, model=None, **others):
    model = SoftmaxRegression() if model is None else model
    done(fit_stream(stream, model, store, target="y", drop=OTHERS, **others))


def without_times(log):
    return [replace(one, seconds=0.0) for one in log]


def assert_same(commit, other):
    assert to_bytes(commit.model) == to_bytes(other.model)
    assert without_times(commit.log) == without_times(other.log)
    assert commit.place == other.place


@pytest.mark.parametrize(
    "make",
    [SoftmaxRegression, AutoSoftmaxRegression, lambda: preprocessing.StandardScaler() | SoftmaxRegression()],
    ids=["softmax", "auto", "scaled"],
)
def test_same_bits_as_in_one_process(rounds, tmp_path, make):
    store = ModelStore(tmp_path / "store")
    fit(rounds(3, rows=200), store, make())
    assert_same(store.load(), serial(make(), 3, rows=200))
    assert store.load().total.rows == 1200


def test_a_listener_is_told_both_losses_of_each_round(rounds, tmp_path, progress):
    store = ModelStore(tmp_path)
    fit(rounds(3), store)
    until = time.monotonic() + 20
    while len(progress) < 3 and time.monotonic() < until:
        time.sleep(0.1)
    told = [one.observedMetrics["online_softmax"].asDict() for one in progress]
    log = store.load().log
    assert [one["rows"] for one in told] == [one.rows for one in log] == [200] * 3
    assert told[0]["served_log_loss"] is None  # the first model knows no class
    for one, kept in zip(told[1:], log[1:], strict=True):
        for name in ("served_log_loss", "own_log_loss", "served_accuracy", "own_accuracy"):
            assert one[name] == pytest.approx(getattr(kept, name))
    assert told[2]["served_log_loss"] != told[2]["own_log_loss"]


def test_a_query_that_is_stopped_goes_on_where_it_was(rounds, tmp_path):
    store = ModelStore(tmp_path)
    fit(rounds(2), store)
    fit(rounds(4), store)
    assert_same(store.load(), serial(SoftmaxRegression(), 4))


def test_killed_worker_changes_no_bit(rounds, tmp_path):
    store = KillingStore(tmp_path / "store", "worker", 2, tmp_path / "killed")
    fit(rounds(4), store)
    assert (tmp_path / "killed").exists()
    assert_same(store.load(), serial(SoftmaxRegression(), 4))


def test_partition_without_rows(rounds, tmp_path):
    store = ModelStore(tmp_path)
    fit(rounds(3, empty="1,0 2,0 2,1"), store)
    found = store.load()
    assert [one.rows for one in found.log] == [200, 100, 0]
    assert [one.updates for one in found.log] == [2, 1, 0]
    assert found.place == {"batch": 2}


def test_store_of_another_query_is_refused(rounds, tmp_path):
    store, checkpoint = ModelStore(tmp_path / "store"), tmp_path / "checkpoint"
    fit(rounds(2), store, checkpoint=str(checkpoint))
    before = store.load()
    with pytest.raises(QueryError, match=r"belongs to another run: the query was '.*' and is '"):
        fit(rounds(3), store, checkpoint=str(tmp_path / "another"))
    assert_same(store.load(), before)


def test_new_store_with_an_old_checkpoint_is_refused(rounds, tmp_path):
    checkpoint = str(tmp_path / "checkpoint")
    fit(rounds(2), tmp_path / "store", checkpoint=checkpoint)
    with pytest.raises(QueryError, match="at micro-batch 2, and the store has none"):
        fit(rounds(3), tmp_path / "new", checkpoint=checkpoint)
    assert ModelStore(tmp_path / "new").version() == 0


def test_changed_schema_or_model_is_refused_before_it_begins(rounds, tmp_path):
    store = ModelStore(tmp_path)
    fit(rounds(2), store)
    more = rounds(3)
    with pytest.raises(StoreError, match=r"the columns's x1 was 'double' and is 'string'"):
        fit(more.withColumn("x1", more.x1.cast("string")), store)
    with pytest.raises(StoreError, match=r"the columns's x1 was 'double' and is not given"):
        fit(more.drop("x1"), store)
    with pytest.raises(StoreError, match="AutoSoftmaxRegression"):
        fit(more, store, AutoSoftmaxRegression())
    fit(more, store)
    assert_same(store.load(), serial(SoftmaxRegression(), 3))


def test_columns_that_are_no_labels_or_features_are_refused(rounds, tmp_path):
    from pyspark.sql import functions

    stream = rounds(1)
    with pytest.raises(ValueError, match="column 'y' holds list"):
        fit(stream.withColumn("y", functions.array("y")), tmp_path)
    for now in (
        "current_timestamp()",
        "current_date()",
        "localtimestamp()",
        "current_timestamp() - current_timestamp()",
    ):
        with pytest.raises(ValueError, match=r"column 'y' holds .* values, which are no labels"):
            fit(stream.withColumn("y", functions.expr(now)), tmp_path)
    with pytest.raises(ValueError, match="column 'y' is named 2 times: it is either the label"):
        fit(stream, tmp_path, weight="y")
    with pytest.raises(ValueError, match="column 'y' is named 2 times"):
        fit_stream(stream, SoftmaxRegression(), tmp_path, target="y", drop=["y"])
    with pytest.raises(TypeError, match="a column is named by a string, not None"):
        fit_stream(stream, SoftmaxRegression(), tmp_path, target=None)
    with pytest.raises(ValueError, match="column 'x0' holds dates"):
        fit(stream.withColumn("x0", functions.current_timestamp()), tmp_path)
    with pytest.raises(ValueError, match="the stream has no columns 'z'; it has 'at', 'user'"):
        fit_stream(stream, SoftmaxRegression(), tmp_path, target="z")
    known = SoftmaxRegression()
    known.learn_one({"x0": 1.0}, 3)
    with pytest.raises(ValueError, match="labels"):
        fit(stream.withColumn("y", functions.col("y").isNull()), tmp_path, known)
    assert ModelStore(tmp_path).version() == 0


def test_what_is_no_stream_is_refused(spark, tmp_path):
    with pytest.raises(ValueError, match=r"fit_stream takes a streaming DataFrame, and this one is none: .*readStream"):
        fit(spark.createDataFrame([(1.0, "a")], "x double, y string"), tmp_path)
    with pytest.raises(TypeError, match="not 'Table'"):
        fit(pa.table({"x": [1.0]}), tmp_path)


def test_trigger_of_a_wrong_type_is_refused(rounds, tmp_path):
    with pytest.raises(TypeError, match=r"trigger is a dictionary, \{'processingTime': .*\} or so, not 'soon'"):
        fit(rounds(1), tmp_path, trigger="soon")


def test_store_whose_url_spark_does_not_know(rounds):
    with pytest.raises(ValueError, match=r"cannot keep its checkpoint at memory://model/checkpoint: name checkpoint="):
        fit(rounds(1), "memory://model")


def test_bad_row_ends_the_query_and_loses_nothing(rounds, tmp_path):
    store = ModelStore(tmp_path)
    with pytest.raises(QueryError, match=r"column 'x0'.*: (None|nan) is not a finite number"):
        fit(rounds(3, gaps="1,1,7,x0"), store)
    assert_same(store.load(), serial(SoftmaxRegression(), 1))
    fit(rounds(3, gaps="1,1,7,x0"), store, on_bad="skip")
    assert [(one.rows, one.n_bad) for one in store.load().log] == [(200, 0), (199, 1), (200, 0)]


def test_gaps_are_mended_as_everywhere(rounds, tmp_path):
    store = ModelStore(tmp_path)
    fit(rounds(2, gaps="1,1,7,x0 1,0,3,x1"), store, missing="zero")
    assert [one.n_zeroed for one in store.load().log] == [0, 2]


def test_texts_that_look_like_numbers_stay_texts(rounds, tmp_path):
    store = ModelStore(tmp_path)
    fit(rounds(1), store)
    assert {"word=1", "word=2", "word=red"} < set(store.load().model.features)


def test_store_that_was_deleted_with_its_checkpoint_begins_anew(rounds, tmp_path):
    fit(rounds(1), tmp_path / "store")
    shutil.rmtree(tmp_path / "store")
    fit(rounds(2), tmp_path / "store")
    assert_same(ModelStore(tmp_path / "store").load(), serial(SoftmaxRegression(), 2))
