"""Showing: a run as JSON and as a page, while it goes on and afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from online_softmax.cli import options
from online_softmax.cli.files import check_writable
from online_softmax.cli.output import Form, Printer
from online_softmax.cli.refusals import told
from online_softmax.drawing import html_page
from online_softmax.evaluation import Comparison, Result
from online_softmax.reports import CompareTable, LivePage, LiveTable
from online_softmax.reports.cells import write
from online_softmax.reports.json import json_text

# The columns of models as CSV.
STANDING = ("model", "log_loss", "accuracy", "loss_difference", "low", "high", "is_noise", "microseconds_per_row")


@dataclass(frozen=True, kw_only=True)
class Showing:
    """What is printed of a run, and where it is kept as JSON and shown as a page."""

    output: options.Output = Form.TABLE
    json: options.Json = None
    report: options.Report = None
    live: options.Live = None
    quiet: options.Quiet = False

    @property
    def printer(self) -> Printer:
        """Return what prints the run."""
        return Printer(self.output, self.quiet, self.json)

    @property
    def files(self) -> list[tuple[str, Path | None]]:
        """Return the files that are written, and what for."""
        return [("json", self.printer.file), ("report", self.report)]

    @property
    def is_kept(self) -> bool:
        """Whether anything is left of a run whose table nobody reads."""
        return self.printer.is_document or self.json is not None or self.report is not None

    def check(self) -> None:
        """Refuse what could not be drawn or written, before the run."""
        if (file := self.printer.file) is not None:
            check_writable("--json", file, whole=False)
        if self.report is not None:
            check_writable("--report", self.report)
            html_page({"conditions": {}, "runs": {}, "comparison": None})  # what it lacks, it lacks now

    @contextmanager
    def progress(self, table: LiveTable | CompareTable, conditions: dict[str, Any]) -> Iterator[Any]:
        """Give what a run tells how far it is: the table, or the table and a page that is served meanwhile."""
        if self.live is None:
            yield table
            return
        with LivePage(self.live, conditions) as page:
            write(self.printer.notices, f"the run is shown at {page.url}")
            yield Both(table, page, conditions)

    def finish(self, found: Result | Comparison, conditions: dict[str, Any]) -> None:
        """Write what stays of a run."""
        printer = self.printer
        if printer.wants_json:
            printer.put_json(json_text(found, **conditions))
        printer.put_csv(*_lines(found))
        if self.report is not None:
            found.save_html(self.report, **conditions)

    def finish_early(self, found: Result | Comparison, conditions: dict[str, Any]) -> str | None:
        """Write what was found before an error or Ctrl-C, if anything is to be; say where it is, or why it is not."""
        if not (self.is_kept and found.n_samples):
            return None
        try:
            self.finish(found, conditions)
        except OSError as error:
            return f"the result of those rows could not be written ({told(error)})"
        printer = self.printer
        places = ["standard output" if printer.is_document else None, printer.file, self.report]
        return f"the result of those rows is written to {' and '.join(str(place) for place in places if place)}"

    def tell(self, console: Console) -> None:
        """Say where the page that stays is."""
        if self.report is not None:
            write(console, f"the report is in {self.report}")


def _lines(found: Result | Comparison) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Return the header and the lines of a run as CSV: the metrics of each window, or of each model, the best first."""
    if isinstance(found, Result):
        windows = found.windows.to_dict()
        return tuple(windows), [dict(zip(windows, line, strict=True)) for line in zip(*windows.values(), strict=True)]
    models = found.to_dict()["comparison"]["models"]
    lines = [{"model": name, **models[name]} for name in found.ranking]
    return STANDING, lines


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
