"""The application: the commands, and the exit status of each way to end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from online_softmax.cli import options
from online_softmax.cli.columns import print_columns
from online_softmax.cli.comparing import DEFAULT_MODELS
from online_softmax.cli.comparing import compare as compare_along
from online_softmax.cli.evaluating import Keeping, Learner, Making, own_version
from online_softmax.cli.evaluating import evaluate as evaluate_along
from online_softmax.cli.inspecting import inspect_file
from online_softmax.cli.output import console_beside
from online_softmax.cli.predicting import predict_rows
from online_softmax.cli.rounds import Kept, print_store
from online_softmax.cli.scoring import Scoring
from online_softmax.cli.showing import Showing
from online_softmax.reports import print_comparison, print_summary
from online_softmax.streams.kafka import with_options

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


def main(*args: str) -> int:
    """Run the command line and return its exit status: 0; 2 for what the user can mend; 130 after Ctrl-C.

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
        return work if isinstance(work, int) else 0
    except KeyboardInterrupt as interrupt:
        return _fail(str(interrupt) or "interrupted", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that closing it raises nothing
        return 1
    except Exception as error:
        if callable(message := getattr(error, "format_message", None)):  # typer's, wherever it keeps the class
            return _fail(f"{message()} (see --help)", 2)
        if isinstance(error, MemoryError):
            return _fail(f"no memory is left ({error})", 2)
        if isinstance(error, ValueError | OSError | ImportError):
            return _fail(options.as_options(options.told(error)), 2)
        raise


@app.callback(invoke_without_command=True)
def online_softmax(
    context: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Softmax regression, learned one sample at a time."""
    if show_version:
        print(f"online-softmax {own_version()}")
    elif context.invoked_subcommand is None:
        print(context.get_help())
    else:
        return
    raise typer.Exit


@app.command()
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
    """Predict each row of a stream, score the prediction, then learn the row."""
    asked, located = reading.keywords, reading.located(source)

    def work() -> None:
        console = console_beside(showing.json)
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


@app.command()
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
        console = console_beside(showing.json)
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


@app.command()
@options.grouped
def train(
    source: options.Source,
    *,
    save: Annotated[Path, typer.Option(help="Save the model to this file at the end.", metavar="MODEL")],
    target: options.Target = None,
    learner: Learner,
    reading: options.ReadingOptions,
    limit: options.Limit = None,
    window: options.Window = 1000,
    keeping: Keeping,
) -> Callable[[], None]:
    """Learn a stream and save the model; the figures are of each row before it is learned."""
    asked, located = reading.keywords, reading.located(source)

    def work() -> None:
        console = console_beside()
        result = evaluate_along(
            located, target, asked, learner, keeping, limit=limit, window=window, save=save, console=console
        )
        console.print()
        print_summary(result, console, classes=False)
        console.print(f"the model is saved to {save}", soft_wrap=True, markup=False)

    return work


@app.command()
@options.grouped
def predict(
    source: options.Source,
    *,
    from_: Annotated[Path, typer.Option("--from", help="The model's file.", metavar="MODEL")],
    proba: Annotated[
        bool, typer.Option("--proba", help="Print the probability of each class, not the most probable one.")
    ] = False,
    to: Annotated[
        str | None,
        typer.Option(help="Send the predictions to this topic, as JSON, rather than print them.", metavar="KAFKA"),
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="With --to: keep in this file how far it came, to go on from there.")
    ] = None,
    resume: options.Resume = False,
    target: Annotated[str | None, typer.Option(help="A column to leave out: the label, where rows have one.")] = None,
    reading: options.ReadingOptions,
    limit: options.Limit = None,
) -> Callable[[], None]:
    """Predict the rows of a stream with a saved model, and print the predictions as CSV, a line a row.

    Or send them to a topic of Kafka, --to kafka://host:9092/topic, a message a row.
    """
    located = reading.located(source, to)
    to = None if to is None else with_options(to, config=reading.kafka_config)
    return partial(predict_rows, located, target, reading.keywords, from_, proba, limit, to, checkpoint, resume)


@app.command()
@options.grouped
def columns(
    source: options.Source,
    *,
    target: Annotated[str | None, typer.Option(help="The column to predict, if it is to be looked at, too.")] = None,
    reading: options.ReadingOptions,
) -> Callable[[], None]:
    """Print what each column of a source is read as, by its first 1,000 rows, and what would be refused."""
    return partial(print_columns, reading.located(source), target, reading.keywords)


@app.command()
def inspect(
    model: Annotated[Path, typer.Argument(help="The model's file.", metavar="MODEL")],
    *,
    top: Annotated[int, typer.Option(min=0, help="How many features to show for each class: the strongest.")] = 5,
    class_: Annotated[str | None, typer.Option("--class", help="Show this class alone.", metavar="LABEL")] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write it as JSON to this file, too; - prints JSON alone, for machines.")
    ] = None,
) -> Callable[[], None]:
    """Print what a saved model is: its classes and their strongest features, its sizes, optimiser and experts."""
    return partial(inspect_file, model, top, class_, json)


@app.command()
@options.grouped
def rounds(
    store: Annotated[str, typer.Argument(help="A store: a directory, or a URL that fsspec knows.", metavar="STORE")],
    *,
    kept: Kept,
) -> Callable[[], None]:
    """Print what was found in each round of a run in shards: by the model that was served, and by the shards' own."""
    return partial(print_store, store, kept)


@app.command()
def datasets() -> None:
    """List the streams that come with the package."""
    from online_softmax.datasets import BUNDLED

    width = max(map(len, BUNDLED))
    print(f"{'name':{width}}  {'rows':>7}  {'features':>8}  {'classes':>7}  description")
    for one in BUNDLED.values():
        print(f"{one.name:{width}}  {one.n_rows:>7,}  {one.n_features:>8,}  {one.n_classes:>7,}  {one.description}")


def _fail(message: str, status: int) -> int:
    """Say what went wrong, on one line."""
    print(f"online-softmax: {' '.join(message.split())}", file=sys.stderr)
    return status
