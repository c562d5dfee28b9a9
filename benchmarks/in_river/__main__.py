"""Measure each case with each model, in turns; one JSON line a case and model.

python -m benchmarks.in_river                    # some minutes on one core
python -m benchmarks.in_river --case stacking    # only this
python -m benchmarks.in_river.table              # the table
"""

from __future__ import annotations

import argparse
import gc
from pathlib import Path

from benchmarks.common.conditions import conditions
from benchmarks.common.results import keep
from benchmarks.in_river import RESULTS, ROWS
from examples.river_in_practice import CASES, MODELS, measured


def lines(case, rows: int, turns: int) -> list[dict]:
    """The models take turns, in an order that reverses; the first turn of each only warms up."""
    where, us, score = conditions(), {name: [] for name in MODELS}, {}
    for i in range(1 + turns):
        for name in list(MODELS)[:: -1 if i % 2 else 1]:
            gc.collect()
            score[name], time = measured(case, MODELS[name], rows)
            us[name].append(round(time, 2))
    about = {"case": case.__name__, "rows": rows, "conditions": where}
    return [{"model": name, "score": score[name], "us": us[name][1:], **about} for name in MODELS]


def main() -> None:
    cases = {case.__name__: case for case in CASES}
    parser = argparse.ArgumentParser(description="Measure our models beside river's, in river's own estimators.")
    parser.add_argument("--case", nargs="+", choices=cases, default=list(cases), metavar="CASE", help=", ".join(cases))
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--results", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    for name in chosen.case:
        keep(chosen.results, lines(cases[name], chosen.rows, chosen.turns), "case")
        print(name, flush=True)


if __name__ == "__main__":
    main()
