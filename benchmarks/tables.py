"""Paste the tables into README.md and docs/, each between the command that prints it and an end:

    <!-- python -m benchmarks.speed.table --brief -->
    ..
    <!-- end -->

`python -m benchmarks.tables` pastes all; `--check` pastes nothing, and ends with status 1 where a table is another.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from benchmarks import ROOT

PLACE = re.compile(r"<!-- (python -m \S.*?) -->\n.*?<!-- end -->", re.DOTALL)


@cache
def table(command: str) -> str:
    """What a command prints, at the root of the project."""
    words = [sys.executable, *shlex.split(command)[1:]]
    return subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def pages() -> Iterator[Path]:
    yield ROOT / "README.md"
    yield from sorted((ROOT / "docs").glob("**/*.md"))


def filled(text: str) -> str:
    """The text of a page, with every table printed anew."""
    return PLACE.sub(lambda place: f"<!-- {place[1]} -->\n{table(place[1])}\n<!-- end -->", text)


def main() -> int:
    parser = argparse.ArgumentParser(description="Paste the tables into README.md and docs/.")
    parser.add_argument("--check", action="store_true", help="only say which pages have a table that is another")
    check, stale = parser.parse_args().check, False
    for page in pages():
        text = page.read_text()
        if (new := filled(text)) == text:
            continue
        print(f"{page.relative_to(ROOT)}: {'a table is another' if check else 'pasted'}")
        if not check:
            page.write_text(new)
        stale = True
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
