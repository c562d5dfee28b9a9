"""Plots by matplotlib: curves of one or several runs, weights of experts, reliability and confusion."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isfinite
from textwrap import fill
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_softmax.drawing.labels import folded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from online_softmax.drawing.figure import Figure

Document = Mapping[str, Any]
Points = NDArray[np.float64]


class Metric(NamedTuple):
    """How a metric is called and written, and which way is better."""

    title: str
    is_part: bool  # of the rows: it is written in per cent
    better: str  # "higher" or "lower"
    has_baselines: bool = False


METRICS = {
    "log_loss": Metric("log loss", False, "lower"),
    "accuracy": Metric("accuracy", True, "higher", True),
    "balanced_accuracy": Metric("balanced accuracy", True, "higher"),
    "macro_f1": Metric("macro F1", True, "higher"),
    "kappa": Metric("kappa", False, "higher"),
    "kappa_t": Metric("kappa against the last label again", False, "higher"),
    "kappa_m": Metric("kappa against the most frequent class", False, "higher"),
    "brier": Metric("Brier score", False, "lower"),
    "ece": Metric("expected calibration error", False, "lower"),
    "top_k": Metric("top-k accuracy", True, "higher"),
}
PERCENT = "{x:.0%}"
BASELINES = {"no_change_accuracy": "last label again", "majority_accuracy": "most frequent class"}


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
WIDTH = 8.3  # inches, of a page of text
LEAST, SMALL, PLAIN, LARGE = 5, 8, 9, 11  # points

FEW = 12  # points of a line, which are marked
MANY_WINDOWS = 200  # a thinner line
MANY_RUNS = 3  # more of them are drawn without their windows
MOST_TIMES = 10  # the loss of the best, on a linear scale
MOST_EXPERTS = 8
LEAST_WEIGHT = 0.02  # on average, of an expert that is shown
MOST_CLASSES = 30  # of the confusion of a run
MOST_CLASSES_EACH = 12  # of each of several
FEW_CLASSES = 8  # three matrices stand side by side
LABEL, SHORT = 28, 14  # columns of text
TITLE_COLUMNS, CAPTION_COLUMNS = 10.5, 15  # of an inch


def plot(
    document: Document,
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
    'Confusion of auto: 90.80% of 1,250 rows right'

    """
    if kind not in KINDS:
        raise ValueError(f"there is no plot {kind!r}: known are {', '.join(KINDS)}")
    if metric is not None and kind != "curves":
        raise ValueError(f"the plot {kind!r} takes no metric, only 'curves' does")
    try:
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        from online_softmax.drawing import figure
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
    drawn = figure.Figure(
        figsize=(WIDTH, WIDTH * 0.6), facecolor=theme.paper, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08)
    )
    if kind == "curves":
        _curves(drawn, runs, _metrics(metric, runs), theme)
    else:
        KINDS[kind](drawn, runs, theme)
    drawn.settle()
    if path is not None:
        drawn.save(path)
    return drawn


# ---- curves ----


def _metrics(asked: str | Sequence[str] | None, runs: Document) -> list[str]:
    """Return the metrics to draw: those that are known, and that a run has."""
    names = ["log_loss", "accuracy"] if asked is None else [asked] if isinstance(asked, str) else [*asked]
    for name in names:
        if name not in METRICS:
            raise ValueError(f"there is no curve of {name!r}: known are {', '.join(METRICS)}")
    found = [name for name in names if any(_has(run["fading"].get(name)) for run in runs.values())]
    if not found or (asked is not None and len(found) < len(names)):
        lacking = next((name for name in names if name not in found), None)
        raise ValueError(
            "metric is an empty list: name a metric"
            if lacking is None
            else f"no run has a curve of {lacking!r}: its models or its stream have none, or it was not asked for"
        )
    return found


