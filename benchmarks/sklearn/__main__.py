"""Measure our estimators beside scikit-learn's, and count the checks they pass; JSON lines.

python -m benchmarks.sklearn                 # a minute or two on one core
python -m benchmarks.sklearn --only checks
python -m benchmarks.sklearn.table
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks.common.conditions import conditions
from benchmarks.common.results import keep
from benchmarks.sklearn import RESULTS
from benchmarks.sklearn.checks import SETTINGS, outcomes
from benchmarks.sklearn.quality import scores
from benchmarks.sklearn.speed import times
from benchmarks.sklearn.table import Results

KINDS = "speed", "quality", "checks"


def checks() -> list[dict]:
    """How many checks pass, a line a setting."""
    return [{"kind": "checks", "rival": repr(each), "of": "checks", "outcomes": outcomes(each)} for each in SETTINGS]


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure our estimators beside scikit-learn's.")
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--check", action="store_true", help="exit with status 1 if a target is missed")
    chosen = parser.parse_args()
    where = conditions(("online-softmax", "scikit-learn", "numpy", "scipy", "river"))
    for kind in chosen.only:
        with threadpool_limits(1):
            lines = {"speed": lambda: times(chosen.turns), "quality": scores, "checks": checks}[kind]()
        keep(chosen.results, [{**line, "conditions": where} for line in lines], "kind")
        print(kind, flush=True)
    missed = [target for target in Results(chosen.results).targets() if not target.reached]
    for target in missed if chosen.check else ():
        print(f"missed: {target.text}", file=sys.stderr)
    return 1 if missed and chosen.check else 0


if __name__ == "__main__":
    sys.exit(main())
