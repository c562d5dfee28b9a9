"""Build the extensions with gcc's address and undefined behaviour sanitizers, and run the tests under them.

`make sanitize`, or `python -m proofs.sanitize [pytest's arguments]`. The build is a copy of the project
in `build/sanitized`, so that the project's own build stays as it is. Python's allocator is switched off, so that every
object has red zones of its own; leaks are not looked for here, as Python leaves much behind when it ends. The first
finding ends the process that made it; the findings of all processes, those that tests start, too, are collected.
Prints the counts as JSON.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from proofs import ROOT
from proofs.copies import built, check_used, copied

COPY = ROOT / "build" / "sanitized"
FLAGS = "-fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all -fno-omit-frame-pointer -g"
# the order matters: first the sanitizers, then the C++ library whose exceptions they look into
PRELOADED = ("libasan.so", "libubsan.so", "libstdc++.so")
# Under red zones and a quarantine of freed memory, the size of a process says nothing.
LEFT_OUT = (
    "tests/models/test_saving_refused.py::test_claims_of_size_cost_no_memory",
    "tests/proofs/test_proofs.py::test_short_form_of[soak]",
)


def environment(reports: Path) -> dict[str, str]:
    """Give the environment in which every process runs under the sanitizers."""
    where = ["gcc", *(f"-print-file-name={name}" for name in PRELOADED)]
    libraries = [subprocess.run([where[0], each], capture_output=True, text=True).stdout.strip() for each in where[1:]]
    common = f"log_path={reports / 'finding'}:halt_on_error=1"
    return {
        **os.environ,
        "LD_PRELOAD": " ".join(libraries),
        "ASAN_OPTIONS": f"{common}:detect_leaks=0:allocator_may_return_null=1",
        "UBSAN_OPTIONS": f"{common}:print_stacktrace=1",
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": str(COPY),
    }


def main() -> int:
    start = time.monotonic()
    copied(COPY)
    extensions = built(COPY, FLAGS)
    checking = [extension for extension in extensions if b"__asan_report" in extension.read_bytes()]
    assert checking == extensions != [], "built without the sanitizer"
    reports = COPY / "findings"
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir()
    chosen = sys.argv[1:] or [f"--deselect={test}" for test in LEFT_OUT]
    check_used(COPY, environment(reports))
    plain = ["-p", "no:cacheprovider", "-p", "no:xdist"]
    command = [sys.executable, "-m", "pytest", "-q", *plain, "-rfE", "--tb=short", *chosen]
    log = COPY / "tests.log"
    with log.open("w") as output:
        code = subprocess.run(
            command, cwd=COPY, env=environment(reports), stdout=output, stderr=subprocess.STDOUT
        ).returncode
    findings = sorted(reports.iterdir())
    for finding in findings:
        print(finding.read_text()[:6000], file=sys.stderr)
    tail = log.read_text()[-6000:]
    counts = {name: int(n) for n, name in re.findall(r"(\d+) (passed|failed|skipped|errors?)", tail.splitlines()[-1])}
    if code:
        print(tail, file=sys.stderr)
    seconds = round(time.monotonic() - start, 1)
    print(json.dumps({"extensions": len(extensions), **counts, "findings": len(findings), "seconds": seconds}))
    return 1 if code or findings or not counts.get("passed") else 0


if __name__ == "__main__":
    sys.exit(main())
