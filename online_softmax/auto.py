"""The old name of `online_softmax.models.auto`, until 1.0."""

from online_softmax.models.auto import AutoSoftmaxRegression

__all__ = ["AutoSoftmaxRegression"]
