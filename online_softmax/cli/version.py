"""Version: that of this package, and of the parts that are installed beside it."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

PARTS = (
    *("river", "numpy", "narwhals", "scipy", "pandas", "polars", "pyarrow", "safetensors", "typer", "rich"),
    *("matplotlib", "vl-convert-python", "scikit-learn", "vowpalwabbit"),
    *("fsspec", "confluent-kafka", "fastavro", "pyspark", "protobuf", "distributed"),
)


def version_lines() -> Iterator[str]:
    """Yield a line for this package, its kernel, Python, and each part that is installed; no part is imported.

    Examples
    --------
    >>> from online_softmax.cli.version import version_lines

    >>> print(*version_lines(), sep="\\n")
    online-softmax ...
    kernel compiled by ..., with vectors of ...
    Python ...
    river ...

    """
    from online_softmax._kernel.compiled import compiled_by

    yield f"online-softmax {own_version()}"
    yield "kernel compiled by {}, with vectors of {}".format(*compiled_by())
    yield f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    for part in PARTS:
        if found := _version(part):
            yield f"{part} {found}"


def own_version() -> str:
    """Return the version of this package."""
    return _version("online-softmax") or "(not installed)"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
