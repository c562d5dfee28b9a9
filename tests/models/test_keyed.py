"""A model a key: the same as a dictionary of models, to the last bit, in memory, on disk, and after a crash."""

from __future__ import annotations

import copy
import math
import pickle
import random
import threading
from collections import UserDict
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from river import checks, compose, evaluate, metrics, naive_bayes

from online_softmax import (
    AutoSoftmaxRegression,
    KeyedClassifier,
    SoftmaxRegression,
    open_stream,
    progressive_validation,
)

from .keyed_samples import MODELS, USERS, Dictionary, assert_equal, learned, rest, samples


@pytest.fixture(params=MODELS)
def make(request):
    return MODELS[request.param]


@pytest.mark.parametrize("max_keys", [None, 1, 3, 100])
def test_equals_a_dictionary_of_models(make, max_keys):
    keyed, plain = KeyedClassifier(make(), max_keys=max_keys), Dictionary(make)
    for x, y, w in samples(300):
        before = dict(x)
        p = keyed.predict_proba_one(x)
        assert p == plain.predict(x)
        assert keyed.predict_one(x) == (max(p, key=p.get) if p else None)
        keyed.learn_one(x, y, w)
        assert x == before
        plain.learn(x, y, w)
    assert_equal(keyed, plain)
    keyed.close()


@pytest.mark.parametrize("max_keys", [None, 2])
def test_every_model_under_contract_equals_a_dictionary_of_its_own(make_model, max_keys):
    plain = Dictionary(make_model)
    with KeyedClassifier(make_model(), key="user", max_keys=max_keys) as keyed:
        for x, y, w in samples(120):
            assert keyed.predict_proba_one(x) == plain.predict(x)
            keyed.learn_one(x, y, w)
            plain.learn(x, y, w)
        assert_equal(keyed, plain)
        frame = pd.DataFrame([{**dict.fromkeys("abcd", 0.0), **x, "y": y} for x, y, _ in samples(60, 1)])
        keyed.learn_many(frame.drop(columns="y"), frame["y"])
        for row in frame.to_dict("records"):
            y = row.pop("y")
            plain.learn(row, y)
        assert_equal(keyed, plain)


steps = st.lists(
    st.tuples(
        st.sampled_from(["learn"] * 6 + ["flush", "reopen", "predict", "forget"]), st.integers(0, 5), st.integers()
    ),
    max_size=60,
)


@given(steps=steps)
def test_any_order_of_keys_flushes_and_reopenings(tmp_path_factory, steps):
    path = tmp_path_factory.mktemp("keys") / "store"
    keyed, plain = KeyedClassifier(SoftmaxRegression(), max_keys=3, store=path), Dictionary(SoftmaxRegression)
    for what, key, seed in steps:
        x, y, w = next(samples(1, seed, [USERS[key]]))
        if what == "learn":
            keyed.learn_one(x, y, w)
            plain.learn(x, y, w)
        elif what == "predict":
            assert keyed.predict_proba_one(x) == plain.predict(x)
        elif what == "flush":
            keyed.flush()
        elif what == "forget" and USERS[key] in plain.models:
            keyed.forget_key(USERS[key])
            del plain.models[USERS[key]]
        elif what == "reopen":
            keyed.close()
            keyed = KeyedClassifier(SoftmaxRegression(), max_keys=3, store=path)
    assert_equal(keyed, plain)
    keyed.close()


# ---- frames ----


