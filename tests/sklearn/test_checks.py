"""scikit-learn's own checks of an estimator."""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from benchmarks.sklearn.checks import SETTINGS, expected_failures


@pytest.mark.filterwarnings("default")  # checks warn, and look at warnings
@parametrize_with_checks(SETTINGS, expected_failed_checks=expected_failures)
def test_scikit_learns_checks(estimator, check):
    check(estimator)
