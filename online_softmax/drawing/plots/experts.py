"""Weights of experts over the rows, as bands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from online_softmax.drawing.plots import panels, texts
from online_softmax.drawing.plots.themes import Theme, line_colours

if TYPE_CHECKING:
    from online_softmax.drawing.plots.figure import Figure

Document = Mapping[str, Any]

MOST_EXPERTS = 8
LEAST_WEIGHT = 0.02  # on average, of an expert that is shown


def draw_experts(figure: Figure, runs: Document, theme: Theme) -> None:
    """Draw the weights of experts, a panel for each run that has any."""
    mixed = {name: run["experts"] for name, run in runs.items() if run.get("experts") and run["experts"]["n_samples"]}
    if not mixed:
        raise ValueError(f"{texts.runs_have(runs)} no weights of experts: these are of AutoSoftmaxRegression alone")
    figure.set_size_inches(panels.WIDTH, 1.1 + 3.2 * len(mixed))
    axes = figure.subplots(len(mixed), 1, squeeze=False)[:, 0].tolist()
    means: dict[str, float] = {}
    for experts in mixed.values():
        for name, mean in zip(experts["names"], panels.points(experts["weights"]).mean(axis=0), strict=True):
            means[name] = max(means.get(name, 0.0), float(mean))
    ranked = sorted(means, key=lambda name: -means[name])
    shown = [name for name in ranked[:MOST_EXPERTS] if means[name] >= LEAST_WEIGHT]
    colours = line_colours(shown, theme)
    labels = []
    for panel, (name, experts) in zip(axes, mixed.items(), strict=True):
        x, weights = panels.points(experts["n_samples"]), panels.points(experts["weights"])
        at = {expert: weights[:, i] for i, expert in enumerate(experts["names"])}
        bands = {expert: at[expert] for expert in shown if expert in at}
        rest = [expert for expert in at if expert not in bands]
        if rest:
            bands[f"{len(rest)} other{'s' * (len(rest) > 1)}"] = sum((at[expert] for expert in rest), np.zeros(len(x)))
        if len(x) == 1:
            x, bands = np.array([0.0, x[0]]), {expert: np.repeat(band, 2) for expert, band in bands.items()}
        filled = [colours.get(expert, theme.faint) for expert in bands]
        panel.stackplot(x, *bands.values(), colors=filled, edgecolor=theme.paper, linewidth=0.4)
        panel.set_xlim(x[0], x[-1])
        panel.set_ylim(0, 1)
        middles = np.cumsum([band[-1] for band in bands.values()]) - [band[-1] / 2 for band in bands.values()]
        labels.append(
            [
                panels.End(x[-1], middle, f"{texts.name(expert)} {band[-1]:.0%}", colour)
                for middle, (expert, band), colour in zip(middles, bands.items(), filled, strict=True)
            ]
        )
        panels.dress(panel, theme)
        panel.yaxis.set_major_formatter(panels.PERCENT)
        title = f"{texts.name(name)}: weight of each expert" if len(mixed) > 1 else "weight of each expert"
        panel.set_title(title, loc="left", fontsize=panels.PLAIN, color=theme.ink)
        for drift in runs[name].get("drifts") or ():
            panel.axvline(drift["row"], color=theme.ink, linewidth=0.8, alpha=0.7)
    axes[-1].set_xlabel("rows", loc="right", fontsize=panels.SMALL, color=theme.muted)
    panels.title(figure, _experts_title(mixed), theme)
    lacking = [name for name in runs if name not in mixed]
    caption = ["From the bottom: the experts with the largest mean weight. Figures: at the end."]
    if any(runs[name].get("drifts") for name in mixed):
        caption[0] += " Lines: where the log loss changed."
    panels.caption(figure, [*caption, *([f"No experts: {texts.names(lacking)}."] if lacking else [])], theme)
    figure.make_plain()
    figure.draw_without_rendering()
    for panel, ends in zip(axes, labels, strict=True):
        panels.label_ends(panel, ends, theme)


def _experts_title(mixed: Document) -> str:
    if len(mixed) > 1:
        return f"Experts of {len(mixed)} mixtures, by weight"
    ((name, experts),) = mixed.items()
    last = experts["weights"][-1]
    best = max(range(len(last)), key=lambda i: last[i])
    return f"{texts.whose(name)}{texts.name(experts['names'][best])} has the most weight at the end, {last[best]:.0%}"
