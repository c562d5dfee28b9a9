"""Names, labels and calls that no honest user makes: an error or an answer, never a broken model."""

from __future__ import annotations

import itertools
import math
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from river import optim
from scipy import sparse

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression

MODELS = [SoftmaxRegression, AutoSoftmaxRegression]


@pytest.mark.parametrize("Model", MODELS)
def test_mapping_that_carries_a_name_many_times(Model):
    model = Model()
    for i in range(3):
        model.learn_one({"a": 1.0}, i % 2)
    twice = pd.Series([float(i + 1) for i in range(2000)], index=["a"] * 2000)
    for i in range(30):
        model.learn_one(twice / 2000, i % 2)
    assert math.isclose(sum(model.predict_proba_one({"a": 1.0}).values()), 1)


@pytest.mark.parametrize("Model", MODELS)
def test_frames_without_rows(Model):
    model, none = Model(), pd.Series([], dtype=float)
    for columns in (["a"], ["a", "b"], []):
        model.learn_many(pd.DataFrame(dict.fromkeys(columns, none)), none)
    assert model.classes == []


@pytest.mark.parametrize("Model", MODELS)
def test_model_that_was_never_initialised(Model):
    model = Model.__new__(Model)
    with pytest.raises(RuntimeError, match="has not been initialised"):
        model.learn_one({"a": 1.0}, 0)


class Restless:
    """Its hash is another one each time."""

    counter = itertools.count()

    def __hash__(self):
        return next(self.counter)


@pytest.mark.parametrize("Model", MODELS)
def test_labels_whose_hash_changes(Model):
    model = Model()
    with pytest.raises(TypeError, match="its hash changes"):
        model.learn_many(pd.DataFrame({"a": [1.0, 2.0]}), pd.Series([Restless(), Restless()], dtype=object))
    assert model.classes == []


class Chameleon:
    """Equal to everything, under the hashes it is given in turn."""

    def __init__(self, *hashes):
        self.hashes = list(hashes)

    def __hash__(self):
        return self.hashes.pop(0) if len(self.hashes) > 1 else self.hashes[0]

    def __eq__(self, other):
        return True


@pytest.mark.parametrize("Model", MODELS)
def test_names_whose_hash_changes_leave_as_many_names_as_rows(Model):
    model = Model()
    model.learn_one({Chameleon(1): 1.0, Chameleon(2, 2, 2, 1): 2.0}, 0)
    model.learn_one({"q": 1.0}, 1)
    assert math.isclose(sum(model.predict_proba_one({"q": 1.0}).values()), 1)
    assert len(model.features) == len(set(map(id, model.features)))


def test_gradient_beyond_the_doubles_is_refused():
    model = SoftmaxRegression(optim.SGD(optim.schedulers.InverseScaling(0.1, -1100)))
    model.learn_one({"a": 1.0}, 0)
    with pytest.raises(OverflowError):
        model.learn_one({"a": 1.0}, 1, 0.0)
    assert model.classes == [0]


class Fragile:
    """A name whose hash can be made to fail."""

    broken = False

    def __init__(self, i):
        self.i = i

    def __hash__(self):
        if Fragile.broken and self.i == 1:
            raise ValueError("no hash now")
        return self.i

    def __eq__(self, other):
        return isinstance(other, Fragile) and self.i == other.i


@pytest.mark.parametrize("Model", MODELS)
def test_forgetting_that_fails_changes_nothing(Model, monkeypatch):
    model = Model()
    for i in range(20):
        model.learn_one({Fragile(0): 1.0, Fragile(1): 1.0, Fragile(2): i + 1}, i % 2)
    before = model.predict_proba_one({Fragile(2): 1.0})
    with monkeypatch.context() as patch:
        patch.setattr(Fragile, "broken", True)
        with pytest.raises(ValueError, match="no hash now"):
            model.forget_feature(Fragile(0))
    assert len(model.features) == 3
    assert model.predict_proba_one({Fragile(2): 1.0}) == before


def test_batches_keep_to_the_bound_on_features():
    model = SoftmaxRegression(max_features=8)
    for start in range(0, 400, 100):
        model.learn_batch(pd.DataFrame({f"a{start + i}": [1.0, -float(i)] for i in range(100)}), pd.Series([0, 1]))
        assert len(model.features) <= 8
        assert pickle.loads(pickle.dumps(model)).weights == model.weights
    assert model.n_evicted == 400 - len(model.features)


@pytest.mark.parametrize("Model", MODELS)
@pytest.mark.parametrize("index", [-1, -(2**31), 3, 2**31 - 1])
def test_sparse_entries_outside_of_the_columns(Model, index):
    X, model = sparse.csr_matrix(np.eye(3)), Model()
    X.indices[1] = index
    with pytest.raises(ValueError, match="outside of its 3 columns"):
        model.learn_many(X, [0, 1, 2])
    assert model.classes == []


class Fickle:
    """Equal to others as it is told, comparison by comparison, and then to none."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def __hash__(self):
        return 1

    def __eq__(self, other):
        return bool(self.answers) and self.answers.pop(0)


@pytest.mark.parametrize("Model", MODELS)
def test_names_and_labels_whose_equality_changes(Model):
    model = Model()
    model.learn_one({Fickle(False, False, True): 1.0}, Fickle(True, False, True))
    model.learn_one({1: 2.0}, 1)
    assert len(model.classes) == 1
    assert len(model.features) == len(set(map(id, model.features)))


@pytest.mark.parametrize("Model", MODELS)
def test_integers_of_128_bits(Model):
    X = pl.DataFrame({"a": pl.Series([1, 2, -3], dtype=pl.Int128)})
    model, plain = Model(), Model()
    model.learn_many(X, pl.Series([0, 1, 0]))
    plain.learn_many(X.cast(pl.Float64), pl.Series([0, 1, 0]))
    assert model.predict_proba_one({"a": 1.0}) == plain.predict_proba_one({"a": 1.0})


class Failing:
    """A label whose hash fails at its n-th call, and not after it."""

    calls = 0

    def __hash__(self):
        self.calls -= 1
        if self.calls == 0:
            raise ValueError("no hash now")
        return 1


@pytest.mark.parametrize("Model", MODELS)
def test_forgetting_keeps_the_model_wherever_a_hash_fails(Model):
    model, label = Model(), Failing()
    for i in range(4):
        model.learn_one({"a": 1.0, "b": float(i)}, [label, "other"][i % 2])
    for label.calls in range(1, 9):
        features, B = model.features, model.predict_proba_many(np.ones((1, 3)))
        try:
            model.forget_feature("b")
        except ValueError:
            assert model.features == features
            assert (model.predict_proba_many(np.ones((1, 3))) == B).all()
        else:
            break
    assert model.features == ["a"]
