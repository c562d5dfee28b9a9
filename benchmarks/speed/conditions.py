"""Where and with what a figure was measured."""

from __future__ import annotations

import datetime
import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = "online-softmax", "river", "numpy", "pandas", "pyarrow"
SETUP = Path(__file__).parents[2] / "setup.py"


def installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "source tree"


def cpu() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), platform.machine())
    return f"{model}, {os.cpu_count()} cores"


def flags() -> str:
    """What setup.py adds to Python's own compiler flags."""
    added = re.search(r"extra_compile_args=\[(.*?)\]", SETUP.read_text(), re.DOTALL) if SETUP.exists() else None
    return " ".join(re.findall(r'"([^"]+)"', added[1])) if added else ""


def conditions() -> dict[str, str | float]:
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": cpu(),
        "load": round(os.getloadavg()[0], 2),
        "compiler": f"{platform.python_compiler()} {flags()}".strip(),
        "python": platform.python_version(),
        **{package: installed(package) for package in PACKAGES},
    }
