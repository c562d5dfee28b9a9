"""Whole processes over files: ours, Vowpal Wabbit, scikit-learn and river on the same rows."""

from pathlib import Path

RESULTS = Path(__file__).with_name("results.jsonl")
