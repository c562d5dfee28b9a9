"""Model files: a whole model as one safetensors file, safe to load from strangers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np

from online_softmax._kernel import state as layout
from online_softmax.models import saved_scaler as scaler
from online_softmax.models.scaled import scaled_model
from online_softmax.storage import names
from online_softmax.storage.atomic import write
from online_softmax.storage.container import Arrays, sealed, unsealed

# What the text of each format holds; this version writes the last.
FIRST: dict[str, Any] = {"class": str, "format": int, "numbers": dict, "parameters": dict, "version": str}
KINDS: dict[int, dict[str, Any]] = {1: FIRST, 2: {**FIRST, "scaler": dict | None}}
FORMAT = max(KINDS)

Kind = TypeVar("Kind", bound=type[Any])
MODELS: dict[str, type[Any]] = {}  # the models that a file may hold, by name


class ModelFileError(ValueError):
    """A file that is not a whole and sound model file of this version."""


def savable(kind: Kind) -> Kind:
    """Enter a model's class among those that a file may hold."""
    MODELS[kind.__name__] = kind
    return kind


def save(model: Any, path: str | os.PathLike[str] | IO[bytes]) -> None:
    """Write a model to a file, from which `load` brings it back equal to the last bit.

    The file is written beside its place, synced and renamed: at any instant, the path holds the old file or the new
    one, whole. Names and labels may be str, int, float, bool, None, bytes, NumPy's scalars of these, and tuples.

    Parameters
    ----------
    model
        A `SoftmaxRegression` or an `AutoSoftmaxRegression`, or a pipeline of river's `StandardScaler` and one of them.
    path
        Where to, or a binary file, which is written to and left open.

    Examples
    --------
    >>> import io
    >>> from online_softmax import SoftmaxRegression, load, save
    >>> model, file = SoftmaxRegression(), io.BytesIO()
    >>> model.learn_one({("word", 1): 2.0}, "yes")
    >>> save(model, file)
    >>> load(io.BytesIO(file.getvalue())).weights
    {'yes': {('word', 1): 0.0}}

    Raises
    ------
    TypeError
        If a name, a label or a parameter is of a type that a model file cannot hold; nothing is written then.
    OSError
        If the file cannot be written; the old one is as it was then.
    """
    write(path, written(model))


def load(path: str | os.PathLike[str] | IO[bytes]) -> Any:
    """Return the model that a file holds. Nothing in it is executed, and every byte of it is checked.

    Parameters
    ----------
    path
        Where from, or a binary file, which is read to its end.

    Raises
    ------
    ModelFileError
        If the file is not a model file, is damaged, or is of a later format.
    """
    named = isinstance(path, str | os.PathLike)
    data = Path(path).read_bytes() if isinstance(path, str | os.PathLike) else path.read()
    if not isinstance(data, bytes):
        raise TypeError(f"a model is loaded from a path or a binary file, got {path!r}")
    try:
        return read(data)
    except (ImportError, MemoryError):
        raise
    except Exception as error:  # what a stranger wrote can fail in any way, and always means this
        raise ModelFileError(f"cannot load {path if named else 'this file'}: {error}") from error


def written(model: Any) -> bytes:
    """Return the bytes of a model's file."""
    from importlib.metadata import version

    from online_softmax.models import parameters

    about: dict[str, Any] | None = None
    arrays: Arrays = {}
    if pair := scaled_model(model):
        about, arrays = scaler.described(model, pair[0])
        model = pair[1]
    kind = type(model).__name__
    if MODELS.get(kind) is not type(model):
        raise TypeError(f"a model file holds one of {', '.join(layout.MODELS)}, got {model!r}")
    state = model._state()
    features, labels = state.pop("names"), state.pop("labels")
    if not labels:  # nothing is learned then, and arrays of no classes are not worth a place
        state = {name: state[name] for name in layout.USE if name in state}
    layout.check(model, len(features), len(labels), state)
    arrays |= {"names": names.packed("feature name", features), "labels": names.packed("label", labels)}
    arrays |= {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
    return sealed(
        {
            "class": kind,
            "format": FORMAT,
            "numbers": {name: value for name, value in state.items() if name not in arrays},
            "parameters": {
                name: parameters.described(f"{kind}'s {name}", getattr(model, name)) for name in model._get_params()
            },
            "version": version("online-softmax"),
            "scaler": about,
        },
        arrays,
    )


def read(data: bytes) -> Any:
    """Return the model of a file's bytes."""
    about, found = unsealed(data, KINDS)
    if about["class"] not in MODELS:
        raise ValueError(f"its class {about['class']!r} is unknown")
    from online_softmax.models import parameters

    arguments = {name: parameters.built(value) for name, value in about["parameters"].items()}
    model = MODELS[about["class"]](**arguments)
    for key in ("names", "labels"):
        if key not in found:
            raise ValueError(f"its {key} are missing")
    features, labels = names.unpacked("feature name", found.pop("names")), names.unpacked("label", found.pop("labels"))
    whole: Any = model
    if about.get("scaler") is not None:
        whole = scaler.built(about["scaler"], found, model)
        found = {name: value for name, value in found.items() if name not in scaler.ARRAYS}
    state = {**found, **about["numbers"]}
    layout.check(model, len(features), len(labels), state)
    model._restore({"names": features, "labels": labels, **state})
    return whole


def restore(model: Any, data: bytes) -> None:
    """Give a model what that of a file's bytes has learned.

    Raises
    ------
    ValueError
        If the other has another class, other parameters or another scaler.
    """
    saved = read(data)
    (theirs, _), (ours, _) = unsealed(data, KINDS), unsealed(written(model), KINDS)
    for part in ("class", "parameters", "scaler"):
        if ours[part] != theirs[part]:
            raise ValueError(f"the model's {part} was {theirs[part]} and is {ours[part]}")
    pair, saved_pair = scaled_model(model), scaled_model(saved)
    if pair and saved_pair:
        scaler.take(pair[0], saved_pair[0])
        model, saved = pair[1], saved_pair[1]
    model._restore(saved._state())
