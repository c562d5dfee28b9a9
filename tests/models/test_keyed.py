"""A model a key: the same as a dictionary of models, to the last bit, in memory, on disk, and after a crash."""

from __future__ import annotations

import copy
import json
import math
import os
import pickle
import random
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections import UserDict
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from river import checks, compose, evaluate, metrics, naive_bayes, preprocessing

from online_softmax import (
    AutoSoftmaxRegression,
    KeyedClassifier,
    ModelFileError,
    SoftmaxRegression,
    open_stream,
    progressive_validation,
    save,
)
from online_softmax.models.scaled import native

from ..processes import started
from .keyed_samples import USERS, flush_until_killed, samples

ROOT = Path(__file__).parents[2]
MODELS = {
    "softmax": SoftmaxRegression,
    "auto": AutoSoftmaxRegression,
    "linear": partial(AutoSoftmaxRegression, interactions=False),
    "hashed": partial(SoftmaxRegression, hash_bits=3),
    "bounded": partial(SoftmaxRegression, max_features=3),
    "records": partial(SoftmaxRegression, categorical=True, missing="indicate"),
    "scaled": lambda: preprocessing.StandardScaler() | SoftmaxRegression(),
    "scaled auto": lambda: preprocessing.StandardScaler() | AutoSoftmaxRegression(),
}


@pytest.fixture(params=MODELS)
def make(request):
    return MODELS[request.param]


def learned(model):
    """Give all that a model has learned, so that == compares it to the last bit."""
    state = native(model).state()
    return {name: value.tobytes() if isinstance(value, np.ndarray) else value for name, value in state.items()}


def rest(x):
    return {name: value for name, value in x.items() if name != "user"}


class Dictionary:
    """What a keyed model is to equal."""

    def __init__(self, make):
        self.make, self.models = make, {}

    def learn(self, x, y, w=1.0):
        model = self.models.setdefault(x["user"], self.make())
        native(model).learn_one(rest(x), y, w=w)

    def predict(self, x):
        return self.models.get(x["user"], self.make()).predict_proba_one(rest(x))


def assert_equal(keyed, dictionary):
    assert len(keyed) == len(dictionary.models)
    assert set(keyed) == set(dictionary.models)
    for key, model in dictionary.models.items():
        assert learned(keyed[key]) == learned(model)


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


# ---- the store ----


def filled(path, max_keys=2, make=SoftmaxRegression, n=100):
    keyed = KeyedClassifier(make(), max_keys=max_keys, store=path)
    for x, y, w in samples(n):
        keyed.learn_one(x, y, w)
    return keyed


@pytest.mark.parametrize("max_keys", [None, 2])
def test_a_store_goes_on_where_it_was(make, tmp_path, max_keys):
    plain = Dictionary(make)
    for part in range(3):
        with KeyedClassifier(make(), max_keys=max_keys, store=tmp_path / "store") as keyed:
            assert_equal(keyed, plain)
            for x, y, w in samples(60, part):
                keyed.learn_one(x, y, w)
                plain.learn(x, y, w)
            assert_equal(keyed, plain)
    assert [file.name for file in tmp_path.iterdir()] == ["store"]


def test_a_saved_model_is_a_store(make, tmp_path):
    keyed = KeyedClassifier(make(), max_keys=2)
    for x, y, w in samples(100):
        keyed.learn_one(x, y, w)
    (tmp_path / "keys").write_bytes(b"something else")
    keyed.save(tmp_path / "keys")
    with KeyedClassifier(make(), store=tmp_path / "keys") as twin:
        assert {key: learned(twin[key]) for key in twin} == {key: learned(keyed[key]) for key in keyed}
        assert twin.figures() == keyed.figures()
    with pytest.raises(TypeError, match="a model file holds one of"):
        save(keyed, tmp_path / "model")
    with pytest.raises(OSError, match="cannot write"):
        keyed.save(tmp_path / "nowhere" / "keys")
    assert [file.name for file in tmp_path.iterdir()] == ["keys"]


def test_a_model_is_not_saved_in_the_place_of_its_store(tmp_path):
    keyed = filled(tmp_path / "store")
    os.link(tmp_path / "store", tmp_path / "link")
    for path in (tmp_path / "store", str(tmp_path / "nowhere" / ".." / "store"), tmp_path / "link"):
        (tmp_path / "nowhere").mkdir(exist_ok=True)
        with pytest.raises(ValueError, match=r"store is the store of this model|link is the store of this model"):
            keyed.save(path)
    keyed.close()
    with KeyedClassifier(SoftmaxRegression(), store=tmp_path / "store") as again:
        assert again.figures().n_samples == 100


def test_what_was_not_flushed_is_not_in_the_store(tmp_path):
    keyed = filled(tmp_path / "store")
    keyed.flush()
    before = (tmp_path / "store").read_bytes()
    for x, y, w in samples(100, 1):
        keyed.learn_one(x, y, w)
    assert (tmp_path / "store").read_bytes() == before
    keyed.close()
    assert (tmp_path / "store").read_bytes() != before


