"""Rows of ARFF: from a line to its fields."""

from __future__ import annotations

import re
from collections.abc import Sequence

QUOTED = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\")"""
FIELD = re.compile(rf"\s*({QUOTED}|[^,'\"]*)\s*(?:,|$)")
WORD = re.compile(rf"\s*({QUOTED}|[^\s,'\"]+)(?:\s+|$)")
ENTRY = re.compile(rf"\s*(?:(\d{{1,9}})\s+({QUOTED}|[^,'\"\s]+)\s*|[^,]*)(,|$)")
COMMENT = re.compile(rf"(?<![^\s,{{])(?:{QUOTED}|(%))")
WEIGHT = re.compile(r"[,\s]\{([^{}'\"]*)\},?$")
ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


def unquoted(field: str) -> str:
    """Return what a field holds; the same object where it is not quoted.

    Examples
    --------
    >>> from online_softmax.streams.formats.arff_row import unquoted

    >>> unquoted("'don\\\\'t'")
    "don't"

    """
    if field[:1] not in ("'", '"'):
        return field
    return re.sub(r"\\(.)", lambda match: ESCAPED.get(match[1], match[1]), field[1:-1])


def quoted(text: str) -> str:
    """Return a field that holds a text."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return "'" + escaped.replace("\t", "\\t") + "'"


def without_comment(text: str) -> str:
    """Return a line without the comment at its end: an unquoted % where a field begins, or after a blank."""
    comment = next((match.start() for match in COMMENT.finditer(text) if match[1]), None)
    return text if comment is None else text[:comment].rstrip()


def without_weight(text: str) -> tuple[str, str | None]:
    """Return a row without the weight at its end, and the weight.

    Examples
    --------
    >>> from online_softmax.streams.formats.arff_row import without_weight

    >>> without_weight("1,yes,{5}"), without_weight("{0 1, 1 yes}")
    (('1,yes', '5'), ('{0 1, 1 yes}', None))

    """
    match = WEIGHT.search(text)
    return (text[: match.start()].rstrip(), match[1].strip()) if match else (text, None)


def fields_of(text: str, n: int | None = None) -> tuple[list[str], str]:
    """Return the fields of a row, still quoted, or why there are none.

    Commas are between them; blanks, where there is no comma and there should be more than one field. A comma after the
    last of `n` fields is nothing.

    Examples
    --------
    >>> from online_softmax.streams.formats.arff_row import fields_of

    >>> fields_of("1, 'a, b' ,yes,", 3)
    (['1', "'a, b'", 'yes'], '')
    >>> fields_of("1 'a, b' yes", 3)
    (['1', "'a, b'", 'yes'], '')

    """
    fields = _between_commas(text)
    if len(fields) > 1 and len(fields) == (n or 0) + 1 and not fields[-1]:
        fields.pop()
    if n != 1 and (len(fields) <= 1 or (len(fields) == 2 != n and not fields[1])):
        tabbed = [field.strip() for field in text.split("\t")] if fields else []
        fields = tabbed if len(tabbed) == n else _between_blanks(text.removesuffix(",")) or fields
    return fields, "" if fields else "a quote that is not the whole of a field, or never closes"


def sparse_fields_of(text: str, absent: Sequence[str]) -> tuple[list[str], str]:
    """Return the fields of `{index value, ..}`, or why there are none; `absent` has those that are not named."""
    text = text.removesuffix(",").rstrip()
    if not text.endswith("}"):
        return [], "a sparse row that never closes"
    fields, named = list(absent), set()
    entries = text[1:-1].strip()
    match = ENTRY.match(entries) if entries else None
    while match:
        number = len(fields) if match[1] is None else int(match[1])
        if not number < len(fields):
            entry = match[0].strip(" ,")
            shown = repr(entry if len(entry) <= 58 else f"{entry[:55]}...")
            return [], f"{shown} is not an attribute's number, from 0 to {len(fields) - 1}, and its value"
        if number in named:
            return [], f"attribute {number} is there twice"
        named.add(number)
        fields[number] = match[2]
        match = ENTRY.match(entries, match.end()) if match[3] else None
    return fields, ""


def _between_commas(text: str) -> list[str]:
    """Return the fields between commas; none where a quote is not the whole of a field."""
    if "'" not in text and '"' not in text:
        return [field.strip() for field in text.split(",")]
    fields, end = [], 0
    while end < len(text):
        if (match := FIELD.match(text, end)) is None:
            return []
        fields.append(match[1].strip())
        end = match.end()
    return fields + [""] * text.endswith(",")


def _between_blanks(text: str) -> list[str]:
    """Return the fields between blanks; none where something else is between them."""
    fields, end = [], 0
    while end < len(text):
        if (match := WORD.match(text, end)) is None:
            return []
        fields.append(match[1])
        end = match.end()
    return fields
