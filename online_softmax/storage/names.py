"""Names and labels as JSON text, from which each comes back as the same type and value."""

from __future__ import annotations

import json
import math
import reprlib
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

DEEPEST = 64  # tuples in tuples
CROWDED = 100  # names of one hash: more of them, and a dictionary becomes a list

PLAIN: dict[type[np.generic], type] = {np.bool_: bool, np.str_: str, np.bytes_: bytes}
PLAIN |= dict.fromkeys((np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64), int)
PLAIN |= dict.fromkeys((np.float16, np.float32, np.float64), float)
NUMPY = {f"np.{kind.__name__}": kind for kind in PLAIN}

TAGGED: dict[str, Callable[[Any], Hashable]] = {
    "int": lambda text: int(text, 16),
    "float": float,
    "str": lambda text: bytes.fromhex(text).decode("utf-8", "surrogatepass"),
    "bytes": bytes.fromhex,
}


def to_json(what: str, value: Any, depth: int = 0) -> Any:
    """Return a name as JSON's own kinds: a list is a tuple, and {tag: text} what JSON cannot write.

    Examples
    --------
    >>> to_json("label", ("a", 1, 1.0, None, b"a"))
    ['a', 1, 1.0, None, {'bytes': '61'}]

    Raises
    ------
    TypeError, ValueError
        If the type is not str, int, float, bool, None, bytes, a NumPy scalar of these, or a tuple of them.
    """
    kind = type(value)
    if kind is str:
        return value if value.isascii() or _is_text(value) else {"str": value.encode("utf-8", "surrogatepass").hex()}
    if value is None or kind is bool:
        return value
    if kind is int:
        return value if abs(value) < 1 << 63 else {"int": hex(value)}
    if kind is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if kind is bytes:
        return {"bytes": value.hex()}
    if kind is tuple:
        if depth == DEEPEST:
            raise ValueError(f"a {what} nests tuples more than {DEEPEST} deep: a model file holds flatter ones")
        return [to_json(what, each, depth + 1) for each in value]
    if kind in PLAIN:
        return {f"np.{kind.__name__}": to_json(what, value[:] if PLAIN[kind] in (str, bytes) else value.item())}
    raise TypeError(
        f"{what} {reprlib.repr(value)} is a {kind.__name__}: a model file holds str, int, float, bool, None, bytes, "
        "NumPy's scalars of these, and tuples"
    )


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def from_json(node: Any, depth: int = 0) -> Hashable:
    """Return the name that `to_json` wrote.

    Examples
    --------
    >>> from_json(["a", 1, 1.0, None, {"bytes": "61"}])
    ('a', 1, 1.0, None, b'a')
    """
    if isinstance(node, list):
        if depth == DEEPEST:
            raise ValueError(f"tuples are nested more than {DEEPEST} deep")
        return tuple(from_json(each, depth + 1) for each in node)
    if not isinstance(node, dict):
        return node  # type: ignore[no-any-return]
    [(tag, text)] = node.items()
    if tag in TAGGED and isinstance(text, str):
        return TAGGED[tag](text)
    value = from_json(text, DEEPEST)
    if type(value) is not PLAIN[NUMPY[tag]]:
        raise ValueError(f"{tag} cannot be {value!r}")
    return NUMPY[tag](value)


def to_bytes(what: str, names: list[Hashable]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return names as an array of the bytes of their JSON text."""
    _check(what, names)
    nodes = [to_json(what, name) for name in names]
    text = json.dumps(nodes, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return np.frombuffer(text.encode(), np.uint8)


def from_bytes(what: str, text: Any) -> list[Hashable]:
    """Return the names that `to_bytes` wrote, once they are known to differ.

    Examples
    --------
    >>> from_bytes("label", to_bytes("label", ["a", ("b", 2)]))
    ['a', ('b', 2)]
    >>> from_bytes("label", to_bytes("label", [1, True]))
    Traceback (most recent call last):
    ValueError: a label appears twice
    """
    if text.dtype != np.uint8 or text.ndim != 1:
        raise ValueError(f"the {what}s must be an array of bytes")
    nodes = json.loads(text.tobytes().decode())
    if not isinstance(nodes, list):
        raise ValueError(f"the {what}s must be a list")
    names = [from_json(node) for node in nodes]
    _check(what, names)
    return names


def _check(what: str, names: list[Hashable]) -> None:
    if max(Counter(map(hash, names)).values(), default=0) > CROWDED:
        raise ValueError(f"more than {CROWDED} {what}s have one hash, and a model file holds no more")
    if len(set(names)) < len(names):
        raise ValueError(f"a {what} appears twice")
