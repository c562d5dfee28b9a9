"""Softmax regression learned one sample at a time."""

from online_softmax.softmax import SoftmaxRegression

__all__ = ["SoftmaxRegression"]
