"""The old name of `online_softmax.models.softmax`, until 1.0."""

from online_softmax.models.softmax import SoftmaxRegression

__all__ = ["SoftmaxRegression"]
