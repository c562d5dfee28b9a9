"""Scoring: predict each row, then learn it, one by one or in the kernel."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from math import isnan, nan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_softmax.models.scaled import native
from online_softmax.rows import Rows
from online_softmax.streams import Chunk, Note, PairChunk

STEP = 500  # rows that a model in Python scores before it tells how far it is


class Numbering:
    """A numbering of labels, in the order in which they are met."""

    def __init__(self) -> None:
        self._codes: dict[Hashable, int] = {}

    def code(self, label: Hashable) -> int:
        """Return the number of `label`."""
        return self._codes.setdefault(label, len(self._codes))

    def known(self) -> list[Hashable]:
        """Return the labels, by number."""
        return list(self._codes)

    def restore(self, labels: list[Hashable]) -> None:
        """Number these labels, in their order."""
        self._codes = {label: code for code, label in enumerate(labels)}


@dataclass(frozen=True, slots=True)
class Scored:
    """What a chunk came to once its rows had been predicted.

    Attributes
    ----------
    true, predicted
        Codes of the labels and of the predictions; -1 where the model knew no class.
    p
        The probability the model gave the label; nan where it gave none.
    unseen
        Whether the model could not know the label.
    n_mended, n_left_out
        How many values were set to 0 in these rows, and how many rows were left out before or between them.
    bad
        The rows among them that were passed over; the place counts the rows before it, scored and bad.
    error
        Why the row after these was refused, if it was.
    part
        The rows themselves, those left out and passed over among them.

    """

    true: NDArray[np.int32]
    predicted: NDArray[np.int32]
    p: NDArray[np.float64]
    unseen: NDArray[np.bool_]
    n_mended: int = 0
    n_left_out: int = 0
    bad: tuple[Note, ...] = ()
    error: Exception | None = None
    part: Chunk | PairChunk | None = None

    @property
    def n_taken(self) -> int:
        """Return how many rows of the stream these are, scored or passed over."""
        return len(self) + len(self.bad)

    def __len__(self) -> int:
        return len(self.true)


class Passed(NamedTuple):
    """How a model got through the samples of a chunk: how many they were, which it refused, and what ended it."""

    n: int
    refused: dict[int, str]
    error: Exception | None


class Scorer:
    """Predicts rows and learns them, by the fastest way the model and the rows have.

    A native model takes the rows of a `Chunk` whole. Any other model, and a chunk of pairs, goes one by one.

    Parameters
    ----------
    model
        A river classifier, or a pipeline that ends with one.
    labels
        The numbering of the labels, which several scorers may share.
    skips
        Whether a row that the model refuses is passed over.

    """

    def __init__(self, model: Any, labels: Numbering | None = None, skips: bool = False) -> None:
        if not callable(getattr(model, "learn_one", None)) or not callable(getattr(model, "predict_proba_one", None)):
            raise TypeError(f"a model that learns from labels is a river classifier, not {type(model).__name__!r}")
        self.model, self.labels, self.skips = model, Numbering() if labels is None else labels, skips
        found = native(model)
        self._native = found if found is not None and found.can_progress else None
        self._classes = np.empty(0, dtype=np.int32)  # the codes of the model's classes, in the model's order
        self._learned: set[Hashable] = set()
        self._has_probabilities = True
        parameters = inspect.signature(model.learn_one).parameters.values()
        self._takes_weights = any(one.name == "w" or one.kind is one.VAR_KEYWORD for one in parameters)

    def step(self, chunk: Chunk | PairChunk) -> int:
        """Return how many rows of a chunk to score at once: few enough to tell in time how far the run has come."""
        return len(chunk) if self._native is not None and isinstance(chunk, Chunk) else STEP

    def score(self, chunk: Chunk | PairChunk) -> Scored:
        """Predict each sample by the model that the samples before it made, then learn it."""
        if self._native is None or isinstance(chunk, PairChunk):
            return self._scored_one_by_one(chunk, self._progress_one)
        predicted, p, passed = self._progress(chunk.rows)
        known = self._known(self._native.classes)
        return _scored(chunk, self._true(chunk.rows, passed), known[predicted], p, np.isnan(p), passed)

    def predict(self, chunk: Chunk | PairChunk) -> Scored:
        """Predict each sample by the model as it stands."""
        if self._native is None or isinstance(chunk, PairChunk):
            return self._scored_one_by_one(chunk, self._predict_one)
        rows = chunk.rows
        try:
            P, classes = self._native.predict_rows(rows)
        except (ValueError, ArithmeticError):  # of which row, it does not say
            return self._scored_one_by_one(chunk, self._predict_one)
        at = {label: i for i, label in enumerate(classes)}
        position = np.array([at.get(label, -1) for label in rows.labels], np.int32)[rows.codes]
        p = np.column_stack([P, np.full(len(P), nan)])[np.arange(len(P)), position]  # the last is of position -1
        best = P.argmax(axis=1) if classes else np.full(len(P), -1)
        passed = Passed(len(rows), {}, None)
        return _scored(chunk, self._true(rows, passed), self._known(classes)[best], p, np.isnan(p), passed)

    def learn(self, chunk: Chunk | PairChunk) -> Passed:
        """Learn each sample."""
        if self._native is None or isinstance(chunk, PairChunk):
            return self._each(chunk, self._learn_one)[1]
        return self._progress(chunk.rows)[2]

    def _progress(self, rows: Rows) -> tuple[NDArray[np.int32], NDArray[np.float64], Passed]:
        """Predict, then learn, each row in the kernel; return positions and probabilities of those not refused."""
        assert self._native is not None
        predicted, p = [np.empty(0, np.int32)], [np.empty(0)]
        refused: dict[int, str] = {}
        done = 0
        while done < len(rows):
            left = rows.slice(done, len(rows)) if done else rows
            n, best, chances = self._native.progress(left)
            predicted.append(best[:n])
            p.append(chances[:n])
            done += n
            if done < len(rows):
                error = self._refusal(left, n)
                if not self.skips:
                    return np.concatenate(predicted), np.concatenate(p), Passed(done, refused, error)
                refused[done] = said(error)
                done += 1
        return np.concatenate(predicted), np.concatenate(p), Passed(done, refused, None)

    def _refusal(self, rows: Rows, i: int) -> Exception:
        """Return why the model refuses row `i`."""
        assert self._native is not None
        try:
            self._native.predict_proba_one(rows.x(i))
            self._native.learn_one(rows.x(i), rows.y(i), w=rows.w(i))
        except Exception as refusal:
            return refusal
        raise RuntimeError(f"{self.model} refused the row {rows.x(i)!r} in bulk and took it alone")

    def _known(self, classes: list[Hashable]) -> NDArray[np.int32]:
        """Return the codes of the native model's classes; position -1, no class, is the last."""
        new = [self.labels.code(label) for label in classes[len(self._classes) :]]
        self._classes = np.append(self._classes, new).astype(np.int32)
        return np.append(self._classes, np.int32(-1))

    def _true(self, rows: Rows, passed: Passed) -> NDArray[np.int32]:
        codes = np.array([self.labels.code(label) for label in rows.labels], np.int32)[rows.codes[: passed.n]]
        return np.delete(codes, list(passed.refused)) if passed.refused else codes

    def _scored_one_by_one(self, chunk: Chunk | PairChunk, use: Callable[..., Any]) -> Scored:
        answers, passed = self._each(chunk, use)
        true, predicted, p, unseen = zip(*answers, strict=True) if answers else ((), (), (), ())
        return _scored(
            chunk,
            np.array(true, dtype=np.int32),
            np.array(predicted, dtype=np.int32),
            np.array(p, dtype=np.float64),
            np.array(unseen, dtype=np.bool_),
            passed,
        )

    def _each(self, chunk: Chunk | PairChunk, use: Callable[..., Any]) -> tuple[list[Any], Passed]:
        """Use each sample of a chunk; return what came of those that were not refused."""
        answers: list[Any] = []
        refused: dict[int, str] = {}
        pairs = chunk.pairs()
        while True:
            n = len(answers) + len(refused)
            try:
                sample = next(pairs, None)
            except Exception as broken:  # the stream itself, which cannot go on
                return answers, Passed(n, refused, broken)
            if sample is None:
                return answers, Passed(n, refused, None)
            try:
                answers.append(use(*sample))
            except Exception as refusal:
                if not self.skips:
                    return answers, Passed(n, refused, refusal)
                refused[n] = said(refusal)

    def _progress_one(self, x: Any, y: Hashable, keywords: Mapping[str, Any]) -> tuple[int, int, float, bool]:
        answer, p, known = self._answer(x, y, _without_weight(keywords))
        self._learn_one(x, y, keywords)
        return self.labels.code(y), answer, p, not known

    def _predict_one(self, x: Any, y: Hashable, keywords: Mapping[str, Any]) -> tuple[int, int, float, bool]:
        answer, p, known = self._answer(x, y, _without_weight(keywords))
        return self.labels.code(y), answer, p, not known

    def _learn_one(self, x: Any, y: Hashable, keywords: Mapping[str, Any]) -> None:
        model = self._native or self.model
        model.learn_one(x, y, **(keywords if self._takes_weights else _without_weight(keywords)))
        self._learned.add(y)

    def _answer(self, x: Any, y: Hashable, context: Mapping[str, Any]) -> tuple[int, float, bool]:
        """Return the code of the predicted label, the probability of `y`, and whether the model could know `y`."""
        known = y in self._learned
        if self._has_probabilities:
            try:
                probabilities = self.model.predict_proba_one(x, **context)
            except NotImplementedError:
                self._has_probabilities = False
            else:
                known = known or y in probabilities
                p = float(probabilities.get(y, 0.0)) if known else nan
                choice = self.labels.code(max(probabilities, key=probabilities.get)) if probabilities else -1
                return choice, 0.0 if known and isnan(p) else p, known
        answer = self.model.predict_one(x, **context)
        return -1 if answer is None else self.labels.code(answer), nan, known


def _scored(
    chunk: Chunk | PairChunk,
    true: NDArray[np.int32],
    predicted: NDArray[np.int32],
    p: NDArray[np.float64],
    unseen: NDArray[np.bool_],
    passed: Passed,
) -> Scored:
    """Return what a chunk came to, with the notes on those of its rows that the model got through."""
    if passed.error is not None:
        places = chunk.places()
        chunk = chunk.upto(passed.n) if passed.n < len(places) else chunk
    bad = chunk.bad
    if passed.refused:
        places = chunk.places()
        bad = sorted([*bad, *(Note(int(places[i]), reason) for i, reason in passed.refused.items())])
    if len(chunk.left_out):
        bad = [Note(place - int(np.searchsorted(chunk.left_out, place)), reason) for place, reason in bad]
    counts = len(chunk.mended), len(chunk.left_out)
    return Scored(true, predicted, p, unseen, *counts, tuple(bad), passed.error, chunk)


def said(error: Exception) -> str:
    """Return what an error says, with its kind where that says more."""
    return str(error) if isinstance(error, ValueError | TypeError) else f"{type(error).__name__}: {error}"


def _without_weight(keywords: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in keywords.items() if name != "w"}
