"""Texts: names, labels and counts as a plot has room for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from online_softmax.texts import folded

if TYPE_CHECKING:
    pass

Document = Mapping[str, Any]

LABEL, SHORT = 28, 14  # columns of text


def name(label: object, width: int = LABEL) -> str:
    """Return the name of a run, a class or an expert, at most so wide."""
    return drawable(folded(label, width))


def drawable(text: str) -> str:
    """Return a text in letters that some font has."""
    from online_softmax.drawing.plots import figure

    return figure.drawable(text)


def whose(run: str) -> str:
    """Return the start of a title that is about one run, which may have no name."""
    return f"{name(run)}: " if run else ""


def names(labels: Sequence[str]) -> str:
    """Return labels in one line."""
    return ", ".join(map(name, labels))


def runs_have(runs: Document) -> str:
    """Return the start of a sentence about what runs have."""
    return "the run has" if len(runs) == 1 else "the runs have"


def rows(n: int) -> str:
    """Return so many rows, counted."""
    return f"{n:,} row{'s' * (n != 1)}"


def compact(n: float, _: object = None) -> str:
    """Write a count in four letters or so."""
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if n >= unit:
            scaled = n / (1e3 if letter == "k" else unit)
            return f"{scaled:.0f}{letter}" if scaled >= 10 else f"{scaled:.1f}{letter}"
    return f"{n:,.0f}"
