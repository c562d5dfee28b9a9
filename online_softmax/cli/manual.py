"""The manual page, `man online-softmax`, made from what the commands say of themselves: `make man` writes it."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from inspect import cleandoc
from pathlib import Path
from typing import Any

import typer

from online_softmax.cli.app import STATUS, app
from online_softmax.cli.version import own_version

WIDTH = 60  # of a line of the page's source, before what signs stand for
ESCAPED = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "^": "\\(ha", "~": "\\(ti", "`": "\\(ga"}
OWN = ("--help", "--install-completion", "--show-completion")  # of which typer has the words
ABOUT = """\
A stream of rows flows through a model: each row is predicted, the prediction is scored, then the row is learned. The
rows are those of files (CSV, Parquet, Arrow, JSON lines, ARFF, svmlight and VW text, compressed or not), of standard
input, or of a topic of Kafka; the model is a mixture of softmax regressions that needs no tuning, one under an
optimiser, or a rival to compare it with."""
COMPLETION = """\
After --install-completion, bash, zsh, fish and PowerShell complete commands, options and values with the tab key.
--show-completion prints what it would install."""
COLOURS = """\
NO_COLOR, if it is not empty, keeps colours and bold text out of a terminal; FORCE_COLOR, if it is not empty, has them
in a pipe, too. TERM=dumb means a terminal without colours and without lines that are overwritten."""
EXAMPLES = (
    "online-softmax evaluate rows.csv --target label",
    "online-softmax compare rows.csv --target label --model auto --model 'SGD(0.1)'",
    "online-softmax train rows.csv --target label --save model.safetensors",
    "online-softmax predict new.csv --from model.safetensors --output json",
)

Record = tuple[str, str]  # how an option is written, and what it does


def manual(date: str) -> str:
    """Return the source of the page, of a date such as 2025-01-31.

    Examples
    --------
    >>> from online_softmax.cli.manual import manual

    >>> len(manual("2025-01-31").splitlines()) > 100
    True

    """
    return "".join(f"{line}\n" for line in _page(date))


def _page(date: str) -> Iterator[str]:
    group: Any = typer.main.get_command(app)
    context = group.context_class(group, info_name="online-softmax")
    records = {name: _records(one, context) for name, one in group.commands.items()}
    users = {
        record: [name for name in records if record in records[name]] for own in records.values() for record in own
    }
    readers = users[records["columns"][0]]  # of a source
    reading = [record for record, by in users.items() if by == readers]
    common = [record for record, by in users.items() if len(by) > 1 and by != readers]
    name = _text("online-softmax")
    yield from (f'.TH {name.upper()} 1 {date} "{name} {own_version()}" "User Commands"', ".nh", ".ad l")
    yield from (".SH NAME", f"{name} \\- softmax regression, learned one sample at a time")
    yield from (".SH SYNOPSIS", f".B {name}", ".I command", ".RI [ options ]")
    yield from (".SH DESCRIPTION", *_wrapped(ABOUT))
    yield from (".SH OPTIONS", *_options(_records(group, context)))
    yield ".SH COMMANDS"
    for command, one in group.commands.items():
        own = [record for record in records[command] if users[record] == [command]]
        more = [_long(record) for record in records[command] if record in common]
        beside = [", ".join(more)] * bool(more) + ["the options of reading a source"] * (command in readers)
        yield from (f".SS {name} {' '.join([command, *map(_text, _arguments(one))])}", *_paragraphs(one.help))
        yield from _options(own)
        if beside:
            yield from (".PP", *_wrapped(f"As others do, it takes {'; and '.join(beside)}."))
    yield from (".SH COMMON OPTIONS", *_options(common))
    yield from (".SH OPTIONS OF READING A SOURCE", *_options(reading))
    yield from (".SH COMPLETION", *_wrapped(COMPLETION))
    status = STATUS.removeprefix("Exit status: ")
    yield from (".SH EXIT STATUS", *_wrapped(status))
    yield from (".SH ENVIRONMENT", *_wrapped(COLOURS))
    yield from (".SH EXAMPLES", ".nf", *(line for one in EXAMPLES for line in _wrapped(one, 1000)), ".fi")


def _records(command: Any, context: Any) -> list[Record]:
    """Return the arguments and options of a command as its help has them, but for those that are typer's."""
    params = [param for param in command.params if not OWN.count(param.opts[-1])]
    found = [(param, *(param.get_help_record(context) or ("", ""))) for param in params]
    return [
        (param.metavar if param.param_type_name == "argument" else written, " ".join(about.split()))
        for param, written, about in found
    ]


def _arguments(command: Any) -> list[str]:
    return [param.metavar for param in command.params if param.param_type_name == "argument"]


def _options(records: list[Record]) -> Iterator[str]:
    for written, about in records:
        yield ".TP"
        yield re.sub(r"(--?[a-z][a-z-]*)|([^\s,]+)", lambda word: _word(word[1], word[2]), written)
        yield from _wrapped(about)


def _word(option: str | None, value: str) -> str:
    return f"\\fB{_text(option)}\\fR" if option else f"\\fI{_text(value)}\\fR"


def _long(record: Record) -> str:
    """Return the long name of an option."""
    return str(re.findall(r"--[a-z-]+", record[0])[-1])


def _paragraphs(text: str) -> Iterator[str]:
    for i, paragraph in enumerate(cleandoc(text).split("\n\n")):
        yield from ([".PP"] if i else [])
        yield from _wrapped(paragraph)


def _wrapped(text: str, width: int = WIDTH) -> list[str]:
    lines = textwrap.wrap(" ".join(text.split()), width, break_long_words=False, break_on_hyphens=False)
    return [f"\\&{line}" if line.startswith((".", "'")) else line for line in map(_text, lines)]


def _text(text: str) -> str:
    """Return a text in which signs stand for themselves."""
    return "".join(ESCAPED.get(sign, sign) for sign in text)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(manual(datetime.now(UTC).date().isoformat()), encoding="ascii")
