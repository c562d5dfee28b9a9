"""Dates: texts that are moments, and the numbers a moment becomes."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from math import nan

import numpy as np
from numpy.typing import NDArray

DAYS = ["%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d.%m.%Y", "%m.%d.%Y", "%Y.%m.%d", "%d-%m-%Y", "%m-%d-%Y", "%Y-%m-%d"]
DAYS += ["%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%m-%y", "%m-%d-%y", "%Y%m%d"]
DAYS += ["%b %d %Y", "%b %d, %Y", "%B %d %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y"]
DAYS += ["%Y-%b-%d", "%a, %d %b %Y", "%a %d %b %Y", "%a %b %d %Y"]
HOURS = ["", "%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p"]
ZONES = ["", "%z", " %z"]
FORMATS = {
    day: [
        f"{day}{gap}{hour}{zone}"
        for hour in HOURS
        for gap in ([""] if not hour else [" ", "T", ":"] if day == "%d/%b/%Y" else [" ", "T"])
        for zone in (ZONES if hour else [""])
    ]
    for day in DAYS
} | {"%a %b %d %H": ["%a %b %d %H:%M:%S %Y"]}
# How the parts of a format look: `strptime` is asked no sooner than a text looks right.
LOOKS = {
    "d": r"\d\d?",
    "m": r"\d\d?",
    "Y": r"\d{4}",
    "y": r"\d\d",
    "b": r"[^\W\d]+\.?",
    "B": r"[^\W\d]+",
    "a": r"[^\W\d]+",
}
LOOKS |= {
    "H": r"\d\d?",
    "I": r"\d\d?",
    "M": r"\d\d?",
    "S": r"\d\d?",
    "f": r"\d+",
    "p": r"[^\W\d]+",
    "z": r"(?:[+-][\d:.]+|Z)",
}
# A day and a month beside each other, or letters between numbers: anything else need not be tried.
DATE_LIKE = re.compile(
    r"\W*(?:\d{1,4}[/.-]\w{1,9}[/.-]\d{1,4}|\d{1,2}:\d\d|[A-Za-z]{3,9}[, ]+[\w ]*\d|\d{1,2} [A-Za-z]{3,9} \d)"
)
ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d.*)?", re.ASCII)
MISSING = -(1 << 63)  # what NumPy keeps for no date
UNITS = {"D": 86_400.0, "s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
TRIED = 64  # about how many texts a format is found by
NEARLY = 0.9  # the part of them that must be dates


@dataclass(frozen=True)
class Dates:
    """How a column writes dates.

    Parameters
    ----------
    format
        As `datetime.strptime` takes it; None for ISO 8601.
    has_time
        Whether the hour is known.

    Examples
    --------
    >>> from online_softmax.streams.dates import Dates

    >>> Dates("%d/%m/%Y").seconds("31/01/2021") == Dates().seconds("2021-01-31T00:00Z")
    True

    """

    format: str | None = None
    has_time: bool = True

    def seconds(self, text: str) -> float:
        """Return the seconds since 1970 that a text stands for, in UTC where it names no zone; ValueError for none."""
        bare = text.strip()
        try:
            when = datetime.fromisoformat(bare) if self.format is None else datetime.strptime(bare, self.format)
        except ValueError:
            raise ValueError(f"{text!r} is no date") from None
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()

    def names(self, column: Hashable) -> list[Hashable]:
        """Return the features that a column becomes."""
        hour = [f"{column}.hour_sin", f"{column}.hour_cos"] if self.has_time else []
        return [column, *hour, *(f"{column}.{part}_{of}" for part in ("weekday", "month") for of in ("sin", "cos"))]

    def parts(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return seconds since 1970 as columns: themselves, then the hour, the weekday and the month on circles.

        Examples
        --------
        >>> import numpy as np
        >>> from online_softmax.streams.dates import Dates

        >>> Dates(has_time=False).parts(np.array([86400.0 * 4])).round(2)  # Monday, 5 January 1970
        array([[3.456e+05, 0.000e+00, 1.000e+00, 0.000e+00, 1.000e+00]])

        """
        gone = ~np.isfinite(seconds)
        known = np.where(gone, 0.0, seconds)
        days = np.floor(known / 86400)
        months = known.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) % 12
        turns = [(days + 3) % 7 / 7, months / 12]
        if self.has_time:
            turns.insert(0, known % 86400 / 86400)
        columns = [known, *(of(2 * np.pi * turn) for turn in turns for of in (np.sin, np.cos))]
        out = np.column_stack(columns)
        out[gone] = seconds[gone, np.newaxis]
        return out


