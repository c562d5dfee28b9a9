"""Model files: a whole model as one safetensors file, safe to load from strangers."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np

from online_softmax._kernel import earlier
from online_softmax._kernel import state as layout
from online_softmax.models.native import NativeModel
from online_softmax.models.scaled import ScaledModel, native
from online_softmax.storage import container, names
from online_softmax.storage.atomic import write

# What the text of each format holds; this version writes the last.
FIRST: dict[str, Any] = {"class": str, "format": int, "numbers": dict, "parameters": dict, "version": str}
SECOND: dict[str, Any] = {**FIRST, "scaler": dict | None}
KINDS: dict[int, dict[str, Any]] = {1: FIRST, 2: SECOND, 3: SECOND}
FORMAT = max(KINDS)
NOTE = "note"  # the array of bytes that a file may have beside the model, and that are no part of it

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
    write(path, to_bytes(model))


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
        return from_bytes(data)
    except (ImportError, MemoryError):
        raise
    except Exception as error:  # what a stranger wrote can fail in any way, and always means this
        raise ModelFileError(f"cannot load {path if named else 'this file'}: {error}") from error


def to_bytes(model: Any, note: bytes = b"") -> bytes:
    """Return the bytes of a model's file, which may carry a note of whoever keeps it."""
    kind, found = kind_of(model), native(model)
    assert found is not None  # it has no kind otherwise
    state = found.state()
    found.check(state)
    arrays = {name: names.to_bytes(what, state[name]) for name, what in found.lists.items()}
    arrays |= {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
    numbers = {name: value for name, value in state.items() if name not in arrays}
    if note:
        arrays[NOTE] = np.frombuffer(note, np.uint8)
    return container.to_bytes(
        {
            "class": kind["class"],
            "format": FORMAT,
            "numbers": numbers,
            "parameters": kind["parameters"],
            "version": _version(),
            "scaler": kind["scaler"],
        },
        arrays,
    )


def kind_of(model: Any) -> dict[str, Any]:
    """Return, for JSON, what a model is before it learns: its class, its parameters, and the scaler before it."""
    from online_softmax.models import parameters

    found = native(model)
    inner = model if found is None else found.model
    kind = type(inner).__name__
    if found is None or MODELS.get(kind) is not type(inner):
        raise TypeError(f"a model file holds one of {', '.join(layout.MODELS)}, got {inner!r}")
    values = {name: parameters.to_json(f"{kind}'s {name}", getattr(inner, name)) for name in inner._get_params()}
    return {"class": kind, "parameters": values, "scaler": found.to_json()}


@cache
def _version() -> str:
    from importlib.metadata import version

    return version("online-softmax")


def from_bytes(data: bytes) -> Any:
    """Return the model of a file's bytes."""
    return noted(data)[0]


def noted(data: bytes) -> tuple[Any, bytes]:
    """Return the model of a file's bytes, and the note that the file carries."""
    about, arrays = container.from_bytes(data, KINDS)
    if about["class"] not in MODELS:
        raise ValueError(f"its class {about['class']!r} is unknown")
    from online_softmax.models import parameters

    note = arrays.pop(NOTE, np.empty(0, np.uint8))
    arguments = {name: parameters.from_json(value) for name, value in about["parameters"].items()}
    model = MODELS[about["class"]](**arguments)
    scaler = about.get("scaler")
    found = NativeModel(model) if scaler is None else ScaledModel.from_json(scaler, model)
    for name in found.lists:
        if name not in arrays:
            raise ValueError(f"its {name} are missing" if name in NativeModel.lists else "its scaler is incomplete")
        if name in about["numbers"]:
            raise ValueError(f"{name!r} is not part of such a model")
    lists = {name: names.from_bytes(what, arrays[name]) for name, what in found.lists.items()}
    state = {**arrays, **about["numbers"], **lists}
    if about["format"] <= 2:
        state = earlier.from_format_2(state)
    found.check(state)
    found.restore(state)
    return found.whole, note.tobytes()


def check_alike(model: Any, saved: Any) -> None:
    """Refuse a model that is of another class than the saved one, or has other parameters or another scaler."""
    then, now = kind_of(saved), kind_of(model)
    for part in then:
        if then[part] != now[part]:
            raise ValueError(f"the model's {part} was {then[part]} and is {now[part]}")


def restore(model: Any, data: bytes) -> None:
    """Give a model what the model in a file's bytes has learned.

    Raises
    ------
    ValueError
        If that model is of another class, or has other parameters or another scaler.
    """
    saved = from_bytes(data)
    check_alike(model, saved)
    source, target = native(saved), native(model)
    assert source is not None  # it could not be written otherwise
    assert target is not None
    target.restore(source.state())
