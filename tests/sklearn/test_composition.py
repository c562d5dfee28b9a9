"""Inside what scikit-learn composes, searches, calibrates and explains."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, learning_curve
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from online_softmax.sklearn import AutoSoftmaxClassifier, SoftmaxClassifier

STACKED = LogisticRegression(max_iter=1000)


def test_scores_of_cross_validation(make, iris):
    assert cross_val_score(make(), *iris).mean() > 0.8
    assert cross_val_score(SoftmaxClassifier(), *iris, scoring="neg_log_loss").mean() > -0.2


def test_a_pipeline_that_hands_on_frames(make, iris):
    X, y = iris
    pipeline = make_pipeline(StandardScaler(), make()).set_output(transform="pandas")
    pipeline.fit(pd.DataFrame(X, columns=["a", "b", "c", "d"]), y)
    assert pipeline[-1].feature_names_in_.tolist() == ["a", "b", "c", "d"]
    assert pipeline.score(pd.DataFrame(X, columns=["a", "b", "c", "d"]), y) > 0.8


def test_columns_are_transformed_before_it(make):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"n": rng.normal(size=200), "kind": rng.choice([*"abcdefgh"], 200)})
    y = (frame["n"] + 2 * (frame["kind"] < "e") > 1).to_numpy()
    columns = [("n", StandardScaler(), ["n"]), ("kind", OneHotEncoder(), ["kind"])]
    columns = ColumnTransformer(columns, sparse_threshold=1)
    assert make_pipeline(columns, make()).fit(frame, y).score(frame, y) > 0.85
    assert make().fit(frame, y).score(frame, y) > 0.85  # and without any of it


def test_a_grid_search(iris):
    grid = {"optimizer": ["SGD", "ImplicitAdaGrad"], "l2": np.array([0.0, 0.1]), "fit_intercept": [True, False]}
    search = GridSearchCV(SoftmaxClassifier(max_iter=2), grid, cv=3, scoring="neg_log_loss").fit(*iris)
    assert search.best_params_["optimizer"] == "ImplicitAdaGrad"
    assert search.best_score_ > -0.4


@pytest.mark.parametrize(
    "outer",
    [
        lambda model: CalibratedClassifierCV(model, cv=2),
        lambda model: VotingClassifier([("ours", model), ("theirs", GaussianNB())], voting="soft"),
        lambda model: StackingClassifier([("ours", model), ("theirs", GaussianNB())], STACKED, cv=2),
        OneVsRestClassifier,
        lambda model: BaggingClassifier(model, n_estimators=3, random_state=0),
    ],
    ids=["calibrated", "voting", "stacking", "one against the rest", "bagging"],
)
@pytest.mark.parametrize("kind", [SoftmaxClassifier, AutoSoftmaxClassifier])
def test_inside_another_estimator(kind, outer, iris):
    X, y = iris
    fitted = outer(kind()).fit(X, y)
    assert fitted.score(X, y) > 0.85
    np.testing.assert_allclose(fitted.predict_proba(X).sum(axis=1), 1)


def test_one_against_the_rest_learns_on(make, iris):
    X, y = iris
    model = OneVsRestClassifier(make())
    for at in np.split(np.arange(len(y)), 3):
        model.partial_fit(X[at], y[at], classes=[0, 1, 2])
    assert model.score(X, y) > 0.65


def test_curves_and_importances(make, iris):
    X, y = iris
    _, _, scores = learning_curve(make(), X, y, cv=3, train_sizes=[0.3, 1.0], exploit_incremental_learning=True)
    assert scores[-1].mean() > 0.5
    model = make().fit(X, y)
    importances = permutation_importance(model, X, y, n_repeats=2, random_state=0).importances_mean
    assert importances[2:].sum() > importances[:2].sum()
    assert partial_dependence(model, X, [2], grid_resolution=5)["average"].shape == (3, 5)


def test_weights_are_routed(make, iris):
    X, y = iris
    w = np.random.default_rng(0).uniform(size=len(y))
    with config_context(enable_metadata_routing=True):
        model = make().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        model.set_partial_fit_request(sample_weight=True, classes=True)
        scores = cross_val_score(model, X, y, params={"sample_weight": w})
        search = GridSearchCV(model, {"missing": ["raise"]}, cv=3).fit(X, y, sample_weight=w)
    assert scores.mean() > 0.6
    np.testing.assert_array_equal(
        search.predict_proba(X), make(missing="raise").fit(X, y, sample_weight=w).predict_proba(X)
    )


def test_it_shows_itself_in_a_notebook(make, iris):
    model = make().fit(*iris)
    assert type(model).__name__ in model._repr_html_()
    assert type(model).__name__ in repr(model)
