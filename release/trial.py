"""Try the wheel of a folder as a user would have it: in a fresh environment, elsewhere, and without a compiler.

`python -m release.trial FOLDER`. First the wheel and what it needs are installed, and nothing else: the package is
imported and the first example of the README runs. Then, with `[cli]`, its commands; at last a part of the tests, copied
to where there is no source of the package. Each step says in a line that it held; the first that fails ends the trial.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from release import ROOT

COMPILERS = ("cc", "gcc", "c++", "g++", "clang", "tcc")
# What each wheel of a release is tested with, here and by cibuildwheel.
TESTED = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["cibuildwheel"]
WHERE = "import online_softmax, sys; print(online_softmax.__file__, online_softmax.__version__)"


class Environment:
    """A virtual environment in a folder of its own, whose programs find no compiler."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        programs = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        self.python = programs / "python"
        none = {"CC": "/bin/false", "CXX": "/bin/false", "PATH": str(programs), "PYTHONPATH": ""}
        self.variables = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"} | none
        found = [name for name in COMPILERS if shutil.which(name, path=str(programs))]
        assert not found, f"the trial is to have no compiler, and finds {' and '.join(found)}"

    def run(self, what: str, *arguments: str | Path, holds: str = "", status: int = 0) -> str:
        """Run a Python program, say that it held, and return what it printed; end the trial where it did not."""
        start = time.monotonic()
        command = [self.python, *arguments]
        done = subprocess.run(command, cwd=self.folder, env=self.variables, capture_output=True, text=True)
        if done.returncode != status or holds not in done.stdout + done.stderr:
            said = (done.stdout + done.stderr)[-6000:]
            raise SystemExit(f"{said}\nfailed: {what} (`python {' '.join(map(str, arguments))}`: {done.returncode})")
        print(f"held: {what}, {time.monotonic() - start:.0f} s", flush=True)
        return done.stdout

    def install(self, what: str, *requirements: str) -> None:
        pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
        self.run(f"{what} installs", *pip, *requirements)


def first_example() -> str:
    """Give the first example of the README, as doctest reads it."""
    found = re.search(r"```pycon\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found, "README.md has no example"
    return found[1]


def trial(wheel: Path, folder: Path) -> None:
    here = Environment(folder)
    here.install("the wheel alone", str(wheel))
    where = here.run("it is imported", "-c", WHERE).split()[0]
    assert Path(where).is_relative_to(folder), f"the trial is of the wheel, and imports {where}"
    (folder / "first.txt").write_text(first_example())
    here.run("the README's first example gives what it shows", "-m", "doctest", folder / "first.txt")
    tells = "pip install 'online-softmax[cli]'"
    here.run("without [cli], the command line says what it needs", "-m", "online_softmax", holds=tells, status=2)

    here.install("[cli]", f"{wheel}[cli]")
    command = ("-m", "online_softmax")
    here.run("`online-softmax datasets` lists the bundled streams", *command, "datasets", holds="image_segments")
    here.run("`online-softmax evaluate image_segments` ends", *command, "evaluate", "image_segments", holds="accuracy")

    here.install("what the tests need", *TESTED["test-requires"])
    for name in TESTED["test-sources"]:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, folder / name)
    _, *tests = shlex.split(TESTED["test-command"])  # without `python`, which is the environment's
    print(here.run("a part of the tests passes on the installed package", *tests).splitlines()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the wheel for this Python is")
    given = parser.parse_args().folder
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    wheels = sorted(given.resolve().glob(f"*-{tag}-{tag}-*.whl"))
    if len(wheels) != 1:
        parser.error(f"{given} holds {len(wheels)} wheels for {tag}, where one is to be tried: run `make wheels`")
    with tempfile.TemporaryDirectory() as folder:
        trial(wheels[0], Path(folder).resolve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
