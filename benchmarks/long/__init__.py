"""Long streams: ours beside river's forest over 100,000 rows each, and ours over a million rows."""

from pathlib import Path

RESULTS = Path(__file__).with_name("results.jsonl")
LAST = 20_000  # rows that are scored apart
SHARES = 0.001, 0.01  # of the uniform law in the forest's answers, which have hard zeros; its better figure counts
