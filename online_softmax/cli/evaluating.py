"""Evaluating: a model along a stream, as `evaluate` and `train` do it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from online_softmax.cli import options
from online_softmax.cli.ending import ended_in_order
from online_softmax.cli.files import check_distinct, check_writable
from online_softmax.cli.models import DEFAULT_MODEL, is_optimizer, is_rival, parse_model
from online_softmax.cli.refusals import named, told
from online_softmax.cli.scoring import Scoring
from online_softmax.cli.showing import Showing
from online_softmax.cli.version import own_version
from online_softmax.evaluation import EVERY, Result, RowError, RunInterrupt, checkpoints, progressive_validation
from online_softmax.evaluation.interrupts import uninterrupted
from online_softmax.models import saving
from online_softmax.models.scaled import scaler_for
from online_softmax.reports import LiveTable
from online_softmax.streams import Known, RowStream, open_stream
from online_softmax.streams.kafka import is_kafka, shown
from online_softmax.streams.many import paths_of

PLAIN, UNSEEN = Scoring(), Showing()


@dataclass(frozen=True, kw_only=True)
class Making:
    """How new models are made from their names."""

    no_scale: options.NoScale = False
    intercept: options.Intercept = False
    max_features: options.MaxFeatures = None
    hash_bits: options.HashBits = None

    def made(self, names: Sequence[str]) -> list[Any]:
        """Return the models, or refuse a flag that none of them has a use for."""
        said = " or ".join(dict.fromkeys(f"--model {name}" for name in names))
        if not any(map(is_optimizer, names)):
            for flag, is_given in {"--intercept": self.intercept, "--no-scale": self.no_scale}.items():
                if is_given:
                    raise ValueError(f"{flag} goes with an optimiser such as 'SGD(0.1)', not with {said}")
        if all(map(is_rival, names)):
            for flag, value in self.room.items():
                if value is not None:
                    raise ValueError(f"{flag} goes with a model of ours such as auto, not with {said}")
        with named("--model"):
            return [parse_model(name, intercept=self.intercept, **self._room) for name in names]

    def behind_a_scaler(self, name: str, model: Any, stream: RowStream) -> Any:
        """Return a new model as it goes along a stream: one under an optimiser with a scaler before it."""
        if not self.is_scaled(name):
            return model
        return scaler_for(stream.features, stream.text_columns, stream.missing == "indicate") | model

    def is_scaled(self, name: str) -> bool:
        """Whether a scaler goes before the model of this name."""
        return is_optimizer(name) and not self.no_scale

    @property
    def room(self) -> dict[str, int | None]:
        """Return the flags that bound a model."""
        return {"--max-features": self.max_features, "--hash-bits": self.hash_bits}

    @property
    def conditions(self) -> dict[str, Any]:
        """Return how models were made, for the record."""
        return {"no_scale": self.no_scale, "intercept": self.intercept, **self._room}

    @property
    def _room(self) -> dict[str, Any]:
        return {"max_features": self.max_features, "hash_bits": self.hash_bits}


@dataclass(frozen=True, kw_only=True)
class Learner(Making):
    """Which model to run: one in a file, or a new one."""

    model: options.Model = None
    from_: options.From = None

    def opened(self, source: str, target: str | None, reading: dict[str, Any]) -> tuple[Any, RowStream]:
        """Return the model, and the stream as the model needs it."""
        if self.from_ is not None:
            given = {"--intercept": self.intercept, "--no-scale": self.no_scale, **self.room, "--model": self.model}
            for flag, value in given.items():
                if value not in (None, False):
                    raise ValueError(f"{flag} goes with a new model, and the one in {self.from_} has its own")
            with named("--from"):
                model = saving.load(self.from_)
            known = Known.of(model, f"the model in {self.from_}")
            stream = open_stream(source, target, model=known, **reading)
            assert isinstance(stream, RowStream)
            known.check_any(stream)
            return model, stream
        (model,) = self.made([self.name])
        stream = open_stream(source, target, **reading)
        assert isinstance(stream, RowStream)
        return self.behind_a_scaler(self.name, model, stream), stream

    def check_kept(self, files: list[tuple[str, Path | None]]) -> None:
        """Refuse to keep a model that no file of ours holds."""
        for flag, file in files:
            if file is not None and self.from_ is None and is_rival(self.name):
                raise ValueError(f"--{flag} keeps models of ours, and --model {self.name} is of others: leave one out")

    @property
    def name(self) -> str:
        """Return what names a new model."""
        return DEFAULT_MODEL if self.model is None else self.model

    @property
    def conditions(self) -> dict[str, Any]:
        """Return what the model was, for the record."""
        if self.from_ is not None:
            return {"model": f"from {self.from_}"}
        return {"model": self.name, "scaled": self.is_scaled(self.name), "intercept": self.intercept, **self._room}


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """Where to keep the state of a run."""

    checkpoint: options.Checkpoint = None
    every: options.Every = None
    resume: options.Resume = False

    def check(self) -> None:
        """Refuse what cannot be kept, before the run."""
        if self.checkpoint is None and (self.resume or self.every is not None):
            raise ValueError(f"{'--resume' if self.resume else '--every'} goes with --checkpoint")
        if self.checkpoint is not None:
            check_writable("--checkpoint", self.checkpoint)
            if self.checkpoint.exists() and not self.resume:
                raise FileExistsError(f"the checkpoint {self.checkpoint} exists: --resume it, or remove it")


def evaluate(
    source: str,
    target: str | None,
    reading: dict[str, Any],
    learner: Learner,
    keeping: Keeping,
    *,
    limit: int | None,
    window: int,
    console: Console,
    scoring: Scoring = PLAIN,
    showing: Showing = UNSEEN,
    save: Path | None = None,
) -> Result:
    """Run a model along a stream under a table that grows, keep what is to be kept, and return what was found."""
    kept = [("save", save), ("checkpoint", keeping.checkpoint)]
    written = [*kept, *showing.files]
    check_distinct([*sources(source), *written])
    check_distinct([("from", learner.from_), *written[1:]])  # a model may be saved where it came from
    learner.check_kept(kept)
    if save is not None:
        check_writable("--save", save)
    keeping.check()
    showing.check()
    measured = scoring.keywords()
    settled = checkpoints.settled(source, keeping.checkpoint if keeping.resume else None)
    model, stream = learner.opened(source, target, reading | {"settled": settled})
    run = {**learner.conditions, "limit": limit, "resumed": keeping.resume, **scoring.conditions}
    conditions = {"online_softmax": own_version(), "source": shown(source), "target": stream.target, **reading, **run}
    table = LiveTable(console, window, alone=save is not None or showing.is_kept)
    try:
        with showing.progress(table, conditions) as progress, ended_in_order(stream), table:
            result = progressive_validation(
                stream,
                model,
                window=window,
                limit=limit,
                progress=progress,
                on_bad=reading["on_bad"],
                checkpoint=keeping.checkpoint,
                every=keeping.every or EVERY,
                resume=keeping.resume,
                **measured,
            )
    except RunInterrupt as stop:
        said = [str(stop)]
        with uninterrupted():
            if save is not None and stop.result.n_samples:
                _save(model, save)
                said.append(f"the model is saved to {save}")
            if found := showing.finish_early(stop.result, conditions):
                said.append(found)
        raise KeyboardInterrupt("; ".join(said)) from None
    except (RowError, OSError) as error:
        n = error.result.n_samples if isinstance(error, RowError) else table.n_samples
        said = [told(error)]
        if save is not None and n:
            _save(model, save)
            of = "those rows" if isinstance(error, RowError) else f"the first {n:,} rows"
            said.append(f"the model of {of} is saved to {save}")
        if isinstance(error, RowError) and (found := showing.finish_early(error.result, conditions)):
            said.append(found)
        if len(said) == 1:
            raise
        raise ValueError("; ".join(said)) from error
    assert isinstance(result, Result)
    with uninterrupted():
        if save is not None:
            _save(model, save)
        showing.finish(result, conditions)
    return result


def sources(source: str) -> list[tuple[str, Path]]:
    """Return the files of a source, to be compared with those that are written."""
    if is_kafka(source):
        return []
    return [("source", one) for one in paths_of(source) or [Path(source)]]


def _save(model: Any, path: Path) -> None:
    try:
        saving.save(model, path)
    except TypeError as error:  # a name or a label that no file holds
        raise ValueError(f"cannot save to {path}: {error}") from error
