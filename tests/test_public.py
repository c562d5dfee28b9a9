"""The public names, what importing them costs, and the one way the imports go."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import online_softmax

PACKAGE = Path(online_softmax.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.read_text())
HEAVY = {"pyarrow", "pandas", "polars", "scipy", "rich", "typer", "matplotlib", "sklearn", "pyspark", "dask"}

# The way of the data: a module imports from its own storey or from one below, never from one above.
STOREYS = [
    {"_kernel", "rows", "rules", "forgetting", "hashing"},
    {"optimizers", "model_file", "frames", "classifier", "scaling"},
    {"softmax", "auto"},
    {"streams", "datasets", "metrics", "scored", "scoring"},
    {"result", "run", "checkpoints"},
    {"progressive"},
    {"report"},
    {"cli", "sklearn", "spark", "executors"},
    {"__init__", "__main__"},
]
ROOMS = set().union(*STOREYS)


def test_the_public_names():
    assert online_softmax.__all__ == [
        "AutoSoftmaxRegression",
        "CheckpointError",
        "ImplicitAdaGrad",
        "ImplicitSGD",
        "ModelFileError",
        "RowError",
        "SoftmaxRegression",
        "load",
        "open_stream",
        "progressive_validation",
        "save",
    ]
    assert all(hasattr(online_softmax, name) for name in online_softmax.__all__)


def test_every_public_name_is_documented():
    for name in online_softmax.__all__:
        thing = getattr(online_softmax, name)
        assert inspect.getdoc(thing), name
        if issubclass(type(thing), type) and issubclass(thing, Exception):
            continue
        parameters = inspect.signature(thing).parameters
        assert all(parameter in inspect.getdoc(thing) for parameter in parameters)
        for base in inspect.getmro(thing) if inspect.isclass(thing) else ():
            for member, value in vars(base).items() if base.__module__.startswith("online_softmax") else ():
                assert member.startswith("_") or member in parameters or inspect.getdoc(value), f"{name}.{member}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_is_documented(path):
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_the_import_is_as_light_as_rivers():
    def imported(statement):
        code = f"import json, sys; {statement}; print(json.dumps(sorted(sys.modules)))"
        done = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, check=True)
        return {name.partition(".")[0] for name in json.loads(done.stdout)}

    assert "online_softmax" in imported("import online_softmax")
    assert not imported("import online_softmax") & HEAVY


def test_the_distribution_has_every_package():
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())
    packages = {path.parent.relative_to(PACKAGE.parent) for path in PACKAGE.rglob("__init__.py")}
    listed = set(project["tool"]["setuptools"]["packages"]) - {"online_softmax.datasets"}
    assert listed == {".".join(path.parts) for path in packages}


def module(path):
    """Give a file's dotted name, without the package's own: streams.csv."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def room(name):
    """Give the room of the house that a module stands in."""
    return name.partition(".")[0]


def storey(name):
    """Give the height of a module's room."""
    return next(height for height, rooms in enumerate(STOREYS) if room(name) in rooms)


def imports(path):
    """Give every module of the house that a file imports from, at its top or inside a function."""
    package = path.relative_to(PACKAGE.parent).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            sources = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level] if node.level else ()
            source = ".".join([*above, *filter(None, [node.module])])
            sources = [f"{source}.{alias.name}" for alias in node.names] if source == PACKAGE.name else [source]
        else:
            continue
        for source in sources:
            top, _, name = source.partition(".")
            if top == PACKAGE.name:
                yield name if room(name) in ROOMS else "__init__"


def test_every_room_has_its_storey():
    assert {room(module(path)) for path in MODULES} <= ROOMS


def test_imports_go_down_the_house_and_never_up():
    for path in MODULES:
        for name in imports(path):
            assert storey(name) <= storey(module(path)), f"{module(path)} imports {name}"


def test_only_the_models_touch_the_kernels():
    for path in MODULES:
        kernels = {name for name in imports(path) if room(name) == "_kernel"} - {"_kernel.reader"}
        assert not kernels or room(module(path)) in {"_kernel", "classifier", "softmax", "auto"}, module(path)
