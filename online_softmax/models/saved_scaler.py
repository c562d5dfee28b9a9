"""The scaler before a model: what a model file holds of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from online_softmax.models.scaled import NumberScaler
from online_softmax.storage import names
from online_softmax.storage.container import Arrays
from online_softmax.storage.fields import MOST, Array, check_value

ARRAYS = ("scaler_counts", "scaler_means", "scaler_vars", "scaler_names")


def described(pipeline: Any, scaler: Any) -> tuple[dict[str, Any], Arrays]:
    """Return what is to know of a pipeline's scaler, as JSON's own kinds, and its arrays."""
    numbers = [names.encode("feature name", name) for name in scaler.numbers] if _is_ours(scaler) else None
    inner = scaler.scaler if _is_ours(scaler) else scaler
    features = list(inner.counts)
    arrays: Arrays = {
        "scaler_counts": np.array([inner.counts[name] for name in features], np.int64),
        "scaler_means": np.array([inner.means[name] for name in features], np.float64),
        "scaler_vars": np.array([inner.vars[name] for name in features], np.float64),
        "scaler_names": names.packed("feature name", features),
    }
    _check(arrays, len(features))
    return {"steps": list(pipeline.steps), "numbers": numbers}, arrays


def built(about: dict[str, Any], arrays: Arrays, model: Any) -> Any:
    """Return the pipeline of the scaler that `described` wrote, and `model`."""
    from river import compose, preprocessing

    if about.keys() != {"steps", "numbers"} or any(name not in arrays for name in ARRAYS):
        raise ValueError("its scaler is incomplete")
    numbers, steps = about["numbers"], about["steps"]
    if not (isinstance(steps, list) and len({*steps}) == 2 and all(isinstance(step, str) for step in steps)):
        raise ValueError("its steps are not two names")
    features = names.unpacked("feature name", arrays["scaler_names"])
    _check(arrays, len(features))
    scaler: Any = preprocessing.StandardScaler() if numbers is None else NumberScaler(map(names.decode, numbers))
    inner = scaler if numbers is None else scaler.scaler
    inner.counts |= Counter(dict(zip(features, arrays["scaler_counts"].tolist(), strict=True)))
    inner.means.update(zip(features, arrays["scaler_means"].tolist(), strict=True))
    inner.vars.update(zip(features, arrays["scaler_vars"].tolist(), strict=True))
    return compose.Pipeline((steps[0], scaler), (steps[1], model))


def take(scaler: Any, other: Any) -> None:
    """Give a scaler what another of its kind has learned."""
    if _is_ours(scaler):
        scaler, other = scaler.scaler, other.scaler
    scaler.counts, scaler.means, scaler.vars = other.counts, other.means, other.vars


def _is_ours(scaler: Any) -> bool:
    return isinstance(scaler, NumberScaler)


def _check(arrays: Arrays, n: int) -> None:
    check_value("scaler_counts", Array("i8", (n,), 0, MOST), arrays["scaler_counts"])
    check_value("scaler_means", Array("f8", (n,)), arrays["scaler_means"])
    check_value("scaler_vars", Array("f8", (n,), 0), arrays["scaler_vars"])
