"""Curves of metrics over the rows, of one or several runs, and where the loss changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from online_softmax.drawing.plots import panels, texts
from online_softmax.drawing.plots.metrics import BASELINES, METRICS, Metric, called, written
from online_softmax.drawing.plots.themes import Theme, line_colours
from online_softmax.texts import folded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from online_softmax.drawing.plots.figure import Figure

Document = Mapping[str, Any]

FEW = 12  # points of a line, which are marked
MANY_WINDOWS = 200  # a thinner line
MANY_RUNS = 3  # more of them are drawn without their windows
MOST_TIMES = 10  # the loss of the best, on a linear scale


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


def draw_curves(figure: Figure, runs: Document, theme: Theme, asked: str | Sequence[str] | None = None) -> None:
    """Draw metrics over the rows, a panel for each; log loss and accuracy unless others are asked for."""
    metrics = _metrics(asked, runs)
    figure.set_size_inches(panels.WIDTH, 0.9 + max(2.1, 0.25 * len(runs)) * max(len(metrics), 1.5))
    axes = figure.subplots(len(metrics), 1, sharex=True, squeeze=False)[:, 0].tolist()
    colours = line_colours(runs, theme)
    labels = [_panel(panel, runs, metric, colours, theme) for panel, metric in zip(axes, metrics, strict=True)]
    for panel, metric in zip(axes, metrics, strict=True):
        about = METRICS[metric]
        scale = ", log scale" if panel.get_yscale() == "log" else ""
        title = f"{called(metric, runs)}, {about.better} is better{scale}"
        panel.set_title(title, loc="left", fontsize=panels.PLAIN, color=theme.ink)
        _mark_drifts(panel, runs, metric, colours, theme)
    axes[-1].set_xlabel("rows", loc="right", fontsize=panels.SMALL, color=theme.muted)
    axes[-1].set_xlim(0, max(run["n_samples"] for run in runs.values()))
    panels.title(figure, _curves_title(runs, metrics), theme)
    panels.caption(figure, _curves_caption(runs, metrics), theme)
    figure.make_plain()
    figure.draw_without_rendering()
    for panel, ends in zip(axes, labels, strict=True):
        panels.label_ends(panel, ends, theme)


def _panel(panel: Axes, runs: Document, metric: str, colours: Mapping[str, str], theme: Theme) -> list[panels.End]:
    """Draw one metric of all runs, and return the ends of the lines."""
    from matplotlib.ticker import LogLocator

    about, ends, seen = METRICS[metric], list[panels.End](), list[tuple[panels.Points, panels.Points]]()
    alone = len(runs) == 1
    for name, run in runs.items():
        colour = colours[name]
        fading, windows = run["fading"], run["windows"]
        x, y = panels.points(fading["n_samples"]), panels.points(fading.get(metric))
        if not np.isfinite(y).any():
            continue
        if len(runs) <= MANY_RUNS:
            edges, steps = _edges(windows), panels.points(windows.get(metric))
            width = 1 if len(steps) < MANY_WINDOWS else 0.5
            panel.stairs(steps, edges, baseline=None, color=colour, alpha=0.4, linewidth=width)
            seen.append((edges[1:], steps))
        marker = "o" if np.isfinite(y).sum() <= FEW else ""
        panel.plot(x, y, color=colour, linewidth=2, marker=marker, markersize=4, zorder=3, solid_capstyle="round")
        seen.append((x, y))
        last = np.flatnonzero(np.isfinite(y))[-1]
        whole = written(run.get(metric), about)
        if alone:
            ends.append(panels.End(x[last], y[last], f"recent rows {written(y[last], about)}", colour))
            run_y = panels.points(fading.get(f"run_{metric}"))
            if np.isfinite(run_y).any():
                panel.plot(x, run_y, color=theme.ink, linewidth=1, linestyle=(0, (4, 2)), marker=marker, markersize=2)
                seen.append((x, run_y))
                ends.append(panels.End(x[-1], run_y[-1], f"all rows {whole}", theme.ink))
        else:
            ends.append(panels.End(x[last], y[last], f"{texts.name(name)} {whole}", colour))
    if is_log := _spans_decades(ends, about):
        panel.set_yscale("log", subs=[])
    low, high = _limits(seen, about, is_log)
    panel.set_ylim(low, high)
    if about.has_baselines:
        ends += _baselines(panel, [*runs.values()], low, high, theme)
    panels.dress(panel, theme)
    if is_log:
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.yaxis.set_major_formatter("{x:g}")
    else:
        panel.locator_params(axis="y", nbins=5)
        _write_ticks(panel, about)
    return ends


def _baselines(panel: Axes, runs: Sequence[Document], low: float, high: float, theme: Theme) -> Iterator[panels.End]:
    """Draw what it would be without a model, which is the same of every run of these rows: the longest has it."""
    run = max(runs, key=lambda run: run["n_samples"])
    for name, said in BASELINES.items():
        x, y = panels.points(run["fading"]["n_samples"]), panels.points(run["fading"].get(name))
        if not np.isfinite(y).any():
            continue
        end, text = y[np.isfinite(y)][-1], f"{said} {written(run.get(name), METRICS['accuracy'])}"
        panel.plot(x, y, color=theme.muted, linewidth=1, alpha=0.6, zorder=1, marker="." if len(x) == 1 else "")
        yield panels.End(x[-1], end, text + (" ↓" if end < low else " ↑" if end > high else ""), theme.muted, True)


def _spans_decades(ends: Sequence[panels.End], about: Metric) -> bool:
    """Whether one run is so much worse than another that both are seen on a log scale alone."""
    last = [end.y for end in ends]
    return not about.is_part and about.better == "lower" and min(last) > 0 and max(last) > MOST_TIMES * min(last)


def _limits(seen: Sequence[tuple[panels.Points, panels.Points]], about: Metric, is_log: bool) -> tuple[float, float]:
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
        x, y = panels.points(run["fading"]["n_samples"]), panels.points(run["fading"].get(metric))
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
        figures = [f"{called(metric, runs)} {written(run.get(metric), METRICS[metric])}" for metric in metrics[:3]]
        return f"{texts.whose(name)}{', '.join(figures)} over {texts.rows(run['n_samples'])}"
    values = {name: run[first] for name, run in runs.items() if run.get(first) is not None}
    title = f"{METRICS[first].title[0].upper()}{METRICS[first].title[1:]} of {len(runs)} runs"
    if not values:
        return title
    best = (min if METRICS[first].better == "lower" else max)(values, key=lambda name: values[name])
    return f"{title}: best is {texts.name(best)}, {written(values[best], METRICS[first])}"


def _curves_caption(runs: Document, metrics: Sequence[str]) -> list[str]:
    lines = []
    if len(runs) == 1:
        (run,) = runs.values()
        if run.get("verdict"):
            lines.append(folded(run["verdict"], 120))
        longest = texts.rows(int(max(run["windows"]["n"])))
        lines.append(f"Steps: windows of {longest}. Bold: a fading average, in which recent rows count most.")
    else:
        steps = " Steps: windows." if len(runs) <= MANY_RUNS else ""
        lines.append(f"Lines: a fading average, in which recent rows count most. Figures: over all rows.{steps}")
    drifts = [drift for run in runs.values() for drift in run.get("drifts") or ()]
    if drifts:
        kinds = [f"▲ rose ({n:,})" for n in [sum(map(_is_worse, drifts))] if n]
        kinds += [f"▼ fell ({n:,})" for n in [len(drifts) - sum(map(_is_worse, drifts))] if n]
        has_loss = any(_has(run["fading"].get("log_loss")) for run in runs.values() if run.get("drifts"))
        lines.append(f"Where the {'log loss' if has_loss else 'error rate'} changed: {', '.join(kinds)}.")
    for metric in metrics:
        if lacking := [name for name, run in runs.items() if not _has(run["fading"].get(metric))]:
            lines.append(f"No {METRICS[metric].title}: {texts.names(lacking)}.")
    return lines


def _has(values: Any) -> bool:
    return bool(np.isfinite(panels.points(values)).any())


def _edges(windows: Document) -> panels.Points:
    """Return where the windows begin and end."""
    ends, n = panels.points(windows["n_samples"]), panels.points(windows["n"])
    return np.concatenate([ends[:1] - n[:1], ends])


def _write_ticks(panel: Axes, about: Metric) -> None:
    """Write the figures of an axis with the decimals that they have."""
    ticks = panel.get_yticks() * (100 if about.is_part else 1)
    digits = next((n for n in range(9) if np.allclose(ticks, ticks.round(n), rtol=1e-9, atol=1e-9)), 9)
    panel.yaxis.set_major_formatter(f"{{x:.{digits}{'%' if about.is_part else 'f'}}}")
