"""From an estimator to its model, to files, and back."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from river import optim, preprocessing
from sklearn.base import clone

from online_softmax import (
    AutoSoftmaxRegression,
    ImplicitSGD,
    SoftmaxRegression,
    explain_one,
    inspection,
    load,
    save,
)
from online_softmax.sklearn import AutoSoftmaxClassifier, SoftmaxClassifier


def test_a_copy_learns_on(make, iris, tmp_path):
    X, y = iris
    model = make().partial_fit(X[:100], y[:100])
    joblib.dump(model, tmp_path / "model")
    copies = pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "model")
    model.partial_fit(X[100:], y[100:])
    for copy in copies:
        copy.partial_fit(X[100:], y[100:])
        np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
    assert not hasattr(clone(model), "model_")


def test_the_model_goes_to_a_file_and_comes_back(make, iris):
    X, y = iris
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    frame["e"] = np.where(X[:, 0] > 5, "x", "y")
    model, file = make().partial_fit(frame[:100], y[:100]), io.BytesIO()
    save(model.model_, file)
    file.seek(0)
    again = type(model).from_model(load(file), list(frame.columns))
    np.testing.assert_array_equal(again.predict_proba(frame), model.predict_proba(frame))
    np.testing.assert_array_equal(again.decision_function(frame), model.decision_function(frame))
    assert again.classes_.tolist() == [0, 1, 2]
    assert again.feature_names_in_.tolist() == list(frame.columns)
    for each in (model, again):
        each.partial_fit(frame[100:], y[100:])
    np.testing.assert_array_equal(again.predict_proba(frame), model.predict_proba(frame))
    with pytest.raises(ValueError, match="column 'e' holds numbers, and held texts before"):
        again.predict(frame.assign(e=1.0))


def test_a_model_of_numbered_features(iris):
    X, y = iris
    model = preprocessing.StandardScaler() | SoftmaxRegression(ImplicitSGD(), intercept=True)
    for values, label in zip(X.tolist(), y.tolist(), strict=True):
        model.learn_one(dict(enumerate(values)), label)
    estimator = SoftmaxClassifier.from_model(model, np.int64(4))
    assert estimator.model_ is model
    assert estimator.get_params()["scaling"] == "standard"
    assert estimator.predict_proba(X[:1])[0].tolist() == [
        model.predict_proba_one(dict(enumerate(X[0].tolist())))[label] for label in (0, 1, 2)
    ]
    fitted = clone(estimator).set_params(optimizer="ImplicitSGD").fit(X, y)
    assert fitted.score(X, y) > 0.9


def test_the_model_can_be_looked_at(iris):
    X, y = iris
    model = SoftmaxClassifier().partial_fit(X, y)
    assert inspection(model.model_).n_samples == 150
    assert set(explain_one(model.model_, dict(enumerate(X[0].tolist()))).contributions) == {0, 1, 2}


class_weights = optim.losses.CrossEntropy({"a": 2.0})


def taught(model, x, y):
    model.learn_one(x, y)
    return model


@pytest.mark.parametrize(
    ("model", "columns", "error", "words"),
    [
        (SoftmaxRegression(), 3, ValueError, "has learned nothing yet"),
        (taught(SoftmaxRegression(), {"a": 1.0}, "y"), ["b"], ValueError, "the feature 'a', which is of none of the"),
        (taught(SoftmaxRegression(), {3: 1.0}, "y"), 3, ValueError, "the feature 3, which is of none of the columns"),
        (taught(SoftmaxRegression(loss=class_weights), {"a": 1.0}, "y"), ["a"], ValueError, "class weights"),
        (taught(taught(SoftmaxRegression(), {"a": 1.0}, "y"), {}, 1), ["a"], ValueError, "labels of several types"),
        (taught(SoftmaxRegression(), {"a": 1.0}, "y"), ["a", "a"], ValueError, "columns holds a name twice"),
        (AutoSoftmaxRegression(), 3, TypeError, "model must be a SoftmaxRegression, or a StandardScaler before one"),
    ],
)
def test_what_no_estimator_can_be_of_is_refused(model, columns, error, words):
    with pytest.raises(error, match=words):
        SoftmaxClassifier.from_model(model, columns)


def test_the_mixture_takes_mixtures_alone():
    with pytest.raises(TypeError, match="model must be an AutoSoftmaxRegression, got SoftmaxRegression"):
        AutoSoftmaxClassifier.from_model(SoftmaxRegression(), 3)


def test_without_scikit_learn_one_sentence_says_what_to_install():
    code = "import sys; sys.modules['sklearn'] = None; import online_softmax.sklearn"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        "ImportError: online_softmax.sklearn needs scikit-learn 1.6 or later: pip install 'online-softmax[sklearn]'"
    )
