"""Labels of any kind, folded into a short line that can be printed."""

from __future__ import annotations

from unicodedata import east_asian_width

ELLIPSIS = "…"
LONGEST = 10_000  # bits of an integer, which Python writes in decimals


def folded(label: object, width: int = 40) -> str:
    """Return a label in one line of printable characters; the middle of a long one is left out.

    Examples
    --------
    >>> from online_softmax.drawing.labels import folded

    >>> folded("spam"), folded(7), folded("two\\nlines"), folded("")
    ('spam', '7', "'two\\\\nlines'", "''")
    >>> folded("a" * 1_000_000 + "b", 12)
    'aaaaaaaa…aab'

    """
    is_endless = isinstance(label, int) and label.bit_length() > LONGEST
    text = f"{label:#x}" if is_endless else str(label)
    start, end = text[: width + 1], text[-width - 1 :]
    if len(text) > 2 * width:
        text = start + end  # at most what can be seen, and longer than that
    text = text if text.isprintable() and text.strip() else repr(text)
    if columns(text) <= width:
        return text
    head = _fitting(text, width - 1 - width // 4)
    tail = _fitting(text[::-1], width - 1 - columns(head))[::-1]
    return head + ELLIPSIS + tail


def columns(text: str) -> int:
    """Return how wide a text is, where the wide letters of East Asia take two columns."""
    return sum(1 + (east_asian_width(letter) in "WF") for letter in text)


def _fitting(text: str, width: int) -> str:
    """Return the start of a text that is at most so wide."""
    end = 0
    while end < len(text) and (width := width - columns(text[end])) >= 0:
        end += 1
    return text[:end]
