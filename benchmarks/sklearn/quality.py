"""Log loss and accuracy beside scikit-learn's linear classifiers: five folds of small real data."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
from sklearn import datasets
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from online_softmax.sklearn import AutoSoftmaxClassifier, SoftmaxClassifier

FOLDS = StratifiedKFold(5, shuffle=True, random_state=0)
DATA: dict[str, Callable] = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast_cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
}
SGD = partial(SGDClassifier, loss="log_loss", random_state=0)
RIVALS: dict[str, Callable] = {
    "AutoSoftmaxClassifier, one pass": AutoSoftmaxClassifier,
    "SoftmaxClassifier": SoftmaxClassifier,
    "SoftmaxClassifier, one pass": partial(SoftmaxClassifier, max_iter=1),
    "StandardScaler, LogisticRegression": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "StandardScaler, SGDClassifier": lambda: make_pipeline(StandardScaler(), SGD()),
    "SGDClassifier": SGD,
}


def scores() -> list[dict]:
    """The lines of all rivals and data."""
    lines = []
    for name, load in DATA.items():
        X, y = load(return_X_y=True)
        for rival, make in RIVALS.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                P = cross_val_predict(make(), X, y, cv=FOLDS, method="predict_proba")
            loss, right = log_loss(y, P), accuracy_score(y, np.unique(y)[P.argmax(axis=1)])
            lines.append({"kind": "quality", "rival": rival, "of": name, "log_loss": loss, "accuracy": right})
    return lines