def _curves(figure: Figure, runs: Document, metrics: Sequence[str], theme: Theme) -> None:
    figure.set_size_inches(WIDTH, 0.9 + max(2.1, 0.25 * len(runs)) * max(len(metrics), 1.5))
    panels = figure.subplots(len(metrics), 1, sharex=True, squeeze=False)[:, 0].tolist()
    colours = _colours(runs, theme)
    labels = [_panel(panel, runs, metric, colours, theme) for panel, metric in zip(panels, metrics, strict=True)]
    for panel, metric in zip(panels, metrics, strict=True):
        about = METRICS[metric]
        scale = ", log scale" if panel.get_yscale() == "log" else ""
        title = f"{_called(metric, runs)}, {about.better} is better{scale}"
        panel.set_title(title, loc="left", fontsize=PLAIN, color=theme.ink)
        _mark_drifts(panel, runs, metric, colours, theme)
    panels[-1].set_xlabel("rows", loc="right", fontsize=SMALL, color=theme.muted)
    panels[-1].set_xlim(0, max(run["n_samples"] for run in runs.values()))
    _title(figure, _curves_title(runs, metrics), theme)
    _caption(figure, _curves_caption(runs, metrics), theme)
    figure.make_plain()
    figure.draw_without_rendering()
    for panel, ends in zip(panels, labels, strict=True):
        _label_ends(panel, ends, theme)


class End(NamedTuple):
    """The end of a line, and what to write beside it."""

    x: float
    y: float
    text: str
    colour: str
    is_faint: bool = False


def _panel(panel: Axes, runs: Document, metric: str, colours: Mapping[str, str], theme: Theme) -> list[End]:
    """Draw one metric of all runs, and return the ends of the lines."""
    from matplotlib.ticker import LogLocator

    about, ends, seen = METRICS[metric], list[End](), list[tuple[Points, Points]]()
    alone = len(runs) == 1
    for name, run in runs.items():
        colour = colours[name]
        fading, windows = run["fading"], run["windows"]
        x, y = _points(fading["n_samples"]), _points(fading.get(metric))
        if not np.isfinite(y).any():
            continue
        if len(runs) <= MANY_RUNS:
            edges, steps = _edges(windows), _points(windows.get(metric))
            width = 1 if len(steps) < MANY_WINDOWS else 0.5
            panel.stairs(steps, edges, baseline=None, color=colour, alpha=0.4, linewidth=width)
            seen.append((edges[1:], steps))
        marker = "o" if np.isfinite(y).sum() <= FEW else ""
        panel.plot(x, y, color=colour, linewidth=2, marker=marker, markersize=4, zorder=3, solid_capstyle="round")
        seen.append((x, y))
        last = np.flatnonzero(np.isfinite(y))[-1]
        whole = _figure(run.get(metric), about)
        if alone:
            ends.append(End(x[last], y[last], f"recent rows {_figure(y[last], about)}", colour))
            run_y = _points(fading.get(f"run_{metric}"))
            if np.isfinite(run_y).any():
                panel.plot(x, run_y, color=theme.ink, linewidth=1, linestyle=(0, (4, 2)), marker=marker, markersize=2)
                seen.append((x, run_y))
                ends.append(End(x[-1], run_y[-1], f"all rows {whole}", theme.ink))
        else:
            ends.append(End(x[last], y[last], f"{_name(name)} {whole}", colour))
    if is_log := _spans_decades(ends, about):
        panel.set_yscale("log", subs=[])
    low, high = _limits(seen, about, is_log)
    panel.set_ylim(low, high)
    if about.has_baselines:
        ends += _baselines(panel, [*runs.values()], low, high, theme)
    _dress(panel, theme)
    if is_log:
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.yaxis.set_major_formatter("{x:g}")
    else:
        panel.locator_params(axis="y", nbins=5)
        _write_ticks(panel, about)
    return ends


def _baselines(panel: Axes, runs: Sequence[Document], low: float, high: float, theme: Theme) -> Iterator[End]:
    """Draw what it would be without a model, which is the same of every run of these rows: the longest has it."""
    run = max(runs, key=lambda run: run["n_samples"])
    for name, said in BASELINES.items():
        x, y = _points(run["fading"]["n_samples"]), _points(run["fading"].get(name))
        if not np.isfinite(y).any():
            continue
        end, text = y[np.isfinite(y)][-1], f"{said} {_figure(run.get(name), METRICS['accuracy'])}"
        panel.plot(x, y, color=theme.muted, linewidth=1, alpha=0.6, zorder=1, marker="." if len(x) == 1 else "")
        yield End(x[-1], end, text + (" ↓" if end < low else " ↑" if end > high else ""), theme.muted, True)


