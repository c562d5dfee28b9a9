"""Rounds: what a store tells of a run in shards, for a person, as JSON, and as a page."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from online_softmax.cli import options, output
from online_softmax.cli.evaluating import own_version
from online_softmax.drawing import html_page
from online_softmax.reports import print_rounds
from online_softmax.reports.cells import write
from online_softmax.reports.json import json_text
from online_softmax.rounds import ModelStore
from online_softmax.texts import written


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Where what a store tells is kept."""

    json: options.Json = None
    report: options.Report = None


def print_store(url: str, kept: Kept) -> None:
    """Print the log of a store, and write it as JSON and as a page, if that is asked for."""
    if sys.stdout is None:
        raise ValueError("standard output is closed")
    file = output.file_of(kept.json)
    options.check_distinct([("--json", file), ("--report", kept.report)])
    if file is not None:
        options.check_writable(file, whole=False)
    if kept.report is not None:
        options.check_writable(kept.report)
        html_page({"conditions": {}, "runs": {}, "comparison": None})  # what it lacks, it lacks now
    store = ModelStore(url)
    commit = store.load()
    conditions: dict[str, Any] = {"online_softmax": own_version(), "store": str(store)}
    if kept.json is not None:
        output.put(json_text(commit, **conditions), kept.json)
    if kept.report is not None:
        conditions |= {f"run: {name}": written(value) for name, value in commit.run.items()}
        commit.save_html(kept.report, source=str(store), version=commit.version, **conditions)
    console = output.console_beside(kept.json)
    print_rounds(commit, console)
    if kept.report is not None:
        write(console, f"the report is in {kept.report}")
