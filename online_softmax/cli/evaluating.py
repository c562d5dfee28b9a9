"""Evaluating: a model along a stream, as `evaluate` and `train` do it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from online_softmax.cli import options
from online_softmax.cli.known_columns import open_for
from online_softmax.cli.models import DEFAULT_MODEL, INTERACTIONS, parse_model
from online_softmax.evaluation import EVERY, Result, RowError, progressive_validation
from online_softmax.models import saving
from online_softmax.models.scaled import scaler_for
from online_softmax.reports import LiveTable
from online_softmax.streams import RowStream, open_stream
from online_softmax.streams.many import paths_of


@dataclass(frozen=True)
class Learner:
    """Which model to run: one in a file, or a new one."""

    source: Path | None
    name: str | None
    scale: bool
    intercept: bool
    max_features: int | None
    hash_bits: int | None

    def opened(self, source: str, target: str | None, reading: dict[str, Any]) -> tuple[Any, RowStream]:
        """Return the model, and the stream as the model needs it."""
        plain = {"--intercept": self.intercept, "--no-scale": not self.scale}
        if self.source is not None:
            room = {"--max-features": self.max_features, "--hash-bits": self.hash_bits, "--model": self.name}
            for flag, value in {**plain, **room}.items():
                if value not in (None, False):
                    raise ValueError(f"{flag} goes with a new model, and the one in {self.source} has its own")
            model = saving.load(self.source)
            return model, open_for(model, self.source, source, target, **reading)
        name = self.name or DEFAULT_MODEL
        if name in INTERACTIONS:
            for flag, value in plain.items():
                if value:
                    raise ValueError(f"{flag} goes with an optimiser such as 'SGD(0.1)', not with --model {name}")
        options = {"max_features": self.max_features, "hash_bits": self.hash_bits}
        model = parse_model(name, intercept=self.intercept, **options)
        stream = open_stream(source, target, **reading)
        assert isinstance(stream, RowStream)
        return (scaler_for(stream.features, stream.text_columns) | model if self.is_scaled else model), stream

    @property
    def conditions(self) -> dict[str, Any]:
        """Return what the model was, for the record."""
        if self.source is not None:
            return {"model": f"from {self.source}"}
        room = {"max_features": self.max_features, "hash_bits": self.hash_bits}
        return {"model": self.name or DEFAULT_MODEL, "scaled": self.is_scaled, "intercept": self.intercept, **room}

    @property
    def is_scaled(self) -> bool:
        """Whether a scaler goes before a new model."""
        return self.source is None and self.scale and (self.name or DEFAULT_MODEL) not in INTERACTIONS


@dataclass(frozen=True)
class Keeping:
    """Where to keep a run, and its model."""

    save: Path | None
    json: Path | None
    checkpoint: Path | None
    every: int | None
    resume: bool

    def check(self, source: str, model: Path | None) -> None:
        """Refuse what cannot be kept, before the run."""
        sources = [("source", one) for one in paths_of(source) or [Path(source)]]
        kept = [("save", self.save), ("checkpoint", self.checkpoint), ("json", self.json)]
        options.check_distinct([*sources, *kept])
        options.check_distinct([("from", model), *kept[1:]])  # a model may be saved where it came from
        if self.json is not None:
            options.check_writable(self.json, whole=False)
        if self.checkpoint is None and (self.resume or self.every is not None):
            raise ValueError(f"{'--resume' if self.resume else '--every'} goes with --checkpoint")
        for path in (self.save, self.checkpoint):
            if path is not None:
                options.check_writable(path)
        if self.checkpoint is not None and self.checkpoint.exists() and not self.resume:
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
) -> tuple[Result, RowStream]:
    """Run a model along a stream under a table that grows; return what was found, and the stream."""
    keeping.check(source, learner.source)
    model, stream = learner.opened(source, target, reading)
    table = LiveTable(console, window, alone=keeping.save is not None or keeping.json is not None)
    try:
        with table:
            result = progressive_validation(
                stream,
                model,
                window=window,
                limit=limit,
                progress=table,
                on_bad=reading["on_bad"],
                checkpoint=keeping.checkpoint,
                every=keeping.every or EVERY,
                resume=keeping.resume,
            )
    except KeyboardInterrupt:
        said = f"interrupted after {table.n_samples:,} rows"
        if keeping.save is not None and table.n_samples:
            _save(model, keeping.save)
            said += f"; the model is saved to {keeping.save}"
        raise KeyboardInterrupt(said) from None
    except (RowError, OSError) as error:
        n = error.result.n_samples if isinstance(error, RowError) else table.n_samples
        if keeping.save is None or not n:
            raise
        _save(model, keeping.save)
        of = "those rows" if isinstance(error, RowError) else f"the first {n:,} rows"
        raise ValueError(f"{error}; the model of {of} is saved to {keeping.save}") from error
    if keeping.save is not None:
        _save(model, keeping.save)
    return result, stream


def _save(model: Any, path: Path) -> None:
    try:
        saving.save(model, path)
    except TypeError as error:  # a name or a label that no file holds
        raise ValueError(f"cannot save to {path}: {error}") from error
