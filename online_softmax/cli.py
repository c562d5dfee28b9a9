"""The command line: online-softmax evaluate | datasets."""

from __future__ import annotations

import ast
import csv
import inspect
import os
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from river import compose, optim, preprocessing

from online_softmax.auto import AutoSoftmaxRegression
from online_softmax.optimizers import CONSTANTS
from online_softmax.progressive import progressive_validation
from online_softmax.report import LiveTable, print_summary, write_json
from online_softmax.softmax import SoftmaxRegression
from online_softmax.streams import Chunks, open_stream
from online_softmax.streams.files import FORMATS

DEFAULT_MODEL = "auto"
INTERACTIONS: dict[str, bool | str] = {"auto": "auto", "auto-linear": False}  # of AutoSoftmaxRegression, by model
OPTIMIZERS: dict[str, Callable[..., optim.base.Optimizer]] = {kind.__name__: kind for kind in CONSTANTS}

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


def run(*args: str) -> int:
    """Run the command line and return its exit status: 0; 2 for what the user can mend; 130 after Ctrl-C.

    Examples
    --------
    >>> from online_softmax import cli

    >>> cli.run("datasets")
    name               rows  features  classes  description
    image_segments    2,310        18        7  3 x 3 pixel regions of outdoor photographs, by what they show
    ...
    0

    """
    try:
        # typer only reads the arguments: the work it returns runs outside, where its handling of errors does not reach
        work = app(args, prog_name="online-softmax", standalone_mode=False)
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
        if isinstance(error, ValueError | OSError | ImportError):
            return _fail(str(error), 2)
        raise