def test_a_closed_model_says_so(tmp_path):
    keyed = filled(tmp_path / "store")
    keyed.close()
    keyed.close()
    for call in (
        lambda: keyed.learn_one({"user": "ann", "a": 1.0}, "red"),
        lambda: keyed.predict_one({"user": "ann", "a": 1.0}),
        lambda: keyed["ann"],
        lambda: list(keyed),
        keyed.flush,
        keyed.figures,
    ):
        with pytest.raises(RuntimeError, match="this keyed model is closed: open its store anew"):
            call()
    with pytest.raises(ValueError, match="flush writes to a store, and this model has none"):
        KeyedClassifier(SoftmaxRegression(), max_keys=2).flush()


def test_a_store_is_open_once(tmp_path):
    keyed = filled(tmp_path / "store")
    code = f"""
        from online_softmax import KeyedClassifier, SoftmaxRegression
        KeyedClassifier(SoftmaxRegression(), store={str(tmp_path / "store")!r})
    """
    for _ in range(2):
        with pytest.raises(RuntimeError, match="it is open in another model or process; close it there first"):
            KeyedClassifier(SoftmaxRegression(), store=tmp_path / "store")
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
        )
        assert "RuntimeError: cannot open" in done.stderr
        keyed.flush()
    keyed.close()
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


class Yielding:
    """A connection of SQLite that another one follows as soon as it lets go of the file."""

    def __init__(self, inner, path):
        self._inner, self._path, self.other = inner, path, None

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def execute(self, text, *values):
        found = self._inner.execute(text, *values)
        if text == "COMMIT":
            self.other = sqlite3.connect(self._path, isolation_level=None)
            self.other.execute("BEGIN IMMEDIATE")
        return found


def test_a_store_that_another_model_took_is_not_written_to(tmp_path):
    keyed = filled(tmp_path / "store")
    keyed._disk._base.execute("PRAGMA busy_timeout=0")
    keyed._disk._base = base = Yielding(keyed._disk._base, tmp_path / "store")
    with pytest.raises(RuntimeError, match="it is open in another model or process"):
        keyed.flush()
    base.other.close()
    before = (tmp_path / "store").read_bytes()
    keyed.learn_one({"user": "new", "a": 1.0}, "red")
    with pytest.raises(RuntimeError, match="another model has had it open since; save to another file"):
        keyed.flush()
    assert (tmp_path / "store").read_bytes() == before
    keyed.save(tmp_path / "copy")
    with KeyedClassifier(SoftmaxRegression(), store=tmp_path / "copy") as twin:
        assert "new" in twin


@pytest.mark.parametrize(
    ("model", "key", "message"),
    [
        (SoftmaxRegression(l2=0.5), "user", "the model's parameters was"),
        (AutoSoftmaxRegression(), "user", "the model's class was"),
        (preprocessing.StandardScaler() | SoftmaxRegression(), "user", "the model's scaler was"),
        (SoftmaxRegression(), "shop", "its key is 'user' and not 'shop'"),
    ],
)
def test_a_store_of_other_models_is_refused(tmp_path, model, key, message):
    filled(tmp_path / "store").close()
    before = (tmp_path / "store").read_bytes()
    with pytest.raises(ModelFileError, match=message):
        KeyedClassifier(model, key, store=tmp_path / "store")
    assert (tmp_path / "store").read_bytes() == before
    filled(tmp_path / "store").close()


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "store"
    path.write_bytes(b"user,a\nann,1\n" * 100)
    with pytest.raises(ModelFileError, match="it is damaged, or no store of a KeyedClassifier"):
        KeyedClassifier(SoftmaxRegression(), store=path)
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE keys (a)")
    other.close()
    with pytest.raises(ModelFileError, match="it is no store of a KeyedClassifier"):
        KeyedClassifier(SoftmaxRegression(), store=path)
    with pytest.raises(OSError, match="cannot open"):
        KeyedClassifier(SoftmaxRegression(), store=tmp_path)
    with pytest.raises(OSError, match="cannot open"):
        KeyedClassifier(SoftmaxRegression(), store=tmp_path / "nowhere" / "store")


def test_a_later_format_is_refused(tmp_path):
    path = tmp_path / "store"
    filled(path).close()
    with sqlite3.connect(path) as store:
        store.execute("PRAGMA user_version=9")
    store.close()
    with pytest.raises(ModelFileError, match="it is of format 9, this one reads 1"):
        KeyedClassifier(SoftmaxRegression(), store=path)


