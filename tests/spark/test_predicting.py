"""predict_stream: the newest model of a store scores a stream, and each row says which model that was."""

from __future__ import annotations

import time

import pytest

from online_softmax import ModelStore, SoftmaxRegression
from online_softmax.rounds import Commit, StoreError
from online_softmax.spark import fit_stream, predict_stream
from tests.spark.rounds import MARKS, QueryError, done, rows_of

pytestmark = MARKS


@pytest.fixture
def store(rounds, tmp_path):
    """Give a store of two rounds."""
    store = ModelStore(tmp_path / "store")
    done(fit_stream(rounds(2), SoftmaxRegression(), store, target="y", drop=["at", "user"]))
    return store


@pytest.fixture
def predicted(spark, tmp_path):
    """Give a function that takes all that a stream has, and gives it by `at`."""

    def rows(stream):
        done(stream.writeStream.format("memory").queryName("predicted").start())
        return {row.at: row for row in spark.table("predicted").collect()}

    yield rows
    spark.sql("drop view if exists predicted")


def test_predictions_are_those_of_the_model(store, rounds, predicted):
    found = predicted(predict_stream(rounds(1).drop("y"), store))
    model = store.load().model
    assert len(found) == 200
    for shard in range(2):
        for row in rows_of(0, shard, 100).to_pylist():
            wanted = model.predict_proba_one({"x0": row["x0"], "x1": row["x1"], f"word={row['word']}": 1.0})
            one = found[row["at"]]
            assert one.prediction == max(wanted, key=wanted.get)
            assert one.probabilities == pytest.approx(wanted, rel=1e-12)
            assert (one.user, one.x0, one.word, one.model_version) == (row["user"], row["x0"], row["word"], 2)


def test_next_micro_batch_has_the_next_model(store, rounds, spark):
    query = predict_stream(rounds(10**6), store).writeStream.format("memory").queryName("versions").start()

    def wait_for(version):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if spark.sql(f"select 1 from versions where model_version = {version}").take(1):
                return True
        return query.exception()

    try:
        assert wait_for(2) is True
        done(fit_stream(rounds(3), SoftmaxRegression(), store, target="y", drop=["at", "user"]))
        assert wait_for(3) is True
    finally:
        query.stop()
    spark.sql("drop view versions")


def test_store_that_was_begun_anew_has_a_new_model(rounds, spark, tmp_path):
    def commit(y):
        model = SoftmaxRegression()
        model.learn_one({"x0": 1.0}, y)
        ModelStore(tmp_path).commit(Commit(model, version=1, run={"engine": "tests"}))

    commit("old")
    stream = predict_stream(rounds(10**6), ModelStore(tmp_path), features=["x0"])
    query = stream.writeStream.format("memory").queryName("labels").start()

    def wait_for(label):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if spark.sql(f"select 1 from labels where prediction = '{label}' and model_version = 1").take(1):
                return True
        return query.exception()

    try:
        assert wait_for("old") is True
        for path in tmp_path.iterdir():
            path.unlink()
        commit("new")
        assert wait_for("new") is True
    finally:
        query.stop()
    spark.sql("drop view labels")


def test_row_that_cannot_be_read_has_no_prediction_or_ends_the_query(store, rounds, predicted):
    stream = rounds(1, gaps="0,1,7,x0 0,0,99,word")
    found = predicted(predict_stream(stream, store, on_bad="skip"))
    bad = [at for at, row in found.items() if row.prediction is None]
    assert sorted(bad) == [71, 990]
    assert all(found[at].probabilities is None and found[at].model_version == 2 for at in bad)
    with pytest.raises(QueryError, match=r"row 7, column 'x0'|row 99, column 'word'"):  # whichever shard fails first
        predicted(predict_stream(stream, store))


def test_labels_keep_their_type(rounds, predicted, tmp_path):
    model = SoftmaxRegression()
    for y in (7, -1):
        model.learn_one({"x0": float(y)}, y)
    store = ModelStore(tmp_path)
    store.commit(Commit(model, version=1, run={"engine": "tests"}))
    stream = rounds(1).select("at", "x0")
    found = predicted(predict_stream(stream, store, features=["x0"]))
    x = rows_of(0, 0, 1).to_pylist()[0]["x0"]
    assert found[0].prediction == (7 if x > 0 else -1)
    assert set(found[0].probabilities) == {7, -1}
    texts = predicted(predict_stream(stream, store, features=["x0"], label_type="string"))
    assert texts[0].prediction == str(found[0].prediction)


def test_store_without_a_model(rounds, predicted, tmp_path):
    store = ModelStore(tmp_path)
    with pytest.raises(StoreError, match="nothing has been committed"):
        predict_stream(rounds(1), store)
    found = predicted(predict_stream(rounds(1), store, features=["x0"], label_type="string"))
    assert {(row.prediction, row.probabilities, row.model_version) for row in found.values()} == {(None, None, 0)}


def test_columns_that_do_not_fit_are_refused(store, rounds, spark):
    stream = rounds(1)
    with pytest.raises(ValueError, match="has a column 'prediction' already"):
        predict_stream(stream.withColumn("prediction", stream.x0), store)
    with pytest.raises(ValueError, match="the stream has no columns 'z'"):
        predict_stream(stream, store, features=["z"])
    with pytest.raises(ValueError, match="column 'x0' holds strings, and the model knows it as numbers"):
        predict_stream(stream.withColumn("x0", stream.word), store)
    with pytest.raises(ValueError, match="takes a streaming DataFrame"):
        predict_stream(spark.range(3), store)
