"""Check that a tag, the version and the changelog agree: `python -m release.version v1.2.3`.

The version is told once, in pyproject.toml; the changelog has a heading for it, `## 1.2.3 (2026-11-27)`, and nothing
that is still unreleased above it.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib

from release import ROOT


def disagreement(tag: str) -> str:
    """Say where tag, version and changelog do not agree; '' where they do."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    if tag != f"v{version}":
        return f"the tag is {tag}, and pyproject.toml has version {version}: tag v{version}, or change the version"
    heading = re.search(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    if heading is None or not re.fullmatch(rf"{re.escape(version)} \(\d{{4}}-\d\d-\d\d\)", heading[1]):
        told = f"begins with {heading[1]!r}" if heading else "has no heading"
        return f"CHANGELOG.md {told}: call its newest part '{version} (year-month-day)'"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tag")
    found = disagreement(parser.parse_args().tag)
    print(found or "tag, version and changelog agree")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
