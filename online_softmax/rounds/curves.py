"""Curves: the figures of rounds along a run, as plots and pages draw them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import exp, isfinite
from typing import Any

from online_softmax.evaluation.sums import METRICS
from online_softmax.rounds.log import Round, total

MODELS = ("served", "own")
UNCOUNTED = [*METRICS, "roc_auc", "confusion", "confusions", "drifts", "reliability", "fading_reliability"]
UNCOUNTED += ["fading_classes", "window_classes", "columns", "experts", "memory", "delay", "verdict", "hint"]
MOST_ROWS = 200  # of a table


def runs_of(log: Sequence[Round]) -> dict[str, dict[str, Any]]:
    """Return the served model and the shards' own as two runs over the same rows, each as the `to_dict()` of a result.

    A window is a round. Of the fading curve a row that came k rows ago has the weight exp(-k / n), with n the rows of
    the longest round.

    Examples
    --------
    >>> from online_softmax.rounds import Round
    >>> from online_softmax.rounds.curves import runs_of

    >>> log = [Round(1, 2, 100, served_hits=50, served_loss=90.0), Round(1, 2, 100, served_hits=80, served_loss=40.0)]
    >>> served = runs_of(log)["served"]
    >>> served["log_loss"], served["windows"]["log_loss"]
    (0.65, [0.9, 0.4])
    >>> [round(loss, 2) for loss in served["fading"]["log_loss"]]
    [0.9, 0.53]

    """
    return {name: _run(log, name) for name in MODELS}


def table_of(log: Sequence[Round], most: int) -> list[tuple[Round, Round]]:
    """Return the rounds, each with the sum up to it; as many together as it takes to have at most `most`."""
    size = -(-len(log) // most) if log else 1
    parts = [total(log[i : i + size]) for i in range(0, len(log), size)]
    return list(zip(parts, accumulate(parts), strict=True))


def _run(log: Sequence[Round], model: str) -> dict[str, Any]:
    whole, window = total(log), max((one.rows // max(one.rounds, 1) for one in log), default=0) or 1
    sums, fading, now = [*accumulate(log)], list[list[float]](), [0.0] * 4
    for one in log:
        left = exp(-one.rows / window)
        now = [left * old + new for old, new in zip(now, _parts(one, model), strict=True)]
        fading.append(now)
    n_samples = [one.rows for one in sums]
    return {
        "model": model,
        **dict.fromkeys(UNCOUNTED),
        "n_samples": whole.rows,
        "n_unseen": getattr(whole, f"{model}_unseen"),
        "n_zeroed": whole.n_zeroed,
        "n_skipped": whole.n_skipped,
        "n_bad": whole.n_bad,
        "n_evicted": 0,
        **_figures(whole, model),
        "k": 1,
        "river": {},
        "seconds": whole.seconds,
        "microseconds_per_row": 1e6 * whole.seconds / max(whole.rows, 1),
        "window": window,
        "bad": [],
        "classes": [],
        "rows": [
            {
                "n_samples": so_far.rows,
                **_figures(so_far, model),
                **{f"window_{name}": value for name, value in _figures(one, model).items()},
                "seconds": so_far.seconds,
            }
            for one, so_far in table_of(log, MOST_ROWS)
        ],
        "windows": {"n_samples": n_samples, "n": [one.rows for one in log], **_columns(log, model)},
        "fading": {
            "n_samples": n_samples,
            "n": [rows for rows, *_ in fading],
            "accuracy": [_part(hits, rows) for rows, _, hits, _ in fading],
            "log_loss": [_part(loss, n) for _, n, _, loss in fading],
            **{f"run_{name}": values for name, values in _columns(sums, model).items()},
        },
    }


def _parts(one: Round, model: str) -> list[float]:
    """Return the rows, those with a loss, the hits and the loss."""
    unseen, hits, loss = (getattr(one, f"{model}_{name}") for name in ("unseen", "hits", "loss"))
    return [one.rows, one.rows - unseen, hits, loss]


def _figures(one: Round, model: str) -> dict[str, float | None]:
    values = {name: getattr(one, f"{model}_{name}") for name in ("accuracy", "log_loss")}
    return {name: value if isfinite(value) else None for name, value in values.items()}


def _columns(rounds: Sequence[Round], model: str) -> dict[str, list[float | None]]:
    found = [_figures(one, model) for one in rounds]
    return {name: [one[name] for one in found] for name in ("accuracy", "log_loss")}


def _part(value: float, n: float) -> float | None:
    return value / n if n else None
