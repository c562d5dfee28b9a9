"""Options: what the commands share, and what is made of it."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from online_softmax.cli.models import DEFAULT_MODEL, OPTIMIZERS
from online_softmax.streams.formats import FORMATS

Source = Annotated[
    str,
    typer.Argument(help="A file, a directory or pattern of files, - for standard input, or a bundled stream's name."),
]
Target = Annotated[
    str | None,
    typer.Option(help="The column to predict; bundled streams know theirs, svmlight and vw text carry their own."),
]
Format = Annotated[str | None, typer.Option(help=f"{', '.join(FORMATS)}; without it the file's name decides.")]
Features = Annotated[str | None, typer.Option(help="The columns to learn from, as a,b; without it all others.")]
Drop = Annotated[list[str] | None, typer.Option(help="A column not to learn from; may be given again.")]
Weight = Annotated[str | None, typer.Option(help="The column of the rows' weights.")]
Missing = Annotated[str, typer.Option(help="What becomes of a missing or infinite value: error, zero or skip-row.")]
OnBad = Annotated[str, typer.Option(help="What becomes of a row that cannot be read or learned: raise or skip.")]
Skip = Annotated[int, typer.Option(min=0, help="Pass over this many rows first.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Stop after this many rows.")]

Model = Annotated[
    str | None,
    typer.Option(
        help="auto, which needs no tuning; auto-linear, the same without non-linear experts; or softmax regression "
        f"under an optimiser, as in 'AdaGrad(0.3)': {', '.join(OPTIMIZERS)}. [default: {DEFAULT_MODEL}]"
    ),
]
NoScale = Annotated[
    bool, typer.Option("--no-scale", help="Under an optimiser: take numbers as they are, not standardised.")
]
Intercept = Annotated[bool, typer.Option("--intercept", help="Under an optimiser: give each class an intercept.")]
MaxFeatures = Annotated[int | None, typer.Option(help="Keep at most this many features: the least valuable make room.")]
HashBits = Annotated[int | None, typer.Option(help="Hash the features' names into 2^BITS buckets.", metavar="BITS")]
From = Annotated[Path | None, typer.Option("--from", help="Go on with the model in this file.", metavar="MODEL")]
Window = Annotated[int, typer.Option(min=1, help="How many rows the figures of the last rows are about.")]
Checkpoint = Annotated[Path | None, typer.Option(help="Keep the state of the run in this file, to resume it.")]
Every = Annotated[int | None, typer.Option(min=1, help="How many rows there are between two checkpoints.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint, if there is one.")]


def reading(
    format: str | None,
    features: str | None,
    drop: list[str] | None,
    weight: str | None,
    missing: str,
    on_bad: str,
    skip: int,
) -> dict[str, Any]:
    """Return how a source is to be read, as `open_stream` takes it."""
    return {
        "format": format,
        "features": None if features is None else _listed(features),
        "drop": [*(drop or ())],
        "weight": weight,
        "missing": missing,
        "on_bad": on_bad,
        "skip": skip,
    }


def _listed(columns: str) -> list[str]:
    try:
        return next(csv.reader([columns]), [])
    except csv.Error as error:
        raise ValueError(f"--features {columns!r} is no list of columns: {error}") from None


def check_writable(path: Path, *, whole: bool = True) -> None:
    """Find out before a long run whether a file can be written after it, whole or not at all if need be."""
    if path.is_dir():
        raise IsADirectoryError(f"cannot write {path}: it is a directory")
    if whole and path.exists() and not path.is_file():
        raise OSError(f"cannot write {path}: it is not a regular file")
    directory = Path(os.path.realpath(path)).parent
    if not directory.is_dir():
        raise FileNotFoundError(f"cannot write {path}: there is no directory {path.parent}")
    if not os.access(directory if whole or not path.exists() else path, os.W_OK):
        raise PermissionError(f"cannot write {path}: permission denied")


def check_distinct(files: list[tuple[str, Path | str | None]]) -> None:
    """Refuse one file for two things, under whatever names."""
    seen: dict[object, str] = {}
    for role, file in files:
        if file is None:
            continue
        keys: list[object] = [os.path.realpath(file)]
        if os.path.exists(file):
            status = os.stat(file)
            keys.append((status.st_dev, status.st_ino))
        for key in keys:
            if (other := seen.setdefault(key, role)) != role:
                raise ValueError(f"{file} is named twice, for {other} and {role}")
