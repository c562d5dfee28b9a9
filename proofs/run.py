"""Run the long form of every proof, one after the other, and keep its counts: one line of JSON a proof.

`make reliability`, or `python -m proofs [proof ..]`. A proof is a script beside this one that prints its counts as its
last line, and ends with status 0 only if all held. A line replaces the one of the same proof.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

from benchmarks.common.conditions import conditions
from benchmarks.common.results import keep
from proofs import RESULTS, ROOT

PROOFS: dict[str, tuple[str, ...]] = {
    "fuzz_calls": ("--calls", "1000000"),
    "sanitize": (),
    "mutate_streams": ("--files", "120000"),
    "mutate_model_files": ("--files", "100000"),
    "kill_saves": ("--kills", "10000"),
    "kill_runs": ("--kills", "1000"),
    "kill_kafka": ("--kills", "50"),
    "failing_writes": ("--saves", "2000"),
    "soak": ("--samples", "100000000"),
    "one_off_names": ("--names", "10000000"),
    "count_references": ("--calls", "1000000"),
    "large_numbers": (),
    "coverage": (),
    "mutants": (),
}


def proven(proof: str) -> bool:
    """Run a proof, and keep what it counted; false where it failed."""
    where, start = conditions(), time.monotonic()
    command = [sys.executable, "-m", f"proofs.{proof}", *PROOFS[proof]]
    print(f"{proof} {' '.join(PROOFS[proof])}".strip(), flush=True)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    print(done.stdout, flush=True)
    if done.returncode:
        print(done.stderr[-5000:], file=sys.stderr)
        return False
    counts = json.loads(done.stdout.splitlines()[-1])
    seconds = round(time.monotonic() - start, 1)
    line = {"proof": proof, "arguments": PROOFS[proof], "counts": counts, "seconds": seconds, "conditions": where}
    keep(RESULTS, [line], "proof")
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("proofs", nargs="*", default=list(PROOFS), help=f"some of {', '.join(PROOFS)}")
    chosen = parser.parse_args().proofs
    if unknown := set(chosen) - PROOFS.keys():
        parser.error(f"no proof is called {', '.join(sorted(unknown))}")
    failed = [proof for proof in chosen if not proven(proof)]
    print(f"failed: {', '.join(failed)}" if failed else "all held")
    return 1 if failed else 0
