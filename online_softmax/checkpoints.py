"""Checkpoints: a run in a file, model, figures and place in the stream, so that it can go on after a crash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from online_softmax import model_file
from online_softmax.model_file import names
from online_softmax.model_file.container import sealed, unsealed
from online_softmax.model_file.writing import write as write_file
from online_softmax.result import Offender, Row
from online_softmax.run import Run

KEY = "online-softmax-checkpoint"
KINDS = {1: {"format": int, "version": str, "source": dict | None, "window": int, "run": dict, "scores": dict}}
FORMAT = max(KINDS)
COUNTS = ("n_taken", "n_bad")
MARKS = np.dtype([(name, "f8" if name != "n_samples" else "i8") for name in Row.__dataclass_fields__])


class CheckpointError(ValueError):
    """A checkpoint that is damaged, or of another run."""


def write(path: Path, run: Run, stream: Any) -> None:
    """Write a run to a file, whole or not at all."""
    from importlib.metadata import version

    numbers, arrays = run.scores.state()
    about = {
        "format": FORMAT,
        "version": version("online-softmax"),
        "source": _fingerprint(stream),
        "window": run.scores.window,
        "run": {**{name: getattr(run, name) for name in COUNTS}, "seconds": run.seconds, "bad": run.bad},
        "scores": numbers,
    }
    arrays |= {
        "model": np.frombuffer(model_file.written(run.scorer.model), np.uint8),
        "labels": names.packed("label", run.scorer.labels.known()),
        "marks": np.array([tuple(vars(row).values()) for row in run.marks], MARKS).view(np.uint8),
    }
    write_file(path, sealed(about, arrays, KEY))


def resume(path: Path, run: Run, stream: Any) -> None:
    """Bring a fresh run, and its model, to where the run of a checkpoint was.

    Raises
    ------
    CheckpointError
        If it is no whole checkpoint, or the run is another: of another source, window or model.
    """
    try:
        about, arrays = unsealed(path.read_bytes(), KINDS, KEY)
        _same("source", about["source"], _fingerprint(stream))
        _same("window", about["window"], run.scores.window)
        marks = arrays["marks"].view(MARKS)
        labels = names.unpacked("label", arrays["labels"])
        model_file.restore(run.scorer.model, arrays["model"].tobytes())
        run.scorer.labels.restore(labels)
        run.scores.restore(about["scores"], arrays)
        run.marks = [Row(*mark.tolist()) for mark in marks]
        for name in COUNTS:
            setattr(run, name, about["run"][name])
        run.bad = [Offender(*one) for one in about["run"]["bad"]]
        run.before = about["run"]["seconds"]
    except (ImportError, MemoryError, OSError):
        raise
    except Exception as error:
        raise CheckpointError(f"cannot resume {path}: {error}") from error


def _fingerprint(stream: Any) -> dict[str, Any] | None:
    return stream.fingerprint() if hasattr(stream, "fingerprint") else None


def _same(what: str, then: Any, now: Any) -> None:
    """Refuse what is not as it was."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name in then:
            _same(f"{what}'s {name}", then[name], now.get(name))
    elif then != now:
        is_digest = isinstance(then, str) and len(then) == 64
        raise ValueError(f"the {what} differs" if is_digest else f"the {what} was {then!r} and is {now!r}")
