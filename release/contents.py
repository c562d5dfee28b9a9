"""Check that the source distribution and the wheels of a folder hold what they should, no more and no less.

`python -m release.contents FOLDER`. What they should hold is read off the source tree.
"""

from __future__ import annotations

import argparse
import re
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

from proofs.copies import FILES, FOLDERS
from release import ROOT

PACKAGE = "online_softmax"
DATASETS = f"{PACKAGE}/datasets"  # in the tree: datasets
SHIPPED = (".py", ".pyi", ".typed", ".css", ".js", ".html")
MADE = (".pyc", ".so", ".pyd", ".c")  # on the machine, by a build
LICENCES = ("LICENSE", "LICENSES.md")


def sources() -> set[str]:
    """Give every file of the source tree that is no product of a build."""
    files = {path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()}
    files |= {ROOT / name for name in FILES} | set(ROOT.glob("*.md"))
    return {path.relative_to(ROOT).as_posix() for path in files if path.suffix not in MADE}


def compiled(name: str) -> str:
    """Give a compiled module without the tag of its Python: online_softmax/_kernel/limits.so."""
    path = PurePosixPath(name)
    return str(path.with_name(path.name.partition(".")[0] + ".so")) if path.suffix in (".so", ".pyd") else name


def of_a_wheel() -> set[str]:
    """Give what a wheel holds: no source of what is compiled, and no test."""
    names = {name for name in sources() if name.startswith(f"{PACKAGE}/")}
    wanted = {name for name in names if PurePosixPath(name).suffix in SHIPPED}
    wanted |= {str(PurePosixPath(name).with_suffix(".so")) for name in names if name.endswith(".pyx")}
    wanted |= {f"{DATASETS}/{name.partition('/')[2]}" for name in sources() if name.startswith("datasets/")}
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"].get("data-files", {})
    wanted |= {f"data/data/{folder}/{PurePosixPath(name).name}" for folder, names in told.items() for name in names}
    wanted |= {f"dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "top_level.txt")}
    return wanted | {f"dist-info/licenses/{name}" for name in LICENCES}


def of_a_source_distribution() -> set[str]:
    """Give what a source distribution holds: the project, and what setuptools says of it."""
    return sources() | {"PKG-INFO", "setup.cfg"}


def held_by_a_wheel(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as wheel:
        names = [name for name in wheel.namelist() if not name.endswith("/")]
    return {compiled(re.sub(rf"^{PACKAGE}-[^/]*\.(dist-info|data)/", r"\1/", name)) for name in names}


def held_by_a_source_distribution(path: Path) -> set[str]:
    with tarfile.open(path) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    return {name for name in names if not name.startswith(f"{PACKAGE}.egg-info/")}


def differences(path: Path) -> list[str]:
    """Say what a wheel or a source distribution lacks, and what it holds that it should not."""
    if path.suffix == ".whl":
        held, wanted = held_by_a_wheel(path), of_a_wheel()
    else:
        held, wanted = held_by_a_source_distribution(path), of_a_source_distribution()
    lacks = [f"{path.name} lacks {name}" for name in sorted(wanted - held)]
    return lacks + [f"{path.name} holds {name}, which does not belong there" for name in sorted(held - wanted)]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the source distribution and the wheels are")
    folder = parser.parse_args().folder
    paths = sorted([*folder.glob("*.tar.gz"), *folder.glob("*.whl")])
    if not paths:
        parser.error(
            f"{folder} holds neither a source distribution nor a wheel: run `python -m build --outdir {folder}`"
        )
    found = [line for path in paths for line in differences(path)]
    print("\n".join(found or [f"{path.name} holds what it should" for path in paths]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