def _spans_decades(ends: Sequence[End], about: Metric) -> bool:
    """Whether one run is so much worse than another that both are seen on a log scale alone."""
    last = [end.y for end in ends]
    return not about.is_part and about.better == "lower" and min(last) > 0 and max(last) > MOST_TIMES * min(last)


def _limits(seen: Sequence[tuple[Points, Points]], about: Metric, is_log: bool) -> tuple[float, float]:
    """Return the range of the lines, without what only the first tenth of the rows reaches."""
    x = np.concatenate([x for x, _ in seen])
    y = np.concatenate([y for _, y in seen])
    x, y = x[np.isfinite(y)], y[np.isfinite(y)]
    if len(np.unique(x)) > 3 * FEW:
        y = y[x > x.max() / 10]
    low, high = float(y.min()), float(y.max())
    if is_log:
        low = float(y[y > 0].min())
        room = (high / low) ** 0.06
        return low / room, high * room
    if low == high:
        return (0.0, 1.0) if about.is_part else (min(0.0, 2 * low), max(0.0, 2 * high) or 1.0)
    room = 0.06 * (high - low)
    if not about.is_part and about.better == "lower" and low < 0.6 * high:
        return 0.0, high + room
    low, high = low - room, high + room
    return (max(low, 0.0), min(high, 1.0)) if about.is_part else (low, high)


def _mark_drifts(panel: Axes, runs: Document, metric: str, colours: Mapping[str, str], theme: Theme) -> None:
    """Mark the rows where the loss changed: across the panel for one run, on the line of each of several."""
    for name, run in runs.items():
        x, y = _points(run["fading"]["n_samples"]), _points(run["fading"].get(metric))
        for drift in run.get("drifts") or ():
            colour = theme.worse if _is_worse(drift) else theme.better
            marker = "^" if _is_worse(drift) else "v"
            if len(runs) == 1:
                panel.axvline(drift["row"], color=colour, linewidth=0.8, alpha=0.6, zorder=1)
                place, transform, size = 1.0, panel.get_xaxis_transform(), 5
            else:
                place, transform, size = float(np.interp(drift["row"], x, y)), panel.transData, 8
                low, high = panel.get_ylim()
                place, colour = min(max(place, low), high), colours[name]
            panel.plot(
                drift["row"],
                place,
                marker=marker,
                markersize=size,
                color=colour,
                markeredgecolor=theme.paper,
                markeredgewidth=1,
                linestyle="",
                clip_on=False,
                transform=transform,
                zorder=4,
            )


def _is_worse(drift: Document) -> bool:
    return bool(drift["after"] > drift["before"])


def _curves_title(runs: Document, metrics: Sequence[str]) -> str:
    first = metrics[0]
    if len(runs) == 1:
        ((name, run),) = runs.items()
        figures = [f"{_called(metric, runs)} {_figure(run.get(metric), METRICS[metric])}" for metric in metrics[:3]]
        return f"{_whose(name)}{', '.join(figures)} over {_rows(run['n_samples'])}"
    values = {name: run[first] for name, run in runs.items() if run.get(first) is not None}
    title = f"{METRICS[first].title[0].upper()}{METRICS[first].title[1:]} of {len(runs)} runs"
    if not values:
        return title
    best = (min if METRICS[first].better == "lower" else max)(values, key=lambda name: values[name])
    return f"{title}: best is {_name(best)}, {_figure(values[best], METRICS[first])}"


