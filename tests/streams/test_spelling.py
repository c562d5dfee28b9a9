"""How text writes numbers and gaps."""

from __future__ import annotations

import math
import random

import pytest

from online_softmax.streams.spelling import GAPS, Spelling

PLAIN = Spelling()
NBSP, THIN = "\u00a0", "\u202f"


@pytest.mark.parametrize("text", sorted(GAPS))
@pytest.mark.parametrize("around", ["", " ", NBSP])
def test_the_usual_marks_are_gaps_whatever_is_around_them(text, around):
    assert PLAIN.is_gap(around + text + around)
    assert math.isnan(PLAIN.number(around + text + around))


def test_marks_are_added_and_taken_away():
    spelling = Spelling(na=("missing", "-999"), not_na=("None", "?"))
    assert all(map(spelling.is_gap, ["missing", "-999", "-", ""]))
    assert not any(map(spelling.is_gap, ["None", "?", "Missing"]))


@pytest.mark.parametrize(
    ("options", "text", "value"),
    [
        ({}, "1.5", 1.5),
        ({}, "+.5e-3", 0.0005),
        ({}, "\u22121.5", -1.5),
        ({}, f"{NBSP}7{NBSP}", 7.0),
        ({}, "-inf", -math.inf),
        ({"decimal": ","}, "1,5", 1.5),
        ({"decimal": ","}, "-,5e2", -50.0),
        ({"decimal": ","}, "7", 7.0),
        ({"thousands": ","}, "1,234,567.5", 1234567.5),
        ({"thousands": ","}, "12,34,567", 1234567.0),
        ({"thousands": ","}, "1234", 1234.0),
        ({"thousands": " "}, f"1 000{NBSP}000{THIN}000", 1e9),
        ({"thousands": "'"}, "1'000\u2019000", 1e6),
        ({"thousands": ".", "decimal": ","}, "-1.234,5", -1234.5),
        ({"percent": True}, "12%", 0.12),
        ({"percent": True}, "-0.7 %", -0.007),
        ({"percent": True}, "1e2%", 1.0),
        ({"currency": True}, "$12", 12.0),
        ({"currency": True}, "-$12.50", -12.5),
        ({"currency": True}, "12 \u20ac", 12.0),
        ({"currency": True}, "EUR 12", 12.0),
        ({"currency": True}, "12 USD", 12.0),
        ({"currency": True, "thousands": ","}, "\u00a31,234.50", 1234.5),
        ({"currency": True, "percent": True, "decimal": ","}, "12,5 %", 0.125),
    ],
)
def test_numbers_are_read_as_they_are_written(options, text, value):
    assert Spelling(**options).number(text) == value


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "12%"),
        ({}, "$12"),
        ({}, "1,5"),
        ({}, "1,234.50"),
        ({}, "1 000"),
        ({}, "1_000"),
        ({}, "0x10"),
        ({}, "1d5"),
        ({}, "\u0661"),
        ({}, "unknown"),
        ({"decimal": ","}, "1.5"),
        ({"decimal": ","}, "1,2,3"),
        ({"thousands": ","}, "1,5"),
        ({"thousands": ","}, "0,123"),
        ({"currency": True}, "DEC2020"),
        ({"thousands": ","}, "1234,567"),
        ({"thousands": ","}, "1,,234"),
        ({"thousands": ".", "decimal": ","}, "1.5"),
        ({"percent": True}, "%"),
        ({"percent": True}, "inf%"),
        ({"currency": True}, "$"),
        ({"currency": True}, "$12$"),
        ({"currency": True}, "ABCDE"),
    ],
)
def test_what_is_not_asked_for_is_no_number(options, text):
    with pytest.raises(ValueError, match="is not a number"):
        Spelling(**options).number(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("12%", "percent=True"),
        ("$12", "currency=True"),
        ("1,234.50", "thousands=','"),
        ("1,5", "decimal=','"),
        ("0,123", "decimal=','"),
        ("1,234", "thousands=',' or decimal=','"),
        ("100_000", "thousands='_'"),
        ("USD 7", "currency=True"),
        ("1.234,5", "decimal=',' and thousands='.'"),
        ("1 000", "thousands=' '"),
        ("\u20ac 1.000,5", "decimal=',' and thousands='.' and currency=True"),
    ],
)
def test_a_hint_is_what_has_to_be_said(text, hint):
    found = PLAIN.hints(text)
    assert " or ".join(map(str, found)) == hint
    for one in found:
        asked = {name: value for name, value in one._asdict().items() if value}
        assert math.isfinite(Spelling(**asked).number(text))


@pytest.mark.parametrize(
    "text", ["1.5", "admin", "7a", "?", "12-13", "x" * 100, "ABC123", "BAW123", "DEC2020", "192.168.100.200"]
)
def test_there_is_no_hint_where_nothing_helps(text):
    assert PLAIN.hints(text) == []


def test_a_hint_takes_nothing_back_that_was_asked_for():
    assert Spelling(decimal=",").hints("1.5") == []
    assert [str(hint) for hint in Spelling(decimal=",").hints("1.500")] == ["thousands='.'"]
    assert Spelling(decimal=",", thousands=".").hints("1.5") == []


def test_a_number_survives_every_spelling():
    draw = random.Random(3)
    for _ in range(2000):
        value = round(draw.uniform(-1e7, 1e7), draw.randrange(5))
        for decimal, thousands in [(".", None), (".", ","), (",", "."), (",", " "), (".", "'"), (".", "_")]:
            text = f"{value:,}".replace(",", "T").replace(".", decimal).replace("T", thousands or "")
            assert Spelling(decimal=decimal, thousands=thousands).number(text) == value


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"decimal": ";"}, "decimal is '.' or ',', not ';'"),
        ({"thousands": "x"}, r"thousands is ',', '\.', ' ', \"'\", '_' or None, not 'x'"),
        ({"thousands": "."}, r"thousands and decimal cannot both be '\.'"),
        ({"percent": 1}, "percent is True or False, not 1"),
        ({"na": "NA"}, "na is a list of texts, not 'NA'"),
        ({"not_na": [1]}, r"not_na is a list of texts, not \[1\]"),
    ],
)
def test_mistakes_are_one_sentence(options, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        Spelling(**options)
