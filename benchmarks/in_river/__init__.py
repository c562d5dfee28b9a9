"""In river: the cases of examples/river_in_practice.py, our models beside river's in the same places."""

from pathlib import Path

RESULTS = Path(__file__).with_name("results.jsonl")
ROWS = 2000
