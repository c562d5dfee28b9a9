"""Options: what the commands share, and what is made of it."""

from __future__ import annotations

import csv
import inspect
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from online_softmax.checks import MISSING, ON_BAD
from online_softmax.cli import completion
from online_softmax.cli.models import DEFAULT_MODEL, OPTIMIZERS
from online_softmax.cli.output import Form
from online_softmax.hashing import MOST_BITS
from online_softmax.streams.formats import FORMATS
from online_softmax.streams.kafka import is_kafka, with_options
from online_softmax.streams.labels import TYPES
from online_softmax.streams.reading import DATES


def number(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return what reads a whole number within bounds, or refuses it.

    Examples
    --------
    >>> from online_softmax.cli.options import number

    >>> number(1)("7"), number(0)("1_000")
    (7, 1000)
    >>> number(1)("0")
    Traceback (most recent call last):
    ...
    typer...BadParameter: '0' is not a whole number, 1 or more

    """

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            raise typer.BadParameter(
                f"{text!r} is not a whole number, {least} or more"
                if most is None
                else f"{text!r} is not a whole number from {least} to {most}"
            )
        return value

    return read


def column(meaning: str) -> Any:
    """Return an option that names a column of the source."""
    return typer.Option(metavar="COLUMN", autocompletion=completion.columns, help=meaning)


Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        autocompletion=completion.sources,
        help="A file, a directory or pattern of files, - for standard input, a bundled stream's name, or a topic: "
        "kafka://host:9092/topic?format=json.",
    ),
]
Target = Annotated[
    str | None, column("The column to predict; bundled streams know theirs, svmlight and vw text carry their own.")
]
Limit = Annotated[int | None, typer.Option(parser=number(1), metavar="N", help="Stop after this many rows.")]

Model = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        autocompletion=completion.models,
        help="auto, which needs no tuning; auto-linear, the same without non-linear experts; or softmax regression "
        f"under an optimiser, as in 'AdaGrad(0.3)': {', '.join(OPTIMIZERS)}; or a rival: river:'GaussianNB()' and so "
        f"on, or vw:'-l 0.5'. [default: {DEFAULT_MODEL}]",
    ),
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        autocompletion=completion.models,
        help="One of the models, by a name as in evaluate: give it again for each. [default: auto, auto-linear and "
        "'SGD(0.1)']",
    ),
]
NoScale = Annotated[
    bool, typer.Option("--no-scale", help="Under an optimiser: take numbers as they are, not standardised.")
]
Intercept = Annotated[bool, typer.Option("--intercept", help="Under an optimiser: give each class an intercept.")]
MaxFeatures = Annotated[
    int | None,
    typer.Option(parser=number(1), metavar="N", help="Keep at most this many features: the least valuable make room."),
]
HashBits = Annotated[
    int | None,
    typer.Option(parser=number(1, MOST_BITS), metavar="BITS", help="Hash the features' names into 2^BITS buckets."),
]
From = Annotated[Path | None, typer.Option("--from", help="Go on with the model in this file.", metavar="FILE")]
Window = Annotated[
    int, typer.Option(parser=number(1), metavar="N", help="How many rows the figures of the last rows are about.")
]


def output(documents: str) -> Any:
    """Return the option that says what to print: a table, or one of some documents."""
    beside = "All else goes to standard error then."
    return typer.Option("--output", "-o", help=f"What to print: table; {documents}. {beside}")


Output = Annotated[
    Form, output("json, the whole result; or csv, the metrics of each window, or of each model of compare")
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print no progress and no table: only what --output asks for, and errors.")
]
Json = Annotated[
    Path | None,
    typer.Option(help="Write the result as JSON to this file, too; - is the same as --output json.", metavar="FILE"),
]
Report = Annotated[
    Path | None, typer.Option(help="Write a page about it to this file: HTML that needs nothing else.", metavar="FILE")
]
Live = Annotated[
    int | None,
    typer.Option(
        parser=number(0, 65535),
        metavar="[PORT]",
        help="Show that page while it goes on, at a port of this machine: one that is free, or the number behind it.",
    ),
]
Delay = Annotated[
    str | None,
    typer.Option(
        metavar="N",
        help="Each label comes N rows after its row; or N later by --moment, of a date in seconds. What is no number "
        "names the feature column that holds N.",
    ),
]
Moment = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="The feature column that says when a row comes, for --delay.")
]
Metric = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        autocompletion=completion.metrics,
        help="A metric of river besides, as 'WeightedF1()'; may be given again.",
    ),
]
TopK = Annotated[
    int,
    typer.Option(
        parser=number(1), metavar="K", help="Of how many of the most probable classes the label has to be one."
    ),
]
Save = Annotated[Path | None, typer.Option(help="Save the model to this file at the end.", metavar="FILE")]
Checkpoint = Annotated[
    Path | None, typer.Option(help="Keep the state of the run in this file, to resume it.", metavar="FILE")
]
Every = Annotated[
    int | None, typer.Option(parser=number(1), metavar="N", help="How many rows there are between two checkpoints.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint, if there is one.")]

TABS = ("tab", "\\t")  # a tab, where a shell has none


@dataclass(frozen=True, kw_only=True)
class ReadingOptions:
    """How a source is to be read, as `open_stream` has it."""

    format: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            autocompletion=completion.one_of(*FORMATS),
            help=f"How SOURCE is written: {', '.join(FORMATS)}, or of topics json, csv, avro; else its name says.",
        ),
    ] = None
    features: Annotated[
        str | None, typer.Option(metavar="A,B", help="The feature columns, as a,b; without it all others.")
    ] = None
    drop: Annotated[list[str] | None, column("One that is no feature; may be given again.")] = None
    weight: Annotated[str | None, column("The column of the rows' weights.")] = None
    text_columns: Annotated[
        str | None, typer.Option(help="Columns that hold strings though they spell numbers, as a,b.", metavar="A,B")
    ] = None
    number_columns: Annotated[
        str | None, typer.Option(help="Columns that hold numbers: all else in them is a bad cell.", metavar="A,B")
    ] = None
    missing: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            autocompletion=completion.one_of(*MISSING),
            help="What becomes of a value that is missing, infinite or no number: error; zero; indicate, which is zero "
            "and a feature that says so; or skip-row.",
        ),
    ] = "error"
    on_bad: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            autocompletion=completion.one_of(*ON_BAD),
            help="What becomes of a row that cannot be read or learned: raise or skip; predict then has an empty line.",
        ),
    ] = "raise"
    na: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="A mark of a gap, as ? is; may be given again."),
    ] = None
    not_na: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="A usual mark of a gap that is none; may be given again."),
    ] = None
    decimal: Annotated[str, typer.Option(metavar="SIGN", help="What is before the decimals: . or ,")] = "."
    thousands: Annotated[
        str | None,
        typer.Option(metavar="SIGN", help="What is between thousands: a comma, point, space, apostrophe or _"),
    ] = None
    percent: Annotated[bool, typer.Option("--percent", help="Read 12% as 0.12.")] = False
    currency: Annotated[bool, typer.Option("--currency", help="Read $12 and 12 EUR as 12.")] = False
    dates: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            autocompletion=completion.one_of(*DATES),
            help="What becomes of a column of dates: refuse; or parts, by which it becomes numbers.",
        ),
    ] = "refuse"
    date_format: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="How dates are written, as in '%d/%m/%Y'; without it the rows tell."),
    ] = None
    label_type: Annotated[
        str,
        typer.Option(
            metavar="TYPE",
            autocompletion=completion.one_of(*TYPES),
            help="What labels become: text, number, or auto: numbers where nothing is lost by it.",
        ),
    ] = "auto"
    delimiter: Annotated[
        str | None,
        typer.Option(metavar="SIGN", help="What is between two fields of a CSV file: a sign, or tab."),
    ] = None
    no_header: Annotated[
        bool, typer.Option("--no-header", help="The first row of a CSV file is a row: its columns are x1, x2, ..")
    ] = False
    names: Annotated[
        str | None, typer.Option(help="The columns of a CSV file without a header, as a,b.", metavar="A,B")
    ] = None
    skip: Annotated[int, typer.Option(parser=number(0), metavar="N", help="Pass over this many rows first.")] = 0
    until_idle: Annotated[
        str | None,
        typer.Option(help="End a kafka:// topic after this time without a message, as 10s.", metavar="TIME"),
    ] = None
    kafka_config: Annotated[
        Path | None,
        typer.Option(help="A file of lines name=value: settings of Kafka's client, of security too.", metavar="FILE"),
    ] = None

    @property
    def keywords(self) -> dict[str, Any]:
        """Return them as `open_stream` takes them."""
        given = {name: value for name, value in asdict(self).items() if name not in ("until_idle", "kafka_config")}
        has_header = not given.pop("no_header") and self.names is None
        for name in ("features", "text_columns", "number_columns", "names"):
            given[name] = None if given[name] is None else _listed(name, given[name])
        for name in ("drop", "na", "not_na", "text_columns", "number_columns"):
            given[name] = given[name] or []
        given["delimiter"] = "\t" if self.delimiter in TABS else self.delimiter
        return {**given, "header": has_header}

    def located(self, source: str, to: str | None = None) -> str:
        """Return a source with what is said beside it of topics of Kafka in its URL; `to` may be one, too."""
        if self.until_idle is not None and not is_kafka(source):
            raise ValueError("--until-idle goes with a kafka:// topic")
        if self.kafka_config is not None and not (is_kafka(source) or is_kafka(to)):
            raise ValueError("--kafka-config goes with a kafka:// topic")
        return with_options(source, until_idle=self.until_idle, config=self.kafka_config)


def _listed(name: str, columns: str) -> list[str]:
    try:
        return next(csv.reader([columns]), [])
    except csv.Error as error:
        raise ValueError(f"{flag_of(name)} {columns!r} is no list of columns: {error}") from None


def with_ports(args: Sequence[str]) -> list[str]:
    """Return arguments in which --live has its port: the number behind it, or 0.

    Examples
    --------
    >>> from online_softmax.cli.options import with_ports

    >>> with_ports(["evaluate", "--live", "8765", "a.csv"]), with_ports(["evaluate", "--live", "a.csv"])
    (['evaluate', '--live=8765', 'a.csv'], ['evaluate', '--live=0', 'a.csv'])

    """
    found: list[str] = []
    left = list(args)
    while left:
        arg = left.pop(0)
        if arg == "--":
            return [*found, arg, *left]
        if arg == "--live":
            port = left.pop(0) if left and left[0].isascii() and left[0].isdigit() else "0"
            arg = f"--live={port}"
        found.append(arg)
    return found


def flag_of(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def grouped(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the fields of each parameter that is a dataclass as options of its own."""
    own = inspect.signature(command, eval_str=True).parameters.values()
    groups: dict[str, Any] = {one.name: one.annotation for one in own if is_dataclass(one.annotation)}
    keyword = inspect.Parameter.KEYWORD_ONLY
    flat = []
    for one in own:
        if one.name not in groups:
            flat.append(one.replace(kind=keyword))
            continue
        types = get_type_hints(one.annotation, include_extras=True)
        declared = inspect.get_annotations(one.annotation)
        for part in sorted(fields(one.annotation), key=lambda part: part.name not in declared):  # inherited ones last
            flat.append(inspect.Parameter(part.name, keyword, default=part.default, annotation=types[part.name]))

    @wraps(command)
    def called(**given: Any) -> Any:
        for name, group in groups.items():
            given[name] = group(**{part.name: given.pop(part.name) for part in fields(group)})
        return command(**given)

    called.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    return called
