"""River's classes by name: what `river:..` and a metric on the command line stand for."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from typing import Any

from river import base, compose

from online_softmax.checks import shorten
from online_softmax.cli.calls import Call, made, parse_call
from online_softmax.evaluation.river_metrics import metric_class

# Those whose classes are no part of a model that learns from labels.
OTHER_MODULES = {"api", "base", "bandit", "checks", "compat", "conf", "datasets", "evaluate", "reco", "stream", "utils"}
NEAR = 5  # names to offer for one that there is not


def river_classifier(text: str) -> Any:
    """Make the classifier, or the pipeline that ends with one, that `text` spells by river's names.

    Examples
    --------
    >>> from online_softmax.cli.river_names import river_classifier

    >>> river_classifier("StandardScaler() | tree.HoeffdingTreeClassifier(grace_period=100)")
    Pipeline (
      StandardScaler (...
    >>> river_classifier("HoefdingTreeClassifier()")
    Traceback (most recent call last):
    ValueError: river has no 'HoefdingTreeClassifier'; near it are tree.HoeffdingTreeClassifier, ...

    """
    try:
        call = parse_call(text)
    except ValueError:
        raise ValueError(
            f"{shorten(text)} is not of the form Name(..) or Name(..) | Name(..), with literals, lists and more such "
            "calls in the brackets"
        ) from None
    model = made(call, _built, _piped)
    last = model
    while type(last) is compose.Pipeline:
        if not last.steps:
            raise ValueError("river's Pipeline has no steps: put a classifier at its end")
        last = last._last_step
    name = type(last).__name__
    if isinstance(last, base.MultiLabelClassifier):
        raise ValueError(f"river's {name} predicts several labels of a row, and there is one")
    if not isinstance(last, base.Classifier):
        kind = "a regressor" if isinstance(last, base.Regressor) else "no classifier"
        if isinstance(last, base.Transformer):
            kind = f"a transformer: put a classifier behind it, as in '{name}() | GaussianNB()'"
        raise ValueError(f"river's {name} is {kind}")
    if not last._multiclass:
        raise ValueError(f"river's {name} knows True and False alone: say OneVsRestClassifier({name}()) for any labels")
    return model


def river_metric(text: str) -> Any:
    """Make the metric of river that `text` spells, such as `MacroF1()` or `WeightedFBeta(2)`.

    Examples
    --------
    >>> from online_softmax.cli.river_names import river_metric

    >>> river_metric("MacroFBeta(2)").beta
    2
    >>> river_metric("MAE")
    Traceback (most recent call last):
    ValueError: river's metric MAE is not one of classification

    """
    from river import metrics

    try:
        call = parse_call(text)
    except ValueError:
        call = Call("", [], {})
    if not isinstance(call, Call) or not (name := call.name.removeprefix("river.").removeprefix("metrics.")):
        raise ValueError(f"metric {shorten(text)} is not of the form Name or Name(..), as MacroF1 or FBeta(2)")
    metric_class(name)
    metric = made(Call(f"metrics.{name}", call.positional, call.named), _built, _piped)
    if isinstance(metric, metrics.base.BinaryMetric) and "pos_val" not in call.named:
        raise ValueError(
            f"river's metric {name} is about the labels True and 1 alone: {name}(pos_val=1), if there are such; the "
            "summary has precision, recall and F1 of each class"
        )
    try:
        float(metric.get())
    except Exception as error:
        raise ValueError(f"river's metric {shorten(text)} is not a number ({type(error).__name__}: {error})") from error
    return metric


def _built(call: Call) -> Any:
    """Return an object of the class that a call names."""
    kind = _class(call.name)
    signature = inspect.signature(kind)
    try:
        signature.bind(*call.positional, **call.named)
    except TypeError as error:
        takes = ", ".join(signature.parameters) or "nothing"
        raise ValueError(f"river's {call.name}: {error}; it takes {takes}") from None
    try:
        return kind(*call.positional, **call.named)
    except Exception as error:  # whatever a constructor makes of what it is given
        raise ValueError(f"river's {call.name}: {type(error).__name__}: {error}") from error


def _piped(steps: list[Any]) -> Any:
    try:
        return compose.Pipeline(*steps)
    except Exception as error:
        raise ValueError(
            f"river makes no pipeline of {' | '.join(type(one).__name__ for one in steps)}: {error}"
        ) from error


def _class(name: str) -> type:
    """Return the class that a name, with or without its module, stands for."""
    wanted = name.removeprefix("river.")
    module, _, last = wanted.rpartition(".")
    paths = _classes()
    found = {path: kind for path, kind in paths.items() if path == wanted or (not module and path.endswith(f".{last}"))}
    if len(set(found.values())) > 1:
        raise ValueError(f"river has more than one {name!r}: say {' or '.join(found)}")
    if found:
        return next(iter(found.values()))
    short: dict[str, list[str]] = {}
    for path in paths:
        short.setdefault(path.rpartition(".")[2].lower(), []).append(path)
    near = [path for each in get_close_matches(last.lower(), short, NEAR, 0.6) for path in short[each]]
    if near:
        raise ValueError(f"river has no {name!r}; near it are {', '.join(near)}")
    raise ValueError(f"river has no {name!r}; its classifiers are {', '.join(classifier_names())}")


def classifier_names() -> list[str]:
    """Return the names of river's classifiers, with their modules, such as tree.HoeffdingTreeClassifier."""
    return [path for path, kind in _classes().items() if issubclass(kind, base.Classifier)]


@cache
def _classes() -> dict[str, type]:
    """Return river's public classes by their paths, such as tree.HoeffdingTreeClassifier."""
    api = importlib.import_module("river.api")
    modules = [(name, getattr(api, name)) for name in api.__all__ if name not in OTHER_MODULES]
    return {path: kind for name, module in modules for path, kind in _within(name, module)}


def _within(path: str, module: Any) -> Iterator[tuple[str, type]]:
    for name in module.__all__:
        thing = getattr(module, name, None)
        if inspect.ismodule(thing) and name not in OTHER_MODULES:
            yield from _within(f"{path}.{name}", thing)
        elif inspect.isclass(thing) and not inspect.isabstract(thing):
            yield f"{path}.{name}", thing