def _curves_caption(runs: Document, metrics: Sequence[str]) -> list[str]:
    lines = []
    if len(runs) == 1:
        (run,) = runs.values()
        if run.get("verdict"):
            lines.append(folded(run["verdict"], 120))
        longest = _rows(int(max(run["windows"]["n"])))
        lines.append(f"Steps: windows of {longest}. Bold: a fading average, in which recent rows count most.")
    else:
        steps = " Steps: windows." if len(runs) <= MANY_RUNS else ""
        lines.append(f"Lines: a fading average, in which recent rows count most. Figures: over all rows.{steps}")
    drifts = [drift for run in runs.values() for drift in run.get("drifts") or ()]
    if drifts:
        kinds = [f"▲ rose ({n:,})" for n in [sum(map(_is_worse, drifts))] if n]
        kinds += [f"▼ fell ({n:,})" for n in [len(drifts) - sum(map(_is_worse, drifts))] if n]
        lines.append(f"Where the log loss changed: {', '.join(kinds)}.")
    for metric in metrics:
        if lacking := [name for name, run in runs.items() if not _has(run["fading"].get(metric))]:
            lines.append(f"No {METRICS[metric].title}: {_names(lacking)}.")
    return lines


def _called(metric: str, runs: Document) -> str:
    """Return what a metric is called, a top-k accuracy with the k of the runs."""
    if metric != "top_k":
        return METRICS[metric].title
    found = {run.get("k") for run in runs.values()}
    return f"top-{found.pop()} accuracy" if len(found) == 1 and None not in found else "top-k accuracy"


# ---- experts ----


def _experts(figure: Figure, runs: Document, theme: Theme) -> None:
    mixed = {name: run["experts"] for name, run in runs.items() if run.get("experts") and run["experts"]["n_samples"]}
    if not mixed:
        raise ValueError(f"{_runs(runs)} no weights of experts: these are of AutoSoftmaxRegression alone")
    figure.set_size_inches(WIDTH, 1.1 + 3.2 * len(mixed))
    panels = figure.subplots(len(mixed), 1, squeeze=False)[:, 0].tolist()
    means: dict[str, float] = {}
    for experts in mixed.values():
        for name, mean in zip(experts["names"], _points(experts["weights"]).mean(axis=0), strict=True):
            means[name] = max(means.get(name, 0.0), float(mean))
    ranked = sorted(means, key=lambda name: -means[name])
    shown = [name for name in ranked[:MOST_EXPERTS] if means[name] >= LEAST_WEIGHT]
    colours = _colours(shown, theme)
    labels = []
    for panel, (name, experts) in zip(panels, mixed.items(), strict=True):
        x, weights = _points(experts["n_samples"]), _points(experts["weights"])
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
                End(x[-1], middle, f"{_name(expert)} {band[-1]:.0%}", colour)
                for middle, (expert, band), colour in zip(middles, bands.items(), filled, strict=True)
            ]
        )
        _dress(panel, theme)
        panel.yaxis.set_major_formatter(PERCENT)
        title = f"{_name(name)}: weight of each expert" if len(mixed) > 1 else "weight of each expert"
        panel.set_title(title, loc="left", fontsize=PLAIN, color=theme.ink)
        for drift in runs[name].get("drifts") or ():
            panel.axvline(drift["row"], color=theme.ink, linewidth=0.8, alpha=0.7)
    panels[-1].set_xlabel("rows", loc="right", fontsize=SMALL, color=theme.muted)
    _title(figure, _experts_title(mixed), theme)
    lacking = [name for name in runs if name not in mixed]
    caption = ["From the bottom: the experts with the largest mean weight. Figures: at the end."]
    if any(runs[name].get("drifts") for name in mixed):
        caption[0] += " Lines: where the log loss changed."
    _caption(figure, [*caption, *([f"No experts: {_names(lacking)}."] if lacking else [])], theme)
    figure.make_plain()
    figure.draw_without_rendering()
    for panel, ends in zip(panels, labels, strict=True):
        _label_ends(panel, ends, theme)


def _experts_title(mixed: Document) -> str:
    if len(mixed) > 1:
        return f"Experts of {len(mixed)} mixtures, by weight"
    ((name, experts),) = mixed.items()
    last = experts["weights"][-1]
    best = max(range(len(last)), key=lambda i: last[i])
    return f"{_whose(name)}{_name(experts['names'][best])} has the most weight at the end, {last[best]:.0%}"


