"""Paste the tables into the README, each where its tool is named: `python benchmarks/readme.py`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main() -> None:
    readme = ROOT / "README.md"

    def paste(place: re.Match[str]) -> str:
        table = subprocess.run([sys.executable, ROOT / place[1]], capture_output=True, text=True, check=True).stdout
        return f"<!-- {place[1]} -->\n{table.strip()}\n<!-- end -->"

    text = re.sub(r"<!-- (\S+\.py) -->\n.*?<!-- end -->", paste, readme.read_text(), flags=re.DOTALL)
    readme.write_text(text)


if __name__ == "__main__":
    main()
