"""The inner interface: rows that are learned, all or none, behind a scaler too, and classes that are declared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from river import preprocessing

from online_softmax import AutoSoftmaxRegression, ImplicitAdaGrad, SoftmaxRegression
from online_softmax.frames import rows_of
from online_softmax.models.scaled import NumberScaler, native

MAKE = {
    "softmax": SoftmaxRegression,
    "softmax, bounded": lambda: SoftmaxRegression(max_features=3),
    "auto": AutoSoftmaxRegression,
    "auto, bounded": lambda: AutoSoftmaxRegression(max_features=3),
    "scaler, softmax": lambda: preprocessing.StandardScaler() | SoftmaxRegression(ImplicitAdaGrad(), intercept=True),
    "number scaler, softmax": lambda: NumberScaler([0, 2]) | SoftmaxRegression(),
    "scaler, auto": lambda: preprocessing.StandardScaler() | AutoSoftmaxRegression(),
}


@pytest.fixture(params=MAKE)
def make(request):
    """Make a fresh model, alone or behind a scaler."""
    return MAKE[request.param]


@pytest.fixture
def rows():
    draw = np.random.default_rng(0)
    X = draw.normal(3, 2, (60, 4))
    return rows_of(X, (X[:, 0] > X[:, 1]).astype(int) + (X[:, 2] > 4))


def state_of(model):
    """Give all that a model, and a scaler before it, have learned."""
    return {name: np.asarray(value).tolist() for name, value in native(model).state().items()}


def test_rows_learned_at_once_are_learned_in_turn(make, rows):
    at_once, cut, by_row = make(), make(), make()
    native(at_once).learn_rows(rows)
    for start, stop in ((0, 1), (1, 20), (20, 60)):
        native(cut).learn_rows(rows.slice(start, stop))
    for i in range(len(rows)):
        native(by_row).learn_one(rows.x(i), rows.y(i))
    assert state_of(at_once) == state_of(cut) == state_of(by_row)


@pytest.mark.parametrize("value", [np.inf, 1e200], ids=["no number", "no variance"])
def test_a_row_that_is_refused_takes_all_back(make, rows, value):
    model = make()
    native(model).learn_rows(rows.slice(0, 30))
    before = state_of(model)
    values = rows.values.copy()
    values[50, 2] = value
    bad = replace(rows, values=values, labels=[*rows.labels, "declared"])
    if value == 1e200 and not native(model).to_json():
        pytest.skip("a model without a scaler takes it")
    with pytest.raises((ValueError, OverflowError), match=r"finite|variance") as refused:
        native(model).learn_rows(bad.slice(30, 60), declared=True)
    assert refused.value.__notes__ == ["in row 20, counted from 0"]
    assert state_of(model) == before
    native(model).learn_rows(rows.slice(30, 60))
    whole = make()
    native(whole).learn_rows(rows)
    assert state_of(model) == state_of(whole)


def test_classes_that_are_declared_are_there_before_the_first_row(make, rows):
    labels = ["later", *rows.labels]
    declared = replace(rows, labels=labels, codes=rows.codes + np.int32(1))
    model = make()
    native(model).learn_rows(declared.slice(0, 1), declared=True)
    assert native(model).classes == labels
    P, _ = native(model).predict_rows(rows)
    assert (P > 0).all()
    np.testing.assert_allclose(P.sum(axis=1), 1)
    native(model).learn_rows(declared.slice(1, 60), declared=True)
    again = make()
    native(again).learn_rows(declared, declared=True)
    assert state_of(model) == state_of(again)
    plain = make()
    native(plain).learn_rows(declared)
    assert "later" not in native(plain).classes


def test_weights_of_numbers_as_they_come_have_the_same_scores(rows):
    for make in (MAKE["softmax"], MAKE["scaler, softmax"], MAKE["number scaler, softmax"]):
        found = native(make())
        found.learn_rows(rows)
        weights, intercepts = found.weights_of(rows.names)
        raw, raw_intercepts = found.raw_weights_of(rows.names)
        Z = found.scaled(rows).values @ weights + intercepts
        np.testing.assert_allclose(rows.values @ raw + raw_intercepts, Z, rtol=1e-9, atol=1e-12)
        P = np.exp(Z)
        np.testing.assert_allclose(P / P.sum(axis=1, keepdims=True), found.predict_rows(rows)[0], rtol=1e-9)
