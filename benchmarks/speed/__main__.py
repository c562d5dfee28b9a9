"""Measure the rivals side by side: one process a rival, in turns; one JSON line a rival, stream and call.

python -m benchmarks.speed                                   # everything: some minutes on one core
python -m benchmarks.speed --stream image_segments --check   # only this; exit status 1 if a target is missed
python -m benchmarks.speed.table                             # the table
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from pathlib import Path

from benchmarks import ROOT
from benchmarks.common.conditions import conditions
from benchmarks.common.results import keep
from benchmarks.speed import RESULTS
from benchmarks.speed.figures import MEMORY, Results, targets
from benchmarks.speed.memory import SLOTS
from benchmarks.speed.rivals import OURS, RIVALS
from benchmarks.speed.streams import STREAMS

ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}


class Process:
    """A rival that waits for its turns."""

    def __init__(self, rival: str):
        self.rival = rival
        command = [sys.executable, "-m", "benchmarks.speed.clock", rival]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.pipe = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **ONE_THREAD}, **pipes)

    def ask(self, line: str):
        self.pipe.stdin.write(line + "\n")
        self.pipe.stdin.flush()
        answer = self.pipe.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.rival} has died at {line!r}, exit status {self.pipe.wait()}")
        return json.loads(answer)

    def end(self) -> None:
        self.pipe.stdin.close()
        self.pipe.wait()


def times(processes: list[Process], name: str, turns: int) -> list[dict]:
    """The lines of a stream. Rivals take turns, in an order that reverses; the first turn of each only warms up."""
    where, lines = conditions(), []
    about = {process.rival: process.ask(name) for process in processes}
    for rival in RIVALS:
        ours = about[OURS]["answers"]
        if not all(math.isclose(p, ours[kind], rel_tol=1e-9) for kind, p in about[rival]["answers"].items()):
            raise RuntimeError(f"{rival} and {OURS} give different probabilities on {name}")
    for call in STREAMS[name].calls:
        able = [process for process in processes if call in about[process.rival]["calls"]]
        us: dict[str, list[float]] = {process.rival: [] for process in able}
        for i in range(1 + turns):
            for process in able[:: -1 if i % 2 else 1]:
                us[process.rival].append(process.ask(call))
        for rival, figures in us.items():
            shape = {key: about[rival][key] for key in ("entries", "filled")}
            line = {"rival": rival, "stream": name, "call": call, "us": [round(each, 4) for each in figures[1:]]}
            lines.append({**line, **shape, "conditions": where})
    return lines


def memory() -> list[dict]:
    where, lines = conditions(), []
    for rival in RIVALS:
        for optimizer in SLOTS:
            command = [sys.executable, "-m", "benchmarks.speed.memory", rival, optimizer]
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
            bytes_ = json.loads(done.stdout)
            lines.append({"rival": rival, "stream": MEMORY, "call": optimizer, **bytes_, "conditions": where})
    return lines


def main() -> int:
    names = [*STREAMS, MEMORY]
    parser = argparse.ArgumentParser(description="Measure the rivals side by side.")
    parser.add_argument("--stream", nargs="+", choices=names, default=names, metavar="STREAM", help=", ".join(names))
    parser.add_argument("--turns", type=int, help="turns of each rival and call (each stream has its own number)")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--check", action="store_true", help="exit with status 1 if a target is missed")
    chosen = parser.parse_args()
    processes = [Process(rival) for rival in RIVALS]
    try:
        for name in chosen.stream:
            lines = memory() if name == MEMORY else times(processes, name, chosen.turns or STREAMS[name].turns)
            keep(chosen.results, lines, "stream")
            print(name, flush=True)
    finally:
        for process in processes:
            process.end()
    if not chosen.check:
        return 0
    missed = [target for target in targets(Results(chosen.results)) if not target.reached]
    for target in missed:
        print(f"missed: {target.text}: {target.measured}, must be {target.bound}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
