"""The application: the commands, and the exit status of each way to end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from online_softmax.cli import options
from online_softmax.cli.columns import print_columns
from online_softmax.cli.comparing import DEFAULT_MODELS
from online_softmax.cli.comparing import compare as compare_along
from online_softmax.cli.evaluating import Keeping, Learner, Making
from online_softmax.cli.evaluating import evaluate as evaluate_along
from online_softmax.cli.inspecting import inspect_file
from online_softmax.cli.listing import print_datasets
from online_softmax.cli.output import Form, Printer, console_on
from online_softmax.cli.predicting import predict_rows
from online_softmax.cli.refusals import as_options, told
from online_softmax.cli.rounds import print_store
from online_softmax.cli.scoring import Scoring
from online_softmax.cli.showing import Showing
from online_softmax.cli.version import version_lines
from online_softmax.reports import print_comparison, print_summary
from online_softmax.streams.kafka import with_options

STATUS = (
    "Exit status: 0 when it is done; 1 when whoever read its output has closed it; 2 for a mistake, which one line on "
    "standard error names; 130 after Ctrl-C, when what was found until then is written and saved."
)

INTERRUPTED = 130

app = typer.Typer(rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


class Lines(StrEnum):
    """What a line for each row is written in."""

    CSV = "csv"
    JSON = "json"


def main(*args: str) -> int:
    """Run the command line and return its exit status.

    That is 0; 1 when whoever read its output has closed it; 2 for what the user can mend; or 130 after Ctrl-C.

    Examples
    --------
    >>> from online_softmax import cli

    >>> cli.main("datasets")
    name               rows  features  classes  description
    image_segments    2,310        18        7  3 x 3 pixel regions of outdoor photographs, by what they show
    ...
    0

    """
    try:
        # typer only reads the arguments: the work it returns runs outside, where its handling of errors does not reach
        work = app(options.with_ports(args), prog_name="online-softmax", standalone_mode=False)
        if callable(work):
            work()
        if sys.stdout is not None:
            sys.stdout.flush()  # while what fails in it is still told
        if work == INTERRUPTED:
            raise KeyboardInterrupt  # while the arguments were read
        return 2 if isinstance(work, int) and work else 0  # typer has told of a number what it is about
    except KeyboardInterrupt as interrupt:
        return _fail(str(interrupt) or "interrupted", INTERRUPTED)
    except BrokenPipeError:
        _close()
        return 1
    except Exception as error:
        if callable(message := getattr(error, "format_message", None)):  # typer's, wherever it keeps the class
            return _fail(f"{message().replace(': Value error, ', ': ').rstrip('.')} (see --help)", 2)
        if isinstance(error, UnicodeEncodeError) and error.encoding != "utf-8":
            lacking = ascii(error.object[error.start])
            return _fail(f"standard output is {error.encoding}, without {lacking}: say PYTHONIOENCODING=utf-8", 2)
        if isinstance(error, MemoryError):
            return _fail(f"no memory is left ({error})", 2)
        if isinstance(error, ValueError | OSError | ImportError):
            return _fail(as_options(told(error)), 2)
        raise


@app.callback(invoke_without_command=True, epilog=STATUS)
def online_softmax(
    context: typer.Context,
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version, and those of the parts, and exit.")
    ] = False,
) -> None:
    """Softmax regression, learned one sample at a time."""
    if show_version:
        print(*version_lines(), sep="\n")
    elif context.invoked_subcommand is None:
        print(context.get_help())
    else:
        return
    raise typer.Exit


@app.command(epilog=STATUS)
@options.grouped
def evaluate(
    source: options.Source,
    *,
    target: options.Target = None,
    learner: Learner,
    scoring: Scoring,
    reading: options.ReadingOptions,
    limit: options.Limit = None,
    window: options.Window = 1000,
    showing: Showing,
    save: options.Save = None,
    keeping: Keeping,
) -> Callable[[], None]:
    """Predict, score, then learn each row of a stream."""
    asked, located = reading.keywords, reading.located(source)

    def work() -> None:
        console = showing.printer.console
        rows: dict[str, Any] = {"limit": limit, "window": window}
        result = evaluate_along(
            *(located, target, asked, learner, keeping),
            **rows,
            console=console,
            scoring=scoring,
            showing=showing,
            save=save,
        )
        console.print()
        print_summary(result, console)
        showing.tell(console)

    return work


@app.command(epilog=STATUS)
@options.grouped
def compare(
    source: options.Source,
    *,
    target: options.Target = None,
    model: options.Models = None,
    making: Making,
    scoring: Scoring,
    reading: options.ReadingOptions,
    limit: options.Limit = None,
    window: options.Window = 1000,
    showing: Showing,
) -> Callable[[], None]:
    """Evaluate several models over the same rows, in one pass."""
    asked, located = reading.keywords, reading.located(source)

    def work() -> None:
        console = showing.printer.console
        comparison = compare_along(
            *(located, target, asked, model or DEFAULT_MODELS, making, scoring, showing),
            limit=limit,
            window=window,
            console=console,
        )
        console.print()
        print_comparison(comparison, console)
        showing.tell(console)

    return work


@app.command(epilog=STATUS)
@options.grouped
def train(
    source: options.Source,
    *,
    save: Annotated[Path, typer.Option(help="Save the model to this file at the end.", metavar="FILE")],
    target: options.Target = None,
    learner: Learner,
    reading: options.ReadingOptions,
    limit: options.Limit = None,
    window: options.Window = 1000,
    keeping: Keeping,
    quiet: options.Quiet = False,
) -> Callable[[], None]:
    """Learn a stream and save the model.

    The figures are those of each row before it is learned.
    """
    asked, located = reading.keywords, reading.located(source)

    def work() -> None:
        console = console_on(quiet=quiet)
        result = evaluate_along(
            located, target, asked, learner, keeping, limit=limit, window=window, save=save, console=console
        )
        console.print()
        print_summary(result, console, classes=False)
        console.print(f"the model is saved to {save}", soft_wrap=True, markup=False)

    return work


@app.command(epilog=STATUS)
@options.grouped
def predict(
    source: options.Source,
    *,
    from_: Annotated[Path, typer.Option("--from", help="The model's file.", metavar="FILE")],
    proba: Annotated[
        bool, typer.Option("--proba", help="Print the probability of each class, not the most probable one.")
    ] = False,
    to: Annotated[
        str | None,
        typer.Option(help="Send the predictions to this topic, as JSON, rather than print them.", metavar="KAFKA"),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --to: keep in this file how far it came, to go on from there."),
    ] = None,
    resume: options.Resume = False,
    target: Annotated[str | None, options.column("A column to leave out: the label, where rows have one.")] = None,
    reading: options.ReadingOptions,
    limit: options.Limit = None,
    output: Annotated[
        Lines, typer.Option("--output", "-o", help="What to print: csv, with a header; or json, an object a line.")
    ] = Lines.CSV,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print predictions and errors alone, as it does anyway.")
    ] = False,
) -> Callable[[], None]:
    """Predict the rows of a stream with a saved model, a line a row.

    Or send them to a topic of Kafka, --to kafka://host:9092/topic, a message a row.
    """
    located = reading.located(source, to)
    to = None if to is None else with_options(to, config=reading.kafka_config)
    as_json = output == Lines.JSON
    return partial(
        predict_rows, located, target, reading.keywords, from_, proba, limit, to, checkpoint, resume, as_json
    )


@app.command(epilog=STATUS)
@options.grouped
def columns(
    source: options.Source,
    *,
    target: Annotated[str | None, options.column("The column to predict, if it is to be looked at, too.")] = None,
    reading: options.ReadingOptions,
    output: Annotated[Form, options.output("json, one document; or csv, a line a column")] = Form.TABLE,
    quiet: options.Quiet = False,
) -> Callable[[], None]:
    """Print what the columns of a source are read as.

    It looks at the first 1,000 rows, and says what a run would refuse in them.
    """
    return partial(print_columns, reading.located(source), target, reading.keywords, Printer(output, quiet))


@app.command(epilog=STATUS)
def inspect(
    model: Annotated[Path, typer.Argument(help="The model's file.", metavar="FILE")],
    *,
    top: Annotated[
        int,
        typer.Option(
            parser=options.number(0), metavar="N", help="How many features to show for each class: the strongest."
        ),
    ] = 5,
    class_: Annotated[str | None, typer.Option("--class", help="Show this class alone.", metavar="LABEL")] = None,
    output: Annotated[
        Form, options.output("json, one document; or csv, a line for each of the strongest features")
    ] = Form.TABLE,
    json: options.Json = None,
    quiet: options.Quiet = False,
) -> Callable[[], None]:
    """Print what a saved model is and has learned.

    That is its classes and their strongest features, its sizes, its optimiser and its experts.
    """
    return partial(inspect_file, model, top, class_, Printer(output, quiet, json))


@app.command(epilog=STATUS)
def rounds(
    store: Annotated[str, typer.Argument(help="A store: a directory, or a URL that fsspec knows.", metavar="STORE")],
    *,
    output: Annotated[Form, options.output("json, one document; or csv, a line a round")] = Form.TABLE,
    json: options.Json = None,
    report: options.Report = None,
    quiet: options.Quiet = False,
) -> Callable[[], None]:
    """Print what a run in shards has found, by round.

    That is what the model that was served has found, and what the shards' own have.
    """
    return partial(print_store, store, report, Printer(output, quiet, json))


@app.command(epilog=STATUS)
def datasets(
    output: Annotated[Form, options.output("json, one document; or csv, a line a stream")] = Form.TABLE,
    quiet: options.Quiet = False,
) -> Callable[[], None]:
    """List the streams that come with the package."""
    return partial(print_datasets, Printer(output, quiet))


def _close() -> None:
    """Let standard output go nowhere, so that closing it raises nothing."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, status: int) -> int:
    """Say what went wrong, on one line."""
    with suppress(OSError):  # the status tells it where nothing else can
        print(f"online-softmax: {' '.join(message.split())}", file=sys.stderr)
    return status
