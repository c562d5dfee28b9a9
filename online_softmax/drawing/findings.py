"""Findings: what the figures of a run say, in words."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np

from online_softmax.texts import folded, written

FEWEST = 8  # samples of a fading curve, to see whether it goes up or down
CLEAR = 2.0  # standard errors
LONGEST = 500  # characters of a text
NAME = 80  # of a name
LABEL = 60  # of a label


def shown(value: Any, most: int = LONGEST) -> Any:
    """Return a value as it can be shown: a long text is cut, and an integer that JavaScript cannot hold is a text.

    Examples
    --------
    >>> from online_softmax.drawing.findings import shown
    >>> shown("a" * 1000000)[-25:], shown(2**60), shown(0.5)
    ('a… (1,000,000 characters)', '1152921504606846976', 0.5)

    """
    if isinstance(value, str):
        return value if len(value) <= most else f"{value[:most]}… ({len(value):,} characters)"
    if isinstance(value, int) and abs(value) > 2**53:
        return shown(written(value))
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, int | float) else shown(written(value))


def trend(result: dict[str, Any]) -> dict[str, str]:
    """Say whether a run still improves: by the second half of its fading curve, since the last drift.

    The curve moved if its ends, or the means of its third and last quarter, are further apart than noise brings them.
    A fading mean forgets in m rows, so that points s rows apart correlate by exp(-s / m), and the steps between them
    tell the variance of one: var(step) / (2 - 2 exp(-s / m)).

    Examples
    --------
    >>> from online_softmax.drawing.findings import trend
    >>> fading = {"n_samples": [100 * i for i in range(1, 21)], "log_loss": [1 / i for i in range(1, 21)]}
    >>> trend({"window": 500, "fading": fading, "drifts": []})["sentence"]
    'Still improving: the fading log loss fell from 0.0909 at row 1,100 to 0.0500 at row 2,000.'

    """
    name, points = _curve(result)
    drift, memory = max((one["row"] for one in result["drifts"] or ()), default=None), result["window"]
    since = [(row, value) for row, value in points if drift is None or row > drift + memory]
    if len(since) < FEWEST:
        if drift is not None and len(points) >= FEWEST:
            return _trend("unknown", f"Too early to tell: the loss changed at row {drift:,}, a short while ago.")
        return _trend("unknown", "Too few rows to tell whether it improves.")
    half = since[len(since) // 2 :]
    (row, value), (end, last) = half[0], half[-1]
    words = f"{_figure(name, value)} at row {row:,}", f"{_figure(name, last)} at row {end:,}"
    if not _moved(half, memory) or words[0].split()[0] == words[1].split()[0]:
        return _trend(
            "level", f"Levelled off: the fading {_called(name)} was {words[0]} and is {words[1]}, no more than noise."
        )
    is_better = (last < value) == (name == "log_loss")
    return _trend(
        "better" if is_better else "worse",
        f"{'Still improving' if is_better else 'Getting worse'}: the fading {_called(name)} "
        f"{'fell' if last < value else 'rose'} from {words[0]} to {words[1]}.",
    )


def _moved(points: list[tuple[int, float]], memory: int) -> bool:
    """Whether a fading curve goes one way by more than noise."""
    rows, values = np.array(points).T
    apart = (rows[-1] - rows[0]) / (len(rows) - 1)
    variance = np.diff(values).var() / (2 - 2 * np.exp(-apart / memory))
    quarter = (rows[-1] - rows[0]) / 2
    ends = values[-1] - values[0]
    means = values[len(values) // 2 :].mean() - values[: len(values) // 2].mean()
    noise_of_ends = np.sqrt(2 * variance * (1 - np.exp(-2 * quarter / memory)))
    noise_of_means = np.sqrt(2 * variance * min(1, max(2 * memory / quarter, 2 / len(rows))))
    is_clear = abs(ends) > CLEAR * noise_of_ends or abs(means) > CLEAR * noise_of_means
    return bool(is_clear and ends * means > 0)


def drift_sentences(drifts: Sequence[dict[str, Any]]) -> list[str]:
    """Return a sentence for each drift.

    Examples
    --------
    >>> from online_softmax.drawing.findings import drift_sentences
    >>> drift_sentences([{"row": 4000, "found": 4160, "before": 0.25, "after": 0.75}])
    ['Row 4,000: the loss rose from 0.2500 to 0.7500.']

    """
    return [
        f"Row {one['row']:,}: the loss {'rose' if one['after'] > one['before'] else 'fell'} from "
        f"{one['before']:.4f} to {one['after']:.4f}."
        for one in drifts
    ]


def confusions(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the pairs of classes that were confused, their labels as text.

    Examples
    --------
    >>> from online_softmax.drawing.findings import confusions
    >>> confusions({"confusions": [{"label": "grass", "predicted": "", "n": 3, "support": 10}]})
    [{'label': 'grass', 'predicted': "''", 'n': 3, 'support': 10}]

    """
    return [
        {**one, **{name: folded(one[name], LABEL) for name in ("label", "predicted")}} for one in result["confusions"]
    ]


def _curve(result: dict[str, Any]) -> tuple[str, list[tuple[int, float]]]:
    """Return the points of the fading log loss; of the accuracy, if the model gives no probabilities."""
    fading = result["fading"]
    for name in ("log_loss", "accuracy"):
        values = fading.get(name) or ()
        points = [(row, value) for row, value in zip(fading["n_samples"], values, strict=False) if value is not None]
        if points:
            return name, points
    return "log_loss", []


def _trend(direction: str, sentence: str) -> dict[str, str]:
    return {"direction": direction, "sentence": sentence}


def _called(name: str) -> str:
    return name.replace("_", " ")


def _figure(name: str, value: float) -> str:
    return f"{value:.4f}" if name == "log_loss" else f"{value:.2%}"
