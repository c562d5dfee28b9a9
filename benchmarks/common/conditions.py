"""Where and with what a figure was measured: collected once, printed once."""

from __future__ import annotations

import datetime
import os
import platform
import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks import ROOT

PACKAGES = "online-softmax", "river", "numpy", "pandas", "pyarrow"
SETUP = ROOT / "setup.py"
Conditions = dict[str, str | float]


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


def conditions(packages: Iterable[str] = PACKAGES) -> Conditions:
    """What holds now, on this machine."""
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": cpu(),
        "load": round(os.getloadavg()[0], 2),
        "compiler": f"{platform.python_compiler()} {flags()}".strip(),
        "python": platform.python_version(),
        **{package: installed(package) for package in packages},
    }


def printed(every: Iterable[Conditions], sentence: str = "Measured {date} on {cpu}; {versions}; {compiler}.") -> str:
    """A sentence filled with all conditions under which figures were measured: dates and loads from .. to."""
    seen: dict[str, set] = {}
    for each in every:
        for name, value in each.items():
            seen.setdefault(name, set()).add(value)

    def span(name: str) -> str:
        values = sorted(seen.pop(name, ()))
        return " to ".join(f"{value}" for value in dict.fromkeys(values[:1] + values[-1:]))

    known = {name: span(name) for name in ("date", "load")}
    known |= {name: " and ".join(sorted(seen.pop(name, ()))) for name in ("cpu", "compiler")}
    versions = ", ".join(f"{name} {' and '.join(sorted(values))}" for name, values in seen.items())
    return sentence.format(**known, versions=versions)
