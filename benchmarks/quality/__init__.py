"""Log loss and accuracy of every rival over 39 short streams, 26 of real text and 7 of 100,000 rows."""

from pathlib import Path

RESULTS = Path(__file__).with_name("results.jsonl")