@pytest.mark.parametrize("max_keys", [None, 2])
@pytest.mark.parametrize("name", [name for name in MODELS if name != "bounded"])
def test_a_frame_is_learned_as_its_rows_are(backend, name, max_keys):
    make = MODELS[name]
    rows = list(samples(120))
    table = {"user": [x["user"] for x, _, _ in rows], "a": [float(len(x)) for x, _, _ in rows]}
    table |= {name: [x.get(name, 0.0) for x, _, _ in rows] for name in ("b", "c")}
    many, single = (KeyedClassifier(make(), max_keys=max_keys) for _ in range(2))
    for start, stop in ((0, 50), (50, 120)):
        part = {name: values[start:stop] for name, values in table.items()}
        labels, weights = [y for _, y, _ in rows[start:stop]], [w for _, _, w in rows[start:stop]]
        many.learn_many(backend.frame(part), backend.series(labels), backend.series(weights))
        for i in range(stop - start):
            single.learn_one({name: values[i] for name, values in part.items()}, labels[i], weights[i])
    assert set(many) == set(single)
    for key in single:
        assert learned(many[key]) == learned(single[key])
        assert many.figures_of(key) == single.figures_of(key)
    assert many.figures() == single.figures()
    table["user"][3] = "nobody"
    X = backend.frame(table)
    answers, best = backend.rows(many.predict_proba_many(X)), backend.values(many.predict_many(X))
    for i, answer in enumerate(answers):
        x = {name: values[i] for name, values in table.items()}
        p = single.predict_proba_one(x)
        if p:
            assert {label: answer[label] for label in p} == p
            assert all(answer[label] == 0 for label in answer if label not in p)
            assert best[i] == single.predict_one(x)
        else:
            assert all(math.isnan(value) for value in answer.values())
            assert best[i] is None or best[i] != best[i]


def test_an_array_has_its_keys_in_a_column():
    X = np.array([[1.0, 0.5, 7], [2.0, -0.5, 8], [0.0, 1.5, 7]] * 4)
    y = np.array(["red", "green", "blue"] * 4)
    many, single = KeyedClassifier(SoftmaxRegression(), key=2), KeyedClassifier(SoftmaxRegression(), key=2)
    many.learn_many(X, y)
    for row, label in zip(X.tolist(), y.tolist(), strict=True):
        single.learn_one(dict(enumerate(row)), label)
    assert list(many) == [7, 8]
    assert many[7].features == [0, 1]
    assert all(learned(many[key]) == learned(single[key]) for key in (7, 8))
    assert many.predict_many(X).tolist() == [single.predict_one(dict(enumerate(row))) for row in X.tolist()]
    with pytest.raises(ValueError, match="X has no column 2"):
        many.learn_many(X[:, :2], y)


@pytest.mark.parametrize("max_keys", [None, 1])
def test_a_frame_that_is_refused_changes_nothing(max_keys):
    keyed, plain = KeyedClassifier(SoftmaxRegression(), max_keys=max_keys), Dictionary(SoftmaxRegression)
    for x, y, w in samples(30, keys=["ann", "bob"]):
        keyed.learn_one(x, y, w)
        plain.learn(x, y, w)
    before = keyed.figures()
    X = pd.DataFrame({"user": ["ann", "bob", "eve"] * 5, "a": [*range(14), 1e308]})
    with pytest.raises(OverflowError):
        keyed.learn_many(X.assign(a=1e308), pd.Series(["red", "green", "red"] * 5), 1e300)
    with pytest.raises(ValueError, match="the key 'user' is nan in row 1"):
        keyed.learn_many(X.assign(user=["ann", math.nan, "eve"] * 5), pd.Series(["red"] * 15))
    with pytest.raises(ValueError, match="X has no column 'user'"):
        keyed.learn_many(X[["a"]], pd.Series(["red"] * 15))
    with pytest.raises(ValueError, match="15"):
        keyed.learn_many(X, pd.Series(["red"]))
    assert_equal(keyed, plain)
    assert keyed.figures() == before


# ---- keys ----


