"""Run the rivals over the streams, one process a rival and stream, one JSON line each; what is there is not run again.

python benchmarks/quality/run.py                                 # everything that is missing
python benchmarks/quality/run.py --rival auto --again            # ours, anew
python benchmarks/quality/run.py --stream digits wine --jobs 2
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from itertools import product
from pathlib import Path

from rivals import CONTEXT, LINEAR, OURS, OURS_LINEAR
from score import score
from streams import STREAMS, sha

RESULTS = Path(__file__).with_name("results.jsonl")
PACKAGES = "online-softmax", "river", "vowpalwabbit", "numpy", "scikit-learn"


def conditions() -> dict[str, str]:
    def installed(package: str) -> str:
        try:
            return version(package)
        except PackageNotFoundError:
            return "source tree"

    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    cpu = next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), platform.machine())
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": cpu,
        "python": platform.python_version(),
        **{package: installed(package) for package in PACKAGES},
    }


def one(rival: str, name: str) -> dict:
    """Score every setting of the rival on the stream, here."""
    rows = STREAMS[name].rows()
    runs = importlib.import_module(f"rivals.{rival}").runs(STREAMS[name])
    return {
        "rival": rival,
        "stream": name,
        "rows": len(rows),
        "features": len(set().union(*(x for x, _ in rows))),
        "classes": len({y for _, y in rows}),
        "sha": sha(rows),
        "settings": {setting: score(model, triples) for setting, model, triples in runs},
        "conditions": conditions(),
    }


def process(rival: str, name: str) -> str:
    """The JSON line of `one`, from a process of its own."""
    run = subprocess.run([sys.executable, __file__, "--one", rival, name], capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(f"{rival} on {name} failed:\n{run.stderr}")
    return run.stdout.splitlines()[-1]


def key(line: str) -> tuple[str, str]:
    run = json.loads(line)
    return run["rival"], run["stream"]


def main() -> int:
    rivals = OURS, OURS_LINEAR, *LINEAR, *CONTEXT
    parser = argparse.ArgumentParser(description="Run the rivals over the streams.")
    parser.add_argument("--rival", nargs="+", choices=rivals, default=rivals)
    parser.add_argument("--stream", nargs="+", choices=STREAMS, default=STREAMS)
    parser.add_argument("--again", action="store_true", help="drop the chosen runs from the results, and run them anew")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--one", nargs=2, metavar=("RIVAL", "STREAM"), help="run one here and print its line")
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(one(*chosen.one)))
        return 0

    todo = list(product(chosen.rival, chosen.stream))
    lines = chosen.results.read_text().splitlines() if chosen.results.exists() else []
    if chosen.again:
        lines = [line for line in lines if key(line) not in todo]
        chosen.results.write_text("".join(line + "\n" for line in lines))
    done = {key(line) for line in lines}
    todo = [pair for pair in todo if pair not in done]
    failed = 0
    with ThreadPoolExecutor(chosen.jobs) as pool, chosen.results.open("a") as out:
        runs = [(pair, pool.submit(process, *pair)) for pair in todo]
        try:
            for pair, run in runs:
                if error := run.exception():
                    failed += 1
                    print(error, file=sys.stderr, flush=True)
                else:
                    out.write(run.result() + "\n")
                    out.flush()
                    print(*pair, flush=True)
        finally:
            pool.shutdown(cancel_futures=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
