"""Evaluation: predict, score, learn."""

from __future__ import annotations

from online_softmax.evaluation.checkpoints import CheckpointError
from online_softmax.evaluation.columns import ColumnCounter, Columns
from online_softmax.evaluation.comparing import Comparison
from online_softmax.evaluation.metrics import ClassScores, Scores
from online_softmax.evaluation.progress import Progress
from online_softmax.evaluation.progressive import EVERY, progressive_validation
from online_softmax.evaluation.result import Figures, Offender, Predictions, Result, RowError, RunInterrupt

__all__ = [
    "EVERY",
    "CheckpointError",
    "ClassScores",
    "ColumnCounter",
    "Columns",
    "Comparison",
    "Figures",
    "Offender",
    "Predictions",
    "Progress",
    "Result",
    "RowError",
    "RunInterrupt",
    "Scores",
    "progressive_validation",
]
