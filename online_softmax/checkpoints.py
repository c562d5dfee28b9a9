"""The old name of `online_softmax.evaluation.checkpoints`, until 1.0."""

from online_softmax.evaluation import CheckpointError

__all__ = ["CheckpointError"]
