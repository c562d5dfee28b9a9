"""river's linear_model.SoftmaxRegression. Its default, for a newcomer, is StandardScaler() | SoftmaxRegression()."""

from __future__ import annotations

from river import optim
from river.compose import SelectType
from river.linear_model import SoftmaxRegression
from river.preprocessing import OneHotEncoder, StandardScaler

ROOM, PASS = 1_000_000, 50_000  # a weight takes some 60 bytes and 0.6 µs
CALLS = (
    "learn_one",
    "learn_one_adam",
    "predict_proba_one",
    "predict_one",
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
        case "default" | "linear" | "pipeline":
            return StandardScaler() | SoftmaxRegression()
        case "records" | "records_default" | "records_pipeline":
            texts, numbers = SelectType(str) | OneHotEncoder(), SelectType(float) | StandardScaler()
            return texts + numbers | SoftmaxRegression()


def size(trained):
    """Bytes of the model as river counts them, its names among them."""
    return trained._raw_memory_usage
