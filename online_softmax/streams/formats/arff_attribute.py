"""Attributes of ARFF: what the header says of a column."""

from __future__ import annotations

import re
from typing import NamedTuple

from online_softmax.streams.dates import Dates
from online_softmax.streams.formats.arff_row import QUOTED, fields_of, quoted, unquoted

NUMBERS = {"numeric", "real", "integer"}
LINE = re.compile(
    rf"@attribute\s+({QUOTED}|[^\s{{]+)\s*(?:(\{{(?:{QUOTED}|[^'\"}}])*\}})|(\w+)\s*({QUOTED}|[^\s%\"'][^%]*)?)", re.I
)
AFTER_VALUES = re.compile(r"\s*(?:\{[^{}]*\}\s*)?(?:%.*)?")  # a weight, and a comment
# The letters of Java's dates, as `datetime.strptime` has them.
JAVA = {"yyyy": "%Y", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%m", "dd": "%d", "d": "%d", "HH": "%H"}
JAVA |= {"H": "%H", "hh": "%I", "h": "%I", "mm": "%M", "m": "%M", "ss": "%S", "s": "%S", "SSS": "%f", "a": "%p"}
JAVA |= {"EEEE": "%A", "EEE": "%a", "E": "%a", "Z": "%z", "XXX": "%z"}
LETTERS = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|.", re.DOTALL)
ISO = ("", "yyyy-MM-dd'T'HH:mm:ss")


class Attribute(NamedTuple):
    """An attribute.

    Attributes
    ----------
    kind
        "numeric", "real", "integer", "nominal", "string" or "date".
    values
        What a nominal attribute declares.
    format
        How dates are written, in Java's letters; ISO 8601 where it is empty.

    """

    kind: str
    values: tuple[str, ...] = ()
    format: str = ""

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self.kind in NUMBERS

    @property
    def absent(self) -> str:
        """Return the field that a sparse row means by saying nothing."""
        if self.values:
            return quoted(self.values[0])
        return "0" if self.is_number else "?"

    def dates(self) -> Dates | str:
        """Return how its dates are written, or what cannot be read.

        Examples
        --------
        >>> from online_softmax.streams.formats.arff_attribute import Attribute

        >>> Attribute("date", format="dd.MM.yyyy HH:mm").dates()
        Dates(format='%d.%m.%Y %H:%M', has_time=True)
        >>> Attribute("date", format="w-yyyy").dates()
        "dates of the format 'w-yyyy', whose 'w' is not known here: say date_format='%d/%m/%Y', or what it is"

        """
        if self.format in ISO:
            return Dates()
        format = ""
        for match in LETTERS.finditer(self.format):
            if match[2] is None:
                literal = match[0] if match[1] is None else match[1].replace("''", "'") or "'"
                format += literal.replace("%", "%%")
            elif match[0] in JAVA:
                format += JAVA[match[0]]
            else:
                unknown = f"dates of the format {self.format!r}, whose {match[0]!r} is not known here"
                return f"{unknown}: say date_format='%d/%m/%Y', or what it is"
        return Dates(format, "%H" in format or "%I" in format)


def attribute_of(line: str) -> tuple[str, Attribute] | None:
    """Return name and attribute of a line of the header, or None where it cannot be read.

    Examples
    --------
    >>> from online_softmax.streams.formats.arff_attribute import attribute_of

    >>> attribute_of("@attribute 'the size' {small, 'very large'} % in cm")
    ('the size', Attribute(kind='nominal', values=('small', 'very large'), format=''))

    """
    match = LINE.match(line)
    if match is None:
        return None
    name, kind = unquoted(match[1]), (match[3] or "").lower()
    if match[2]:
        values, reason = fields_of(match[2][1:-1].strip())
        if len(values) > 1 and not values[-1]:
            values.pop()
        readable = not reason and AFTER_VALUES.fullmatch(line, match.end())
        return (name, Attribute("nominal", tuple(map(unquoted, values)))) if readable else None
    if kind == "date":
        return name, Attribute(kind, format=unquoted((match[4] or "").strip()))
    return (name, Attribute(kind)) if kind in {*NUMBERS, "string"} else None
