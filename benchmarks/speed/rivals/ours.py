"""Ours."""

from __future__ import annotations

import sys

from river import optim
from river.compose import SelectType
from river.preprocessing import StandardScaler

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression

ROOM = PASS = sys.maxsize
CALLS = (
    "learn_one",
    "learn_one_adam",
    "predict_proba_one",
    "predict_one",
    "learn_many_pandas",
    "learn_many_pyarrow",
    "default",
    "linear",
    "pipeline",
    "records",
    "records_default",
    "records_pipeline",
)


def model(kind):
    match kind:
        case "SGD":
            return SoftmaxRegression(optim.SGD(0.01))
        case "Adam":
            return SoftmaxRegression(optim.Adam(0.01))
        case "default":
            return AutoSoftmaxRegression()
        case "linear":
            return AutoSoftmaxRegression(interactions=False)
        case "pipeline":
            return StandardScaler() | SoftmaxRegression()
        case "records":
            return SoftmaxRegression(categorical=True)
        case "records_default":
            return AutoSoftmaxRegression(categorical=True)
        case "records_pipeline":
            numbers = SelectType(float) | StandardScaler()
            return SelectType(str) + numbers | SoftmaxRegression(categorical=True)


def size(trained):
    """Bytes of the model without the names."""
    return sys.getsizeof(trained)
