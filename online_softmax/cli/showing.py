"""Showing: a run as a page, while it goes on and afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from online_softmax.cli import options
from online_softmax.drawing import html_page
from online_softmax.evaluation import Comparison, Result
from online_softmax.reports import CompareTable, LivePage, LiveTable
from online_softmax.reports.cells import write


@dataclass(frozen=True, kw_only=True)
class Showing:
    """Where a run is shown as a page."""

    report: options.Report = None
    live: options.Live = None

    def check(self) -> None:
        """Refuse a page that could not be drawn or written, before the run."""
        if self.report is not None:
            options.check_writable(self.report)
            html_page({"conditions": {}, "runs": {}, "comparison": None})  # what it lacks, it lacks now

    @contextmanager
    def progress(self, table: LiveTable | CompareTable, console: Console, conditions: dict[str, Any]) -> Iterator[Any]:
        """Give what a run tells how far it is: the table, or the table and a page that is served meanwhile."""
        if self.live is None:
            yield table
            return
        with LivePage(self.live, conditions) as page:
            write(console, f"the run is shown at {page.url}")
            yield Both(table, page, conditions)

    def finish(self, found: Result | Comparison, conditions: dict[str, Any]) -> None:
        """Write the page that stays."""
        if self.report is not None:
            found.save_html(self.report, **conditions)

    def tell(self, console: Console) -> None:
        """Say where the page that stays is."""
        if self.report is not None:
            write(console, f"the report is in {self.report}")


class Both:
    """A table in a terminal and a page, which are told the same."""

    def __init__(self, table: LiveTable | CompareTable, page: LivePage, conditions: dict[str, Any]) -> None:
        self._table, self._page, self._conditions = table, page, conditions

    def __call__(self, row: Any, *, mark: bool, fraction: float | None) -> None:
        """Take the figures so far."""
        self._table(row, mark=mark, fraction=fraction)

    def note(self, sentence: str) -> None:
        """Take a sentence on what is probably wrong."""
        self._table.note(sentence)

    def look(self, document: Callable[[], dict[str, Any]]) -> None:
        """Take what makes the document as it is now."""
        self._page.look(lambda: {**document(), "conditions": self._conditions})
