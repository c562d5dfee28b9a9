"""What every model keeps behind a scaler: by rows or one by one, it is river's pipeline to the last bit."""

from __future__ import annotations

import io

import numpy as np
import pytest
from river import preprocessing

from online_softmax import SoftmaxRegression, load, save
from online_softmax.models.native import NativeModel
from online_softmax.models.saving import to_bytes
from online_softmax.models.scaled import NumberScaler, ScaledModel, native
from online_softmax.rows import Rows

SCALERS = {"StandardScaler": preprocessing.StandardScaler, "NumberScaler": lambda: NumberScaler(["a", "b"])}
VERBS = [name for name in vars(NativeModel) if not name.startswith("_")]


@pytest.fixture(params=SCALERS)
def make_pipeline(request, make_model):
    return lambda: SCALERS[request.param]() | make_model()


def shared_rows(n=40):
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.normal(5, 3, n), np.full(n, 2.0), rng.integers(0, 2, n)])
    codes = rng.integers(0, 3, n).astype(np.int32)
    return Rows(["a", "b", "c"], np.arange(3, dtype=np.int32), values, None, ["u", "v", "w"], codes)


def ragged_rows(n=40):
    rng = np.random.default_rng(1)
    held = [rng.permutation(4)[: rng.integers(0, 5)] for _ in range(n)]
    ids = np.concatenate(held).astype(np.int32)
    starts = np.concatenate([[0], np.cumsum([len(one) for one in held])]).astype(np.int64)
    weights, codes = rng.uniform(0, 2, n), rng.integers(0, 3, n).astype(np.int32)
    return Rows(["a", "b", "c", "d"], ids, rng.normal(9, 4, len(ids)), starts, ["u", "v", "w"], codes, weights)


def figures_of_scaler(pipeline):
    scaler = next(iter(pipeline.steps.values()))
    inner = getattr(scaler, "scaler", scaler)
    return [list(part.items()) for part in (inner.counts, inner.means, inner.vars)]


@pytest.mark.parametrize("rows", [shared_rows(), ragged_rows()], ids=["shared", "ragged"])
def test_rows_are_learned_as_one_by_one(make_pipeline, learned, rows):
    by_rows, one_by_one = make_pipeline(), make_pipeline()
    done, said = native(by_rows).progress(rows)
    assert done == len(rows)
    for i, (x, y, keywords) in enumerate(rows.pairs()):
        expected = one_by_one.predict_proba_one(x)
        labels = list(expected)
        assert said["predicted"][i] == (labels.index(max(expected, key=expected.get)) if expected else -1)
        ranked = sorted(expected, key=lambda label: -expected[label])
        np.testing.assert_equal(said["confidence"][i], max(expected.values(), default=np.nan))
        if y in expected:
            assert (said["p"][i], said["rank"][i]) == (expected[y], ranked.index(y))
        else:
            assert (np.isnan(said["p"][i]), said["rank"][i]) == (True, -1)
        one_by_one.learn_one(x, y, **keywords)
    assert figures_of_scaler(by_rows) == figures_of_scaler(one_by_one)
    assert learned(native(by_rows).model) == learned(native(one_by_one).model)


@pytest.mark.parametrize("rows", [shared_rows(), ragged_rows()], ids=["shared", "ragged"])
def test_rows_are_predicted_as_one_by_one(make_pipeline, rows):
    pipeline = make_pipeline()
    native(pipeline).progress(rows.slice(0, 30))
    P, labels = native(pipeline).predict_rows(rows)
    assert labels == native(pipeline).classes
    for i, probabilities in enumerate(P.tolist()):
        assert dict(zip(labels, probabilities, strict=True)) == pipeline.predict_proba_one(rows.x(i))


def test_samples_are_those_of_the_pipeline(make_pipeline, learned):
    alone, pipeline = make_pipeline(), make_pipeline()
    for x, y, keywords in ragged_rows().pairs():
        assert native(alone).predict_proba_one(x) == pipeline.predict_proba_one(x)
        native(alone).learn_one(x, y, **keywords)
        pipeline.learn_one(x, y, **keywords)
    assert figures_of_scaler(alone) == figures_of_scaler(pipeline)
    assert learned(native(alone).model) == learned(native(pipeline).model)


def test_the_state_makes_another_model_the_same(make_pipeline):
    one, other = make_pipeline(), make_pipeline()
    native(one).progress(shared_rows())
    native(other).progress(ragged_rows())
    state = native(one).state()
    native(other).check(state)
    native(other).restore(state)
    assert to_bytes(other) == to_bytes(one)
    native(one).progress(shared_rows())
    native(other).progress(shared_rows())
    assert to_bytes(other) == to_bytes(one)


def test_the_verbs_are_those_of_a_native_model(make_pipeline, make_model):
    plain, scaled = native(make_model()), native(make_pipeline())
    assert (type(plain), type(scaled)) == (NativeModel, ScaledModel)
    for found in (plain, scaled):
        found.progress(shared_rows())
        assert all(hasattr(found, verb) for verb in VERBS)
        assert (found.classes, found.features) == (found.model.classes, found.model.features)
        assert (found.hash_bits, found.can_progress) == (None, True)
    assert plain.whole is plain.model
    assert list(scaled.whole.steps.values())[1] is scaled.model


@pytest.mark.parametrize("scaler", SCALERS)
@pytest.mark.parametrize("rows", [shared_rows(), ragged_rows()], ids=["shared", "ragged"])
def test_a_model_that_hashes_names_is_predicted_and_saved_behind_a_scaler(scaler, rows):
    pipeline = SCALERS[scaler]() | SoftmaxRegression(hash_bits=2)
    assert not native(pipeline).can_progress  # names are scaled, and buckets learned
    for x, y, keywords in rows.pairs():
        native(pipeline).learn_one(x, y, **keywords)
    save(pipeline, file := io.BytesIO())
    again = load(io.BytesIO(file.getvalue()))
    assert to_bytes(again) == file.getvalue()
    P, labels = native(again).predict_rows(rows)
    for i, probabilities in enumerate(P.tolist()):
        assert dict(zip(labels, probabilities, strict=True)) == pipeline.predict_proba_one(rows.x(i))


@pytest.mark.parametrize("model", [None, preprocessing.StandardScaler(), SoftmaxRegression])
def test_nothing_else_is_native(model):
    assert native(model) is None
