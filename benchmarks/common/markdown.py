"""Tables in Markdown."""

from __future__ import annotations


def markdown(header: list[str], rows: list[list[str]], words: int = 1) -> list[str]:
    """The lines of a table, of which the first `words` columns are words and the others figures."""
    rule = ["---"] * words + ["---:"] * (len(header) - words)
    return [f"| {' | '.join(cells)} |" for cells in (header, rule, *rows)]
