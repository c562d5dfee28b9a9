"""Panels: what all parts of a plot have, their frames, titles and labels."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_softmax.drawing.plots import texts
from online_softmax.drawing.plots.themes import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from online_softmax.drawing.plots.figure import Figure


Points = NDArray[np.float64]
WIDTH = 8.3  # inches, of a page of text
LEAST, SMALL, PLAIN, LARGE = 5, 8, 9, 11  # points
TITLE_COLUMNS, CAPTION_COLUMNS = 10.5, 15  # of an inch
PERCENT = "{x:.0%}"


def dress(panel: Axes, theme: Theme) -> None:
    """Leave of a frame what is read: the figures and a faint grid."""
    panel.set_facecolor(theme.paper)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.spines["bottom"].set_color(theme.faint)
    panel.grid(axis="y", color=theme.faint, linewidth=0.6, alpha=0.7)
    panel.set_axisbelow(True)
    panel.tick_params(length=0, labelsize=SMALL, colors=theme.muted)
    panel.xaxis.set_major_formatter("{x:,.0f}")
    panel.locator_params(axis="x", nbins=6, integer=True)


def title(figure: Figure, text: str, theme: Theme) -> None:
    """Write the title of a figure, in as many lines as it takes."""
    lines = fill(text, int(TITLE_COLUMNS * figure.get_figwidth()))
    figure.suptitle(lines, x=0.012, ha="left", fontsize=LARGE, fontweight="bold", color=theme.ink)


def caption(figure: Figure, lines: Sequence[str], theme: Theme) -> None:
    """Write below a figure what it shows and lacks."""
    text = "\n".join(fill(texts.drawable(line), int(CAPTION_COLUMNS * figure.get_figwidth())) for line in lines)
    figure.supxlabel(text, x=0.012, ha="left", fontsize=SMALL, color=theme.muted)


class End(NamedTuple):
    """The end of a line, and what to write beside it."""

    x: float
    y: float
    text: str
    colour: str
    is_faint: bool = False


def label_ends(panel: Axes, ends: Sequence[End], theme: Theme) -> None:
    """Write beside each line what it is, with room between the texts."""
    box = panel.get_window_extent()
    least = 1.25 * SMALL * panel.figure.dpi / 72 / box.height
    at = [(panel.transData.transform((end.x, end.y))[1] - box.y0) / box.height for end in ends]
    for end, place, wanted in zip(ends, _apart(at, least), at, strict=True):
        leader = {
            "arrowstyle": "-",
            "color": end.colour,
            "linewidth": 0.8 if end.is_faint else 1.5,
            "shrinkA": 2,
            "shrinkB": 0,
            "relpos": (0, 0.5),
        }
        panel.annotate(
            end.text,
            xy=(end.x, end.y),
            xytext=(1.025, place),
            textcoords=panel.transAxes,
            va="center",
            fontsize=SMALL,
            color=theme.muted if end.is_faint else theme.ink,
            annotation_clip=False,
            arrowprops=leader if -0.01 <= wanted <= 1.01 else None,
        )


def _apart(places: Sequence[float], least: float) -> list[float]:
    """Return places from 0 to 1, near the wanted ones and in their order, each at least so far from the next."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    least = min(least, 1 / max(len(places) - 1, 1))
    groups: list[tuple[list[float], float]] = []  # what each wanted, less its place in the group; and the first's place
    for i in order:
        wanted = [min(max(places[i], 0.0), 1.0)]
        while True:
            first = min(max(sum(wanted) / len(wanted), 0.0), 1 - least * (len(wanted) - 1))
            if not groups or groups[-1][1] + least * len(groups[-1][0]) <= first + 1e-12:
                break
            before, _ = groups.pop()
            wanted = before + [one - least * len(before) for one in wanted]
        groups.append((wanted, first))
    found = [first + least * i for wanted, first in groups for i in range(len(wanted))]
    return [found[order.index(i)] for i in range(len(places))]


def points(values: Any) -> Points:
    """Return a column of figures as doubles: None is nan."""
    return np.array([] if values is None else values, dtype=np.float64)
