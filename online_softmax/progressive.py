"""The old name of `online_softmax.evaluation.progressive`, until 1.0."""

from online_softmax.evaluation.progress import Progress
from online_softmax.evaluation.progressive import progressive_validation
from online_softmax.evaluation.result import Offender, Predictions, Result, Row, RowError

__all__ = ["Offender", "Predictions", "Progress", "Result", "Row", "RowError", "progressive_validation"]