def test_keys_that_are_equal_are_one(tmp_path):
    path = tmp_path / "store"
    with KeyedClassifier(SoftmaxRegression(), store=path) as keyed:
        for key in (True, 1, 1.0, np.int64(1), np.float64(1)):
            keyed.learn_one({"user": key, "a": 1.0}, "red")
        for key in ("1", b"1", ("a", 1), ("a", True), 0.5, -0.0, 0, 10**40, math.inf, "", np.str_("1"), ()):
            keyed.learn_one({"user": key, "a": 1.0}, "red")
        found = list(keyed)
        assert found == [True, "1", b"1", ("a", 1), 0.5, 0.0, 10**40, math.inf, "", ()]
        assert keyed.figures_of(1).n_samples == 5
    with KeyedClassifier(SoftmaxRegression(), max_keys=1, store=path) as keyed:
        assert list(keyed) == found
        assert [type(key) for key in keyed] == [type(key) for key in found]
        for key in (True, 1, 1.0):
            keyed.learn_one({"user": key, "a": 1.0}, "red")
            keyed.learn_one({"user": "1", "a": 1.0}, "red")
        assert keyed.figures_of(1).n_samples == 8
        assert len(keyed) == len(found) == len(set(keyed))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ({"a": 1.0}, "x has no key 'user': a sample needs one"),
        ({}, "x has no key 'user'"),
        ({"user": None, "a": 1.0}, "the key is None: a sample needs a key"),
        ({"user": math.nan, "a": 1.0}, "the key is nan: a sample needs a key"),
        ({"user": pd.NaT, "a": 1.0}, "the key is NaT: a sample needs a key"),
        ({"user": ("a", math.nan), "a": 1.0}, "the key holds NaN"),
        ({"user": ("a", None), "a": 1.0}, "the key holds None"),
        ({"user": ["ann"], "a": 1.0}, r"the key \['ann'\] must be hashable"),
        ({"user": frozenset(), "a": 1.0}, "key frozenset.* is a frozenset"),
        ({"user=ann": 1.0, "user=bob": 1.0}, "x has no key 'user'"),
        ({"user=ann": 2.0}, "x has no key 'user'"),
        ([("user", "ann")], "x must be a mapping"),
        (None, "x must be a mapping"),
    ],
)
@pytest.mark.parametrize("max_keys", [None, 1])
def test_a_sample_without_a_key_is_refused(x, message, max_keys):
    keyed = KeyedClassifier(SoftmaxRegression(), max_keys=max_keys)
    keyed.learn_one({"user": "ann", "a": 1.0}, "red")
    before = pickle.dumps(keyed)
    for call in (keyed.predict_one, keyed.predict_proba_one, lambda x: keyed.learn_one(x, "red")):
        with pytest.raises((ValueError, TypeError), match=message):
            call(x)
    assert pickle.dumps(keyed) == before


@pytest.mark.parametrize("key", ["ann", "new"])
@pytest.mark.parametrize("max_keys", [None, 1])
def test_a_sample_that_is_refused_changes_nothing(make, key, max_keys):
    keyed = KeyedClassifier(make(), max_keys=max_keys)
    for x, y, w in samples(20, keys=["ann", "bob"]):
        keyed.learn_one(x, y, w)
    before = {key: (learned(keyed[key]), keyed.figures_of(key)) for key in keyed}
    for x, y, w in (
        ({"a": math.inf}, "red", 1.0),
        ({"a": object()}, "red", 1.0),
        ({"a": 1.0}, None, 1.0),
        ({"a": 1.0}, [], 1.0),
        ({"a": 1.0}, "red", -1.0),
    ):
        with pytest.raises((ValueError, TypeError, OverflowError)):
            keyed.learn_one({"user": key, **x}, y, w)
    assert {key: (learned(keyed[key]), keyed.figures_of(key)) for key in keyed} == before
    assert len(keyed) == len(before)


def test_every_mapping_is_a_sample_and_a_text_feature_is_a_key():
    keyed = KeyedClassifier(SoftmaxRegression())
    for x in (
        {"user": "ann", "a": 1.0},
        UserDict(user="ann", a=1.0),
        pd.Series({"user": "ann", "a": 1.0}),
        {"user=ann": 1.0},
    ):
        keyed.learn_one(x, "red")
    assert list(keyed) == ["ann"]
    assert keyed["ann"].features == ["a"]


def test_a_key_that_was_never_met_is_answered_by_a_fresh_model():
    keyed = KeyedClassifier(SoftmaxRegression(), max_keys=2)
    keyed.learn_one({"user": "ann", "a": 1.0}, "red")
    assert keyed.predict_proba_one({"user": "bob", "a": 1.0}) == {}
    assert keyed.predict_one({"user": "bob", "a": 1.0}) is None
    assert "bob" not in keyed
    assert list(keyed) == ["ann"]
    for call in (keyed.figures_of, keyed.forget_key, keyed.__getitem__):
        with pytest.raises(KeyError, match="the key 'bob' has not been learned"):
            call("bob")
    with pytest.raises(ValueError, match="must be finite"):
        keyed.predict_one({"user": "bob", "a": math.inf})