@pytest.mark.slow
def test_a_damaged_store_never_gives_other_models(tmp_path):
    path = tmp_path / "store"
    filled(path).close()
    with KeyedClassifier(SoftmaxRegression(), store=path) as keyed:
        whole = {key: learned(keyed[key]) for key in keyed}
    sound = path.read_bytes()
    draw = random.Random(1)
    refused = 0
    for _ in range(150):
        damaged = bytearray(sound)
        if draw.random() < 0.2:
            damaged = damaged[: draw.randrange(len(sound))]
        else:
            damaged[draw.randrange(len(sound))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            keyed = KeyedClassifier(SoftmaxRegression(), max_keys=2, store=path)
            try:
                for key in USERS:
                    if key in keyed:
                        assert learned(keyed[key]) == whole[key]
            finally:
                keyed._disk.close()
        except ModelFileError:
            refused += 1
    assert refused > 20


@pytest.mark.parametrize(
    "change",
    [
        *("n_samples = 'x'", "n_samples = -1", "hits = n_samples + 1", "loss = 1e999", "loss = -1.0", "loss = x'00'"),
        *("name = 'oops'", "name = '\"zed\"'", "name = x'ff'", "model = NULL", "model = 7"),
    ],
)
def test_damaged_fields_of_a_key_are_refused(tmp_path, change):
    path = tmp_path / "store"
    filled(path).close()
    store = sqlite3.connect(path)
    with store:
        store.execute(f"UPDATE keys SET {change} WHERE key = ?", (json.dumps(USERS[0]),))
    store.close()
    keyed = KeyedClassifier(SoftmaxRegression(), store=path)
    with pytest.raises(ModelFileError, match="damaged"):
        keyed.predict_one({"user": USERS[0]})
    with pytest.raises(ModelFileError, match="damaged"):
        keyed.figures_of(USERS[0])
    with pytest.raises(ModelFileError, match="damaged"):
        print(keyed.figures(), list(keyed), keyed.copy())
    assert keyed.figures_of(USERS[1]).n_samples
    keyed.close()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_a_killed_process_leaves_what_was_flushed(tmp_path, seed):
    process, flushed = started(flush_until_killed, tmp_path / "store")
    draw = random.Random(seed)
    for _ in range(draw.randint(1, 15)):
        flushed.recv()
    threading.Event().wait(draw.random() * 0.02)
    process.kill()
    process.join()
    least = 0
    with suppress(EOFError, OSError):
        while True:
            least = flushed.recv()
    with KeyedClassifier(SoftmaxRegression(), max_keys=3, store=tmp_path / "store") as keyed:
        n = keyed.figures().n_samples
        assert n % 20 == 0
        assert n >= least
        plain = Dictionary(SoftmaxRegression)
        for part in range(n // 20):
            for x, y, w in samples(20, part):
                plain.learn(x, y, w)
        assert_equal(keyed, plain)


FULL = """
    import resource, signal, sys
    sys.path.insert(0, {folder!r})
    from tests.models.test_keyed import Dictionary, KeyedClassifier, SoftmaxRegression, assert_equal, samples
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    keyed, plain = KeyedClassifier(SoftmaxRegression(), max_keys=3, store={path!r}), Dictionary(SoftmaxRegression)
    keys, failed = list(range(400)), 0
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for turn in range(2):
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
        for x, y, w in samples(600, turn, keys):
            try:
                keyed.learn_one(x, y, w)
            except OSError as error:
                assert "cannot write a temporary file for keys" in str(error), error
                failed += 1
            else:
                plain.learn(x, y, w)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
        try:
            keyed.flush()
        except OSError as error:
            assert "cannot write" in str(error), error
        else:
            raise AssertionError
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        assert_equal(keyed, plain)
    keyed.close()
    with KeyedClassifier(SoftmaxRegression(), max_keys=3, store={path!r}) as keyed:
        assert_equal(keyed, plain)
    print(failed)
"""


@pytest.mark.slow
def test_a_full_disk_loses_nothing(tmp_path):
    code = textwrap.dedent(FULL.format(folder=str(ROOT), path=str(tmp_path / "store")))
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


def test_temporary_files_vanish(tmp_path):
    code = """
        import os
        from online_softmax import KeyedClassifier, SoftmaxRegression
        keyed = KeyedClassifier(SoftmaxRegression(), max_keys=1)
        for user in range(100):
            keyed.learn_one({"user": user, "a": 1.0}, "red")
        os.kill(os.getpid(), 9)
    """
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=environment, check=False)
    assert not list(tmp_path.iterdir())


def test_a_fork_uses_what_is_in_memory(tmp_path):
    code = f"""
        import os, sys
        from online_softmax import KeyedClassifier, SoftmaxRegression
        keyed = KeyedClassifier(SoftmaxRegression(), max_keys=2, store={str(tmp_path / "store")!r})
        for user in range(10):
            keyed.learn_one({{"user": user, "a": 1.0}}, "red")
        child = os.fork()
        if not child:
            assert keyed.predict_one({{"user": 9, "a": 1.0}}) == "red"
            for call in (lambda: keyed.predict_one({{"user": 0, "a": 1.0}}), keyed.flush):
                try:
                    call()
                except RuntimeError as error:
                    assert "forked" in str(error)
                else:
                    raise AssertionError
            del keyed
            sys.exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        keyed.learn_one({{"user": 0, "a": 1.0}}, "red")
        keyed.close()
        with KeyedClassifier(SoftmaxRegression(), store={str(tmp_path / "store")!r}) as keyed:
            assert len(keyed) == 10 and keyed.figures_of(0).n_samples == 2
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


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
