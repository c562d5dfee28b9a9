"""A copy of the project, compiled with flags of its own, so that the project's own build stays as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from proofs import ROOT

FOLDERS = (
    ".ci",
    ".github",
    "benchmarks",
    "datasets",
    "docs",
    "examples",
    "online_softmax",
    "proofs",
    "release",
    "tests",
)
FILES = (".clang-format", ".gitignore", ".pre-commit-config.yaml", "LICENSE", "MANIFEST.in", "Makefile")
FILES += ("pyproject.toml", "setup.py")
PAGES = ("CHANGELOG.md", "CONTRIBUTING.md", "LICENSES.md", "README.md", "RELEASING.md", "SECURITY.md")


def copied(copy: Path) -> None:
    """Copy the project as it is now, but for what is compiled."""
    copy.mkdir(parents=True, exist_ok=True)
    for part in (*FOLDERS, *FILES, *PAGES):
        shutil.rmtree(copy / part, ignore_errors=True)
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("*.so", "*.c", "__pycache__"))
        elif (ROOT / part).exists():
            shutil.copy2(ROOT / part, copy / part)


def built(copy: Path, flags: str) -> list[Path]:
    """Compile and link the copy's extensions with these flags, too; return them, each beside its source."""
    log, target = copy / "build.log", copy / "installed"
    shutil.rmtree(copy / "build", ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--upgrade", "--target", str(target), str(copy)]
    with log.open("w") as output:
        environment = {**os.environ, "CFLAGS": flags, "LDFLAGS": flags}
        done = subprocess.run(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    if done.returncode:
        raise SystemExit(f"the build failed:\n{log.read_text()[-3000:]}")
    for extension in target.rglob("*.so"):  # to where the tests look for them
        shutil.copyfile(extension, copy / extension.relative_to(target))
    return sorted((copy / "online_softmax").rglob("*.so"))


def check_used(copy: Path, environment: dict[str, str]) -> None:
    """Check that a process in the copy imports the copy."""
    where = [sys.executable, "-c", "import online_softmax; print(online_softmax.__file__)"]
    found = subprocess.run(where, cwd=copy, env=environment, capture_output=True, text=True, check=True).stdout
    assert found.startswith(str(copy)), f"the tests would run on {found}"
