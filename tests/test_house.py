"""The public names, what importing them costs, and the one way the imports go."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pickle
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import online_softmax

PACKAGE = Path(online_softmax.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.read_text())
SOURCES = sorted(path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".pyi", ".pyx", ".pxd"))
HEAVY = {
    "pyarrow",
    "pandas",
    "polars",
    "scipy",
    "rich",
    "typer",
    "matplotlib",
    "sklearn",
    "pyspark",
    "dask",
    "confluent_kafka",
    "fastavro",
}

# The modules that have moved, importable under their old names until 1.0.
OLD_NAMES = {
    "auto": "AutoSoftmaxRegression",
    "checkpoints": "CheckpointError",
    "metrics": "ClassScores Scores",
    "model_file": "ModelFileError load save",
    "optimizers": "ImplicitAdaGrad ImplicitSGD class_weights rule",
    "progressive": "Offender Predictions Progress Result Row RowError progressive_validation",
    "report": "LiveTable print_summary write_json",
    "result": "Offender Predictions Result Row RowError",
    "scaling": "NumberScaler",
    "softmax": "SoftmaxRegression",
}

# The way of the data: a room is a file or a folder, and imports from rooms on lower storeys alone. Within one room its
# files may import each other, though never in a circle.
STOREYS = [
    {"rows", "datasets"},
    {"hashing", "texts"},
    {"checks", "storage"},
    {"_kernel"},
    {"_kernel.softmax", "_kernel.bank"},
    {"frames"},
    {"models"},
    {"streams.place"},
    {"streams.spelling", "streams.labels", "streams.dates"},
    {"streams.reading"},
    {"streams.stream"},
    {"streams._parsing"},
    {"streams.tables"},
    {
        "streams.formats",
        "streams.array",
        "streams.frame",
        "streams.pairs",
        "streams.slice",
        "streams.many",
        "streams.ahead",
    },
    {"streams.kafka"},
    {"streams"},
    {"drawing"},
    {"evaluation"},
    {"rounds"},
    {"reports"},
    {"executors", "spark", "sklearn"},
    {"cli"},
    {"__init__", "__main__", *OLD_NAMES},
]


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
    """Give a file's dotted name, without the package's own: streams.formats.csv."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


NAMES = {module(path) for path in SOURCES} | {"datasets"}


def room(name):
    """Give the room of the house that a module stands in: the innermost that has a storey."""
    parts = name.split(".")
    inside = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next(each for each in inside if any(each in rooms for rooms in STOREYS))


def storey(name):
    """Give the height of a module's room."""
    return next(height for height, rooms in enumerate(STOREYS) if room(name) in rooms)


def named(path):
    """Give what a file imports, with each name of a `from`: in Python and Cython, on top or in a function."""
    text = path.read_text()
    if path.suffix in (".py", ".pyi"):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{path}: a relative import"
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
    else:
        text = re.sub(r"#.*", "", text)
        for source, names in re.findall(r"\bfrom\s+([\w.]+)\s+c?import\s+(\([^)]*\)|[^\n;]*)", text):
            assert source[0] != ".", f"{path}: a relative import"
            yield from (f"{source}.{name.split()[0]}" for name in names.strip("()").split(",") if name.strip())
        for names in re.findall(r"(?:^|[;:])\s*c?import\s+([^\n;]+)", text, re.MULTILINE):
            yield from (name.split()[0] for name in names.split(","))


def imports(path):
    """Give every module of the house that a file imports, itself left out."""
    for name in named(path):
        if name.partition(".")[0] != PACKAGE.name:
            continue
        parts = name.split(".")[1:]
        while parts and ".".join(parts) not in NAMES:
            parts.pop()
        found = ".".join(parts) or "__init__"
        if found != module(path):
            yield found


def circle(arrows):
    """Give the modules of a circle among arrows {module: modules}, or nothing."""
    done, way = set(), []

    def visit(name):
        if name in way:
            return way[way.index(name) :]
        if name in done:
            return []
        way.append(name)
        found = next(filter(None, map(visit, sorted(arrows.get(name, ())))), [])
        way.pop()
        done.add(name)
        return found

    return next(filter(None, map(visit, sorted(arrows))), [])


def test_every_module_has_its_storey():
    assert all(room(module(path)) for path in SOURCES)
    assert {room(name) for name in NAMES} == set().union(*STOREYS)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_the_house(path):
    for name in imports(path):
        same = room(name) == room(module(path))
        assert same or storey(name) < storey(module(path)), f"{module(path)} imports {name}"


def arrows():
    found = {}
    for path in SOURCES:
        found.setdefault(module(path), set()).update(imports(path))
    return found


def test_no_imports_go_in_a_circle():
    assert circle(arrows()) == []


@pytest.mark.parametrize("cause", ["rows", "models.classifier", "_kernel.forgetting"])
def test_a_circle_would_be_found(cause):
    grown = arrows()
    grown[cause] = (
        grown[cause] | {"models.saving", "_kernel.model"} | ({"models.softmax"} if cause[0] == "m" else set())
    )
    assert cause in circle(grown)


def test_cython_is_read_too(tmp_path):
    path = tmp_path / "one.pyx"
    for line, name in (
        ("from online_softmax._kernel.model cimport Model, largest", "_kernel.model.largest"),
        ("from online_softmax.models cimport (\n    rule,\n    saving as s,\n)", "models.saving"),
        ("import online_softmax.models.saving as s", "models.saving"),
        ("cimport numpy, online_softmax.models.saving", "models.saving"),
        ("    if x: import online_softmax.models.saving", "models.saving"),
        ("import re; from online_softmax import models", "models"),
    ):
        path.write_text(f"{line}\n")
        assert f"online_softmax.{name}" in set(named(path)), line
    path.write_text("from .model cimport Model\n")
    with pytest.raises(AssertionError, match="relative"):
        list(named(path))


def test_only_the_models_touch_the_kernels():
    for path in SOURCES:
        kernels = {name for name in imports(path) if name.startswith("_kernel")} - {
            "_kernel.arrays",
            "_kernel.compiled",
        }
        assert not kernels or module(path).split(".")[0] in {"_kernel", "models"}, module(path)


def test_the_map_of_contributors_is_in_this_order():
    guide = (PACKAGE.parent / "CONTRIBUTING.md").read_text()
    drawn = guide.partition("    online_softmax/\n")[2].partition("    docs/")[0]
    names = re.findall(r"(\w+)(?:/|\.py)", " ".join(line.split("   ")[2] for line in drawn.splitlines()))
    rooms = [name for name in names if name in NAMES]
    assert {name.split(".")[0] for name in NAMES} - set(rooms) == {"__init__", "__main__", "datasets", *OLD_NAMES}
    assert [storey(name) for name in rooms] == sorted(storey(name) for name in rooms)


@pytest.mark.parametrize("name", OLD_NAMES)
def test_code_and_pickles_of_before_the_move_find_what_they_name(name):
    module = importlib.import_module(f"online_softmax.{name}")
    assert module.__all__ == OLD_NAMES[name].split()
    for each in module.__all__:
        assert callable(pickle.loads(f"conline_softmax.{name}\n{each}\n.".encode()))
