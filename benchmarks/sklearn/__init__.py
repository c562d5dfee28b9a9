"""Our estimators beside scikit-learn's: its own checks, the time of a call, and log loss."""

from pathlib import Path

RESULTS = Path(__file__).with_name("results.jsonl")