def test_a_forgotten_key_begins_anew(tmp_path):
    with KeyedClassifier(SoftmaxRegression(), max_keys=2, store=tmp_path / "store") as keyed:
        for turn in range(2):
            for x, y, w in samples(100):
                keyed.learn_one(x, y, w)
            if turn == 0:
                keyed.flush()
        for key in USERS[:4]:
            keyed.forget_key(key)
        assert set(keyed) == set(USERS[4:])
        assert keyed.figures().n_samples == sum(keyed.figures_of(key).n_samples for key in keyed)
        keyed.flush()
        assert set(keyed) == set(USERS[4:])
        assert keyed.predict_proba_one({"user": USERS[0], "a": 1.0}) == {}
        keyed.learn_one({"user": USERS[0], "a": 1.0}, "red")
        assert keyed.figures_of(USERS[0]).n_samples == 1
    with KeyedClassifier(SoftmaxRegression(), store=tmp_path / "store") as keyed:
        assert set(keyed) == {USERS[0], *USERS[4:]}


def test_a_keys_model_is_a_snapshot():
    keyed = KeyedClassifier(SoftmaxRegression())
    keyed.learn_one({"user": "ann", "a": 1.0}, "red")
    keyed["ann"].learn_one({"b": 1.0}, "green")
    assert keyed["ann"].classes == ["red"]


# ---- figures ----


def test_the_figures_are_those_of_progressive_validation(make):
    keyed = KeyedClassifier(make(), max_keys=2)
    pairs = [(x, y) for x, y, _ in samples(200)]
    result = progressive_validation(pairs, keyed)
    found = keyed.figures()
    assert (found.n_samples, found.accuracy) == (result.n_samples, result.accuracy)
    for key in USERS:
        own = progressive_validation([(rest(x), y) for x, y in pairs if x["user"] == key], make())
        assert keyed.figures_of(key) == pytest.approx((own.n_samples, own.log_loss, own.accuracy), rel=1e-12)


def test_no_samples_have_no_figures():
    found = KeyedClassifier(SoftmaxRegression()).figures()
    assert found.n_samples == 0
    assert math.isnan(found.log_loss)
    assert math.isnan(found.accuracy)


# ---- river's ways ----


def add_a_key(x):
    """Give a sample or a frame a key that hangs on a feature."""
    if isinstance(x, dict):
        return {**x, "user": x[min(x)] > 0} if x else {"user": False}
    return x.assign(user=x[min(x.columns)] > 0)


@pytest.mark.slow
@pytest.mark.parametrize("max_keys", [None, 1])
@pytest.mark.parametrize("make", [SoftmaxRegression, partial(AutoSoftmaxRegression, interactions=False)])
def test_keeps_every_check_of_river(make, max_keys):
    random.seed(1)
    model = compose.FuncTransformer(add_a_key) | KeyedClassifier(make(), max_keys=max_keys)
    for check in checks.yield_checks(model):
        if check.__name__ not in (
            "check_learn_many_matches_learn_one",
            "check_predict_proba_many_matches_predict_proba_one",
        ):
            check(model.clone())


def test_learns_in_rivers_evaluation_and_pipelines():
    pairs = [(x, y) for x, y, _ in samples(200)]
    keyed = KeyedClassifier(SoftmaxRegression())
    score = evaluate.progressive_val_score(pairs, keyed, metrics.Accuracy())
    hits = progressive_validation(pairs, keyed.clone()).accuracy * len(pairs)
    assert score.get() == pytest.approx(hits / (len(pairs) - len(keyed)))  # river counts no sample without an answer
    pipeline = compose.FuncTransformer(dict) | keyed.clone()
    for x, y in pairs:
        pipeline.learn_one(x, y)
    assert pipeline.predict_one(pairs[0][0]) == keyed.predict_one(pairs[0][0])


def test_any_classifier_of_river_is_held_in_memory():
    keyed, plain = KeyedClassifier(naive_bayes.GaussianNB()), {}
    for x, y, _ in samples(100):
        plain.setdefault(x["user"], naive_bayes.GaussianNB()).learn_one(rest(x), y)
        keyed.learn_one(x, y)
        assert keyed.predict_proba_one(x) == plain[x["user"]].predict_proba_one(rest(x))
    twin = copy.deepcopy(keyed)
    assert set(twin) == set(plain)
    assert twin.figures() == keyed.figures()
    for options in ({"max_keys": 3}, {"store": "keys"}):
        with pytest.raises(TypeError, match="max_keys and store are for models that can be saved"):
            KeyedClassifier(naive_bayes.GaussianNB(), **options)
    with pytest.raises(TypeError, match="frames are for keyed models of ours"):
        keyed.learn_many(pd.DataFrame({"user": ["ann"]}), pd.Series(["red"]))


