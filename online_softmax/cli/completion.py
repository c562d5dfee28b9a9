"""Completion: what a shell offers for a value that has been begun; of files, what the shell itself finds."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from glob import escape, glob
from os.path import isdir

import typer

from online_softmax.datasets import BUNDLED

Offers = list[tuple[str, str]]  # values, and what they are

MODELS = {"auto": "needs no tuning", "auto-linear": "without non-linear experts", "vw": "Vowpal Wabbit"}


def one_of(*values: str) -> Callable[[str], list[str]]:
    """Return what offers those of some values that begin as a word does."""
    return lambda incomplete: [value for value in values if value.startswith(incomplete)]


def sources(incomplete: str) -> Offers:
    """Return the bundled streams that begin as a word does, and the files beside them; nothing for files alone."""
    streams = [(name, one.description) for name, one in BUNDLED.items() if name.startswith(incomplete)]
    found = sorted(glob(f"{escape(incomplete)}*"))
    files = [(name, "") for name in as_words(f"{path}/" if isdir(path) else path for path in found)]
    return [*streams, *files] if streams else []


def models(incomplete: str) -> Offers:
    """Return the models that begin as a word does: ours, or after `river:` river's classifiers."""
    if incomplete.startswith("river:"):
        from online_softmax.cli.river_names import classifier_names

        paths = classifier_names()
        names = Counter(path.rpartition(".")[2] for path in paths)
        known = {f"river:{path}": "" for path in [*(name for name, n in names.items() if n == 1), *paths]}
    else:
        from online_softmax.cli.models import OPTIMIZERS

        known = MODELS | dict.fromkeys(OPTIMIZERS, "softmax regression under this optimiser") | {"river:": ""}
    return [(name, about) for name, about in known.items() if name.startswith(incomplete)]


def metrics(incomplete: str) -> list[str]:
    """Return river's metrics that begin as a word does."""
    from online_softmax.evaluation.river_metrics import metric_names

    return [name for name in metric_names() if name.startswith(incomplete)]


def columns(context: typer.Context, incomplete: str) -> list[str]:
    """Return the columns of the source that has been named before, if there is one to be read at once."""
    from online_softmax.streams import RowStream, open_stream
    from online_softmax.streams.kafka import is_kafka

    source = context.params.get("source") or next(iter(context.args), None)  # which the option cut short left there
    if source is None or source == "-" or is_kafka(source):
        return []
    try:
        stream = open_stream(source, labelled=False, limit=1)
    except Exception:  # whatever keeps it from being read is told when it is run
        return []
    assert isinstance(stream, RowStream)
    own = [] if stream.target is None else [stream.target]  # of a bundled one
    names = dict.fromkeys([*stream.kinds, *own])
    return as_words(name for name in map(str, names) if name.startswith(incomplete))


def as_words(values: Iterable[str]) -> list[str]:
    """Return values that come from files so that bash, too, takes each for a word of the line, and executes none."""
    if os.environ.get("_ONLINE_SOFTMAX_COMPLETE") != "complete_bash":  # others quote what they insert
        return [*values]
    return [re.sub(r"([^\w./:=@%+,-])", r"\\\1", value) for value in values if value.isprintable()]
