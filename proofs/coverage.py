"""Run the tests on a build that counts what runs, and say which part of the Python and the C that is.

`make coverage`, or `python -m proofs.coverage [pytest's arguments]`. The build is a copy of the project in
`build/coverage`. Python's lines and branches are counted in every process that a test starts and that ends by itself;
one that is killed counts nothing. Where there is no Java or no Spark, `online_softmax/spark` is left out, whose tests
need both. What no test runs is in `build/coverage/python.txt` and `c.txt`. Prints the percentages as JSON, and ends
with an error where a test fails, or Python's share is below `fail_under` in pyproject.toml.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

from proofs import ROOT
from proofs.copies import built, check_used, copied

COPY = ROOT / "build" / "coverage"
OF_COPIES = ("--gcov-ignore-errors=source_not_found", "--merge-mode-functions=separate")  # a header is in many modules
FLAGS = "--coverage -fprofile-update=atomic -DWIDE="  # of a function for several processors, one version
HAS_SPARK = shutil.which("java") is not None and find_spec("pyspark") is not None
TESTS = [["-n", "auto", "--dist", "worksteal", "-m", "not cluster"], *([["-m", "cluster"]] if HAS_SPARK else [])]
LEFT_OUT = [] if HAS_SPARK else ["--omit=online_softmax/spark/*"]


def run(*words: str, output: Any = None) -> int:
    command = [sys.executable, "-m", *words]
    environment = {**os.environ, "PYTHONPATH": str(COPY)}
    return subprocess.run(command, cwd=COPY, env=environment, stdout=output).returncode


def percent(counts: dict[str, int], covered: str, of: str) -> float:
    return round(100 * counts[covered] / counts[of], 1)


def main() -> int:
    copied(COPY)
    built(COPY, FLAGS)
    check_used(COPY, {**os.environ, "PYTHONPATH": str(COPY)})
    for left in COPY.glob(".coverage*"):
        left.unlink()
    codes = [
        run("coverage", "run", "-m", "pytest", "-q", *words) for words in ([sys.argv[1:]] if sys.argv[1:] else TESTS)
    ]
    codes.append(run("coverage", "combine", "-q"))
    with (COPY / "python.txt").open("w") as output:
        codes.append(run("coverage", "report", *LEFT_OUT, "--show-missing", "--skip-covered", output=output))
    run("coverage", "json", "-q", "--fail-under=0", *LEFT_OUT, "-o", "python.json")
    run("gcovr", "--filter", r"online_softmax/.*\.h$", *OF_COPIES, "--txt", "c.txt", "--json-summary", "c.json")
    python = json.loads((COPY / "python.json").read_text())["totals"]
    c = json.loads((COPY / "c.json").read_text())
    found = {
        "Python": round(python["percent_covered"], 1),
        "Python, lines": percent(python, "covered_lines", "num_statements"),
        "Python, branches": percent(python, "covered_branches", "num_branches"),
        "C, lines": percent(c, "line_covered", "line_total"),
        "C, branches": percent(c, "branch_covered", "branch_total"),
    }
    print(json.dumps(found | ({} if HAS_SPARK else {"left out": "online_softmax/spark"})))
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
