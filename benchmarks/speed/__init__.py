"""How long a call takes, and how much memory a weight: ours beside river and NumPy."""

from pathlib import Path

RESULTS = Path(__file__).with_name("results.jsonl")
