"""What a model of one rival takes a weight: `python -m benchmarks.speed.memory ours SGD frame`."""

from __future__ import annotations

import argparse
import gc
import json
import resource
import sys
from pathlib import Path

from benchmarks.speed.rivals import RIVALS, rival
from benchmarks.speed.streams import name

FEATURES, CLASSES, EACH = 20_000, 50, 20  # the features and classes appear as samples of EACH new features bring them
SLOTS = {"SGD": 0, "Adam": 2}  # states of the optimiser a weight


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def sparse() -> list[tuple]:
    starts = range(0, FEATURES, EACH)
    return [("learn_one", dict.fromkeys(map(name, range(i, i + EACH)), 1.0), i // EACH % CLASSES) for i in starts]


def dense() -> list[tuple]:
    x = dict.fromkeys(map(name, range(FEATURES)), 1e-3)
    return [("learn_one", x, c) for c in range(CLASSES)]


def frame() -> list[tuple]:
    import numpy
    import pandas

    X = pandas.DataFrame(numpy.full((CLASSES, FEATURES), 1e-3), columns=[name(i) for i in range(FEATURES)])
    return [("learn_many", X, pandas.Series(range(CLASSES)))]


SAMPLES = {"sparse": sparse, "dense": dense, "frame": frame}


def measure(rival, kind: str, calls: list[tuple]) -> dict[str, float]:
    """Bytes a double that the optimiser needs: as the model counts itself, and by the growth of the process."""
    gc.collect()
    before = resident()
    model = rival.model(kind)
    for method, X, y in calls:
        getattr(model, method)(X, y)
    gc.collect()
    doubles = FEATURES * CLASSES * (1 + SLOTS[kind])
    return {"counted": round(rival.size(model) / doubles, 3), "resident": round((resident() - before) / doubles, 3)}


def main() -> int:
    parser = argparse.ArgumentParser(description="Print the bytes that a model takes for each double it must keep.")
    parser.add_argument("rival", choices=RIVALS)
    parser.add_argument("optimizer", choices=SLOTS)
    parser.add_argument("samples", choices=SAMPLES, nargs="?", default="sparse")
    chosen = parser.parse_args()
    print(json.dumps(measure(rival(chosen.rival), chosen.optimizer, SAMPLES[chosen.samples]())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
