"""Tables: aligned in text, closed and escaped in HTML."""

from __future__ import annotations

import enum

import numpy as np
import pytest

from online_softmax.models.table import Table, bar, folded, plain


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize(
    ("thing", "line"),
    [
        ("plain", "plain"),
        ("two\nlines", r"'two\nlines'"),
        ("", "''"),
        ("  ", "'  '"),
        ("\x1b[31m", r"'\x1b[31m'"),
        ("\ud800", r"'\ud800'"),
        ("x" * 10**6, "x" * 37 + "..."),
        (7, "7"),
        (("a", 1), "('a', 1)"),
        (None, "None"),
        (True, "True"),
        (Colour.RED, "Colour.RED"),
    ],
)
def test_a_thing_is_one_short_line(thing, line):
    assert folded(thing) == line


def test_columns_are_aligned():
    table = Table(["name", "n"], [["long name", "1"], ["a", "100"]])
    assert str(table).splitlines() == ["name         n", "long name    1", "a          100"]
    assert str(Table(["name", "n"], [])) == "name  n"


def test_html_is_closed_and_escaped(text_of):
    table = Table(["<b>", "n"], [["<script>", "1"], ['" onload="x', "2"]], [0.25, 7.0])
    html = table.to_html()
    assert "<script" not in html
    assert "<b>" not in html
    assert text_of(html).split("\n") == ["<b>", "n", "<script>", "1", '" onload="x', "2"]
    assert "width:25.0%" in html
    assert "width:100.0%" in html


@pytest.mark.parametrize(("share", "width"), [(-1, "0.0"), (0.5, "50.0"), (2, "100.0")])
def test_bars_stay_in_their_frame(share, width):
    assert f"width:{width}%" in bar(share)


@pytest.mark.parametrize(
    ("thing", "value"),
    [
        (1, 1),
        (True, True),
        (None, None),
        ("a", "a"),
        (0.5, 0.5),
        (float("inf"), "inf"),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (("a", 1), "('a', 1)"),
        (b"a", "b'a'"),
    ],
)
def test_things_become_kinds_of_json(thing, value):
    assert plain(thing) == value
    assert type(plain(thing)) is type(value)


def test_an_int_that_python_does_not_write_in_decimal():
    assert folded(10**5000) == "an int of 16610 bits"
    assert plain(10**5000) == hex(10**5000)
