"""Coefficients, and what can be made of them: scikit-learn's LogisticRegression, and ONNX."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from online_softmax.sklearn import AutoSoftmaxClassifier, SoftmaxClassifier


@pytest.fixture(params=["three classes", "two classes"])
def data(request, iris, cancer):
    """Give data of three classes, and of two."""
    return iris if request.param == "three classes" else cancer


@pytest.mark.parametrize("parameters", [{}, {"scaling": None}, {"fit_intercept": False}], ids=str)
def test_coefficients_are_of_the_columns_as_they_come(data, parameters):
    X, y = data
    model = SoftmaxClassifier(max_iter=3, **parameters).fit(X, y)
    C = len(model.classes_)
    rows = 1 if C == 2 else C
    assert (model.coef_.shape, model.intercept_.shape) == ((rows, X.shape[1]), (rows,))
    Z = X @ model.coef_.T + model.intercept_
    decision = model.decision_function(X)
    assert decision.shape == ((len(X),) if C == 2 else (len(X), C))
    np.testing.assert_allclose(Z.ravel(), decision.ravel(), rtol=1e-9, atol=1e-9)
    full = np.stack([0 * decision, decision], axis=1) if C == 2 else decision
    P = np.exp(full - full.max(axis=1, keepdims=True))
    np.testing.assert_allclose(P / P.sum(axis=1, keepdims=True), model.predict_proba(X), atol=1e-12)
    np.testing.assert_allclose(model.decision_function(sparse.csr_array(X)), decision)


def test_a_column_that_never_varies_has_weight_0(iris):
    X, y = iris
    X = np.column_stack([np.full(len(y), 7.0), X, np.zeros(len(y))])
    model = SoftmaxClassifier().fit(X, y)
    assert not model.coef_[:, [0, 5]].any()
    np.testing.assert_allclose(X @ model.coef_.T + model.intercept_, model.decision_function(X))


def test_coefficients_by_name_of_a_frame_with_gaps(iris):
    X, y = iris
    with_gaps = X.copy()
    with_gaps[::7, 1] = np.nan
    frame = pd.DataFrame(with_gaps, columns=["a", "b", "c", "d"])
    model = SoftmaxClassifier().fit(frame, y)
    assert "b=" in model.model_["SoftmaxRegression"].features
    whole = frame.dropna()
    Z = whole.to_numpy() @ model.coef_.T + model.intercept_
    np.testing.assert_allclose(Z, model.decision_function(whole))
    assert np.isfinite(model.decision_function(frame)).all()
    P = np.exp(model.decision_function(frame))
    np.testing.assert_allclose(P / P.sum(axis=1, keepdims=True), model.predict_proba(frame), atol=1e-12)


def test_the_mixtures_decision_is_its_log_odds(data):
    X, y = data
    model = AutoSoftmaxClassifier().fit(X, y)
    P = model.predict_proba(X)
    decision = model.decision_function(X)
    with np.errstate(divide="ignore"):
        expected = np.log(P[:, 1]) - np.log(P[:, 0]) if P.shape[1] == 2 else np.log(P)
    np.testing.assert_allclose(decision, expected)


@pytest.mark.parametrize("parameters", [{}, {"scaling": None, "fit_intercept": False}], ids=str)
def test_logistic_regression_has_the_same_probabilities(data, parameters):
    X, y = data
    model = SoftmaxClassifier(max_iter=3, **parameters).fit(X, np.array(["no", "so", "yes"])[y])
    other = model.to_logistic_regression()
    np.testing.assert_allclose(other.predict_proba(X), model.predict_proba(X), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    np.testing.assert_allclose(other.decision_function(X), model.decision_function(X))
    assert other.coef_.shape == model.coef_.shape


def test_logistic_regression_knows_the_names(iris):
    X, y = iris
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    other = SoftmaxClassifier().partial_fit(frame, y).to_logistic_regression()
    assert other.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match="same order"):
        other.predict(frame[["b", "a", "c", "d"]])


def test_what_has_no_coefficients_says_so(iris):
    X, y = iris
    texts = SoftmaxClassifier().fit(pd.DataFrame({"colour": ["red", "blue"], "size": [1.0, 2.0]}), ["a", "b"])
    hashed = SoftmaxClassifier(hash_bits=6).fit(X, y)
    for model, words in ((texts, "'colour' has one for each text"), (hashed, "hash_bits leaves buckets")):
        assert not hasattr(model, "coef_")
        with pytest.raises(AttributeError, match=f"coef_ is by column, and {words}"):
            model.coef_  # noqa: B018
        with pytest.raises(ValueError, match=words):
            model.to_logistic_regression()
        asked = X if model is hashed else pd.DataFrame({"colour": ["red"], "size": [1]})
        assert np.isfinite(model.decision_function(asked)).all()
    with pytest.raises(ValueError, match="two classes at least"):
        SoftmaxClassifier().fit(X, [1] * len(y)).to_logistic_regression()
    with pytest.raises(TypeError, match="mixture of experts has no coefficients"):
        AutoSoftmaxClassifier().fit(X, y).to_logistic_regression()
    assert not hasattr(AutoSoftmaxClassifier().fit(X, y), "coef_")


def test_onnx_has_the_same_probabilities(data):
    onnxruntime = pytest.importorskip("onnxruntime")
    convert = pytest.importorskip("skl2onnx")
    X, y = data
    X = X.astype(np.float32)
    model = SoftmaxClassifier().fit(X, y)
    exported = convert.to_onnx(model.to_logistic_regression(), X[:1], options={"zipmap": False})
    session = onnxruntime.InferenceSession(exported.SerializeToString(), providers=["CPUExecutionProvider"])
    labels, P = session.run(None, {"X": X})
    np.testing.assert_array_equal(labels, model.predict(X))
    np.testing.assert_allclose(P, model.predict_proba(X), atol=1e-4)  # in single precision
