"""Texts: names, labels and values of any kind, and sizes, as a person reads them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any
from unicodedata import east_asian_width

import numpy as np

ELLIPSIS = "…"
LONGEST = 10_000  # bits of an integer that is written in decimals: Python refuses a few thousand more
UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def folded(thing: object, width: int = 40) -> str:
    """Return a name, a label or a value in one line of printable characters; the middle of a long one is left out.

    Examples
    --------
    >>> from online_softmax.texts import folded

    >>> folded("spam"), folded(7), folded("two\\nlines"), folded("")
    ('spam', '7', "'two\\\\nlines'", "''")
    >>> folded("a" * 1_000_000 + "b", 12)
    'aaaaaaaa…aab'

    """
    text = written(thing)
    start, end = text[: width + 1], text[-width - 1 :]
    if len(text) > 2 * width:
        text = start + end  # at most what can be seen, and longer than that
    text = text if text.isprintable() and text.strip() else repr(text)
    if columns(text) <= width:
        return text
    head = _fitting(text, width - 1 - width // 4)
    tail = _fitting(text[::-1], width - 1 - columns(head))[::-1]
    return head + ELLIPSIS + tail


def written(thing: object, form: Callable[[object], str] = str) -> str:
    """Return the text of a thing; of an integer that Python does not write in decimals, in hexadecimals.

    Examples
    --------
    >>> from online_softmax.texts import written

    >>> written(12), written("a", repr), len(written(10**5000)), written((10**5000, "a"))
    ('12', "'a'", 4155, '<tuple>')

    """
    if isinstance(thing, int) and thing.bit_length() > LONGEST:
        return f"{thing:#x}"
    try:
        return form(thing)
    except ValueError:  # there is such an integer inside
        return f"<{type(thing).__name__}>"


def plain(thing: Any) -> Any:
    """Return a name, a label or a value as JSON has it: what is no text, number or truth becomes its text."""
    if isinstance(thing, np.generic):
        return plain(thing.item())
    if thing is None or isinstance(thing, bool | str):
        return thing
    if isinstance(thing, int):
        return thing if thing.bit_length() <= LONGEST else written(thing)
    return thing if isinstance(thing, float) and math.isfinite(thing) else written(thing)


def size(n_bytes: int) -> str:
    """Return a number of bytes as a person says it.

    Examples
    --------
    >>> from online_softmax.texts import size

    >>> size(900), size(81_234), size(1_234_567), size(5_200_000_000)
    ('900 bytes', '81.2 kB', '1.2 MB', '5.2 GB')

    """
    return next((f"{n_bytes / least:.1f} {unit}" for least, unit in UNITS if n_bytes >= least), f"{n_bytes} bytes")


def columns(text: str) -> int:
    """Return how wide a text is, where the wide letters of East Asia take two columns."""
    return sum(1 + (east_asian_width(letter) in "WF") for letter in text)


def _fitting(text: str, width: int) -> str:
    """Return the start of a text that is at most so wide."""
    end = 0
    while end < len(text) and (width := width - columns(text[end])) >= 0:
        end += 1
    return text[:end]
