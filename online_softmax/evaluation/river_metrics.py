"""Metrics of river, which take one row after the other."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


def river_metrics(asked: Iterable[Any]) -> dict[str, Any]:
    """Return metrics of river under their names; one that is given as a name is made.

    Examples
    --------
    >>> from river import metrics
    >>> from online_softmax.evaluation.river_metrics import river_metrics

    >>> river_metrics(["MCC", metrics.MacroF1()])
    {'MCC': MCC: 0.00%, 'MacroF1': MacroF1: 0.00%}
    >>> river_metrics(["MacroF2"])
    Traceback (most recent call last):
    ValueError: no metric of river is called 'MacroF2'; near it are MacroF1, ...

    """
    found: dict[str, Any] = {}
    for one in [asked] if isinstance(asked, str) else asked:
        metric = _made(one) if isinstance(one, str) else one
        if not callable(getattr(metric, "update", None)) or not hasattr(metric, "requires_labels"):
            raise TypeError(f"a metric is one of river's for classification, or its name, not {one!r}")
        name = type(metric).__name__
        n = sum(other.partition(" ")[0] == name for other in found)
        found[f"{name} {n + 1}" if n else name] = metric
    return found


def _made(name: str) -> Any:
    from river import metrics

    if name in metrics.__all__ and issubclass(kind := getattr(metrics, name), metrics.base.ClassificationMetric):
        try:
            return kind()
        except TypeError as error:
            raise ValueError(f"the metric {name!r} of river needs to be made in Python: {error}") from None
    known = [
        one
        for one in metrics.__all__
        if isinstance(kind := getattr(metrics, one), type) and issubclass(kind, metrics.base.ClassificationMetric)
    ]
    near = get_close_matches(name, known, 5, 0.5)
    raise ValueError(
        f"no metric of river is called {name!r}; "
        + (f"near it are {', '.join(near)}; " if near else "")
        + f"there are {', '.join(known)}"
    )
