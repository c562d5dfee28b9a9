"""Cells: figures and names as they stand in a table of a terminal."""

from __future__ import annotations

from math import isfinite

from rich.console import Console
from rich.text import Text

WIDEST_LABEL = 40  # characters
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


def size(n_bytes: int) -> str:
    """Return a number of bytes as a person says it.

    Examples
    --------
    >>> size(900), size(81_234), size(1_234_567), size(5_200_000_000)
    ('900 bytes', '81 kB', '1.2 MB', '5.2 GB')
    """
    if n_bytes < 1000:
        return f"{n_bytes} bytes"
    power = min(3, (len(str(n_bytes)) - 1) // 3)
    value = n_bytes / 1000**power
    return f"{value:.{int(value < 10 and power > 1)}f} {' kMG'[power]}B"


def name_of(label: object) -> str:
    """Return a label as a cell of a table: printable and not too wide.

    Examples
    --------
    >>> name_of("a"), name_of("a\\n"), name_of("a" * 99)
    ('a', "'a\\\\n'", 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...')
    """
    text = str(label)
    text = text if text.isprintable() and text else repr(text)
    return text if len(text) <= WIDEST_LABEL else f"{text[: WIDEST_LABEL - 3]}..."


def columns(*cells: str) -> str:
    """Return cells side by side, to the right in ten characters each."""
    return " ".join(f"{cell:>10}" for cell in cells)


def write(console: Console, line: str, style: str = "") -> None:
    """Write a line as it is, however long."""
    console.print(Text(line.rstrip(), style), soft_wrap=True)
