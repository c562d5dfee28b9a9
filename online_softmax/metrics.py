"""The old name of `online_softmax.evaluation.metrics`, until 1.0."""

from online_softmax.evaluation import ClassScores, Scores

__all__ = ["ClassScores", "Scores"]
