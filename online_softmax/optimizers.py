"""The old name of `online_softmax.models.optimizers`, until 1.0."""

from online_softmax.models.optimizers import ImplicitAdaGrad, ImplicitSGD, class_weights, rule

__all__ = ["ImplicitAdaGrad", "ImplicitSGD", "class_weights", "rule"]
