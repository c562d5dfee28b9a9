"""Run the long form of every proof, one after the other, and keep its counts: one line of JSON a proof.

`make reliability`, or `python proofs/run.py [proof ..]`. A proof is a script beside this one that
prints its counts as its last line, and ends with status 0 only if all held. A line replaces the one of the same proof.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "results.jsonl"
sys.path.append(str(HERE.parent / "benchmarks" / "speed"))

from conditions import conditions  # noqa: E402

PROOFS: dict[str, tuple[str, ...]] = {
    "fuzz_calls": ("--calls", "1000000"),
    "sanitize": (),
    "mutate_streams": ("--files", "120000"),
    "mutate_model_files": ("--files", "100000"),
    "kill_saves": ("--kills", "10000"),
    "kill_runs": ("--kills", "1000"),
    "failing_writes": ("--saves", "2000"),
    "soak": ("--samples", "100000000"),
    "one_off_names": ("--names", "10000000"),
    "count_references": ("--calls", "1000000"),
    "large_numbers": (),
}


def results() -> dict[str, dict[str, object]]:
    """Give the lines that are kept, by proof."""
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    return {line["proof"]: line for line in map(json.loads, lines)}


def keep(line: dict[str, object]) -> None:
    """Put a line in the place of the one of the same proof."""
    kept = {**results(), str(line["proof"]): line}
    RESULTS.write_text("".join(json.dumps(kept[proof]) + "\n" for proof in sorted(kept)))


def proven(proof: str) -> bool:
    """Run a proof, and keep what it counted; false where it failed."""
    where, start = conditions(), time.monotonic()
    command = [sys.executable, str(HERE / f"{proof}.py"), *PROOFS[proof]]
    print(f"{proof} {' '.join(PROOFS[proof])}".strip(), flush=True)
    done = subprocess.run(command, capture_output=True, text=True)
    print(done.stdout, flush=True)
    if done.returncode:
        print(done.stderr[-5000:], file=sys.stderr)
        return False
    counts = json.loads(done.stdout.splitlines()[-1])
    seconds = round(time.monotonic() - start, 1)
    keep({"proof": proof, "arguments": PROOFS[proof], "counts": counts, "seconds": seconds, "conditions": where})
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


if __name__ == "__main__":
    sys.exit(main())
