"""Log loss and accuracy of every rival over 39 streams."""

from pathlib import Path

RESULTS = Path(__file__).with_name("results.jsonl")
