"""Labels are folded into one line of printable characters."""

from __future__ import annotations

import pytest

from online_softmax.drawing.labels import columns, folded


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("plain", "plain"),
        (7, "7"),
        (True, "True"),
        (0.5, "0.5"),
        (2**60, "11529215…976"),
        ("", "''"),
        ("  ", "'  '"),
        ("a\tb", r"'a\tb'"),
        ("\ud800", r"'\ud800'"),
        ("a\u202eb", r"'a\u202eb'"),
        ("abcdefghijklmnop", "abcdefgh…nop"),
        ("中" * 12, "中中中中…中"),
    ],
)
def test_folded(label, shown):
    assert folded(label, 12) == shown


@pytest.mark.parametrize("text", ["x" * 1_000_000, "\n" * 1_000_000, "中" * 1_000_000, "<" * 41, "ab" * 20 + "\x00"])
def test_no_label_is_wider_than_asked(text):
    for width in (8, 14, 28, 40):
        assert columns(folded(text, width)) <= width
        assert folded(text, width).isprintable()


def test_labels_that_end_differently_look_different():
    assert folded("x" * 100 + "1") != folded("x" * 100 + "2")


def test_an_integer_that_has_no_decimals_is_shown():
    assert folded(16**5000, 12) == "0x100000…000"
