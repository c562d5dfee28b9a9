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
from statistics import median
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
    "SoftmaxRegression(), one key in ten in memory": (500, 50),
}
MOST_MICROSECONDS, MOST_BYTES = 3.0, 1.5  # of a sample whose key is in memory; of a key, in its model's own bytes
TARGET = "SoftmaxRegression()"
SAMPLES = 10_000  # of a turn, at most

Sample = tuple[str, dict[str, Any], str]  # key, features, label


def resident() -> int:
    """How many bytes of the process are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def learn_keyed(model: KeyedClassifier, samples: list[Sample]) -> None:
    for key, x, y in samples:
        x["user"] = key
        model.learn_one(x, y)


def learn_plain(models: dict[str, Any], samples: list[Sample]) -> None:
    for key, x, y in samples:
        models[key].learn_one(x, y)


def microseconds(learn: Callable[[Any, list[Sample]], None], model: Any, samples: list[Sample]) -> float:
    """Learn samples; how much processor time one of them took, with the loop."""
    for _, x, _ in samples:
        x.pop("user", None)
    start = process_time()
    learn(model, samples)
    return 1e6 * (process_time() - start) / len(samples)


def measured(name: str, n_keys: int, max_keys: int | None, turns: int) -> dict[str, Any]:
    """Learn a sample of every key for each class; then in many short turns, of keys in their order, and of any."""
    draw, make = random.Random(44), MODELS[name.partition(", ")[0]]
    features = [{f"x{j}": draw.uniform(-1, 1) for j in range(FEATURES)} for _ in range(1000)]
    keys = [f"user{i}" for i in range(n_keys)]

    def samples(keys: list[str], turn: int) -> list[Sample]:
        return [(key, features[i % 1000], str((i + turn) % CLASSES)) for i, key in enumerate(keys)]

    before = resident()
    model = KeyedClassifier(make(), max_keys=max_keys)
    new = [microseconds(learn_keyed, model, samples(keys, turn)) for turn in range(CLASSES)]
    grown = resident() - before
    before = resident()
    models = {key: make() for key in keys}
    for turn in range(CLASSES):
        microseconds(learn_plain, models, samples(keys, turn))
    plain = (resident() - before) / n_keys
    times: dict[str, list[float]] = {way: [] for way in ("in order", "plain in order", "at random", "plain at random")}
    n = min(n_keys, SAMPLES)
    for turn in range(turns):
        at = turn * n % n_keys
        for order, some in (("in order", keys[at : at + n]), ("at random", draw.sample(keys, n))):
            times[order].append(microseconds(learn_keyed, model, samples(some, turn)))
            times[f"plain {order}"].append(microseconds(learn_plain, models, samples(some, turn)))
    n_kept = len(model._kept)
    own = model._raw_memory_usage / n_kept
    return {"new": new[0], "times": times, "bytes": grown / n_kept, "plain bytes": plain, "own": own}


def table(lines: list[dict[str, Any]]) -> tuple[list[str], bool]:
    """What was measured, and whether the targets are met."""
    found = {line["of"]: line for line in lines}

    def spelt(times: list[float]) -> str:
        return f"{median(times):.2f} ({min(times):.2f})"

    ways = "in order", "plain in order", "at random", "plain at random"
    header = [
        *(
            "a model a key",
            "keys",
            "µs a sample, keys in order",
            "in a dictionary",
            "keys at random",
            "in a dictionary",
        ),
        *("µs a new key", "bytes a key", "in a dictionary", "the model's own bytes", "ratio"),
    ]
    rows = []
    for name in RUNS:
        line, (model, _, rest) = found[name], name.partition(", ")
        sizes = line["bytes"], line["plain bytes"], line["own"]
        rows.append(
            [
                f"`{model}`".replace("|", "\\|") + (rest and f", {rest}"),
                f"{line['keys']:,}",
                *(spelt(line["times"][way]) for way in ways),
                f"{line['new']:,.0f}",
                *(["", "", "", ""] if rest else [*(f"{each:,.0f}" for each in sizes), f"{sizes[0] / sizes[2]:.2f}"]),
            ]
        )
    line = found[TARGET]
    missed = [
        f"{MOST_MICROSECONDS:.0f} µs with keys {way}"
        for way in ways[::2]
        if median(line["times"][way]) > MOST_MICROSECONDS
    ]
    if line["bytes"] > MOST_BYTES * line["own"]:
        missed.append(f"a ratio of {MOST_BYTES}")
    plain = median(line["times"]["plain at random"])
    said = f"The first row is to take {MOST_MICROSECONDS:.0f} µs a sample at most, and a ratio of {MOST_BYTES}"
    said += f"; missed: {', '.join(missed)}." if missed else "."
    if plain > MOST_MICROSECONDS:
        said += " At random the dictionary alone takes more: each sample waits for memory that no cache holds."
    text = [
        f"{FEATURES} features, {CLASSES} classes, keys in order or at random. Processor time with the loop: medians of "
        f"{len(line['times'][ways[0]])} turns of at most {SAMPLES:,} samples, the quickest in brackets. In a "
        "dictionary: `models[key].learn_one(x, y)` on as many models, which has no figures, in the same turns. Bytes "
        "are those by which the process grows; the model's own are what it has learned, names among them.",
        "",
        *markdown(header, rows, words=1),
        "",
        f"{said} {printed(line['conditions'] for line in lines)} Others used the machine, too.",
    ]
    return text, not missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=30)
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
        print(name, {way: round(median(each), 2) for way, each in line["times"].items()}, flush=True)
        keep(options.results, [line], "of")


if __name__ == "__main__":
    main()
