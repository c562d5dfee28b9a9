"""A small table, as text and as HTML: cells are escaped, and few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Table:
    """Rows under a header. The first column is text; the others are set right.

    Attributes
    ----------
    head
        A title for each column.
    rows
        As many cells each.
    shares
        Of each row a share of 1, which HTML shows as a bar; or none.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    shares: Sequence[float] = ()

    def __str__(self) -> str:
        lines = [self.head, *self.rows]
        widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
        text = []
        for first, *others in lines:
            right = (f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True))
            text.append("  ".join([f"{first:{widths[0]}}", *right]).rstrip())
        return "\n".join(text)

    def to_html(self) -> str:
        """Return the table as HTML, in the colours of the page around it."""
        style = "padding:.1em .6em;border:0;background:none;color:inherit;text-align:"

        def line(tag: str, cells: Sequence[str], share: float | None = None) -> str:
            sides = ["left", *["right"] * (len(cells) - 1)]
            inside = [
                f'<{tag} style="{style}{side}">{escape(text)}</{tag}>' for text, side in zip(cells, sides, strict=True)
            ]
            inside += [] if share is None else [f'<{tag} style="{style}left">{bar(share)}</{tag}>']
            return f"<tr>{''.join(inside)}</tr>"

        shares: Sequence[float | None] = self.shares or [None] * len(self.rows)
        body = "".join(line("td", row, share) for row, share in zip(self.rows, shares, strict=True))
        return (
            '<table style="border-collapse:collapse;color:inherit;background:none">'
            f"<thead>{line('th', self.head)}</thead><tbody>{body}</tbody></table>"
        )


def bar(share: float) -> str:
    """Return a share of 1 as a bar of HTML, in the colour of the text."""
    width = f"{100 * min(max(share, 0.0), 1.0):.1f}"
    return (
        '<span style="display:inline-block;width:6em;height:.7em;border:1px solid currentColor;opacity:.6">'
        f'<span style="display:block;width:{width}%;height:100%;background:currentColor"></span></span>'
    )


def box(*parts: str) -> str:
    """Return parts of HTML as one block."""
    return f'<div style="color:inherit;font-family:sans-serif;line-height:1.4">{"".join(parts)}</div>'


def paragraph(text: str) -> str:
    """Return a text as a paragraph of HTML."""
    return f'<p style="margin:.3em 0">{escape(text)}</p>'
