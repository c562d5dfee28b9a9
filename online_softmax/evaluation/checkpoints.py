"""Checkpoints: a run in a file, model, figures and place in the stream, so that it can go on after a crash."""

from __future__ import annotations

import copy
import errno
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from online_softmax.evaluation.curves import ARRAYS, Curves, told
from online_softmax.evaluation.experts import ExpertLog
from online_softmax.evaluation.ranking import FINEST
from online_softmax.evaluation.result import Figures, Offender
from online_softmax.evaluation.tally import OFFENDERS, Tally, marks_until
from online_softmax.models import saving
from online_softmax.storage import container, names
from online_softmax.storage.atomic import write as write_file
from online_softmax.storage.container import Arrays
from online_softmax.storage.fields import MOST, Array, Number, check_same, check_value
from online_softmax.streams import Place
from online_softmax.streams.kafka import is_kafka

KEY = "online-softmax-checkpoint"
TEXT: dict[str, Any] = {
    "format": int,
    "version": str,
    "source": dict | None,
    "window": int,
    "top_k": int,
    "place": dict,
    "run": dict,
    "columns": dict | None,
    "scores": dict,
    "experts": dict | None,
}
KINDS: dict[int, dict[str, Any]] = {3: TEXT}
FORMAT = max(KINDS)
LONGEST = 1e10  # seconds of a run
COUNTS = ("n_taken", "n_zeroed", "n_skipped", "n_bad")
FIGURES = [name for name in Figures.__dataclass_fields__ if name != "n_samples"]


class CheckpointError(ValueError):
    """A checkpoint that cannot be written, is damaged, or is of another run."""


def check(path: Path, run: Tally, stream: Any) -> None:
    """Find out before a run whether it can be kept in a file."""
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such directory", str(path.parent))
    _to_bytes(path, run, stream, Place())


def write(path: Path, run: Tally, stream: Any, place: Place) -> None:
    """Write a run, which is at a place of its stream, to a file, whole or not at all."""
    write_file(path, _to_bytes(path, run, stream, place))


def _to_bytes(path: Path, run: Tally, stream: Any, place: Place) -> bytes:
    from importlib.metadata import version

    numbers, arrays = run.scores.state()
    about = {
        "format": FORMAT,
        "version": version("online-softmax"),
        "source": _fingerprint(stream),
        "window": run.scores.window,
        "top_k": run.scores.k,
        "place": place.to_json(),
        "run": {**{name: getattr(run, name) for name in COUNTS}, "seconds": run.seconds, "bad": run.bad},
        "columns": None,
        "scores": numbers,
        "experts": None,
    }
    if run.experts is not None:
        about["experts"], arrays["experts"] = run.experts.state()
    try:
        about["columns"] = None if run.columns is None else run.columns.state()
        arrays["model"] = np.frombuffer(saving.to_bytes(run.scorer.model), np.uint8)
        arrays["labels"] = names.to_bytes("label", run.scorer.labels.known())
    except TypeError as error:
        raise CheckpointError(f"cannot write {path}: {error}") from error
    arrays["marks"] = np.array([[getattr(row, name) for name in FIGURES] for row in run.marks]).reshape(
        -1, len(FIGURES)
    )
    return container.to_bytes(about, arrays, KEY)


def settled(source: Any, path: Path | None) -> dict[str, Any] | None:
    """Return what a topic's columns hold as the checkpoint of a run over it has it; None where there is no need."""
    if path is None or not is_kafka(source) or not path.exists():
        return None
    try:
        at = Place.from_json(container.from_bytes(path.read_bytes(), KINDS, KEY)[0]["place"]).at
        return None if at is None else dict(at["settled"])
    except (ImportError, MemoryError, OSError):
        raise
    except Exception as error:
        raise CheckpointError(f"cannot resume {path}: {error}") from error


class Resumed(NamedTuple):
    """What a resumed run goes on from: a place in its stream, and what brings its model to where it was there."""

    place: Place
    restore: Callable[[], None]


