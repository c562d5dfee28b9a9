"""Metrics: how they are called and written, and which way is better."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    pass

Document = Mapping[str, Any]


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
BASELINES = {"no_change_accuracy": "last label again", "majority_accuracy": "most frequent class"}


def called(metric: str, runs: Document) -> str:
    """Return what a metric is called, a top-k accuracy with the k of the runs."""
    if metric != "top_k":
        return METRICS[metric].title
    found = {run.get("k") for run in runs.values()}
    return f"top-{found.pop()} accuracy" if len(found) == 1 and None not in found else "top-k accuracy"


def written(value: float | None, about: Metric) -> str:
    """Return a value of a metric as it is written."""
    if value is None or not isfinite(value):
        return "-"
    return f"{value:.2%}" if about.is_part else f"{value:.4f}"
