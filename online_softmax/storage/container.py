"""The container: arrays, and a text about them, in a safetensors file that carries its own checksum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

KEY = "online-softmax"  # of a model's text in the container's metadata
UNSIGNED = "0" * 64  # in the place of the checksum while it is taken, over every byte of the file

Arrays = dict[str, np.ndarray[Any, Any]]


def to_bytes(about: Mapping[str, Any], arrays: Arrays, key: str = KEY) -> bytes:
    """Return a file of these parts, with its checksum."""
    text = json.dumps({"checksum": UNSIGNED, **about}, allow_nan=False, separators=(",", ":"))
    dense = {name: np.asarray(array, order="C") for name, array in arrays.items()}  # it would misread a slice with gaps
    data: bytes = _safetensors().save(dense, {key: text})
    return data.replace(UNSIGNED.encode(), _checksum(data, UNSIGNED).encode(), 1)


def from_bytes(data: bytes, kinds: Mapping[int, Mapping[str, Any]], key: str = KEY) -> tuple[dict[str, Any], Arrays]:
    """Return the parts of a file's bytes.

    Parameters
    ----------
    data
        The bytes.
    kinds
        By the number of each format there is: what the text holds beside the checksum, and of which types.
    key
        Of the text.

    Raises
    ------
    ValueError
        If these are not the whole bytes of such a file, are damaged, or are of a format that is not read.
    """
    try:
        arrays: Arrays = _safetensors().load(data)
    except ImportError:
        raise
    except Exception as error:
        raise ValueError(f"it is not a whole safetensors file ({error})") from None
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")].decode())
    about = json.loads(header.get("__metadata__", {}).get(key, "null"))
    if not isinstance(about, dict) or type(about.get("format")) is not int:
        other = any(name.startswith(KEY) and name != key for name in header.get("__metadata__", {}))
        kind = "checkpoint" if key != KEY else "model"
        raise ValueError(
            f"it is another file of online-softmax, no {kind}" if other else "online-softmax did not write it"
        )
    if about["format"] > 0 and about["format"] not in kinds:
        latest, written_by = max(kinds), about.get("version")
        read = f"up to {latest}" if about["format"] > latest else f"from {min(kinds)} on"
        raise ValueError(f"it is of format {about['format']}, by version {written_by}: this one reads {read}")
    wanted = {"checksum": str, **kinds.get(about["format"], {})}
    if wanted.keys() != about.keys() or not all(isinstance(about[name], kind) for name, kind in wanted.items()):
        raise ValueError("its metadata is incomplete")
    if len(about["checksum"]) != len(UNSIGNED) or _checksum(data, about["checksum"]) != about["checksum"]:
        raise ValueError("its checksum is wrong: it is damaged")
    return about, arrays


def _checksum(data: bytes, signed: str) -> str:
    """Return the SHA-256 of a file with its own checksum zeroed."""
    at = data.index(signed.encode())
    digest = hashlib.sha256(data[:at])
    digest.update(UNSIGNED.encode())
    digest.update(memoryview(data)[at + len(signed) :])
    return digest.hexdigest()


def _safetensors() -> Any:
    try:
        from safetensors import numpy as container
    except ImportError:
        raise ImportError("model files are safetensors files: pip install 'online-softmax[models]'") from None
    return container
