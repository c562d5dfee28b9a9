"""fit_keyed: a model a key in Spark's own state, the same as in a dictionary of models, whatever dies meanwhile."""

from __future__ import annotations

import math
import time
from datetime import timedelta

import pytest
from river import preprocessing

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression
from online_softmax.models.saving import to_bytes
from online_softmax.spark import KeyedModels, fit_keyed
from tests.spark.rounds import MARKS, QueryError, done, rows_of

pytestmark = MARKS
FEATURES = ["x0", "x1"]


@pytest.fixture
def fit(spark, tmp_path):
    """Give a function that learns a stream to its end, or so many figures, and gives the figures and the models."""

    def run(stream, model=None, checkpoint="checkpoint", until=0, **options):
        options = {"target": "y", "features": FEATURES, "order": "at", **options}
        figures = fit_keyed(stream, options.pop("key", "user"), model or SoftmaxRegression(), **options)
        rows, batches = [], []

        def take(batch, number):
            batches.append(number)
            rows.extend(batch.collect())

        writer = figures.writeStream.outputMode("update").foreachBatch(take)
        query = writer.option("checkpointLocation", str(tmp_path / checkpoint)).start()
        while query.isActive and len(rows) < until:
            time.sleep(0.1)
        if until == 0:
            done(query)
        else:
            commit = tmp_path / checkpoint / "commits" / str(batches[-1])
            while query.isActive and not commit.exists():
                time.sleep(0.1)
            query.stop()
        return rows, KeyedModels(spark, str(tmp_path / checkpoint))

    return run


def in_a_dictionary(make, n, features=FEATURES):
    """Return models and figures by key, learned from the rows of n rounds by their time, one by one."""
    models, figures = {}, {}
    for number in range(n):
        rows = [row for shard in range(2) for row in rows_of(number, shard, 100).to_pylist()]
        for row in sorted(rows, key=lambda row: row["at"]):
            model = models.setdefault(row["user"], make())
            x = {name: row[name] for name in features}
            said = model.predict_proba_one(x)
            one = figures.setdefault(row["user"], {"n": 0, "hits": 0, "losses": []})
            one["n"] += 1
            one["hits"] += bool(said) and max(said, key=said.get) == row["y"]
            one["losses"] += [-math.log(max(p, 1e-15)) for label, p in said.items() if label == row["y"]]
            model.learn_one(x, row["y"])
    return models, figures


@pytest.mark.parametrize(
    ("make", "features"),
    [
        (AutoSoftmaxRegression, FEATURES),
        (lambda: preprocessing.StandardScaler() | SoftmaxRegression(), FEATURES),
        (lambda: SoftmaxRegression(categorical=True), [*FEATURES, "word"]),
    ],
    ids=["auto", "scaled", "words"],
)
def test_equals_a_dictionary_of_models_to_the_last_bit(rounds, fit, make, features):
    _, found = fit(rounds(2), make(), features=features)
    models, figures = in_a_dictionary(make, 2, features)
    state = {row.user: row for row in found.state().collect()}
    assert state.keys() == models.keys()
    assert {key: bytes(row.model) for key, row in state.items()} == {key: to_bytes(one) for key, one in models.items()}
    for row in found.figures().collect():
        one = figures[row.user]
        assert (row.n_samples, row.n_bad, row.accuracy) == (one["n"], 0, one["hits"] / one["n"])
        assert row.log_loss == pytest.approx(sum(one["losses"]) / len(one["losses"]), rel=1e-12)
    (over_all,) = found.over_all().collect()
    losses = [loss for one in figures.values() for loss in one["losses"]]
    assert (over_all.n_keys, over_all.n_samples) == (7, 400)
    assert over_all.log_loss == pytest.approx(sum(losses) / len(losses))
    assert to_bytes(found["u3"]) == to_bytes(models["u3"])
    with pytest.raises(KeyError):
        found["nobody"]


def test_figures_of_each_micro_batch_and_over_all(rounds, fit, progress):
    figures, found = fit(rounds(2))
    assert len(figures) == 14
    last = {row.user: row.asDict() for row in figures}
    assert last == {row.user: row.asDict() for row in found.figures().collect()}
    until = time.monotonic() + 20
    while len(progress) < 2 and time.monotonic() < until:
        time.sleep(0.1)
    told = [one.observedMetrics["online_softmax"] for one in progress]
    assert [one.rows for one in told] == [200, 200]
    (over_all,) = found.over_all().collect()
    assert sum(one.accuracy for one in told) / 2 == pytest.approx(over_all.accuracy)


def test_query_goes_on_where_it_was(rounds, fit):
    fit(rounds(1))
    _, found = fit(rounds(3))
    models, _ = in_a_dictionary(SoftmaxRegression, 3)
    assert {key: to_bytes(found[key]) for key in models} == {key: to_bytes(one) for key, one in models.items()}


