"""The settings that scikit-learn's own checks run on, and how many of the checks each passes."""

from __future__ import annotations

import warnings
from collections import Counter

from sklearn.utils.estimator_checks import check_estimator

from online_softmax.sklearn import AutoSoftmaxClassifier, SoftmaxClassifier

SETTINGS = (
    SoftmaxClassifier(),
    SoftmaxClassifier("SGD", scaling=None, missing="raise"),
    SoftmaxClassifier("Adam", learning_rate=0.01, scaling="standard", missing="zero"),
    SoftmaxClassifier("AdaGrad", hash_bits=12, class_weight="balanced", clip_gradient=1.0, warm_start=True),
    AutoSoftmaxClassifier(),
    AutoSoftmaxClassifier(interactions=False, missing="raise", class_weight="balanced", max_features=1000),
)

# A weight makes one step longer, and rows that are repeated are several steps: no learner by the row is alike.
# scikit-learn expects the same of its SGDClassifier and Perceptron.
EXPECTED = {
    f"check_sample_weight_equivalence_on_{kind}_data": "a row is one step, however much it weighs"
    for kind in ("dense", "sparse")
}


def expected_failures(estimator: object) -> dict[str, str]:
    """The checks that an estimator is to fail, and why."""
    return EXPECTED


def outcomes(estimator: object) -> Counter:
    """How many checks an estimator passes, skips, fails, and is expected to fail (xfail)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = check_estimator(
            estimator, expected_failed_checks=expected_failures(estimator), on_skip=None, on_fail=None
        )
    return Counter(each["status"] for each in done)