@app.callback(invoke_without_command=True)
def online_softmax(
    context: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Softmax regression, learned one sample at a time."""
    if show_version:
        print(f"online-softmax {_version()}")
    elif context.invoked_subcommand is None:
        print(context.get_help())
    else:
        return
    raise typer.Exit


@app.command()
def evaluate(
    source: Annotated[
        str,
        typer.Argument(
            help="A file, a directory or pattern of files, - for standard input, or the name of a bundled stream."
        ),
    ],
    target: Annotated[
        str | None,
        typer.Option(help="The column to predict; bundled streams know theirs, svmlight and vw text carry their own."),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            help="auto, which needs no tuning; auto-linear, the same without non-linear experts; or softmax regression "
            f"under an optimiser, as in 'AdaGrad(0.3)': {', '.join(OPTIMIZERS)}."
        ),
    ] = DEFAULT_MODEL,
    no_scale: Annotated[
        bool, typer.Option("--no-scale", help="Under an optimiser: take numbers as they are, not standardised.")
    ] = False,
    intercept: Annotated[
        bool, typer.Option("--intercept", help="Under an optimiser: give each class an intercept.")
    ] = False,
    format: Annotated[
        str | None, typer.Option(help=f"{', '.join(FORMATS)}; without it the file's name decides.")
    ] = None,
    features: Annotated[
        str | None, typer.Option(help="The columns to learn from, as a,b; without it all others.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column not to learn from; may be given again.")] = None,
    weight: Annotated[str | None, typer.Option(help="The column of the rows' weights.")] = None,
    missing: Annotated[
        str, typer.Option(help="What becomes of a missing or infinite value: error, zero or skip-row.")
    ] = "error",
    skip: Annotated[int, typer.Option(min=0, help="Pass over this many rows first.")] = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after this many rows.")] = None,
    window: Annotated[int, typer.Option(min=1, help="How many rows the figures of the last rows are about.")] = 1000,
    json: Annotated[Path | None, typer.Option(help="Write the result to this file, too.")] = None,
) -> Callable[[], None]:
    """Predict each row of a stream, score the prediction, then learn the row."""
    options = {
        "format": format,
        "features": None if features is None else next(csv.reader([features])),
        "drop": [*(drop or ())],
        "weight": weight,
        "missing": missing,
        "skip": skip,
    }
    return partial(_evaluate, source, target, options, model, not no_scale, intercept, limit, window, json)


@app.command()
def datasets() -> None:
    """List the streams that come with the package."""
    from online_softmax.datasets import BUNDLED

    width = max(map(len, BUNDLED))
    print(f"{'name':{width}}  {'rows':>7}  {'features':>8}  {'classes':>7}  description")
    for one in BUNDLED.values():
        print(f"{one.name:{width}}  {one.n_rows:>7,}  {one.n_features:>8,}  {one.n_classes:>7,}  {one.description}")


def parse_model(text: str, *, intercept: bool = False) -> AutoSoftmaxRegression | SoftmaxRegression:
    """Make the model that `text` names: `auto`, `auto-linear`, or an optimiser, `Adam` or `Adam(lr=0.1, beta_1=0.8)`.

    Examples
    --------
    >>> from online_softmax.cli import parse_model

    >>> parse_model("auto").interactions
    'auto'
    >>> parse_model("Adam(0.1, beta_1=0.8)").optimizer.beta_1
    0.8
    >>> parse_model("Madam")
    Traceback (most recent call last):
    ValueError: no model is called 'Madam'; there are auto, auto-linear, SGD, Momentum, ...

    """
    if text in INTERACTIONS:
        return AutoSoftmaxRegression(interactions=INTERACTIONS[text])
    name, positional, named = _parse_call(text)
    if name not in OPTIMIZERS:
        raise ValueError(f"no model is called {name!r}; there are {', '.join([*INTERACTIONS, *OPTIMIZERS])}")
    signature = inspect.signature(OPTIMIZERS[name])
    try:
        values = signature.bind(*positional, **named).arguments
    except TypeError as error:
        raise ValueError(f"model {text!r}: {error}; {name} takes {', '.join(signature.parameters)}") from None
    for parameter, value in values.items():
        if isinstance(signature.parameters[parameter].default, bool):
            if not isinstance(value, bool):
                raise ValueError(f"model {text!r}: {parameter} is True or False, not {value!r}")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= sys.float_info.max:
            raise ValueError(f"model {text!r}: {parameter} is a finite number, 0 or more, not {value!r}")
    return SoftmaxRegression(OPTIMIZERS[name](**values), intercept=intercept)


def _parse_call(text: str) -> tuple[str, list[Any], dict[str, Any]]:
    """Take `Name(1, a=2)` apart, literals only."""
    try:
        call = ast.parse(text.strip(), mode="eval").body
        if isinstance(call, ast.Name):
            return call.id, [], {}
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg}
            if len(named) == len(call.keywords):  # none twice, and no **
                return call.func.id, [ast.literal_eval(value) for value in call.args], named
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        pass
    raise ValueError(f"model {text!r} is not of the form SGD, SGD(0.1) or Adam(lr=0.1, beta_1=0.8)")


def _evaluate(
    source: str,
    target: str | None,
    options: dict[str, Any],
    model: str,
    scale: bool,
    intercept: bool,
    limit: int | None,
    window: int,
    json_file: Path | None,
) -> None:
    learner: Any = parse_model(model, intercept=intercept)
    if isinstance(learner, AutoSoftmaxRegression):
        if intercept or not scale:
            flag = "--intercept" if intercept else "--no-scale"
            raise ValueError(f"{flag} goes with an optimiser such as 'SGD(0.1)', not with --model {model}")
        scale = False
    if json_file is not None:
        _check_writable(json_file)
    stream = open_stream(source, target, **options)
    assert isinstance(stream, Chunks)
    if scale:
        learner = _scale(stream) | learner

    console = Console(highlight=False)
    table = LiveTable(console, window)
    try:
        with table:
            result = progressive_validation(stream, learner, window=window, limit=limit, progress=table)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted after {table.n_samples:,} rows") from None
    console.print()
    print_summary(result, console)
    if json_file is not None:
        write_json(
            result,
            json_file,
            online_softmax=_version(),
            source=source,
            target=stream.target,
            **options,
            model=model,
            scaled=scale,
            intercept=intercept,
            limit=limit,
        )


def _scale(stream: Chunks) -> Any:
    """Return what standardises the numbers of a stream and leaves its one-hot features alone: they are 1 or absent."""
    numbers = [name for name in stream.features if name not in stream.words]
    if not stream.words:
        return preprocessing.StandardScaler()
    if not numbers:
        return compose.Discard()
    return (compose.Select(*numbers) | preprocessing.StandardScaler()) + compose.Discard(*numbers)


def _check_writable(path: Path) -> None:
    """Find out before a long run whether its result can be written after it."""
    if path.is_dir():
        raise IsADirectoryError(f"cannot write {path}: it is a directory")
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(f"cannot write {path}: there is no directory {path.parent}")
    if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        raise PermissionError(f"cannot write {path}: permission denied")


def _version() -> str:
    try:
        return version("online-softmax")
    except PackageNotFoundError:
        return "(not installed)"


def _fail(message: str, status: int) -> int:
    """Say what went wrong, on one line."""
    print(f"online-softmax: {' '.join(message.split())}", file=sys.stderr)
    return status
