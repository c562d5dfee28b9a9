"""Softmax regression learned one sample at a time."""

from online_softmax.auto import AutoSoftmaxRegression
from online_softmax.model_file import ModelFileError, load
from online_softmax.optimizers import ImplicitAdaGrad, ImplicitSGD
from online_softmax.progressive import progressive_validation
from online_softmax.softmax import SoftmaxRegression
from online_softmax.streams import open_stream

__all__ = [
    "AutoSoftmaxRegression",
    "ImplicitAdaGrad",
    "ImplicitSGD",
    "ModelFileError",
    "SoftmaxRegression",
    "load",
    "open_stream",
    "progressive_validation",
]
