"""Plots by matplotlib: curves of one or several runs, weights of experts, reliability and confusion."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from online_softmax.drawing.plots.confusion import draw_confusion
from online_softmax.drawing.plots.curves import draw_curves
from online_softmax.drawing.plots.experts import draw_experts
from online_softmax.drawing.plots.metrics import METRICS
from online_softmax.drawing.plots.panels import WIDTH
from online_softmax.drawing.plots.reliability import draw_reliability
from online_softmax.drawing.plots.themes import DARK, LIGHT

if TYPE_CHECKING:
    from online_softmax.drawing.plots.figure import Figure

__all__ = ["KINDS", "METRICS", "plot"]

KINDS: dict[str, Callable[..., None]] = {
    "curves": draw_curves,
    "experts": draw_experts,
    "reliability": draw_reliability,
    "confusion": draw_confusion,
}


def plot(
    document: Mapping[str, Any],
    kind: str = "curves",
    metric: str | Sequence[str] | None = None,
    path: str | os.PathLike[str] | None = None,
    *,
    dark: bool = False,
) -> Figure:
    """Draw the runs of a document.

    Parameters
    ----------
    document
        Its "runs" are results as plain values, by name: `{"runs": {"auto": result.to_dict()}}`.
    kind
        "curves" of metrics over the rows, with the rows where the loss changed; "experts", their weights over the rows;
        "reliability", how often predictions of which confidence were right; "confusion", the classes and what they were
        predicted as.
    metric
        The metrics of the curves, one or several; log loss and accuracy by default.
    path
        Where to write the plot, too, as PNG or SVG by its suffix.
    dark
        Whether to draw light on dark.

    Returns
    -------
    Figure
        A `matplotlib.figure.Figure`, which shows itself in a notebook.

    Examples
    --------
    >>> from online_softmax import AutoSoftmaxRegression, progressive_validation
    >>> from online_softmax.drawing.plots import plot

    >>> result = progressive_validation("phishing", AutoSoftmaxRegression())
    >>> figure = plot({"runs": {"auto": result.to_dict()}}, "confusion")
    >>> figure.get_suptitle()
    'Confusion of auto: 90.96% of 1,250 rows right'

    """
    if kind not in KINDS:
        raise ValueError(f"there is no plot {kind!r}: known are {', '.join(KINDS)}")
    if metric is not None and kind != "curves":
        raise ValueError(f"the plot {kind!r} takes no metric, only 'curves' does")
    try:
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        from online_softmax.drawing.plots import figure
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        raise ImportError("plots are drawn by matplotlib: pip install 'online-softmax[plots]'") from None
    if path is not None:
        figure.suffix(path)
    runs = {name: run for name, run in document["runs"].items() if run["n_samples"]}
    if not runs:
        raise ValueError("no row was scored: there is nothing to draw")
    theme = DARK if dark else LIGHT
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08)
    drawn = figure.Figure(figsize=(WIDTH, WIDTH * 0.6), facecolor=theme.paper, layout=layout)
    KINDS[kind](drawn, runs, theme, **({"asked": metric} if kind == "curves" else {}))
    drawn.settle()
    if path is not None:
        drawn.save(path)
    return drawn
