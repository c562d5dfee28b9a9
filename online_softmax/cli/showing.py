"""Showing: a run as JSON and as a page, while it goes on and afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from online_softmax.cli import options, output
from online_softmax.drawing import html_page
from online_softmax.evaluation import Comparison, Result
from online_softmax.reports import CompareTable, LivePage, LiveTable
from online_softmax.reports.cells import write
from online_softmax.reports.json import json_text


@dataclass(frozen=True, kw_only=True)
class Showing:
    """Where a run is kept as JSON, and shown as a page."""

    json: options.Json = None
    report: options.Report = None
    live: options.Live = None

    @property
    def files(self) -> list[tuple[str, Path | None]]:
        """Return the files that are written, and what for."""
        return [("json", output.file_of(self.json)), ("report", self.report)]

    @property
    def is_kept(self) -> bool:
        """Whether anything is left of a run whose table nobody reads."""
        return self.json is not None or self.report is not None

    def check(self) -> None:
        """Refuse what could not be drawn or written, before the run."""
        if (file := output.file_of(self.json)) is not None:
            options.check_writable(file, whole=False)
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
        """Write what stays of a run."""
        if self.json is not None:
            output.put(json_text(found, **conditions), self.json)
        if self.report is not None:
            found.save_html(self.report, **conditions)

    def finish_early(self, found: Result | Comparison, conditions: dict[str, Any]) -> str | None:
        """Write what was found before an error, if anything is to be; say where it is, or why it is not."""
        if not (self.is_kept and found.n_samples):
            return None
        try:
            self.finish(found, conditions)
        except OSError as error:
            return f"the result of those rows could not be written ({options.told(error)})"
        places = ["standard output" if file == output.STANDARD_OUTPUT else file for file in (self.json, self.report)]
        return f"the result of those rows is written to {' and '.join(str(place) for place in places if place)}"

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
