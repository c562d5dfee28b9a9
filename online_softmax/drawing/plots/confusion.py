"""Confusion: classes, and what they were predicted as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from online_softmax.drawing.plots import panels, texts
from online_softmax.drawing.plots.metrics import METRICS, written
from online_softmax.drawing.plots.themes import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from online_softmax.drawing.plots.figure import Figure

Document = Mapping[str, Any]

MOST_CLASSES = 30  # of the confusion of a run
MOST_CLASSES_EACH = 12  # of each of several
FEW_CLASSES = 8  # three matrices stand side by side


def draw_confusion(figure: Figure, runs: Document, theme: Theme) -> None:
    """Draw a confusion matrix for each run that has one."""
    tables = {name: run["confusion"] for name, run in runs.items() if run.get("confusion")}
    if not tables:
        n = max(len(run["classes"]) for run in runs.values())
        raise ValueError(
            f"{texts.runs_have(runs)} no confusion matrix: there is one for up to 1,000 classes, and there are {n:,}"
        )
    most = MOST_CLASSES if len(tables) == 1 else MOST_CLASSES_EACH
    merged = {name: _merged(runs[name]["classes"], counts, most) for name, counts in tables.items()}
    widest = max(len(labels) for labels, _, _ in merged.values())
    n_across = min(len(tables), 3 if widest <= FEW_CLASSES and len(tables) != 4 else 2)
    n_down = -(-len(tables) // n_across)
    side = (panels.WIDTH - 0.6) / n_across if len(tables) > 1 else min(3.0 + 0.15 * widest, panels.WIDTH - 0.6)
    figure.set_size_inches(max(n_across * side + 0.6, 6.2), n_down * side + 0.5)
    axes = figure.subplots(n_down, n_across, squeeze=False).ravel().tolist()
    for panel, (name, (labels, matrix, hidden)) in zip(axes, merged.items(), strict=False):
        image = _matrix(panel, labels, matrix, hidden, (side - 1.2) / len(labels), theme)
        if len(tables) > 1:
            right = written(runs[name]["accuracy"], METRICS["accuracy"])
            whose = texts.name(name, texts.LABEL if n_across < 3 else texts.SHORT)
            panel.set_title(f"{right} {whose}", loc="left", fontsize=panels.PLAIN, color=theme.ink)
    bar = figure.colorbar(
        image,
        ax=axes,
        shrink=min(0.6, 2.5 / figure.get_figheight()),
        aspect=25,
        format=panels.PERCENT,
        ticks=[0, 0.01, 0.05, 0.2, 0.5, 1],
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=panels.SMALL, colors=theme.muted)
    for panel in axes[len(tables) :]:
        panel.set_axis_off()
    panels.title(figure, _confusion_title(runs, tables, most), theme)
    lacking = [name for name in runs if name not in tables]
    caption = ["Colours: which part of the rows of a true class was predicted as each class."]
    panels.caption(figure, [*caption, *([f"No confusion matrix: {texts.names(lacking)}."] if lacking else [])], theme)


def _merged(
    classes: Sequence[Document], counts: Sequence[Sequence[int]], most: int
) -> tuple[list[str], NDArray[np.int64], int]:
    """Return labels and counts of the classes with most rows, the others as one, and how many these are."""
    matrix = np.array(counts, np.int64).reshape(len(classes), len(classes))
    labels = [one["label"] for one in classes]
    hidden = len(labels) - most
    if hidden <= 1:
        return [texts.name(label, texts.SHORT) for label in labels], matrix, 0
    kept = np.sort(np.argsort(-matrix.sum(axis=1), kind="stable")[:most])
    group = np.full(len(labels), most)
    group[kept] = np.arange(most)
    merged = np.zeros((most + 1, most + 1), np.int64)
    np.add.at(merged, (group[:, None], group[None, :]), matrix)
    return [*(texts.name(labels[i], texts.SHORT) for i in kept), f"{hidden:,} others"], merged, hidden


def _matrix(
    panel: Axes, labels: Sequence[str], counts: NDArray[np.int64], hidden: int, inches: float, theme: Theme
) -> Any:
    """Draw a confusion matrix whose cells are about so wide, and return the image."""
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm

    part = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shades = LinearSegmentedColormap.from_list("part", [theme.paper, theme.full])
    # By the square root: a few per cent are seen.
    image = panel.imshow(part, cmap=shades, norm=PowerNorm(0.5, 0, 1), aspect="equal", interpolation="nearest")
    n = len(labels)
    counted = {(i, j): texts.compact(counts[i, j]).replace(",", "") for i, j in zip(*np.nonzero(counts), strict=True)}
    size = min(panels.SMALL, 110 * inches / max(map(len, counted.values()), default=1))
    if size >= panels.LEAST:
        for (i, j), text in counted.items():
            colour = theme.paper if part[i, j] > 0.25 else theme.ink
            panel.text(j, i, text, ha="center", va="center", fontsize=size, color=colour)
    size = panels.SMALL if inches >= 0.14 else panels.SMALL - 2
    long = max(map(len, labels)) > 3
    panel.set_xticks(range(n), labels, fontsize=size, rotation=90 if long or n > 16 else 0)
    panel.set_yticks(range(n), labels, fontsize=size)
    panel.tick_params(length=0, colors=theme.muted)
    panel.set_facecolor(theme.paper)
    panel.spines[:].set_color(theme.faint)
    panel.set_xlabel("predicted", fontsize=panels.SMALL, color=theme.muted)
    panel.set_ylabel("true", fontsize=panels.SMALL, color=theme.muted)
    if hidden:
        panel.axhline(n - 1.5, color=theme.muted, linewidth=0.8)
        panel.axvline(n - 1.5, color=theme.muted, linewidth=0.8)
    return image


def _confusion_title(runs: Document, tables: Document, most: int) -> str:
    n = max(len(runs[name]["classes"]) for name in tables)
    which = f", the {most} of {n:,} classes with most rows" if n > most + 1 else ""
    if len(tables) > 1:
        return f"Confusion of {len(tables)} runs{which}"
    (name,) = tables
    right = written(runs[name]["accuracy"], METRICS["accuracy"])
    whose = f" of {texts.name(name)}" if name else ""
    return f"Confusion{whose}{which}: {right} of {texts.rows(runs[name]['n_samples'])} right"
