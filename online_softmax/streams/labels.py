"""Labels: whether they are numbers or texts, for a whole source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

from online_softmax.checks import shorten
from online_softmax.streams.place import PlaceError

TYPES = ("auto", "number", "text")  # what may be asked for
INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,19})", re.ASCII)
WHOLE = re.compile(r"[+-]?\d{1,400}", re.ASCII)
TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def check_label_type(label_type: object) -> None:
    """Refuse what is no type of labels."""
    if label_type not in TYPES:
        raise ValueError(f"label_type is {', '.join(map(repr, TYPES))}, not {label_type!r}")


def kind_of(texts: Iterable[str], label_type: str = "auto") -> str:
    """Return what labels are that come as text: "int", "float", "bool" or "text".

    They are numbers if each survives the way to a number and back, and no two become one; else all stay text.

    Examples
    --------
    >>> from online_softmax.streams.labels import kind_of

    >>> kind_of(["1", "2"]), kind_of(["1", "2.5"]), kind_of(["07", "7"]), kind_of(["1", "1.0"]), kind_of(["True"])
    ('int', 'float', 'text', 'text', 'bool')

    """
    found = {text.strip() for text in texts}
    if label_type == "text" or (not found and label_type == "auto"):
        return "text"
    if label_type == "number":
        return "int" if all(map(WHOLE.fullmatch, found)) else "float"
    if all(is_integer(text) for text in found):
        return "int"
    if all(map(_is_float, found)) and len({float(text) for text in found}) == len(found):
        return "float"
    if found <= TRUTHS.keys() and len({TRUTHS[text] for text in found}) == len(found):
        return "bool"
    return "text"


def is_integer(text: str) -> bool:
    """Whether a text is an integer as Python writes it, of at most 20 digits."""
    return bool(INTEGER.fullmatch(text)) and text != "-0"


def _number(text: str) -> float | None:
    """Return the finite number that a text spells."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) and "_" not in text else None


def _is_float(text: str) -> bool:
    """Whether a text is a float as Python writes it, or an integer that a float holds."""
    value = _number(text)
    return value is not None and (repr(value) == text or (is_integer(text) and int(value) == int(text)))


def label_of(text: str, kind: str, label_type: str = "auto", spelled: dict[Any, str] | None = None) -> Any:
    """Return the label of a kind that a text stands for.

    Parameters
    ----------
    text
        The text.
    kind
        "int", "float", "bool" or "text".
    label_type
        What was asked for.
    spelled
        How each label was written when it was first met, which a new one joins; None where that does not matter.

    Raises
    ------
    ValueError
        If it does not fit: as a number it would not be what it is as text, unless `label_type` asks for numbers.

    """
    label = _label(text, text.strip(), kind, label_type)
    if spelled is not None and keeps_spelling(kind, label_type):
        first = spelled.setdefault(label, text.strip())
        if first != text.strip():
            raise ValueError(f"{text!r} is another text than {first!r} before it, and the same label")
    return label


def keeps_spelling(kind: str, label_type: str) -> bool:
    """Whether a label of a kind has to be written as it was when it was first met."""
    return label_type == "auto" and kind in ("float", "bool")


def spelled_at(at: Mapping[str, Any], kind: str) -> dict[Any, str]:
    """Return how each label was written that was met before a place; see `label_of`."""
    spelled: dict[Any, str] = {}
    try:
        for text in at.get("spelled", ()):
            label_of(text, kind, spelled=spelled)
    except (TypeError, ValueError, AttributeError):
        raise PlaceError(f"the place tells of labels that are none of this source: {shorten(at['spelled'])}") from None
    return spelled


def _label(text: str, bare: str, kind: str, label_type: str) -> Any:
    if kind == "text":
        return text
    if kind == "bool":
        if bare in TRUTHS:
            return TRUTHS[bare]
    elif label_type == "number":
        if kind == "int" and WHOLE.fullmatch(bare):
            return int(bare)
        value = _number(bare)
        if value is not None:
            return int(value) if kind == "int" and value.is_integer() else value
    elif kind == "int":
        if is_integer(bare):
            return int(bare)
    elif _is_float(bare):
        return float(bare)
    raise ValueError(f"{text!r} is no label like the others, which are {NAMES[kind]}")


NAMES = {"int": "integers", "float": "numbers", "bool": "true or false", "text": "texts"}


def together(kinds: Iterable[str]) -> str:
    """Return the kind of the labels of a whole source, from those of its parts: text if any part needs it.

    Examples
    --------
    >>> from online_softmax.streams.labels import together

    >>> together(["int", "int"]), together(["int", "float"]), together(["int", "text"]), together(["int", "bool"])
    ('int', 'float', 'text', 'text')

    """
    found = {*kinds}
    if len(found) == 1:
        return found.pop()
    return "float" if found == {"int", "float"} else "text"
