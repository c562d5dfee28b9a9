"""Output: JSON in a file or on standard output, and the console for what a person reads beside it."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from rich.console import Console

from online_softmax.reports.json import write_text

STANDARD_OUTPUT = Path("-")


def file_of(json: Path | None) -> Path | None:
    """Return the file that JSON goes to; None where there is none, and for standard output, if that is open."""
    if json != STANDARD_OUTPUT:
        return json
    if sys.stdout is None:
        raise ValueError("standard output is closed")
    return None


def put(text: str, json: Path) -> None:
    """Write JSON where it is to go."""
    if json == STANDARD_OUTPUT:
        print(text, end="", flush=True)
    else:
        write_text(text, json)


def console_beside(json: Path | None = None) -> Console:
    """Return the console, on standard error where JSON has standard output; what its encoding lacks is spelled out."""
    is_taken = json == STANDARD_OUTPUT
    out = sys.stderr if is_taken else sys.stdout
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(errors="backslashreplace")  # no long run is to end by that
    return Console(highlight=False, stderr=is_taken)
