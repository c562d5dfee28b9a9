"""Output: what standard output gets, a table or a document for another program, and where all else goes."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import Any, Literal, TextIO

from rich.console import Console

from online_softmax.reports.json import write_text

STANDARD_OUTPUT = Path("-")


class Form(StrEnum):
    """What standard output gets."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class Printer:
    """Prints what a command has found, and has JSON of it in a file, too.

    Parameters
    ----------
    form
        What standard output gets.
    quiet
        Whether nothing is printed but a document.
    json
        A file that gets JSON besides; `-` is standard output.

    Attributes
    ----------
    form
        What standard output gets.
    file
        The file that gets JSON besides; None where there is none.

    """

    def __init__(self, form: Form = Form.TABLE, quiet: bool = False, json: Path | None = None) -> None:
        if json == STANDARD_OUTPUT and form == Form.CSV:
            raise ValueError("--json - and --output csv both take standard output: leave one of them out")
        self.form = Form.JSON if json == STANDARD_OUTPUT else form
        self.file = None if json == STANDARD_OUTPUT else json
        self._quiet = quiet
        if self.is_document:
            check_open()

    @property
    def is_document(self) -> bool:
        """Whether standard output gets a document, and nothing else."""
        return self.form != Form.TABLE

    @property
    def console(self) -> Console:
        """Return the console for what a person reads: standard error, where a document has standard output."""
        return console_on(is_error=self.is_document, quiet=self._quiet)

    @property
    def notices(self) -> Console:
        """Return the console for what is to be known in any case: standard error, where only a document is printed."""
        return console_on(is_error=self.is_document or self._quiet)

    @property
    def has_table(self) -> bool:
        """Whether a table is to be printed."""
        return not (self.is_document or self._quiet)

    @property
    def wants_json(self) -> bool:
        """Whether JSON goes anywhere."""
        return self.form == Form.JSON or self.file is not None

    def put_json(self, text: str) -> None:
        """Write a document of JSON to where it is to go."""
        if self.file is not None:
            write_text(text, self.file)
        if self.form == Form.JSON:
            print(text, end="", flush=True)

    def put_csv(self, header: Sequence[str], lines: Iterable[Mapping[str, Any]]) -> None:
        """Print lines of values by name below a header, if CSV is asked for; what there is not is an empty cell."""
        if self.form == Form.CSV:
            out = csv.writer(sys.stdout, lineterminator="\n")
            out.writerow(header)
            out.writerows([_cell(line[name]) for name in header] for line in lines)
            sys.stdout.flush()


def check_open() -> None:
    """Refuse to print where nothing is open to print to."""
    if sys.stdout is None:
        raise ValueError("standard output is closed")


def json_lines(document: Any) -> str:
    """Return plain values as JSON with a line for each."""
    return f"{json.dumps(document, indent=2, allow_nan=False)}\n"


def spell_out(out: TextIO | None) -> None:
    """Have what the encoding of a stream lacks spelled out: no long run is to end by that."""
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(errors="backslashreplace")


def console_on(*, is_error: bool = False, quiet: bool = False) -> Console:
    """Return a console on standard output, or on standard error; what its encoding lacks is spelled out."""
    out = sys.stderr if is_error else sys.stdout
    spell_out(out)
    colours: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"  # nor bold, which rich would leave
    is_watched = None if out is not None and out.isatty() else False  # FORCE_COLOR makes of a pipe no terminal
    return Console(highlight=False, stderr=is_error, quiet=quiet, color_system=colours, force_interactive=is_watched)


def _cell(value: Any) -> Any:
    return "" if value is None or (isinstance(value, float) and not isfinite(value)) else value
