"""Softmax regression learned one sample at a time."""

from online_softmax.auto import AutoSoftmaxRegression
from online_softmax.optimizers import ImplicitAdaGrad, ImplicitSGD
from online_softmax.progressive import progressive_validation
from online_softmax.softmax import SoftmaxRegression

__all__ = [
    "AutoSoftmaxRegression",
    "ImplicitAdaGrad",
    "ImplicitSGD",
    "SoftmaxRegression",
    "progressive_validation",
]
