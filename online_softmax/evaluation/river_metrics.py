"""Metrics of river, which take one row after the other."""

from __future__ import annotations

from collections import UserList
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from inspect import isclass
from math import nan
from typing import Any


def river_metrics(asked: Iterable[Any]) -> dict[str, Any]:
    """Return metrics of river under their names; one that is given as a name is made.

    Examples
    --------
    >>> from river import metrics
    >>> from online_softmax.evaluation.river_metrics import river_metrics

    >>> list(river_metrics(["MCC", metrics.MacroF1()]))
    ['MCC', 'MacroF1']
    >>> river_metrics(["MacroF2"])
    Traceback (most recent call last):
    ValueError: river has no metric 'MacroF2'; near it are MacroF1, ...

    """
    found: dict[str, Any] = {}
    for metric in _each([asked] if isinstance(asked, str) or hasattr(asked, "update") else asked):
        name = type(metric).__name__
        if hasattr(metric, "obj"):  # of a rolling metric
            name = f"{name}({type(metric.obj).__name__})"
        if (of := getattr(metric, "pos_val", True)) != True:  # noqa: E712  river counts True alone, whatever is asked
            raise ValueError(
                f"river's {name} is right about the labels True and 1 alone, not {of!r}: the result has precision, "
                "recall and F1 of each class"
            )
        try:
            metric.get()
        except NotImplementedError:
            raise ValueError(f"the metric {name!r} of river is no number: ask for others") from None
        n = sum(other.partition(" ")[0] == name for other in found)
        found[f"{name} {n + 1}" if n else name] = metric
    return found


def _each(asked: Iterable[Any]) -> Iterator[Any]:
    """Yield metrics; those of a sum one by one."""
    for one in asked:
        metric = _made(one) if isinstance(one, str) else one
        if isinstance(metric, type) or not hasattr(metric, "update") or not hasattr(metric, "requires_labels"):
            raise TypeError(f"a metric is one of river's for classification, or its name, not {one!r}")
        if isinstance(metric, UserList):
            yield from _each(metric)
        else:
            yield metric


def value(metric: Any, labels: Collection[Any]) -> float:
    """Return what a metric has come to; nan for one that is about the label True where there is none, nor 1."""
    from river import metrics

    is_of_true = hasattr(metric, "pos_val") or isinstance(metric, metrics.LogLoss)
    return nan if is_of_true and True not in labels else float(metric.get())


def metric_class(name: str) -> Any:
    """Return river's metric of that name, which compares a label with a prediction and comes to one number."""
    from river import metrics

    kind = getattr(metrics, name, None) if name in metrics.__all__ else None
    if _is_metric(kind):
        return kind
    if isclass(kind):
        raise ValueError(f"river's metric {name} is not one of classification")
    known = metric_names()
    near = get_close_matches(name, known, 5, 0.5)
    hint = f"near it are {', '.join(near)}; " if near else ""
    raise ValueError(f"river has no metric {name!r}; {hint}there are {', '.join(known)}")


def metric_names() -> list[str]:
    """Return the names of river's metrics of classification that come to one number."""
    from river import metrics

    return [one for one in metrics.__all__ if _is_metric(getattr(metrics, one, None))]


def _is_metric(kind: Any) -> bool:
    from river import metrics

    tables = metrics.ClassificationReport, metrics.ConfusionMatrix
    return isclass(kind) and issubclass(kind, metrics.base.ClassificationMetric) and not issubclass(kind, tables)


def _made(name: str) -> Any:
    try:
        return metric_class(name)()
    except TypeError as error:
        raise ValueError(f"river's metric {name} has to be made first, with its parameters: {error}") from None
