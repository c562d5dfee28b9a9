"""What a model file must hold: every array and number of a model, by name, type, shape and range.

The kernels trust what they are given, so nothing reaches them that has not passed here. F features and C classes
are there; an array's row 0 is the intercept's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from online_softmax.storage.fields import MOST, Array, Number, check_value

USAGE = ("learned", "evicted", "uses", "last_use")

# The bank of AutoSoftmaxRegression: experts leave from the end.
LINEAR, LABELS, NEWTON, VOTES, HATS, GAUSSIAN = 5, 8, 11, 13, 14, 15
BANKS = {False: (LABELS, NEWTON), True: (HATS, GAUSSIAN), "auto": (LABELS, HATS, GAUSSIAN)}
COVERED = 100  # features of the experts after LABELS
HAT_ROWS = 21
MARKOV_CLASSES = 512
WINDOW = 256, 20000  # samples at least, and cells at most
FILTERS, BUCKETS, INPUTS = 2, 8, 16


Layout = dict[str, Array | Number]


def softmax_layout(model: Any, F: int, C: int, found: Mapping[str, Any]) -> Layout:
    """Return the layout of a `SoftmaxRegression`: weights, then the optimiser's states; the classes' own clocks."""
    fresh = type(model)(**{name: getattr(model, name) for name in model._get_params()})._state()
    return {
        "B": Array("f8", (1 + F, fresh["B"].shape[1], C)),
        "scalars": Array("f8", (1 + F, fresh["scalars"].shape[1]), 0),
        "t": Array("i8", (C,), 0, MOST),
        "final_lr": Array("f8", (C,)),
    }


def auto_layout(model: Any, F: int, C: int, found: Mapping[str, Any]) -> Layout:
    """Return the layout of an `AutoSoftmaxRegression`, whose bank of n experts depends on what it has met."""
    n, rows = shape(found, "experts", 2)[1], 1 + min(F, COVERED)
    if n not in BANKS[model.interactions]:
        raise ValueError(f"a bank of {n} experts does not exist for interactions={model.interactions!r}")
    samples = number(found, "samples")
    layout: Layout = {
        "samples": Number(int, 1, MOST),
        "statistics": Array("f8", (1 + F, 4)),
        "seen": Array("i8", (1 + F,), 0, samples),
        "W": Array("f8", ((1 + F) * LINEAR, C)),
        "G": Array("f8", (2, 1 + F), 0),
        "length": Number(float, 0),
        "recent": Array("f8", (1, C), 0),
        "recent_sum": Number(float, 0),
        "always": Array("f8", (1, C), 0),
        "always_sum": Number(float, 0),
        "last": Number(int, 0, C - 1),
        "experts": Array("f8", (1, n), 0),
        "voices": Array("f8", (1, n), 0, 1),
        "staying": Number(int, LABELS, n),
        "top": Array("f8", (1, 4), 0),
        "mixers": Array("f8", (FILTERS * (1 + INPUTS), INPUTS)),
        "buckets": Array("f8", (BUCKETS * (1 + INPUTS), INPUTS)),
    }
    if number(found, "staying") not in (n, LABELS, HATS):
        raise ValueError(f"a bank of {n} experts cannot shrink to {found['staying']}")
    if C <= MARKOV_CLASSES and "follow" in found:  # gone for ever once there were more classes
        layout["follow"] = Array("f8", (C, C), 0)
    if n >= NEWTON:
        layout["newton_W"] = Array("f8", (rows * (NEWTON - LABELS), C))
        layout["newton_P"] = Array("f8", (rows, rows))
        layout["newton_fresh"] = Number(float, 0)
    if n >= VOTES:
        layout |= _window_layout(model.window, rows - 1, C, found)
    if n >= HATS:
        layout["hats_W"] = Array("f8", (rows * HAT_ROWS, C))
        layout["hats_G"] = Array("f8", (1, rows * HAT_ROWS), 0)
    if n >= GAUSSIAN:
        layout |= _gaussian_layout(F, C, found)
    return layout


def _window_layout(budget: int, d: int, C: int, found: Mapping[str, Any]) -> Layout:
    """m of at most `window_size` samples, feature by feature; `window_head` is where the next one goes."""
    (m,), size = shape(found, "window_label", 1), number(found, "window_size")
    if m > size:
        raise ValueError(f"a window of {size} samples holds {m}")
    return {
        "window_B": Array("f4", (d, m)),
        "window_size": Number(int, min(budget, WINDOW[0]), min(budget, max(WINDOW[0], WINDOW[1] // max(d, 1)))),
        "window_head": Number(int, 0, size - 1) if m == size else Number(int, m, m),
        "window_label": Array("i4", (m,), 0, C - 1),
        "window_time": Array("u4", (m,), 0, found["samples"] - 1),
        "window_weight": Array("f4", (m,), 0),
        "metric": Array("f8", (1, d + 1), 0),
        "metric_G": Array("f8", (1, d + 1), 0),
        "nearest": Number(float, 0),
        "n_nearest": Number(float, 0),
    }


def _gaussian_layout(F: int, C: int, found: Mapping[str, Any]) -> Layout:
    """One Gaussian for each of q classes over d features."""
    q, d = shape(found, "qda_M", 2)
    if not (d <= 64 and d * d * q <= 65536 and d <= F and q <= C):
        raise ValueError(f"{q} Gaussians of {d} features do not fit {C} classes and {F} features")
    return {
        "qda_class": Array("f8", (q, 5)),
        "qda_turn": Array("i8", (q,), 0, max(d - 1, 0)),
        "qda_M": Array("f8", (q, d)),
        "qda_P": Array("f8", (q, d, d)),
    }


def usage_layout(F: int, found: Mapping[str, Any]) -> Layout:
    """Return the layout of what a model with `max_features` knows of its features' use."""
    return {
        "learned": Number(int, 0, MOST),
        "evicted": Number(int, 0, MOST),
        "uses": Array("i8", (F,), 0, MOST),
        "last_use": Array("i8", (F,), 0, number(found, "learned")),
    }


LAYOUTS: dict[str, Callable[[Any, int, int, Mapping[str, Any]], Layout]] = {
    "SoftmaxRegression": softmax_layout,
    "AutoSoftmaxRegression": auto_layout,
}


def shape(found: Mapping[str, Any], name: str, axes: int) -> tuple[int, ...]:
    """Return the shape of an array that the shapes of others follow."""
    array = found.get(name)
    if not isinstance(array, np.ndarray) or array.ndim != axes:
        raise ValueError(f"array {name!r} of {axes} axes is missing")
    return tuple(array.shape)


def number(found: Mapping[str, Any], name: str) -> Any:
    """Return a number that the range of others follows."""
    if type(found.get(name)) is not int:
        raise ValueError(f"number {name!r} is missing")
    return found[name]


def check(model: Any, F: int, C: int, found: Mapping[str, Any]) -> None:
    """Refuse what is not exactly the arrays and numbers of such a model of F features and C classes.

    Raises
    ------
    ValueError
        If one is missing or too many, of another type or shape, out of its range or not finite.
    """
    layout = LAYOUTS[type(model).__name__](model, F, C, found) if C else {}
    if model.max_features is not None:
        layout |= usage_layout(F, found)
    for name in sorted(layout.keys() ^ found.keys()):
        raise ValueError(f"{name!r} is missing" if name in layout else f"{name!r} is not part of such a model")
    for name, wanted in layout.items():
        check_value(name, wanted, found[name])
