"""Themes: the colours of plots, on light and on dark."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    pass


class Theme(NamedTuple):
    """The colours of a plot."""

    paper: str
    ink: str
    muted: str
    faint: str
    worse: str
    better: str
    full: str  # the cells of a confusion matrix are between paper and this
    lines: list[str]


# Petroff's ten colours (arXiv:2107.02270), told apart by eyes that see few colours, too; two are lighter on dark.
COLOURS = "#3f90da #ffa90e #bd1f01 #832db6 #94a4a2 #a96b59 #e76300 #b9ac70 #717581 #92dadd"
ON_DARK = COLOURS.replace("#bd1f01", "#ff6a55").replace("#832db6", "#b684f5")
LIGHT = Theme("#ffffff", "#1f2328", "#656d76", "#d0d7de", "#bd1f01", "#1f6fb2", "#0b4f8a", COLOURS.split())
DARK = Theme("#0d1117", "#e6edf3", "#9198a1", "#3d444d", "#ff7b5c", "#58a6ff", "#79c0ff", ON_DARK.split())


def line_colours(names: Iterable[str], theme: Theme) -> dict[str, str]:
    """Return a colour for each name."""
    return {name: theme.lines[i % len(theme.lines)] for i, name in enumerate(names)}