def seconds(whole: NDArray[np.int64], unit: str) -> NDArray[np.float64]:
    """Return whole days or parts of a second since 1970 as seconds, alike for all units; nan for `MISSING`.

    Examples
    --------
    >>> import numpy as np
    >>> from online_softmax.streams.dates import seconds

    >>> seconds(np.array([1, 2]), "D"), seconds(np.array([1_700_000_000_000_000_001]), "ns")
    (array([ 86400., 172800.]), array([1.7e+09]))

    """
    if unit == "D":
        found = whole * UNITS[unit]
    elif unit == "ns":
        found = whole // 1000 / UNITS["us"] + whole % 1000 / UNITS["ns"]
    else:
        found = whole / UNITS[unit]
    return np.where(whole == MISSING, nan, found)


def check_date_format(format: str) -> None:
    """Refuse what is no format of dates."""
    try:
        datetime.strptime(datetime(2000, 1, 2).strftime(format), format)
    except (ValueError, re.error) as error:
        raise ValueError(f"date_format={format!r} is no format of dates: {error}") from None
    if "%" not in format:
        raise ValueError(f"date_format={format!r} is no format of dates: it has no part such as %Y")


def dates_of(
    texts: Sequence[str], format: str | None = None, counts: Sequence[int] | None = None
) -> Dates | str | None:
    """Return how nearly all of the texts write dates.

    Parameters
    ----------
    texts
        Some texts of a column.
    format
        As `datetime.strptime` takes it; None finds out.
    counts
        How often each is there; None for once.

    Returns
    -------
    dates
        How they are written; None where they are no dates; what they are, in words, where the day and the month could
        be one or the other.

    Examples
    --------
    >>> from online_softmax.streams.dates import dates_of

    >>> dates_of(["31/01/2021 10:00", "01/02/2021 11:00"])
    Dates(format='%d/%m/%Y %H:%M', has_time=True)
    >>> dates_of(["01/02/2021"])
    "dates such as '01/02/2021', the day or the month first: say date_format='%d/%m/%Y' or '%m/%d/%Y'"
    >>> dates_of(["admin", "cook"])

    """
    step = max(1, len(texts) // TRIED)
    weights = [1] * len(texts) if counts is None else counts
    tried = {text.strip(): n for text, n in zip(texts[::step], weights[::step], strict=True)}
    if not tried:
        return None
    if format is not None:
        return Dates(format, _has_time(format)) if _fits(format, tried) else None
    if not _hold(tried, lambda text: bool(DATE_LIKE.match(text))):
        return None
    if _hold(tried, lambda text: bool(ISO.fullmatch(text))) and _fits(None, tried):
        return Dates(None, any(len(text) > 10 and ISO.fullmatch(text) for text in tried))
    days = [day for day in FORMATS if _hold(tried, lambda text: bool(_looks(day).match(text)))]  # noqa: B023
    formats = [format for day in days for format in FORMATS[day]]
    shaped = [one for one in formats if _hold(tried, lambda text: bool(_looks(one).fullmatch(text)))]  # noqa: B023
    fits = {one: sum(n for text, n in tried.items() if _reads(one, text)) for one in shaped if _fits(one, tried)}
    found = [one for one, n in fits.items() if n == max(fits.values())]
    if not found:
        return None
    if {"%d", "%m"} <= {one[:2] for one in found} and any(one[3:5] in ("%m", "%d") for one in found):
        ways = " or ".join(repr(one) for one in found[:2])
        return f"dates such as {next(iter(tried))!r}, the day or the month first: say date_format={ways}"
    return Dates(found[0], _has_time(found[0]))


def _has_time(format: str) -> bool:
    return "%H" in format or "%I" in format


def is_nearly(part: int, total: int) -> bool:
    """Whether a part is nearly all of it: nine of ten, or all but one where there are few.

    Examples
    --------
    >>> from online_softmax.streams.dates import is_nearly

    >>> is_nearly(9, 10), is_nearly(2, 3), is_nearly(3, 5), is_nearly(1, 2)
    (True, True, False, False)

    """
    return part >= NEARLY * total or (part >= 2 and total - part == 1)


def _hold(texts: Mapping[str, int], holds: Callable[[str], bool]) -> bool:
    """Whether something holds for nearly all of the texts."""
    return is_nearly(sum(n for text, n in texts.items() if holds(text)), sum(texts.values()))


def _fits(format: str | None, texts: Mapping[str, int]) -> bool:
    return _hold(texts, lambda text: _reads(format, text))


@cache
def _looks(format: str) -> re.Pattern[str]:
    """Return what a text looks like that a format may read."""
    pattern = re.sub(
        r"%(\w)|(\s+)|(.)",
        lambda part: LOOKS[part[1]] if part[1] else r"\s+" if part[2] else re.escape(part[3]),
        format,
    )
    return re.compile(pattern, re.ASCII)


def _reads(format: str | None, text: str) -> bool:
    try:
        Dates(format).seconds(text)
    except (ValueError, OverflowError):
        return False
    return True
