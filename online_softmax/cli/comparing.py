"""Comparing: several models along one stream, as `compare` does it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from online_softmax.cli.ending import ended_in_order
from online_softmax.cli.evaluating import Making, sources
from online_softmax.cli.files import check_distinct
from online_softmax.cli.scoring import Scoring
from online_softmax.cli.showing import Showing
from online_softmax.cli.version import own_version
from online_softmax.evaluation import Comparison, RowError, RunInterrupt, progressive_validation
from online_softmax.evaluation.interrupts import uninterrupted
from online_softmax.reports import CompareTable
from online_softmax.streams import RowStream, open_stream
from online_softmax.streams.kafka import shown

DEFAULT_MODELS = ("auto", "auto-linear", "SGD(0.1)")
MOST_MODELS = 10


def compare(
    source: str,
    target: str | None,
    reading: dict[str, Any],
    names: Sequence[str],
    making: Making,
    scoring: Scoring,
    showing: Showing,
    *,
    limit: int | None,
    window: int,
    console: Console,
) -> Comparison:
    """Run models along a stream under a table that grows, and return what was found."""
    if not 2 <= len(names) <= MOST_MODELS:
        there = "is one" if len(names) == 1 else f"are {len(names)}"
        raise ValueError(f"compare takes 2 to {MOST_MODELS} models, a --model for each, and there {there}")
    check_distinct([*sources(source), *showing.files])
    showing.check()
    measured = scoring.keywords()
    made = making.made(names)
    stream = open_stream(source, target, **reading)
    assert isinstance(stream, RowStream)
    models = {
        said: making.behind_a_scaler(name, model, stream)
        for said, name, model in zip(numbered(names), names, made, strict=True)
    }
    run = {"models": [*models], **making.conditions, "limit": limit, **scoring.conditions}
    conditions = {"online_softmax": own_version(), "source": shown(source), "target": stream.target, **reading, **run}
    table = CompareTable(console, [*models], window, alone=showing.is_kept)
    try:
        with showing.progress(table, conditions) as progress, ended_in_order(stream), table:
            comparison = progressive_validation(
                stream, models, window=window, limit=limit, progress=progress, on_bad=reading["on_bad"], **measured
            )
    except RunInterrupt as stop:
        with uninterrupted():
            kept = showing.finish_early(stop.result, conditions)
        if kept is None:
            raise
        raise KeyboardInterrupt(f"{stop}; {kept}") from None
    except RowError as error:
        if (kept := showing.finish_early(error.result, conditions)) is None:
            raise
        raise ValueError(f"{error}; {kept}") from error
    assert isinstance(comparison, Comparison)
    with uninterrupted():
        showing.finish(comparison, conditions)
    return comparison


def numbered(names: Sequence[str]) -> list[str]:
    """Return names of which no two are equal.

    Examples
    --------
    >>> from online_softmax.cli.comparing import numbered

    >>> numbered(["auto", "vw", "auto"])
    ['auto', 'vw', 'auto (2)']

    """
    seen: Counter[str] = Counter()
    found: list[str] = []
    for name in names:
        seen[name] += 1
        said = name if seen[name] == 1 else f"{name} ({seen[name]})"
        while said in found:
            seen[name] += 1
            said = f"{name} ({seen[name]})"
        found.append(said)
    return found
