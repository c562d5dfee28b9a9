"""A folder of sources that nobody has compiled says so in one sentence, and nothing else is hidden by it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import online_softmax

PACKAGE = Path(online_softmax.__file__).parent
COMPILED = sorted(PACKAGE.rglob("*.so"))


@pytest.fixture
def clone(tmp_path):
    """Copy the package's sources to a folder of their own."""
    compiled = shutil.ignore_patterns("*.so", "*.c", "__pycache__")
    shutil.copytree(PACKAGE, tmp_path / "online_softmax", ignore=compiled)
    return tmp_path


def link(clone, name):
    """Put each compiled module beside its source, under the name that `name` makes of its own."""
    for module in COMPILED:
        (clone / module.relative_to(PACKAGE.parent)).with_name(name(module.name)).symlink_to(module)


def refusal(clone, code="import online_softmax"):
    """Run code in the folder; give the last line of its errors."""
    done = subprocess.run([sys.executable, "-c", code], cwd=clone, capture_output=True, text=True)
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("code", ["import online_softmax", "from online_softmax.streams import open_stream"])
def test_a_clone_that_is_not_compiled_says_what_to_do(clone, code):
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    todo = f"run `pip install -e .` there with {python}, or `make demo`"
    assert refusal(clone, code) == f"ImportError: online_softmax in {clone} is not compiled: {todo}"


def test_a_clone_that_is_compiled_for_another_python_says_for_which(clone):
    link(clone, lambda name: f"{name.partition('.')[0]}.cpython-25-any.so")
    assert "is not compiled for this Python, only for cpython-25-any: run `pip install -e .`" in refusal(clone)


def test_a_dependency_that_is_missing_is_named(clone):
    link(clone, str)
    code = "import sys; sys.modules['river'] = None; import online_softmax"
    assert refusal(clone, code).startswith("ModuleNotFoundError: import of river halted")


def test_a_compiled_module_that_is_broken_is_named(clone):
    link(clone, str)
    broken = next(clone.rglob("limits.cp*.so"))
    broken.unlink()
    broken.write_bytes(b"no library")
    assert str(broken) in refusal(clone)


def test_the_version_is_that_of_the_metadata():
    from importlib import metadata

    assert online_softmax.__version__ == metadata.version("online-softmax")
