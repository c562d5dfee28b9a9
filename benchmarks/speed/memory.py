"""What a model of one rival takes a weight: `python benchmarks/speed/memory.py ours SGD`."""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import resource
import sys
from pathlib import Path

from rivals import RIVALS
from streams import name

FEATURES, CLASSES, EACH = 20_000, 50, 20  # the features and classes appear as samples of EACH new features bring them
SLOTS = {"SGD": 0, "Adam": 2}  # states of the optimiser a weight


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def measure(rival, kind: str) -> dict[str, float]:
    """Bytes a double that the optimiser needs: as the model counts itself, and by the growth of the process."""
    starts = range(0, FEATURES, EACH)
    samples = [(dict.fromkeys(map(name, range(i, i + EACH)), 1.0), i // EACH % CLASSES) for i in starts]
    gc.collect()
    before = resident()
    model = rival.model(kind)
    for x, y in samples:
        model.learn_one(x, y)
    gc.collect()
    doubles = FEATURES * CLASSES * (1 + SLOTS[kind])
    return {"counted": round(rival.size(model) / doubles, 3), "resident": round((resident() - before) / doubles, 3)}


def main() -> int:
    parser = argparse.ArgumentParser(description="Print the bytes that a model takes for each double it must keep.")
    parser.add_argument("rival", choices=RIVALS)
    parser.add_argument("optimizer", choices=SLOTS)
    chosen = parser.parse_args()
    print(json.dumps(measure(importlib.import_module(f"rivals.{chosen.rival}"), chosen.optimizer)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
