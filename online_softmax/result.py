"""The old name of `online_softmax.evaluation.result`, until 1.0."""

from online_softmax.evaluation.result import Offender, Predictions, Result, Row, RowError

__all__ = ["Offender", "Predictions", "Result", "Row", "RowError"]
