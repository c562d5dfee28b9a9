"""Scripts that prove what the project promises, each with a seed and an error at the first thing that does not hold."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results.jsonl")