# ---- reliability ----


def _reliability(figure: Figure, runs: Document, theme: Theme) -> None:
    found = {name: [one for one in run.get("reliability") or () if one["n"]] for name, run in runs.items()}
    binned = {name: bins for name, bins in found.items() if bins}
    if not binned:
        raise ValueError(f"{_runs(runs)} no reliability: no prediction came with probabilities")
    figure.set_size_inches(0.72 * WIDTH if len(binned) == 1 else WIDTH, 0.75 * WIDTH)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above.plot([0, 1], [0, 1], color=theme.muted, linewidth=1, linestyle=(0, (4, 2)))
    above.text(
        0.15, 0.16, "as often as it says", color=theme.muted, fontsize=SMALL, ha="center", va="bottom",
        rotation=45, rotation_mode="anchor", transform_rotates_text=True,
    )  # fmt: skip
    colours = _colours(runs, theme)
    for name, bins in binned.items():
        x, y = _points([one["confidence"] for one in bins]), _points([one["accuracy"] for one in bins])
        ece = _figure(runs[name].get("ece"), METRICS["ece"])
        label = f"{_name(name)} {ece}"
        colour = colours[name]
        if len(binned) == 1:
            above.vlines(x, x, y, color=colour, linewidth=6, alpha=0.25)
        counts = _points([one["n"] for one in bins])
        above.plot(x, y, color=colour, linewidth=1, zorder=3)
        sizes = 5 + 45 * np.sqrt(counts / counts.max())  # square points
        above.scatter(x, y, sizes, color=colour, label=label, zorder=3, clip_on=False)
        left, right = _points([one["from"] for one in bins]), _points([one["to"] for one in bins])
        if len(binned) == 1:
            below.bar(left, counts, right - left, align="edge", color=colour, edgecolor=theme.paper, linewidth=1)
            for middle, n in zip((left + right) / 2, counts, strict=True):
                below.annotate(
                    _compact(n), (middle, n), (0, 2), textcoords="offset points", ha="center", va="bottom",
                    fontsize=SMALL - 1, color=theme.muted,
                )  # fmt: skip
        else:
            below.plot((left + right) / 2, counts, color=colour, marker="o", markersize=3, linewidth=1.2)
    for panel, title in ((above, "how often it is right"), (below, "how many rows")):
        _dress(panel, theme)
        panel.set_title(title, loc="left", fontsize=PLAIN, color=theme.ink)
    above.set_xlim(0, 1)
    above.set_ylim(0, 1)
    above.yaxis.set_major_formatter(PERCENT)
    below.xaxis.set_major_formatter(PERCENT)
    below.yaxis.set_major_formatter(_compact)
    below.locator_params(axis="y", nbins=3, integer=True)
    below.margins(y=0.18 if len(binned) == 1 else 0.05)
    below.set_ylim(bottom=0)
    below.set_xlabel(
        "confidence: the probability of the predicted class", loc="right", fontsize=SMALL, color=theme.muted
    )
    if len(binned) == 1:
        (name,) = binned
        _title(
            figure, f"{_whose(name)}expected calibration error {_figure(runs[name].get('ece'), METRICS['ece'])}", theme
        )
    else:
        figure.legend(loc="outside right upper", frameon=False, fontsize=SMALL, labelcolor=theme.ink)
        _title(figure, f"Confidence of {len(binned)} runs, and how often they are right", theme)
    lacking = [name for name in runs if name not in binned]
    _caption(
        figure,
        [
            "Below the diagonal: right less often than the probabilities say. The larger a point, the more rows."
            + (" Figures: the expected calibration error." if len(binned) > 1 else ""),
            *([f"No probabilities: {_names(lacking)}."] if lacking else []),
        ],
        theme,
    )


# ---- confusion ----


