"""Rounds: what a store tells of a run in shards, for a person, for another program, and as a page."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from online_softmax.cli.files import check_distinct, check_writable
from online_softmax.cli.output import Printer, check_open
from online_softmax.cli.version import own_version
from online_softmax.drawing import html_page
from online_softmax.reports import print_rounds
from online_softmax.reports.cells import write
from online_softmax.reports.json import json_text
from online_softmax.rounds import ModelStore, Round
from online_softmax.texts import written

FIGURES = ("served_log_loss", "served_accuracy", "own_log_loss", "own_accuracy")
HEADER = (*(one.name for one in fields(Round)), *FIGURES)


def print_store(url: str, report: Path | None, printer: Printer) -> None:
    """Print the log of a store, and write it as JSON and as a page, if that is asked for."""
    if printer.has_table:
        check_open()
    check_distinct([("--json", printer.file), ("--report", report)])
    if printer.file is not None:
        check_writable("--json", printer.file, whole=False)
    if report is not None:
        check_writable("--report", report)
        html_page({"conditions": {}, "runs": {}, "comparison": None})  # what it lacks, it lacks now
    store = ModelStore(url)
    commit = store.load()
    conditions: dict[str, Any] = {"online_softmax": own_version(), "store": str(store)}
    printer.put_json(json_text(commit, **conditions))
    printer.put_csv(HEADER, (asdict(one) | {name: getattr(one, name) for name in FIGURES} for one in commit.log))
    console = printer.console
    print_rounds(commit, console)
    if report is not None:
        conditions |= {f"run: {name}": written(value) for name, value in commit.run.items()}
        commit.save_html(report, source=str(store), version=commit.version, **conditions)
        write(console, f"the report is in {report}")
