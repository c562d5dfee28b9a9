"""Reliability: how often predictions of which confidence were right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from online_softmax.drawing.plots import panels, texts
from online_softmax.drawing.plots.metrics import METRICS, written
from online_softmax.drawing.plots.themes import Theme, line_colours

if TYPE_CHECKING:
    from online_softmax.drawing.plots.figure import Figure

Document = Mapping[str, Any]


def draw_reliability(figure: Figure, runs: Document, theme: Theme) -> None:
    """Draw accuracy by confidence, over how many rows each has."""
    found = {name: [one for one in run.get("reliability") or () if one["n"]] for name, run in runs.items()}
    binned = {name: bins for name, bins in found.items() if bins}
    if not binned:
        raise ValueError(f"{texts.runs_have(runs)} no reliability: no prediction came with probabilities")
    figure.set_size_inches(0.72 * panels.WIDTH if len(binned) == 1 else panels.WIDTH, 0.75 * panels.WIDTH)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above.plot([0, 1], [0, 1], color=theme.muted, linewidth=1, linestyle=(0, (4, 2)))
    above.text(
        0.15, 0.16, "as often as it says", color=theme.muted, fontsize=panels.SMALL, ha="center", va="bottom",
        rotation=45, rotation_mode="anchor", transform_rotates_text=True,
    )  # fmt: skip
    colours = line_colours(runs, theme)
    for name, bins in binned.items():
        x, y = panels.points([one["confidence"] for one in bins]), panels.points([one["accuracy"] for one in bins])
        ece = written(runs[name].get("ece"), METRICS["ece"])
        label = f"{texts.name(name)} {ece}"
        colour = colours[name]
        if len(binned) == 1:
            above.vlines(x, x, y, color=colour, linewidth=6, alpha=0.25)
        counts = panels.points([one["n"] for one in bins])
        above.plot(x, y, color=colour, linewidth=1, zorder=3)
        sizes = 5 + 45 * np.sqrt(counts / counts.max())  # square points
        above.scatter(x, y, sizes, color=colour, label=label, zorder=3, clip_on=False)
        left, right = panels.points([one["from"] for one in bins]), panels.points([one["to"] for one in bins])
        if len(binned) == 1:
            below.bar(left, counts, right - left, align="edge", color=colour, edgecolor=theme.paper, linewidth=1)
            for middle, n in zip((left + right) / 2, counts, strict=True):
                below.annotate(
                    texts.compact(n), (middle, n), (0, 2), textcoords="offset points", ha="center", va="bottom",
                    fontsize=panels.SMALL - 1, color=theme.muted,
                )  # fmt: skip
        else:
            below.plot((left + right) / 2, counts, color=colour, marker="o", markersize=3, linewidth=1.2)
    for panel, title in ((above, "how often it is right"), (below, "how many rows")):
        panels.dress(panel, theme)
        panel.set_title(title, loc="left", fontsize=panels.PLAIN, color=theme.ink)
    above.set_xlim(0, 1)
    above.set_ylim(0, 1)
    above.yaxis.set_major_formatter(panels.PERCENT)
    below.xaxis.set_major_formatter(panels.PERCENT)
    below.yaxis.set_major_formatter(texts.compact)
    below.locator_params(axis="y", nbins=3, integer=True)
    below.margins(y=0.18 if len(binned) == 1 else 0.05)
    below.set_ylim(bottom=0)
    below.set_xlabel(
        "confidence: the probability of the predicted class", loc="right", fontsize=panels.SMALL, color=theme.muted
    )
    if len(binned) == 1:
        (name,) = binned
        panels.title(
            figure,
            f"{texts.whose(name)}expected calibration error {written(runs[name].get('ece'), METRICS['ece'])}",
            theme,
        )
    else:
        figure.legend(loc="outside right upper", frameon=False, fontsize=panels.SMALL, labelcolor=theme.ink)
        panels.title(figure, f"Confidence of {len(binned)} runs, and how often they are right", theme)
    lacking = [name for name in runs if name not in binned]
    panels.caption(
        figure,
        [
            "Below the diagonal: right less often than the probabilities say. The larger a point, the more rows."
            + (" Figures: the expected calibration error." if len(binned) > 1 else ""),
            *([f"No probabilities: {texts.names(lacking)}."] if lacking else []),
        ],
        theme,
    )
