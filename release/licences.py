"""Print the licences of what the package needs, extra by extra, as the metadata of the installed versions tell them.

`python -m release.licences --paste` writes the table into LICENSES.md, where all that it names is installed.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement

from benchmarks.common.markdown import markdown
from release import ROOT

OURS = "online-softmax"
# The extras that users install; the others serve this project's own work.
EXTRAS = ("files", "models", "cli", "plots", "report", "stores", "kafka", "spark", "dask", "sklearn", "rivals")
BEGIN, END = "<!-- python -m release.licences -->\n", "<!-- end -->"
CLASSIFIER = "License :: OSI Approved :: "


def licence(package: str) -> str:
    """Give the licence of an installed package: its expression, its classifiers, or the first line of its own words."""
    told = metadata.metadata(package)
    classified = [
        each.removeprefix(CLASSIFIER) for each in told.get_all("Classifier", []) if each.startswith(CLASSIFIER)
    ]
    words = (told.get("License") or "").strip().splitlines()
    return told.get("License-Expression") or " or ".join(classified) or (words[0] if words else "not told")


def needed() -> Iterator[tuple[str, str]]:
    """Give each extra ('' of the core) and a package that it names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for extra in ("", *EXTRAS):
        lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
        for name in (Requirement(line).name for line in lines):
            if name != OURS:
                yield extra, name


def table() -> str:
    extras: dict[str, list[str]] = {}
    for extra, package in needed():
        extras.setdefault(package, []).append(f"`[{extra}]`" if extra else "always")
    rows = [[package, ", ".join(named), licence(package)] for package, named in extras.items()]
    return "\n".join(markdown(["package", "installed", "licence"], rows, words=3))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--paste", action="store_true", help="write the table into LICENSES.md")
    paste = parser.parse_args().paste
    try:
        told = table()
    except metadata.PackageNotFoundError as error:
        parser.error(f"{error.name} is not installed: run `make .venv/cluster`, and try again")
    if paste:
        page = ROOT / "LICENSES.md"
        before, start, rest = page.read_text().partition(BEGIN)
        page.write_text(before + start + told + "\n" + rest[rest.index(END) :])
    else:
        print(told)
    return 0


if __name__ == "__main__":
    sys.exit(main())
