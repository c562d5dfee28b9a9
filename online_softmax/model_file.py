"""The old name of `online_softmax.models.saving`, until 1.0."""

from online_softmax.models.saving import ModelFileError, load, save

__all__ = ["ModelFileError", "load", "save"]