def test_streams_of_files_have_keys(tmp_path):
    file = tmp_path / "rows.csv"
    rows = [{**dict.fromkeys("abcd", 0.0), **x, "y": y} for x, y, _ in samples(80)]
    pd.DataFrame(rows).to_csv(file, index=False)
    keyed = KeyedClassifier(SoftmaxRegression(), max_keys=3)
    result = progressive_validation(open_stream(file, "y"), keyed)
    assert result.n_samples == 80
    assert set(keyed) == {row["user"] for row in rows}
    assert result.memory > 0


@pytest.mark.parametrize("max_keys", [None, 2])
def test_copies_are_equal_and_independent(make, max_keys, tmp_path):
    with KeyedClassifier(make(), max_keys=max_keys, store=tmp_path / "store") as keyed:
        for x, y, w in samples(100):
            keyed.learn_one(x, y, w)
        twins = [
            copy.deepcopy(keyed),
            keyed.copy(),
            pickle.loads(pickle.dumps(keyed)),
            keyed.clone(include_attributes=True),
        ]
        before = {key: learned(keyed[key]) for key in keyed}
        for twin in twins:
            assert twin.store is None
            assert {key: learned(twin[key]) for key in twin} == before
            assert twin.figures() == keyed.figures()
            twin.learn_one({"user": "ann", "a": 1.0}, "violet")
            twin.learn_one({"user": "new", "a": 1.0}, "violet")
        assert {key: learned(keyed[key]) for key in keyed} == before
        fresh = keyed.clone({"max_keys": 5})
        assert (len(fresh), fresh.max_keys, fresh.store) == (0, 5, None)
        assert bool(fresh)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((SoftmaxRegression,), "the model of each key is a river classifier"),
        ((None,), "the model of each key is a river classifier"),
        ((SoftmaxRegression(), "user", 0), "max_keys must be an int of at least 1, or None, got 0"),
        ((SoftmaxRegression(), "user", True), "max_keys must be an int of at least 1"),
    ],
)
def test_parameters_are_checked(arguments, error):
    with pytest.raises((TypeError, ValueError), match=error):
        KeyedClassifier(*arguments)


# ---- threads ----


def test_threads_learn_and_predict():
    keyed = KeyedClassifier(SoftmaxRegression(), max_keys=2)
    errors = []

    def work(user):
        try:
            for x, y, w in samples(200, keys=[user]):
                keyed.predict_proba_one(x)
                keyed.learn_one(x, y, w)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(user,)) for user in USERS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    plain = Dictionary(SoftmaxRegression)
    for user in USERS:
        for x, y, w in samples(200, keys=[user]):
            plain.learn(x, y, w)
    assert_equal(keyed, plain)


def test_a_snapshot_is_taken_between_two_samples():
    copying, learned_meanwhile = threading.Event(), threading.Event()

    class Slow(naive_bayes.GaussianNB):
        def __deepcopy__(self, memo):
            copying.set()
            assert not learned_meanwhile.wait(0.2)
            return naive_bayes.GaussianNB()

    keyed = KeyedClassifier(Slow())
    keyed.learn_one({"user": "ann", "a": 1.0}, "red")

    def learn():
        copying.wait(10)
        keyed.learn_one({"user": "ann", "a": 2.0}, "red")
        learned_meanwhile.set()

    learning = threading.Thread(target=learn)
    learning.start()
    assert isinstance(keyed["ann"], naive_bayes.GaussianNB)
    learning.join()
    assert keyed.figures_of("ann").n_samples == 2


def test_a_key_that_cannot_be_one_is_refused_wherever_it_is_asked_for():
    keyed = KeyedClassifier(SoftmaxRegression())
    with pytest.raises(
        TypeError, match=r"^the key \[1\] must be hashable: a str, a number, bytes, or a tuple of these$"
    ):
        keyed.figures_of([1])
    with pytest.raises(TypeError, match=r"^the key \[1\] must be hashable"):
        keyed.learn_many(pd.DataFrame({"user": [[1], [2]], "a": [1.0, 2.0]}), pd.Series([0, 1]))
    assert len(keyed) == 0
