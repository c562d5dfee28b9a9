"""The public names, what importing them costs, and the one way the imports go."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import online_softmax

PACKAGE = Path(online_softmax.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.read_text())
HEAVY = {"pyarrow", "pandas", "polars", "rich", "typer", "matplotlib", "sklearn", "pyspark", "dask"}

# The way of the data: a module imports from its own storey or from one below, never from one above.
STOREYS = [
    {"_kernel", "rows"},
    {"optimizers", "model_file", "frames"},
    {"softmax", "auto"},
    {"streams", "datasets", "metrics"},
    {"progressive"},
    {"report"},
    {"cli", "sklearn", "spark", "executors"},
    {"__init__", "__main__"},
]


def test_the_public_names():
    assert online_softmax.__all__ == ["SoftmaxRegression"]
    assert all(hasattr(online_softmax, name) for name in online_softmax.__all__)


def test_every_public_name_is_documented():
    for name in online_softmax.__all__:
        thing = getattr(online_softmax, name)
        assert inspect.getdoc(thing), name
        parameters = inspect.signature(thing).parameters
        assert all(parameter in inspect.getdoc(thing) for parameter in parameters)
        for member, value in inspect.getmembers(thing):
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
    assert imported("import online_softmax") & HEAVY == imported("from river import base, optim") & HEAVY


def room(path):
    """Name the room of the house that a module stands in."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def storey(name):
    """Give the height of a room."""
    (height,) = (height for height, rooms in enumerate(STOREYS) if name in rooms)
    return height


def imports(path):
    """Give every room of the house that a module imports from, at its top or inside a function."""
    inside = path.relative_to(PACKAGE.parent).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(inside[: len(inside) - node.level]) if node.level else ""
            source = ".".join(filter(None, [above, node.module]))
            names = [f"{source}.{alias.name}" for alias in node.names] if source == "online_softmax" else [source]
        else:
            continue
        for name in names:
            package, _, rest = name.partition(".")
            if package == "online_softmax":
                yield rest.partition(".")[0] if rest.partition(".")[0] in set().union(*STOREYS) else "__init__"


def test_imports_go_down_the_house_and_never_up():
    for path in MODULES:
        for other in imports(path):
            assert storey(other) <= storey(room(path)), f"{path.name} imports {other}"


def test_only_the_models_touch_the_kernel():
    doors = {room(path) for path in MODULES if "_kernel" in imports(path)}
    assert doors - {"_kernel"} <= {"softmax", "auto"}
