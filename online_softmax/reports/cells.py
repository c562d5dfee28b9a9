"""Cells: figures as they stand in a table of a terminal."""

from __future__ import annotations

from math import isfinite

from rich.console import Console
from rich.text import Text

NOTE = "yellow"


def percent(part: float) -> str:
    """Return a part of 1 as a percentage.

    Examples
    --------
    >>> percent(0.98765), percent(float("nan"))
    ('98.77%', '-')
    """
    return f"{part:.2%}" if isfinite(part) else "-"


def number(value: float) -> str:
    """Return a figure with four decimals.

    Examples
    --------
    >>> number(0.98765), number(float("nan"))
    ('0.9877', '-')
    """
    return f"{value:.4f}" if isfinite(value) else "-"


def columns(*cells: str) -> str:
    """Return cells side by side, to the right in ten characters each."""
    return " ".join(f"{cell:>10}" for cell in cells)


def write(console: Console, line: str, style: str = "") -> None:
    """Write a line as it is, however long."""
    console.print(Text(line.rstrip(), style), soft_wrap=True)
