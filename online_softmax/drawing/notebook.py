"""What a notebook shows of a result or a comparison: a little static HTML, in the notebook's own colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import islice
from math import inf, isfinite
from typing import Any

from online_softmax.texts import folded

Document = Mapping[str, Any]

POINTS, POINTS_EACH = 240, 60  # of the line of a result, and of each line of a comparison
WIDTH, HEIGHT, HEIGHT_EACH = 560, 64, 20
MOST_CONFUSIONS = 5
MOST_DRIFTS = 6  # that are told by row; all are marked
FIGURES = {
    "accuracy": "accuracy",
    "log_loss": "log loss",
    "macro_f1": "macro F1",
    "balanced_accuracy": "balanced accuracy",
    "kappa": "kappa",
    "ece": "calibration error",
    "roc_auc": "ROC AUC",
}
PARTS = {"accuracy", "macro_f1", "balanced_accuracy"}
BASELINES = {"no_change_accuracy": "the last label again", "majority_accuracy": "the most frequent class"}
WORSE, BETTER, LINE = "#d1495b", "#2a9d8f", "#3f90da"  # seen on light and on dark
TABLE = "border-collapse:collapse;margin:4px 0;color:inherit;font:inherit;font-variant-numeric:tabular-nums"
CELL = 'style="text-align:right;padding:2px 10px"'
NAME = 'style="text-align:left;padding:2px 10px 2px 0"'
NOTE = 'style="opacity:.75;font-size:90%"'


def result_cell(result: Document) -> str:
    """Return HTML of a result as plain values: its figures, the course of its log loss, and what is confused.

    Examples
    --------
    >>> from online_softmax import SoftmaxRegression, progressive_validation
    >>> from online_softmax.drawing.notebook import result_cell

    >>> result = progressive_validation("phishing", SoftmaxRegression())
    >>> "<td" in result_cell(result.to_dict())
    True

    """
    found = {name: _figure(result.get(name), name) for name in FIGURES if result.get(name) is not None}
    parts = [
        f"<b>{result['n_samples']:,} row{'s' * (result['n_samples'] != 1)}</b>, {_seconds(result)}",
        _table([FIGURES[name] for name in found], [[*found.values()]]),
    ]
    if baselines := [
        f"{said} {_figure(result[name], 'accuracy')}"
        for name, said in BASELINES.items()
        if result.get(name) is not None
    ]:
        parts.append(f"<span {NOTE}>accuracy without a model: {', '.join(baselines)}</span>")
    parts += [f"<b>{_text(result[name], 300)}</b>" for name in ("verdict", "hint") if result.get(name)]
    parts += [*_course(result)]
    if confusions := _confusions(result):
        parts.append(f"<span {NOTE}>most often confused: {confusions}</span>")
    return _cell(parts)


def comparison_cell(document: Document) -> str:
    """Return HTML of a comparison as plain values: a line for each model, the best first, and which differ by noise."""
    comparison = document["comparison"]
    models, runs = comparison["models"], document["runs"]
    ranked = sorted(models, key=lambda name: (name != comparison["best"], _above(models[name])))
    highest = max((y for run in runs.values() for _, y in _points(run, POINTS_EACH) if y is not None), default=1.0)
    lines = []
    for name in ranked:
        one = models[name]
        course = _sparkline(runs[name], POINTS_EACH, 140, HEIGHT_EACH, highest) if name in runs else ""
        lines.append(
            [
                _text(name),
                _figure(one.get("log_loss"), "log_loss"),
                _figure(one.get("accuracy"), "accuracy"),
                _difference(one, name == comparison["best"]),
                _figure(one.get("microseconds_per_row"), "microseconds"),
                course,
            ]
        )
    measure = "errors" if models[comparison["best"]]["log_loss"] is None else "log loss"
    names = ["model", "log loss", "accuracy", f"{measure} above the best (95%)", "µs a row", "recent log loss"]
    blocks = f"{comparison['n_common']:,} rows that all could score, in {comparison['n_blocks']:,} blocks"
    return _cell([_table(names, lines, named=True), f"<span {NOTE}>{blocks}</span>"])


def _above(model: Document) -> float:
    """Return how far the loss of a model is above that of the best."""
    return inf if model["loss_difference"] is None else float(model["loss_difference"])


def _difference(model: Document, is_best: bool) -> str:
    if is_best:
        return "best"
    if model.get("loss_difference") is None:
        return "-"
    said = f"{model['loss_difference']:+.4f}"
    if model.get("low") is not None and model.get("high") is not None:
        said += f" ({model['low']:+.4f} to {model['high']:+.4f})"
    return f"{said}, may be noise" if model.get("is_noise") else said


def _course(result: Document) -> Iterator[str]:
    """Give the line of the log loss, and what it shows."""
    if not any(y is not None for _, y in _points(result, POINTS)):
        return
    yield _sparkline(result, POINTS, WIDTH, HEIGHT)
    said = "log loss of recent rows"
    if drifts := result.get("drifts"):
        told = [
            f"{'rose' if drift['after'] > drift['before'] else 'fell'} "
            f"from {drift['before']:.3f} to {drift['after']:.3f} at row {drift['row']:,}"
            for drift in islice(drifts, MOST_DRIFTS)
        ]
        more = len(drifts) - len(told)
        said += f"; it {', '.join(told)}{f' and changed {more:,} times more' if more else ''}"
    yield f"<span {NOTE}>{said}</span>"


def _points(result: Document, most: int) -> list[tuple[int, float | None]]:
    """Return rows and log loss of the fading figures, at most so many."""
    fading = result.get("fading") or {}
    pairs = [*zip(fading.get("n_samples") or (), fading.get("log_loss") or (), strict=False)]
    step = max(1, -(-len(pairs) // most))
    return pairs[::-1][::step][::-1]  # the last is always one of them


def _sparkline(result: Document, most: int, width: int, height: int, highest: float | None = None) -> str:
    """Draw the log loss of recent rows over the rows, and the rows where it changed."""
    points = _points(result, most)
    known = [y for _, y in points if y is not None]
    if not known:
        return ""
    end, top = max(points[-1][0], 1), highest or max(known) or 1.0

    def across(row: int) -> float:
        return min(row / end, 1.0) * (width - 6) + 3

    def line() -> Iterator[str]:
        was_gap = True
        for row, y in points:
            if y is not None:
                yield f"{'M' if was_gap else 'L'}{across(row):.1f},{height - 3 - (height - 6) * y / top:.1f}"
            was_gap = y is None

    marks = ""
    for colour, is_worse in ((WORSE, True), (BETTER, False)):
        places = dict.fromkeys(
            f"{across(drift['row']):.0f}"
            for drift in result.get("drifts") or ()
            if (drift["after"] > drift["before"]) is is_worse
        )
        if places:
            path = "".join(f"M{place},0V{height}" for place in places)
            marks += f'<path d="{path}" stroke="{colour}" stroke-width="1" opacity=".8"/>'
    first, last = known[0], known[-1]
    dot = f'<circle cx="{across(points[-1][0]):.1f}" cy="{height - 3 - (height - 6) * last / top:.1f}" r="2.5"/>'
    said = f"log loss of recent rows, {first:.4f} at first and {last:.4f} at the end"
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-label="{said}" '
        f'style="display:block;max-width:100%" fill="none"><path d="M3,{height - 1}H{width - 3}" '
        f'stroke="currentColor" opacity=".25"/>{marks}<path d="{"".join(line())}" stroke="{LINE}" stroke-width="1.8" '
        f'stroke-linejoin="round" stroke-linecap="round"/><g fill="{LINE}">{dot}</g></svg>'
    )


def _confusions(result: Document) -> str:
    """Say which classes were most often taken for which."""
    return ", ".join(
        f"{_text(one['label'])} as {_text(one['predicted'])} ({one['n']:,} of {one['support']:,})"
        for one in islice(result["confusions"], MOST_CONFUSIONS)
    )


def _table(names: Sequence[str], lines: Iterable[Sequence[str]], named: bool = False) -> str:
    """Return a table of cells that are HTML; the first column is one of names, or of figures as the others."""

    def row(cells: Sequence[str], tag: str) -> str:
        styles = [NAME if named and i == 0 else CELL for i in range(len(cells))]
        return "".join(f"<{tag} {style}>{cell}</{tag}>" for cell, style in zip(cells, styles, strict=True))

    body = "".join(f"<tr>{row(line, 'td')}</tr>" for line in lines)
    return f'<table style="{TABLE}"><thead><tr>{row(names, "th")}</tr></thead><tbody>{body}</tbody></table>'


def _cell(parts: Iterable[str]) -> str:
    return (
        f'<div style="line-height:1.5;overflow-x:auto">{"".join(f"<div>{part}</div>" for part in parts if part)}</div>'
    )


def _text(value: object, width: int = 40) -> str:
    """Return a label as HTML that shows it, and nothing else."""
    return escape(folded(value, width))


def _figure(value: float | None, name: str) -> str:
    if value is None or not isfinite(value):
        return "-"
    return f"{value:.2%}" if name in PARTS else f"{value:,.1f}" if name == "microseconds" else f"{value:.4f}"


def _seconds(result: Document) -> str:
    each = result.get("microseconds_per_row")
    return f"{result['seconds']:.1f} s" + ("" if each is None else f", {each:,.1f} µs a row")
