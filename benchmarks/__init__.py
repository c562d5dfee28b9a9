"""What is measured: a folder a question, each run by its name and printed by its table.

    python -m benchmarks.speed           python -m benchmarks.speed.table         a call, beside river and NumPy
    python -m benchmarks.quality         python -m benchmarks.quality.table       72 streams, beside every rival
    python -m benchmarks.long            python -m benchmarks.long.table          100,000 rows, beside a forest
    python -m benchmarks.in_river        python -m benchmarks.in_river.table      within river's own estimators
    python -m benchmarks.files           python -m benchmarks.files.table         whole processes over files
    python -m benchmarks.tables                                                   pastes them all where they are named
    python -m benchmarks.pictures                                                 draws what the pages show

Each keeps its figures in a results.jsonl of its own, with the conditions they were measured under.
"""

from pathlib import Path

ROOT = Path(__file__).parents[1]