def test_checkpoint_of_another_query_is_refused(rounds, fit):
    _, found = fit(rounds(1))
    before = {row.user: bytes(row.model) for row in found.state().collect()}
    more = rounds(2).selectExpr("*", "x1 AS x2", "user AS who")
    for options, said in [
        ({"model": SoftmaxRegression(l2=0.5)}, "the model's parameters's l2 was 0.0 and is 0.5"),
        ({"key": "who"}, r"the key was \['user'\] and is \['who'\]"),
        ({"target": "word"}, "the target was 'y' and is 'word'"),
        ({"features": ["x0", "x2"]}, "the features's x1 was 'double' and is not given"),
    ]:
        with pytest.raises(QueryError, match=f"belongs to another query, so start this one with a new one: {said}"):
            fit(more, on_bad="skip", **options)
    assert {row.user: bytes(row.model) for row in found.state().collect()} == before
    _, found = fit(more, features=FEATURES[::-1])
    models, _ = in_a_dictionary(SoftmaxRegression, 2)
    assert {key: to_bytes(found[key]) for key in models} == {key: to_bytes(one) for key, one in models.items()}


def test_killed_worker_changes_no_bit(rounds, fit, tmp_path):
    marker = str(tmp_path / "killed")

    def kill_once(batches):
        import os
        import signal

        for batch in batches:
            if batch["at"][0].as_py() >= 1000 and not os.path.exists(marker):
                with open(marker, "w"):
                    os.kill(os.getpid(), signal.SIGKILL)
            yield batch

    stream = rounds(3)
    _, found = fit(stream.mapInArrow(kill_once, stream.schema))
    models, _ = in_a_dictionary(SoftmaxRegression, 3)
    assert (tmp_path / "killed").exists()
    assert {key: to_bytes(found[key]) for key in models} == {key: to_bytes(one) for key, one in models.items()}


def test_row_without_a_key(rounds, fit):
    stream = rounds(2, gaps="0,0,3,user 1,1,5,user 1,1,6,user")
    with pytest.raises(QueryError, match=r"a row has no key, and so no model: \{.*'at': 30"):
        fit(stream)
    _, found = fit(stream, checkpoint="another", on_bad="skip")
    (row,) = found.figures().where("user is null").collect()
    assert (row.n_samples, row.n_bad, row.log_loss, row.accuracy) == (0, 3, None, None)
    (over_all,) = found.over_all().collect()
    assert (over_all.n_keys, over_all.n_samples, over_all.n_bad) == (7, 397, 3)


def test_row_that_the_model_refuses(rounds, fit):
    stream = rounds(1, gaps="0,0,3,x0 0,0,4,y")
    with pytest.raises(QueryError, match=r"of key 'u\d' in this micro-batch: (feature 'x0' is None|.*y is None)"):
        fit(stream)
    _, found = fit(stream, checkpoint="another", on_bad="skip")
    (over_all,) = found.over_all().collect()
    assert (over_all.n_samples, over_all.n_bad) == (198, 2)


def test_key_of_two_columns_and_a_model_that_has_learned(rounds, fit):
    start = SoftmaxRegression()
    start.learn_one({"x0": 1.0}, "c0")
    _, found = fit(rounds(1), start, key=["user", "word"])
    state = found.state().collect()
    assert len(state) == 21
    assert found["u1", "red"].classes[0] == "c0"
    with pytest.raises(KeyError, match="a key is of 2 columns, user, word, not 'u1'"):
        found["u1"]


def test_key_that_has_been_quiet_is_forgotten(rounds, fit):
    figures, found = fit(rounds(2), until=14, time_to_live=timedelta(milliseconds=1))
    assert sum(row.n_samples for row in figures) == 400  # each began anew in the second round
    assert found.figures().count() == 0
    figures, found = fit(rounds(1), checkpoint="another", until=7, time_to_live=3600)
    assert {row.user: row.asDict() for row in figures} == {row.user: row.asDict() for row in found.figures().collect()}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"key": "nobody"}, "the stream has no columns 'nobody'"),
        ({"key": []}, "key is the name of a column, or several"),
        ({"key": "n_bad"}, "the key 'n_bad' is called like something that is kept"),
        ({"key": None}, "key is the name of a column, or several, not None"),
        ({"key": "y"}, "column 'y' is the key and the target"),
        ({"key": ["user", "user"]}, "column 'user' is named 2 times"),
        ({"order": "y"}, "column 'y' is named 2 times"),
        ({"order": "user"}, "column 'user' is named 2 times"),
        ({"features": ["x0", "x0"]}, "column 'x0' is named 2 times"),
        ({"features": "x0"}, "features are several columns, a list of names, not 'x0'"),
        ({"target": None}, "a column is named by a string, not None"),
        ({"key": "list"}, "column 'list' holds values of type array, which are no keys"),
        ({"target": "now"}, r"column 'now' holds timestamp\[us, tz=UTC\] values, which are no labels"),
        ({"target": "z"}, "the stream has no columns 'z'"),
        ({"features": ["x0", "user"]}, "column 'user' is the label, the key or the order, and so no feature"),
        ({"time_to_live": 0}, "time_to_live is a time span, or seconds above 0, not 0"),
        ({"on_bad": "ignore"}, "on_bad"),
    ],
)
def test_what_cannot_be_meant_is_refused(rounds, fit, options, said):
    stream = rounds(1).selectExpr("*", "user AS n_bad", "array(user) AS list", "current_timestamp() AS now")
    with pytest.raises((ValueError, TypeError), match=said):
        fit(stream, **options)