def _confusion(figure: Figure, runs: Document, theme: Theme) -> None:
    tables = {name: run["confusion"] for name, run in runs.items() if run.get("confusion")}
    if not tables:
        n = max(len(run["classes"]) for run in runs.values())
        raise ValueError(f"{_runs(runs)} no confusion matrix: there is one for up to 1,000 classes, and it has {n:,}")
    most = MOST_CLASSES if len(tables) == 1 else MOST_CLASSES_EACH
    merged = {name: _merged(runs[name]["classes"], counts, most) for name, counts in tables.items()}
    widest = max(len(labels) for labels, _, _ in merged.values())
    n_across = min(len(tables), 3 if widest <= FEW_CLASSES and len(tables) != 4 else 2)
    n_down = -(-len(tables) // n_across)
    side = (WIDTH - 0.6) / n_across if len(tables) > 1 else min(3.0 + 0.15 * widest, WIDTH - 0.6)
    figure.set_size_inches(max(n_across * side + 0.6, 6.2), n_down * side + 0.5)
    panels = figure.subplots(n_down, n_across, squeeze=False).ravel().tolist()
    for panel, (name, (labels, matrix, hidden)) in zip(panels, merged.items(), strict=False):
        image = _matrix(panel, labels, matrix, hidden, (side - 1.2) / len(labels), theme)
        if len(tables) > 1:
            right = _figure(runs[name]["accuracy"], METRICS["accuracy"])
            whose = _name(name, LABEL if n_across < 3 else SHORT)
            panel.set_title(f"{right} {whose}", loc="left", fontsize=PLAIN, color=theme.ink)
    bar = figure.colorbar(
        image,
        ax=panels,
        shrink=min(0.6, 2.5 / figure.get_figheight()),
        aspect=25,
        format=PERCENT,
        ticks=[0, 0.01, 0.05, 0.2, 0.5, 1],
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=SMALL, colors=theme.muted)
    for panel in panels[len(tables) :]:
        panel.set_axis_off()
    _title(figure, _confusion_title(runs, tables, most), theme)
    lacking = [name for name in runs if name not in tables]
    caption = ["Colours: which part of the rows of a true class was predicted as each class."]
    _caption(figure, [*caption, *([f"No confusion matrix: {_names(lacking)}."] if lacking else [])], theme)


def _merged(
    classes: Sequence[Document], counts: Sequence[Sequence[int]], most: int
) -> tuple[list[str], NDArray[np.int64], int]:
    """Return labels and counts of the classes with most rows, the others as one, and how many these are."""
    matrix = np.array(counts, np.int64).reshape(len(classes), len(classes))
    labels = [one["label"] for one in classes]
    hidden = len(labels) - most
    if hidden <= 1:
        return [_name(label, SHORT) for label in labels], matrix, 0
    kept = np.sort(np.argsort(-matrix.sum(axis=1), kind="stable")[:most])
    group = np.full(len(labels), most)
    group[kept] = np.arange(most)
    merged = np.zeros((most + 1, most + 1), np.int64)
    np.add.at(merged, (group[:, None], group[None, :]), matrix)
    return [*(_name(labels[i], SHORT) for i in kept), f"{hidden:,} others"], merged, hidden


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
    texts = {(i, j): _compact(counts[i, j]).replace(",", "") for i, j in zip(*np.nonzero(counts), strict=True)}
    size = min(SMALL, 110 * inches / max(map(len, texts.values()), default=1))
    if size >= LEAST:
        for (i, j), text in texts.items():
            colour = theme.paper if part[i, j] > 0.25 else theme.ink
            panel.text(j, i, text, ha="center", va="center", fontsize=size, color=colour)
    size = SMALL if inches >= 0.14 else SMALL - 2
    long = max(map(len, labels)) > 3
    panel.set_xticks(range(n), labels, fontsize=size, rotation=90 if long or n > 16 else 0)
    panel.set_yticks(range(n), labels, fontsize=size)
    panel.tick_params(length=0, colors=theme.muted)
    panel.set_facecolor(theme.paper)
    panel.spines[:].set_color(theme.faint)
    panel.set_xlabel("predicted", fontsize=SMALL, color=theme.muted)
    panel.set_ylabel("true", fontsize=SMALL, color=theme.muted)
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
    right = _figure(runs[name]["accuracy"], METRICS["accuracy"])
    return f"Confusion{f' of {_name(name)}' if name else ''}{which}: {right} of {_rows(runs[name]['n_samples'])} right"


KINDS: dict[str, Callable[..., None]] = {
    "curves": _curves,
    "experts": _experts,
    "reliability": _reliability,
    "confusion": _confusion,
}


# ---- what all have ----


def _dress(panel: Axes, theme: Theme) -> None:
    """Leave of a frame what is read: the figures and a faint grid."""
    panel.set_facecolor(theme.paper)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.spines["bottom"].set_color(theme.faint)
    panel.grid(axis="y", color=theme.faint, linewidth=0.6, alpha=0.7)
    panel.set_axisbelow(True)
    panel.tick_params(length=0, labelsize=SMALL, colors=theme.muted)
    panel.xaxis.set_major_formatter("{x:,.0f}")
    panel.locator_params(axis="x", nbins=6, integer=True)


def _title(figure: Figure, text: str, theme: Theme) -> None:
    lines = fill(text, int(TITLE_COLUMNS * figure.get_figwidth()))
    figure.suptitle(lines, x=0.012, ha="left", fontsize=LARGE, fontweight="bold", color=theme.ink)


def _caption(figure: Figure, lines: Sequence[str], theme: Theme) -> None:
    text = "\n".join(fill(_drawable(line), int(CAPTION_COLUMNS * figure.get_figwidth())) for line in lines)
    figure.supxlabel(text, x=0.012, ha="left", fontsize=SMALL, color=theme.muted)


def _label_ends(panel: Axes, ends: Sequence[End], theme: Theme) -> None:
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


def _points(values: Any) -> Points:
    """Return a column of figures as doubles: None is nan."""
    return np.array([] if values is None else values, dtype=np.float64)


def _has(values: Any) -> bool:
    return bool(np.isfinite(_points(values)).any())


def _edges(windows: Document) -> Points:
    """Return where the windows begin and end."""
    ends, n = _points(windows["n_samples"]), _points(windows["n"])
    return np.concatenate([ends[:1] - n[:1], ends])


def _colours(names: Iterable[str], theme: Theme) -> dict[str, str]:
    return {name: theme.lines[i % len(theme.lines)] for i, name in enumerate(names)}


def _name(label: object, width: int = LABEL) -> str:
    return _drawable(folded(label, width))


def _drawable(text: str) -> str:
    from online_softmax.drawing.figure import drawable

    return drawable(text)


def _whose(name: str) -> str:
    """Return the start of a title that is about one run, which may have no name."""
    return f"{_name(name)}: " if name else ""


def _names(names: Sequence[str]) -> str:
    return ", ".join(map(_name, names))


def _runs(runs: Document) -> str:
    return "the run has" if len(runs) == 1 else "the runs have"


def _rows(n: int) -> str:
    return f"{n:,} row{'s' * (n != 1)}"


def _figure(value: float | None, about: Metric) -> str:
    if value is None or not isfinite(value):
        return "-"
    return f"{value:.2%}" if about.is_part else f"{value:.4f}"


def _write_ticks(panel: Axes, about: Metric) -> None:
    """Write the figures of an axis with the decimals that they have."""
    ticks = panel.get_yticks() * (100 if about.is_part else 1)
    digits = next((n for n in range(9) if np.allclose(ticks, ticks.round(n), rtol=1e-9, atol=1e-9)), 9)
    panel.yaxis.set_major_formatter(f"{{x:.{digits}{'%' if about.is_part else 'f'}}}")


def _compact(n: float, _: object = None) -> str:
    """Write a count in four letters or so."""
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if n >= unit:
            scaled = n / (1e3 if letter == "k" else unit)
            return f"{scaled:.0f}{letter}" if scaled >= 10 else f"{scaled:.1f}{letter}"
    return f"{n:,.0f}"
