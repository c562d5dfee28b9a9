"""Model files: a whole model as one safetensors file, safe to load from strangers."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from online_softmax.classifier import KernelClassifier
from online_softmax.model_file import layout, names

FORMAT = 1  # what this version writes; it reads this and every smaller one
KEY = "online-softmax"  # of our JSON in the container's metadata
ABOUT = {"checksum": str, "class": str, "format": int, "numbers": dict, "parameters": dict, "version": str}
UNSIGNED = "0" * 64  # in the place of the checksum while it is taken, over every byte of the file


class ModelFileError(ValueError):
    """A file that is not a whole and sound model file of this version."""


def save(model: KernelClassifier, path: str | os.PathLike[str] | IO[bytes]) -> None:
    """Write a model to a file, from which `load` brings it back equal to the last bit.

    The file is written beside its place, synced and renamed: at any instant, the path holds the old file or the new
    one, whole. Names and labels may be str, int, float, bool, None, bytes, NumPy's scalars of these, and tuples.

    Parameters
    ----------
    model
        A `SoftmaxRegression` or an `AutoSoftmaxRegression`.
    path
        Where to, or a binary file, which is written to and left open.

    Examples
    --------
    >>> import io
    >>> from online_softmax import SoftmaxRegression
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
    data = written(model)
    if not isinstance(path, str | os.PathLike):
        _write(path, data)
        return
    try:
        _replace(Path(os.path.realpath(path)), data)
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def load(path: str | os.PathLike[str] | IO[bytes]) -> KernelClassifier:
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


def written(model: KernelClassifier) -> bytes:
    """Return the bytes of a model's file."""
    from importlib.metadata import version

    from online_softmax.model_file import parameters

    kind = type(model).__name__
    if _kinds().get(kind) is not type(model):
        raise TypeError(f"a model file holds one of {', '.join(layout.LAYOUTS)}, got {model!r}")
    state = model._state()
    features, labels = state.pop("names"), state.pop("labels")
    if not labels:  # nothing is learned then, and arrays of no classes are not worth a place
        state = {name: state[name] for name in layout.USAGE if name in state}
    layout.check(model, len(features), len(labels), state)
    arrays = {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
    return sealed(
        {
            "class": kind,
            "format": FORMAT,
            "numbers": {name: value for name, value in state.items() if name not in arrays},
            "parameters": {
                name: parameters.described(f"{kind}'s {name}", getattr(model, name)) for name in model._get_params()
            },
            "version": version("online-softmax"),
        },
        {"names": names.packed("feature name", features), "labels": names.packed("label", labels), **arrays},
    )


def sealed(about: Mapping[str, Any], arrays: dict[str, np.ndarray[Any, Any]]) -> bytes:
    """Return a model file of these parts, with its checksum."""
    text = json.dumps({"checksum": UNSIGNED, **about}, allow_nan=False, separators=(",", ":"))
    data: bytes = _safetensors().save(arrays, {KEY: text})
    return data.replace(UNSIGNED.encode(), _checksum(data, UNSIGNED).encode(), 1)


def _checksum(data: bytes, signed: str) -> str:
    """Return the SHA-256 of a file with its own checksum zeroed."""
    at = data.index(signed.encode())
    digest = hashlib.sha256(data[:at])
    digest.update(UNSIGNED.encode())
    digest.update(memoryview(data)[at + len(signed) :])
    return digest.hexdigest()


def read(data: bytes) -> KernelClassifier:
    """Return the model of a file's bytes."""
    container = _safetensors()
    try:
        found: dict[str, Any] = container.load(data)
    except Exception as error:
        raise ValueError(f"it is not a whole safetensors file ({error})") from None
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")].decode())
    about = json.loads(header.get("__metadata__", {}).get(KEY, "null"))
    if not isinstance(about, dict) or type(about.get("format")) is not int:
        raise ValueError("it was not written by online-softmax")
    if about["format"] > FORMAT:
        written_by = about.get("version")
        raise ValueError(f"it is of format {about['format']}, by version {written_by}: this one reads up to {FORMAT}")
    if about["format"] < 1 or {name: type(value) for name, value in about.items()} != ABOUT:
        raise ValueError("its metadata is incomplete")
    if len(about["checksum"]) != len(UNSIGNED) or _checksum(data, about["checksum"]) != about["checksum"]:
        raise ValueError("its checksum is wrong: it is damaged")
    if about["class"] not in layout.LAYOUTS:
        raise ValueError(f"its class {about['class']!r} is unknown")
    from online_softmax.model_file import parameters

    arguments = {name: parameters.built(value) for name, value in about["parameters"].items()}
    model = _kinds()[about["class"]](**arguments)
    for key in ("names", "labels"):
        if key not in found:
            raise ValueError(f"its {key} are missing")
    features, labels = names.unpacked("feature name", found.pop("names")), names.unpacked("label", found.pop("labels"))
    found.update(about["numbers"])
    layout.check(model, len(features), len(labels), found)
    model._restore({"names": features, "labels": labels, **found})
    return model


def _safetensors() -> Any:
    try:
        from safetensors import numpy as container
    except ImportError:
        raise ImportError("model files are safetensors files: pip install 'online-softmax[models]'") from None
    return container


def _kinds() -> dict[str, type[KernelClassifier]]:
    """Return the models that a file may hold, by name."""
    package = __name__.partition(".")[0]
    ours = [kind for kind in KernelClassifier.__subclasses__() if kind.__module__.partition(".")[0] == package]
    return {kind.__name__: kind for kind in ours if kind.__name__ in layout.LAYOUTS}


def _write(file: IO[bytes], data: bytes) -> None:
    """Write all of `data` to a file that may take it in parts."""
    if isinstance(file, io.TextIOBase) or not hasattr(file, "write"):
        raise TypeError(f"a model is saved to a path or a binary file, got {file!r}")
    while data:
        taken = file.write(data)
        if taken == 0:
            raise OSError(f"{file!r} takes no more bytes")
        data = data[len(data) if taken is None else taken :]


def _replace(path: Path, data: bytes) -> None:
    """Put `data` in the place of a file, at once or not at all."""
    mode = path.stat().st_mode if path.exists() else None
    if mode is not None and not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "not a regular file")
    beside = path.with_name(f".online-softmax-{secrets.token_hex(8)}.tmp")
    try:
        with open(beside, "xb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), stat.S_IMODE(mode))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
