"""A model with hash_bits learns buckets as it would learn them by hand, on every route."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from river import optim, preprocessing
from scipy import sparse

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, load, progressive_validation, save
from online_softmax.hashing import bucket

BITS = 4  # so few that names must share
MAKERS = {
    "softmax": lambda bits: SoftmaxRegression(optim.Adam(0.05), hash_bits=bits),
    "auto": lambda bits: AutoSoftmaxRegression(hash_bits=bits),
}


@pytest.fixture(params=MAKERS)
def make(request):
    return MAKERS[request.param]


def samples(n=80, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(n):
        chosen = rng.choice(60, size=8, replace=False)
        yield {f"word {i}": float(v) for i, v in zip(chosen, rng.normal(size=8), strict=True)}, int(rng.integers(3))


def by_hand(x, bits=BITS):
    sums = {}
    for name, value in x.items():
        sums[bucket(name, bits)] = sums.get(bucket(name, bits), 0.0) + value
    return sums


def test_model_learns_buckets_as_if_by_hand(make, learned):
    hashed, plain = make(BITS), make(None)
    for x, y in samples():
        p, q = hashed.predict_proba_one(x), plain.predict_proba_one(by_hand(x))
        assert p == q
        hashed.learn_one(x, y)
        plain.learn_one(by_hand(x), y)
    assert learned(hashed) == learned(plain)
    assert set(hashed.features) <= set(range(2**BITS))


def test_one_by_one_is_in_bulk_is_pickled(make, learned):
    rows = list(samples())
    names = [f"word {i}" for i in range(60)]
    dense = np.array([[x.get(name, 0.0) for name in names] for x, _ in rows])
    one, frame = make(BITS), make(BITS)
    for row, (_, y) in zip(dense, rows, strict=True):
        one.learn_one(dict(zip(names, row.tolist(), strict=True)), y)
        one = pickle.loads(pickle.dumps(one))
    frame.learn_many(pd.DataFrame(dense, columns=names), pd.Series([y for _, y in rows]))
    assert learned(one) == learned(frame)
    proba = frame.predict_proba_many(pd.DataFrame(dense, columns=names)).to_dict("records")
    assert proba == [one.predict_proba_one(dict(zip(names, row.tolist(), strict=True))) for row in dense]


def test_sparse_rows_are_the_dictionaries(make, learned):
    X = sparse.random(80, 60, 0.2, "csr", rng=np.random.default_rng(3))
    y = np.arange(80) % 3
    one, bulk = make(BITS), make(BITS)
    for i in range(80):
        row = X[[i]]
        one.learn_one(dict(zip(row.indices.tolist(), row.data.tolist(), strict=True)), int(y[i]))
    bulk.learn_many(X, y)
    assert learned(one) == learned(bulk)
    found = progressive_validation(X, make(BITS), target=y)
    pairs = [(dict(zip(X[[i]].indices.tolist(), X[[i]].data.tolist(), strict=True)), int(y[i])) for i in range(80)]
    assert found.log_loss == progressive_validation(pairs, make(BITS)).log_loss


def test_scaler_sees_the_names_and_the_model_their_buckets():
    rows = list(samples())
    pipeline = preprocessing.StandardScaler() | SoftmaxRegression(hash_bits=BITS)
    scaler, model = preprocessing.StandardScaler(), SoftmaxRegression()
    found = progressive_validation(rows, pipeline)
    for x, y in rows:
        scaler.learn_one(x)
        model.learn_one(by_hand(scaler.transform_one(x)), y)
    assert pipeline["SoftmaxRegression"].weights == model.weights
    assert found.n_samples == len(rows)


def test_saved_and_loaded(make, learned, tmp_path):
    model = make(BITS)
    for x, y in samples():
        model.learn_one(x, y)
    save(model, tmp_path / "model")
    again = load(tmp_path / "model")
    assert (again.hash_bits, learned(again)) == (BITS, learned(model))


def test_a_name_is_forgotten_with_its_bucket():
    model = SoftmaxRegression(hash_bits=20)
    model.learn_one({"a": 1.0, "b": 1.0}, "yes")
    model.forget_feature("a")
    assert model.features == [bucket("b", 20)]
    with pytest.raises(ValueError, match="'a' has not been learned"):
        model.forget_feature("a")


@pytest.mark.parametrize(
    ("x", "error"),
    [
        ({object(): 1.0}, TypeError),
        ({frozenset(): 1.0}, TypeError),
        ({"a": "1", "b": 1.0}, TypeError),
        ({"a": float("nan")}, ValueError),
        ({f"n{i}": 1e308 for i in range(99)}, ValueError),
        ([("a", 1.0)], TypeError),
    ],
    ids=["object", "set", "text", "nan", "sum beyond doubles", "list"],
)
def test_bad_samples_change_nothing(make, x, error):
    model = make(BITS)
    for sample, y in samples(20):
        model.learn_one(sample, y)
    before = pickle.dumps(model)
    for call in (model.predict_one, model.predict_proba_one, lambda x: model.learn_one(x, 0)):
        with pytest.raises(error):
            call(x)
    assert pickle.dumps(model) == before


@pytest.mark.parametrize("bits", [0, 31, 2.0, True, "18"])
def test_hash_bits_is_a_number_of_bits(bits):
    for kind in (SoftmaxRegression, AutoSoftmaxRegression):
        with pytest.raises(ValueError, match="hash_bits must be an int from 1 to 30"):
            kind(hash_bits=bits)


@pytest.mark.parametrize("call", ["learn_many", "predict_proba_many"])
def test_an_error_names_the_feature_and_not_its_bucket(make, call):
    model, frame = make(BITS), pd.DataFrame({"word 1": [1.0, 2.0], "word 2": [0.0, np.nan]})
    model.learn_one({"word 1": 1.0}, 0)
    X = sparse.csr_matrix(frame.to_numpy())
    with pytest.raises(ValueError, match=r"^feature 1 is nan: values must be finite numbers"):
        getattr(model, call)(X, *[[0, 0]] * (call == "learn_many"))
