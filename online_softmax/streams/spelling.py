"""Spelling: how text writes numbers, and how it says that there is none."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from math import inf, nan
from typing import NamedTuple
from unicodedata import category

# What stands where a value is missing: by hand, in Weka, SAS, R, pandas, SQL, Excel and C.
GAPS = frozenset(
    (
        "", "?", "??", "-", "--", "---", "\u2013", "\u2014", ".", "..", "...", "*",
        "NA", "N/A", "n/a", "N.A.", "n.a.", "#N/A", "#N/A N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan", "NaT",
        "NULL", "Null", "null", "(null)", "(NULL)", "<null>", "\\N", "None", "nil",
        "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NAME?", "#NULL!", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN",
    )
)  # fmt: skip

DECIMALS = (".", ",")
THOUSANDS = (",", ".", " ", "'", "_")
SPACES = "[ \u00a0\u2007\u2009\u202f]"  # between the thousands: a space, one that no line breaks at, a thin one
ALIKE = {" ": SPACES, "'": "['\u2019]"}

ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}", re.ASCII)  # of a machine: no number of thousands
CURRENCIES = frozenset(
    (
        "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP",
        "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KRW", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP",
        "PKR", "PLN", "RON", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VND", "ZAR",
    )
)  # fmt: skip

PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
NUMERIC = re.compile(rf"[+\-\u2212]?(?:[\d.,_'\u2019]|{SPACES})+(?:[eE][+-]?\d+)?", re.ASCII)  # in any way to write it
INFINITE = re.compile(r"([+-]?)inf(?:inity)?", re.IGNORECASE)


class Hint(NamedTuple):
    """What has to be said for a text to be read as a number."""

    decimal: str | None = None
    thousands: str | None = None
    percent: bool = False
    currency: bool = False

    def __str__(self) -> str:
        return " and ".join(f"{name}={value!r}" for name, value in self._asdict().items() if value)


@dataclass(frozen=True)
class Spelling:
    """How text writes numbers and gaps.

    Parameters
    ----------
    na
        Texts that mark a gap, besides the usual ones.
    not_na
        Usual marks of a gap that are none.
    decimal
        What is before the decimals: "." or ",".
    thousands
        What may be between thousands: ",", ".", " ", "'" or "_"; None for nothing.
    percent
        Whether `12%` is 0.12.
    currency
        Whether a number may have a sign such as `$` or `€`, or a code such as `EUR`, before or after it.

    Examples
    --------
    >>> from online_softmax.streams.spelling import Spelling

    >>> Spelling().number("1.5"), Spelling().number(" ? "), Spelling().number("\u22122")
    (1.5, nan, -2.0)
    >>> Spelling(thousands=",", currency=True).number("$1,234.50")
    1234.5
    >>> Spelling().number("12%")
    Traceback (most recent call last):
    ValueError: '12%' is not a number

    """

    na: tuple[str, ...] = ()
    not_na: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str | None = None
    percent: bool = False
    currency: bool = False

    def __post_init__(self) -> None:
        for name, texts in (("na", self.na), ("not_na", self.not_na)):
            if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
                raise ValueError(f"{name} is a list of texts, not {texts!r}")
            object.__setattr__(self, name, tuple(texts))
        if self.decimal not in DECIMALS:
            raise ValueError(f"decimal is '.' or ',', not {self.decimal!r}")
        if self.thousands is not None and self.thousands not in THOUSANDS:
            raise ValueError(f"thousands is {', '.join(map(repr, THOUSANDS))} or None, not {self.thousands!r}")
        if self.thousands == self.decimal:
            raise ValueError(f"thousands and decimal cannot both be {self.decimal!r}")
        for name, value in (("percent", self.percent), ("currency", self.currency)):
            if not isinstance(value, bool):
                raise ValueError(f"{name} is True or False, not {value!r}")

    @cached_property
    def gaps(self) -> frozenset[str]:
        """Return the texts that mark a gap."""
        return GAPS.union(text.strip() for text in self.na).difference(text.strip() for text in self.not_na)

    @cached_property
    def is_plain(self) -> bool:
        """Whether numbers are written as in Python."""
        return self.decimal == "." and self.thousands is None and not self.percent and not self.currency

    def is_gap(self, text: str) -> bool:
        """Whether a text marks a gap; white space around it does not count."""
        return text.strip() in self.gaps

    def number(self, text: str) -> float:
        """Return the number that a text spells, or nan for a gap; white space around it does not count.

        Raises
        ------
        ValueError
            If it spells none.

        """
        bare = text.strip()
        if bare in self.gaps:
            return nan
        bare = bare.replace("\u2212", "-")
        power = ""
        if self.percent and bare.endswith("%"):
            bare, power = bare[:-1].rstrip(), "e-2"
        if self.currency:
            bare = _without_currency(bare)
        if (self.thousands or self.decimal != ".") and (match := self._grouped.fullmatch(bare)):
            whole = match[1] if self.thousands is None else re.sub(r"[^\d+-]", "", match[1])
            bare = f"{whole}.{match[2]}{match[3]}" if match[2] is not None else whole + match[3]
        elif self.decimal != "." and "." in bare:
            raise ValueError(f"{text!r} is not a number")
        if PLAIN.fullmatch(bare):
            return float(bare) if not power else _times(bare, power)
        if (infinite := INFINITE.fullmatch(bare)) and not power:
            return -inf if infinite[1] == "-" else inf
        raise ValueError(f"{text!r} is not a number")

    def hints(self, text: str) -> list[Hint]:
        """Return what might be said for a text to be read as a number, the likeliest first.

        Examples
        --------
        >>> from online_softmax.streams.spelling import Spelling

        >>> for text in ("12%", "$1,234.50", "1,234", "0,5", "admin"):
        ...     print(text, *Spelling().hints(text), sep="; ")
        12%; percent=True
        $1,234.50; thousands=',' and currency=True
        1,234; thousands=','; decimal=','
        0,5; decimal=','
        admin

        """
        bare = text.strip()
        if not any(sign.isdigit() for sign in bare) or len(bare) > 64 or ADDRESS.fullmatch(bare):
            return []
        percent = bare.endswith("%")
        rest = bare[:-1].rstrip() if percent else bare
        plain = _without_currency(rest)
        if not NUMERIC.fullmatch(plain):
            return []
        found = []
        for spelling in _others():
            with suppress(ValueError):
                spelling.number(plain)
                found.append(
                    Hint(
                        spelling.decimal if spelling.decimal != self.decimal else None,
                        spelling.thousands if spelling.thousands != self.thousands else None,
                        percent and not self.percent,
                        plain != rest and not self.currency,
                    )
                )
        if self.decimal != ".":
            found = [hint for hint in found if hint.decimal is None]  # what was asked for is not to be taken back
        fewest = min((sum(map(bool, hint)) for hint in found), default=0)
        return [hint for hint in found if sum(map(bool, hint)) == fewest > 0]

    @cached_property
    def gap_numbers(self) -> list[str]:
        """Return the marks of a gap that spell numbers."""
        return sorted(gap for gap in self.gaps if PLAIN.fullmatch(gap))

    @cached_property
    def thousands_pattern(self) -> str:
        """Return the pattern of what may be between thousands."""
        return ALIKE.get(self.thousands or "", re.escape(self.thousands or ""))

    @cached_property
    def pattern(self) -> str:
        """Return the pattern of a number: what is before the point, what is behind it, and the exponent."""
        whole = r"[+-]?\d*"
        if self.thousands is not None:
            sign = self.thousands_pattern
            whole = rf"[+-]?(?:[1-9]\d{{0,2}}(?:{sign}\d{{2,3}})*{sign}\d{{3}}|\d*)"
        return rf"({whole})(?:{re.escape(self.decimal)}(\d*))?((?:[eE][+-]?\d+)?)"

    @cached_property
    def _grouped(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.ASCII)


@cache
def _others() -> tuple[Spelling, ...]:
    """Return the ways to write numbers that a hint may name, the plainest first."""
    ways = ((".", None), (".", ","), (",", None), (",", "."), (".", " "), (",", " "), (".", "'"), (".", "_"))
    return tuple(Spelling(decimal=decimal, thousands=thousands) for decimal, thousands in ways)


def _times(bare: str, power: str) -> float:
    """Return a number times a power of ten, rounded once where it has no exponent of its own."""
    return float(bare + power) if "e" not in bare.lower() else float(bare) / 100


def _without_currency(text: str) -> str:
    """Return a number without a sign or a code of currency, before or after it."""
    minus, rest = ("-", text[1:]) if text[:1] == "-" else ("", text)
    for start, stop in ((1, None), (None, -1)):
        sign = rest[:1] if start else rest[-1:]
        if sign and category(sign) == "Sc":
            return minus + rest[start:stop].strip()
    if rest[:3] in CURRENCIES:
        return minus + rest[3:].strip()
    if rest[-3:] in CURRENCIES:
        return minus + rest[:-3].strip()
    return text
