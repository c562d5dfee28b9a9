"""Tables: aligned in text, closed and escaped in HTML."""

from __future__ import annotations

import pytest

from online_softmax.models.table import Table, bar


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
