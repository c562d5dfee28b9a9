"""A model a key in one process: the time a sample and the memory a key.

python -m benchmarks.cluster.keyed           # measure: a minute or two, each in a process of its own
python -m benchmarks.cluster.keyed --table   # print what was kept; with --check, status 1 if a target is missed
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

from river import preprocessing

from benchmarks import ROOT
from benchmarks.common.conditions import conditions, printed
from benchmarks.common.markdown import markdown
from benchmarks.common.results import keep, read
from online_softmax import AutoSoftmaxRegression, KeyedClassifier, SoftmaxRegression

RESULTS = Path(__file__).with_name("keyed.jsonl")
FEATURES, CLASSES = 8, 3
MODELS: dict[str, Callable[[], Any]] = {
    "SoftmaxRegression()": SoftmaxRegression,
    "StandardScaler() | SoftmaxRegression()": lambda: preprocessing.StandardScaler() | SoftmaxRegression(),
    "AutoSoftmaxRegression()": AutoSoftmaxRegression,
}
RUNS = {
    "SoftmaxRegression()": (100_000, None),
    "StandardScaler() | SoftmaxRegression()": (20_000, None),
    "AutoSoftmaxRegression()": (5_000, None),
    "SoftmaxRegression(), one key in ten in memory": (2_000, 200),
}
MOST_MICROSECONDS, MOST_BYTES = 3.0, 1.5  # of a sample whose key is in memory; of a key, in its model's own bytes
TARGET = "SoftmaxRegression()"


def resident() -> int:
    """How many bytes of the process are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def measured(name: str, n_keys: int, max_keys: int | None, turns: int) -> dict[str, Any]:
    """Learn a sample of every key in turn, and again, in an order that no cache foresees."""
    draw = random.Random(44)
    features = [{f"x{j}": draw.uniform(-1, 1) for j in range(FEATURES)} for _ in range(1000)]
    keys = [f"user{i}" for i in range(n_keys)]
    labels = [str(c) for c in range(CLASSES)]
    model = KeyedClassifier(MODELS[name.partition(", ")[0]](), max_keys=max_keys)
    before, times = resident(), []
    for turn in range(turns + CLASSES):
        draw.shuffle(keys)
        start = process_time()
        for i, key in enumerate(keys):
            x = features[i % 1000]
            x["user"] = key
            model.learn_one(x, labels[(i + turn) % CLASSES])
        times.append((process_time() - start) / n_keys)
    grown = resident() - before
    return {
        "new": 1e6 * times[0],
        "learn": [1e6 * each for each in times[CLASSES:]],
        "bytes": grown / len(model._kept),
        "own": model._raw_memory_usage / len(model._kept),
    }


def table(lines: list[dict[str, Any]]) -> tuple[list[str], bool]:
    """What was measured, and whether the targets are met."""
    found = {line["of"]: line for line in lines}
    header = ["a model a key", "keys", "µs a sample", "µs a new key", "bytes a key", "the model's own bytes", "ratio"]
    rows = [
        [
            f"`{name.partition(', ')[0]}`" + name[len(name.partition(", ")[0]) :],
            f"{line['keys']:,}",
            f"{min(line['learn']):.2f}",
            f"{line['new']:,.0f}",
            f"{line['bytes']:,.0f}",
            f"{line['own']:,.0f}",
            f"{line['bytes'] / line['own']:.2f}",
        ]
        for name, line in ((name, found[name]) for name in RUNS)
    ]
    line = found[TARGET]
    met = min(line["learn"]) <= MOST_MICROSECONDS and line["bytes"] <= MOST_BYTES * line["own"]
    said = f"Targets of the first row: {MOST_MICROSECONDS:.0f} µs a sample, and a ratio of {MOST_BYTES}."
    said += "" if met else " Missed."
    text = [
        f"{FEATURES} features, {CLASSES} classes, every key in turn in a new order. Processor time with the loop, "
        "in the best turn. Bytes are those by which the process grows; the model's own are what it has learned.",
        "",
        *markdown(header, rows, words=1),
        "",
        f"{said} {printed(line['conditions'] for line in lines)}",
    ]
    return text, met


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--run", metavar="NAME", help="measure one alone, and print it as JSON")
    options = parser.parse_args()
    if options.run:
        print(json.dumps(measured(options.run, *RUNS[options.run], options.turns)))
        return
    if options.table:
        text, met = table(read(options.results))
        print("\n".join(text))
        sys.exit(options.check and not met)
    where = conditions()
    for name, (n_keys, max_keys) in RUNS.items():
        command = [sys.executable, "-m", "benchmarks.cluster.keyed", "--run", name, "--turns", str(options.turns)]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        line = {"of": name, "keys": n_keys, "max_keys": max_keys, **json.loads(done.stdout), "conditions": where}
        print(name, line["new"], min(line["learn"]), line["bytes"], line["own"], flush=True)
        keep(options.results, [line], "of")


if __name__ == "__main__":
    main()
