"""Run the rivals over the streams, one process a rival and stream, one JSON line each; what is there is not run again.

A rival whose package, or Java, is missing is left out, with a word on what it needs, and so is a stream that is made of
other versions of packages. A setting that takes the processor for longer than `--limit` is stopped, and its figures are
those of the last tenth of the rows that it ended.

python -m benchmarks.quality                                 # everything that is missing
python -m benchmarks.quality --rival auto --again            # ours, anew
python -m benchmarks.quality --stream digits wine --jobs 2
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from benchmarks import ROOT
from benchmarks.common.conditions import conditions
from benchmarks.common.results import keep, read, write
from benchmarks.quality import RESULTS
from benchmarks.quality.rivals import (
    CAPYMOA,
    CONTEXT,
    LINEAR,
    OURS,
    OURS_LINEAR,
    PACKAGE,
    SHARES,
    STRONG,
    WIDEST,
    missing,
)
from benchmarks.quality.score import score
from benchmarks.quality.streams import STREAMS, sha

PACKAGES = "online-softmax", "river", "numpy", "scikit-learn"
LIMIT = 600  # seconds of the processor, for a setting


def java(rival: str) -> dict[str, str]:
    """The version of Java, where the rival runs in it."""
    if rival not in CAPYMOA:
        return {}
    home = os.environ.get("JAVA_HOME")
    told = subprocess.run([f"{home}/bin/java" if home else "java", "-version"], stderr=subprocess.PIPE, text=True)
    return {"java": told.stderr.split('"')[1]}


def line(rival: str, name: str, **found) -> dict:
    """The line of a run: what it found, and over which rows and under which conditions."""
    rows = STREAMS[name].rows()
    return {
        "rival": rival,
        "stream": name,
        "rows": len(rows),
        "features": len(set().union(*(x for x, _ in rows))),
        "classes": len({y for _, y in rows}),
        "sha": sha(rows),
        **found,
        "conditions": conditions([*PACKAGES, *filter(None, [PACKAGE.get(rival)])]) | java(rival),
    }


def one(rival: str, name: str, limit: int = LIMIT) -> dict:
    """Score every setting of the rival on the stream, here; what ours had after each tenth is kept for the others."""
    found = line(rival, name, limit=limit, settings={})
    if found["features"] > WIDEST.get(rival, math.inf):
        return found
    runs = importlib.import_module(f"benchmarks.quality.rivals.{rival}").runs(STREAMS[name])
    shares = SHARES if rival in STRONG else (0.0,)
    left_out = () if rival in (OURS, OURS_LINEAR) else ("by",)
    for setting, model, triples in runs:
        figures = score(model, triples, shares, limit)
        found["settings"][setting] = {name: value for name, value in figures.items() if name not in left_out}
    return found


def process(rival: str, name: str, limit: int = LIMIT) -> dict:
    """What `one` finds, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.quality", "--limit", f"{limit}", "--one", rival, name]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(f"{rival} on {name} failed:\n{run.stderr}")
    return json.loads(run.stdout.splitlines()[-1])


def key(run: dict) -> tuple[str, str]:
    return run["rival"], run["stream"]


def main() -> int:
    rivals = OURS, OURS_LINEAR, *LINEAR, *CONTEXT, *STRONG
    parser = argparse.ArgumentParser(description="Run the rivals over the streams.")
    parser.add_argument("--rival", nargs="+", choices=rivals, default=rivals)
    parser.add_argument("--stream", nargs="+", choices=STREAMS, default=STREAMS)
    parser.add_argument("--again", action="store_true", help="drop the chosen runs from the results, and run them anew")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--limit", type=int, default=LIMIT, help="seconds of the processor a setting may take")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--one", nargs=2, metavar=("RIVAL", "STREAM"), help="run one here and print its line")
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(one(*chosen.one, chosen.limit)))
        return 0

    lacks = {rival: missing(rival) for rival in chosen.rival}
    lacks |= {name: STREAMS[name].missing() for name in chosen.stream}
    for name, why in lacks.items():
        if why:
            print(f"{name} is left out: {why}", file=sys.stderr, flush=True)
    todo = [pair for pair in product(chosen.rival, chosen.stream) if not any(lacks[name] for name in pair)]
    if chosen.again:
        write(chosen.results, [run for run in read(chosen.results) if key(run) not in todo])
    done = {key(run) for run in read(chosen.results)}
    todo = [pair for pair in todo if pair not in done]
    failed = 0
    with ThreadPoolExecutor(chosen.jobs) as pool:
        runs = [(pair, pool.submit(process, *pair, chosen.limit)) for pair in todo]
        try:
            for pair, run in runs:
                if error := run.exception():
                    failed += 1
                    print(error, file=sys.stderr, flush=True)
                else:
                    keep(chosen.results, [run.result()], "rival", "stream")
                    print(*pair, run.result()["sha"], "" if run.result()["settings"] else "too wide", flush=True)
        finally:
            pool.shutdown(cancel_futures=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
