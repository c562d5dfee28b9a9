"""Rounds on processes, over the dense files of benchmarks.files: two workers against one, and against no rounds at all.

python -m benchmarks.cluster.executors           # measure: some minutes on two cores
python -m benchmarks.cluster.executors --table   # print what was kept; with --check, status 1 if a target is missed
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks import ROOT
from benchmarks.common.conditions import conditions, printed
from benchmarks.common.markdown import markdown
from benchmarks.common.results import keep, read
from benchmarks.files import inputs
from benchmarks.files.ours import MODELS
from online_softmax import progressive_validation
from online_softmax.executors import fit_rounds

RESULTS = Path(__file__).with_name("executors.jsonl")
RUNS = {
    "`AutoSoftmaxRegression()`, CSV": ("auto", "dense.csv"),
    "`AutoSoftmaxRegression(interactions=False)`, CSV": ("auto-linear", "dense.csv"),
    "SGD, CSV": ("SGD", "dense.csv"),
    "SGD, Parquet": ("SGD", "dense.parquet"),
}
WAYS = {"no rounds": 0, "one worker": 1, "two workers": 2}
FASTER = {"`AutoSoftmaxRegression()`, CSV": 1.6}  # two workers than one


def run(model: str, path: str, workers: int) -> dict[str, float]:
    """Learn a file in this process, or in rounds of two shards on others."""
    start = perf_counter()
    if not workers:
        found = progressive_validation(path, MODELS[model](), target="y")
        seconds = perf_counter() - start
        loss = found.log_loss
    else:
        with tempfile.TemporaryDirectory() as store, ProcessPoolExecutor(workers) as executor:
            done = fit_rounds(executor, path, MODELS[model](), store, target="y", shards=2)
            seconds = perf_counter() - start
            loss = done.total.served_log_loss
    times = os.times()
    used = times.user + times.system + times.children_user + times.children_system
    return {"seconds": seconds, "cpu": used, "log_loss": loss}


def measured(model: str, path: Path, workers: int) -> dict[str, float]:
    """Run in a process of its own."""
    words = [sys.executable, "-m", "benchmarks.cluster.executors", "--run", model, str(path), str(workers)]
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def table(lines: list[dict[str, Any]]) -> tuple[list[str], bool]:
    """What was measured, and whether the target is met."""
    header = ["model, file", *(f"{way}, s" for way in WAYS), "one / two workers", "no rounds / two", "processor, s"]
    rows, missed = [], list[str]()
    for line in lines:
        seconds = {way: [turn["seconds"] for turn in line["turns"][way]] for way in WAYS}
        by_turn = {
            way: median(a / b for a, b in zip(seconds[way], seconds["two workers"], strict=True)) for way in WAYS
        }
        used = " / ".join(f"{median(turn['cpu'] for turn in line['turns'][way]):.1f}" for way in WAYS)
        if by_turn["one worker"] < FASTER.get(line["of"], 0):
            missed.append(f"{FASTER[line['of']]}x of {line['of']}")
        figures = [f"{median(seconds[way]):.2f}" for way in WAYS]
        rows.append([line["of"], *figures, f"{by_turn['one worker']:.2f}x", f"{by_turn['no rounds']:.2f}x", used])
    about = printed([line["conditions"] for line in lines])
    return [
        f"Seconds to learn {lines[0]['rows']:,} rows x {inputs.DENSE['features']} features x "
        f"{inputs.DENSE['classes']} classes: `progressive_validation` in one process, which reads in a second thread "
        "(no rounds), and `fit_rounds` with two shards on a pool of one or two processes, which predicts rows twice. "
        "Medians over turns in which each comes once; ratios are medians of those of a turn.",
        "",
        *markdown(header, rows),
        "",
        f"{about} Others used the machine, too.",
        *([f"\nMissed: {', '.join(missed)}."] if missed else []),
    ], not missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "online-softmax-files"))
    parser.add_argument("--run", nargs=3, metavar=("MODEL", "FILE", "WORKERS"), help=argparse.SUPPRESS)
    parser.add_argument("--table", action="store_true", help="print what was kept")
    parser.add_argument("--check", action="store_true", help="with --table, exit with status 1 if a target is missed")
    chosen = parser.parse_args()
    if chosen.run:
        model, path, workers = chosen.run
        print(json.dumps(run(model, path, int(workers))))
        return 0
    if chosen.table:
        lines, met = table(read(RESULTS))
        print("\n".join(lines))
        return 1 if chosen.check and not met else 0
    folder = chosen.folder / str(chosen.rows)
    inputs.write(folder, chosen.rows)
    for name, (model, file) in RUNS.items():
        turns: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
        for _ in range(chosen.turns):
            for way, workers in WAYS.items():
                turns[way].append(measured(model, folder / file, workers))
        keep(RESULTS, [{"of": name, "rows": chosen.rows, "turns": turns, "conditions": conditions()}], "of")
        print(name, {way: [round(turn["seconds"], 2) for turn in each] for way, each in turns.items()}, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
