"""The old name of `online_softmax.models.scaled`, until 1.0."""

from online_softmax.models.scaled import NumberScaler

__all__ = ["NumberScaler"]
