"""Frames of pandas and polars: names, texts and gaps."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from online_softmax import AutoSoftmaxRegression, ImplicitAdaGrad, SoftmaxRegression
from online_softmax.models.scaled import NumberScaler
from online_softmax.sklearn import AutoSoftmaxClassifier, SoftmaxClassifier

RECORDS = [
    ({"size": 3.0, "colour": "red", "weight": 150.0}, "apple"),
    ({"size": 2.0, "colour": None, "weight": 60.0}, "plum"),
    ({"size": None, "colour": "blue", "weight": 55.0}, "plum"),
    ({"size": 3.5, "colour": "green", "weight": None}, "apple"),
    ({"size": 2.2, "colour": "blue", "weight": 65.0}, "plum"),
    ({"size": 3.1, "colour": "red", "weight": 160.0}, "apple"),
]
X, Y = [x for x, _ in RECORDS], [y for _, y in RECORDS]


@pytest.fixture(params=["pandas", "pandas, categories", "polars"])
def frame(request):
    """Give the records as a frame."""
    if request.param == "polars":
        return pl.DataFrame(X)
    frame = pd.DataFrame(X)
    return frame.astype({"colour": "category"}) if "," in request.param else frame


def test_texts_and_gaps_are_learned_as_they_are(make, frame, learned):
    model = make().partial_fit(frame, Y)
    assert model.feature_names_in_.tolist() == ["size", "colour", "weight"]
    assert model.n_features_in_ == 3
    inner = model.model_
    if isinstance(model, AutoSoftmaxClassifier):
        alone = AutoSoftmaxRegression(categorical=True, missing="indicate")
    elif model.scaling is None:
        alone = SoftmaxRegression(intercept=True, categorical=True, missing="indicate")
    else:
        inner = inner["SoftmaxRegression"]
        alone = SoftmaxRegression(ImplicitAdaGrad(), intercept=True, categorical=True, missing="indicate")
        alone = NumberScaler(["size", "weight"]) | alone
    for x, y in RECORDS:
        if getattr(model, "scaling_", None):  # a gap is the mean, as what is absent is, and has a feature of its own
            x = {f"{name}=" if value is None else name: value or 1.0 for name, value in x.items()}
        alone.learn_one(x, y)
    state = learned(inner)
    assert state == learned(alone["SoftmaxRegression"] if inner is not model.model_ else alone)


def test_numbers_of_a_frame_are_those_of_its_array(make, iris):
    values, y = iris
    names = ["a", "b", "c", "d"]
    array = make().partial_fit(values, y).predict_proba(values)
    for kind in (pd.DataFrame, pl.DataFrame):
        framed = kind(dict(zip(names, values.T, strict=True)))
        np.testing.assert_array_equal(make().partial_fit(framed, y).predict_proba(framed), array)
    framed = pd.DataFrame(values)  # its names are numbers
    model = make().partial_fit(framed, y)
    np.testing.assert_array_equal(model.predict_proba(framed), array)
    np.testing.assert_array_equal(model.predict_proba(values), array)
    assert not hasattr(model, "feature_names_in_")
    with pytest.raises(ValueError, match=r"X has the columns \[3, 2, 1, 0\], and had \[0, 1, 2, 3\]"):
        model.predict(framed[[3, 2, 1, 0]])


def test_columns_in_another_order_are_refused(make, frame):
    model = make().partial_fit(frame, Y)
    turned = frame[["weight", "size", "colour"]]
    for call in (model.predict, model.predict_proba, model.decision_function, lambda X: model.partial_fit(X, Y)):
        with pytest.raises(ValueError, match="must be in the same order"):
            call(turned)


def test_a_column_stays_of_its_kind(make):
    model = make().partial_fit(pd.DataFrame({"zip": ["1010", "1020"], "n": [1.0, 2.0]}), ["a", "b"])
    with pytest.raises(ValueError, match="column 'zip' holds numbers, and held texts before: convert it"):
        model.predict(pd.DataFrame({"zip": [1010, 1020], "n": [1.0, 2.0]}))
    with pytest.raises(ValueError, match="column 'n' holds texts, and held numbers before"):
        model.partial_fit(pd.DataFrame({"zip": ["1010"], "n": ["1"]}), ["a"])
    refused = pytest.raises(ValueError, match="X is an array, and column 'zip' held texts before: give a frame")
    with refused, pytest.warns(UserWarning, match="valid feature names"):
        model.predict(np.ones((1, 2)))


def test_a_column_may_be_empty_at_first(make):
    empty = pd.DataFrame({"colour": [None, None], "size": [1.0, 2.0]})
    model = make().partial_fit(empty, ["a", "b"])
    model.partial_fit(pd.DataFrame({"colour": ["red", None], "size": [np.nan, 2.0]}), ["a", "b"])
    with pytest.raises(ValueError, match="held texts before"):
        model.partial_fit(pd.DataFrame({"colour": [1.0], "size": [2.0]}), ["a"])


@pytest.mark.parametrize("missing", ["zero", "indicate"])
def test_texts_that_come_late_are_learned(make, missing):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.normal(size=100), "colour": rng.choice(["red", "blue"], 100)})
    y = (frame["colour"] == "red").to_numpy()
    model = make(missing=missing).partial_fit(frame.assign(colour=None)[:9], y[:9])
    model.partial_fit(frame, y).partial_fit(frame, y)
    assert model.score(frame, y) == 1
    for row, p in zip(frame.to_dict("records")[:3], model.predict_proba(frame).tolist(), strict=False):
        assert model.model_.predict_proba_one(row) == pytest.approx(dict(zip(model.classes_.tolist(), p, strict=True)))


def test_an_array_after_a_frame_goes_by_place(make, iris):
    values, y = iris
    model = make().partial_fit(pd.DataFrame(values, columns=["a", "b", "c", "d"]), y)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        P = model.predict_proba(values)
    np.testing.assert_array_equal(P, make().partial_fit(values, y).predict_proba(values))
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        assert model.predict_proba(np.array([[1.0, np.nan, 2.0, 3.0]])).shape == (1, 3)


def test_a_frame_after_an_array_goes_by_place(make, iris):
    values, y = iris
    model = make().partial_fit(values, y)
    with pytest.warns(UserWarning, match="X has feature names"):
        P = model.predict_proba(pd.DataFrame(values, columns=["a", "b", "c", "d"]))
    np.testing.assert_array_equal(P, model.predict_proba(values))


def test_a_frame_of_sparse_columns_is_a_sparse_matrix(iris):
    values, y = iris
    framed = pd.DataFrame(values, columns=["a", "b", "c", "d"]).astype(pd.SparseDtype("float64", 0.0))
    model = SoftmaxClassifier().partial_fit(framed, y)
    assert model.scaling_ is None
    assert model.model_.features == ["a", "b", "c", "d"]
    np.testing.assert_array_equal(
        model.predict_proba(framed), SoftmaxClassifier(scaling=None).partial_fit(values, y).predict_proba(values)
    )


@pytest.mark.parametrize("scaling", ["auto", "standard", None])
def test_zeros_of_sparse_columns_are_numbers(scaling):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"n": rng.normal(size=200), "kind": rng.choice([*"abc"], 200)})
    y = frame["kind"] == "a"
    partly, dense = (pd.get_dummies(frame, sparse=sparse, dtype=float) for sparse in (True, False))
    model = SoftmaxClassifier(scaling=scaling).fit(partly, y)
    assert model.score(partly, y) == 1
    np.testing.assert_allclose(model.predict_proba(dense), model.predict_proba(partly))
    np.testing.assert_allclose(SoftmaxClassifier(scaling=scaling).fit(dense, y).coef_, model.coef_)


@pytest.mark.parametrize("empty", [pd.DataFrame({"a": []}), pl.DataFrame({"a": []})])
def test_an_empty_frame_is_refused(make, empty):
    with pytest.raises(ValueError, match=r"X has \d sample\(s\) and \d feature\(s\)"):
        make().fit(empty, [0] * len(empty))


def test_decimals_are_numbers(make):
    cells = pd.Series([Decimal("1.5"), None], dtype=object)
    model = make().partial_fit(pd.DataFrame({"price": cells, "n": [1.0, 2.0]}), ["a", "b"])
    with pytest.raises(ValueError, match="column 'price' holds texts, and held numbers before"):
        model.partial_fit(pd.DataFrame({"price": ["1.5"], "n": [1.0]}), ["a"])


def test_a_lazy_frame_is_refused_by_name(make):
    with pytest.raises(TypeError, match="X must be a pandas, polars or pyarrow frame, got LazyFrame"):
        make().fit(pl.LazyFrame({"a": [1.0, 2.0]}), ["a", "b"])


def test_a_gap_of_an_array_is_no_value_of_another_column(make, iris):
    values, y = iris
    model = make().partial_fit(pd.DataFrame(values, columns=["a", "a=", "b", "c"]), y)
    with_gap = np.array([[np.nan, 1.0, 2.0, 3.0]])
    for call in (model.predict, lambda X: model.partial_fit(X, [0])):
        refused = pytest.raises(ValueError, match="column 'a=' is called like a gap of column 'a'; rename one")
        with refused, pytest.warns(UserWarning, match="X does not have valid feature names"):
            call(with_gap)