def resume(path: Path, run: Tally, stream: Any) -> Resumed:
    """Bring a fresh run to where the run of a checkpoint was, but for its model: that comes once the stream is there.

    Raises
    ------
    CheckpointError
        If it is no whole checkpoint, or the run is another: of another source, window or model.
    """
    try:
        about, arrays = container.from_bytes(path.read_bytes(), KINDS, KEY)
        check_same("source", about["source"], _fingerprint(stream))
        check_same("window", about["window"], run.scores.window)
        check_same("top_k", about["top_k"], run.scores.k)
        if about["run"]["n_bad"] and not run.scorer.skips and getattr(stream, "on_bad", "raise") == "raise":
            raise ValueError("it has passed over bad rows, and they are to raise now")
        labels = names.from_bytes("label", arrays["labels"])
        _check(about, arrays, len(labels))
        place = Place.from_json(about["place"])
        skip = (about["source"] or {}).get("skip", 0)
        if place.rows != skip + about["run"]["n_taken"] + about["run"]["n_skipped"]:
            raise ValueError("its place is not that of its rows")
        model = arrays["model"].tobytes()
        saving.restore(copy.deepcopy(run.scorer.model), model)  # says what is another in the model, if anything is
        if (run.experts is None) != (about["experts"] is None):
            raise ValueError("its experts are not those of the model")
        if (run.columns is None) != (about["columns"] is None):
            raise ValueError("its columns are not those of the source")
        if run.columns is not None:
            run.columns.restore(about["columns"])
        run.scorer.labels.restore(labels)
        run.scores.restore(about["scores"], arrays)
        if run.experts is not None:
            run.experts.restore(about["experts"], arrays["experts"])
        n_samples = marks_until(run.n_samples)
        run.marks = [Figures(n, *figures) for n, figures in zip(n_samples, arrays["marks"].tolist(), strict=True)]
        for name in COUNTS:
            setattr(run, name, about["run"][name])
        run.bad = [Offender(*one) for one in about["run"]["bad"]]
        run.before += about["run"]["seconds"]
    except (ImportError, MemoryError, OSError):
        raise
    except Exception as error:  # what a stranger wrote can fail in any way, and always means this
        raise CheckpointError(f"cannot resume {path}: {error}") from error
    return Resumed(place, partial(saving.restore, run.scorer.model, model))


def _check(about: dict[str, Any], arrays: Arrays, n_labels: int) -> None:
    """Refuse figures that no run can have found."""
    run, scores = about["run"], about["scores"]
    check_value("n_samples", Number(int, 0, MOST), scores.get("n_samples"))
    n = scores["n_samples"]
    for name in ("n_unseen", "hits", "n_losses"):
        check_value(name, Number(int, 0, n), scores.get(name))
    for name in ("last", "leader"):
        check_value(name, Number(int, -1, n_labels - 1), scores.get(name))
    check_value("loss", Number(float, 0), scores.get("loss"))
    for name in ("n_bad", "n_zeroed", "n_skipped"):
        check_value(name, Number(int, 0, MOST), run.get(name))
    check_value("n_taken", Number(int, n + run["n_bad"], n + run["n_bad"]), run.get("n_taken"))
    check_value("seconds", Number(float, 0, LONGEST), run.get("seconds"))
    bad = run.get("bad")
    if not (isinstance(bad, list) and len(bad) == min(OFFENDERS, run["n_bad"])):
        raise ValueError("its bad rows are incomplete")
    for one in bad:
        if not (isinstance(one, list) and [type(part) for part in one] == [int, str]):
            raise ValueError(f"{one!r} is no bad row")
    wanted = {"model", "labels", "marks", "counts", "last_hits", "last_losses", "support", "ranking", "open", *ARRAYS}
    if arrays.keys() != wanted | ({"experts"} if about["experts"] is not None else set()):
        raise ValueError("its arrays are incomplete")
    check_value("window", Number(int, 1, MOST), about["window"])
    counts = arrays["counts"]
    check_value("counts", Array("i8", (len(counts), 3), -1, n), counts)
    true, predicted, rows = counts.T
    if not ((true >= 0) & (true < n_labels) & (predicted < n_labels) & (rows > 0)).all() or rows.sum() != n:
        raise ValueError("its counts are not those of its rows")
    if rows[true == predicted].sum() != scores["hits"]:
        raise ValueError("its hits are not those of its counts")
    n_classes = int(counts[:, :2].max(initial=-1)) + 1
    Curves.check(about["window"], n, n_classes, scores, arrays)
    support, ranking = arrays["support"], arrays["ranking"]
    check_value("support", Array("i8", (len(support),), 0, n), support)
    if support.tolist() != np.bincount(true, rows).tolist():
        raise ValueError("its labels are not those of its counts")
    for name in ("last", "leader"):
        if not (support[scores[name]] if scores[name] >= 0 else not n):
            raise ValueError(f"{name!r} is no label of its rows")
    check_value("ranking", Array("i8", (2, FINEST) if n_classes <= 2 else (0, 0), 0, n), ranking)
    if about["experts"] is not None:
        ExpertLog.check(about["experts"], arrays["experts"], n)
    check_value("marks", Array("f8", (len(marks_until(n)), len(FIGURES))), told(arrays["marks"]))
    size = len(arrays["last_hits"])
    check_value("last_hits", Number(int, min(n, about["window"]), about["window"]), size)
    check_value("last_hits", Array("u1", (size,), 0, 1), arrays["last_hits"])
    check_value("last_losses", Array("f8", (size,), 0), told(arrays["last_losses"]))


def _fingerprint(stream: Any) -> dict[str, Any] | None:
    return stream.fingerprint() if hasattr(stream, "fingerprint") else None
