"""Run the tests on a build that counts its lines, and say which part of the Python and the C they run.

`make coverage`, or `python -m proofs.coverage [pytest's arguments]`. The build is a copy of the project in
`build/coverage`; the tests run in one process, whose coverage alone is counted in Python. The lines that no test runs
are in `build/coverage/python.txt` and `build/coverage/c.txt`. Prints the percentages as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from proofs import ROOT
from proofs.copies import built, check_used, copied

COPY = ROOT / "build" / "coverage"
OF_COPIES = ("--gcov-ignore-errors=source_not_found", "--merge-mode-functions=separate")  # a header is in many modules


def run(*words: str, output: Any = None) -> int:
    command = [sys.executable, "-m", *words]
    environment = {**os.environ, "PYTHONPATH": str(COPY)}
    return subprocess.run(command, cwd=COPY, env=environment, stdout=output).returncode


def percent(covered: int, lines: int) -> float:
    return round(100 * covered / lines, 1)


def main() -> int:
    copied(COPY)
    built(COPY, "--coverage -fprofile-update=atomic")
    check_used(COPY, {**os.environ, "PYTHONPATH": str(COPY)})
    code = run("coverage", "run", "--source=online_softmax", "-m", "pytest", "-q", *sys.argv[1:])
    with (COPY / "python.txt").open("w") as output:
        run("coverage", "report", "--show-missing", "--skip-covered", output=output)
    run("coverage", "json", "-q", "-o", "python.json")
    run("gcovr", "--filter", r"online_softmax/.*\.h$", *OF_COPIES, "--txt", "c.txt", "--json-summary", "c.json")
    totals = json.loads((COPY / "python.json").read_text())["totals"]
    found = {"Python": percent(totals["covered_lines"], totals["num_statements"])}
    summary = json.loads((COPY / "c.json").read_text())
    found["C"] = percent(summary["line_covered"], summary["line_total"])
    print(json.dumps(found))
    return code


if __name__ == "__main__":
    sys.exit(main())
