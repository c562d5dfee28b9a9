"""Scoring: predict each row, then learn it, one by one or in the kernel."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from math import isnan, nan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_softmax.checks import shorten
from online_softmax.evaluation.scored import Answer, Numbering, Scored
from online_softmax.models.native import ANSWER, NONE, answers
from online_softmax.models.scaled import native
from online_softmax.rows import Rows
from online_softmax.streams import Chunk, Note, PairChunk

ROUNDING = 1e-6  # by which a probability may pass 0 and 1
STEP = 500  # rows that a model in Python scores before it tells how far it is


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
    keeps
        Whether to keep the probability of each class, row by row. The rows then go one by one.

    Attributes
    ----------
    has_probabilities
        Whether the model gives any, as far as it has been asked.

    """

    def __init__(
        self, model: Any, labels: Numbering | None = None, skips: bool = False, *, keeps: bool = False
    ) -> None:
        if isinstance(model, type):
            raise TypeError(f"{model.__name__} is a class: give a model of it, {model.__name__}()")
        if not callable(getattr(model, "learn_one", None)) or not callable(getattr(model, "predict_proba_one", None)):
            raise TypeError(f"a model that learns from labels is a river classifier, not {type(model).__name__!r}")
        self.model, self.labels, self.skips = model, Numbering() if labels is None else labels, skips
        self.keeps = keeps
        self._n = 0  # samples it has been given
        found = None if keeps else native(model)
        self._native = found if found is not None and found.can_progress else None
        self._classes = np.empty(0, dtype=np.int32)  # the codes of the model's classes, in the model's order
        self._learned: set[Hashable] = set()
        self.has_probabilities = True
        parameters = inspect.signature(model.learn_one).parameters.values()
        self._takes_weights = any(one.name == "w" or one.kind is one.VAR_KEYWORD for one in parameters)

    @property
    def pending(self) -> int:
        """Return how many rows have been predicted and wait for their labels."""
        return 0

    def is_quick(self, chunk: Chunk | PairChunk) -> bool:
        """Whether the rows of a chunk are there already, and the model takes each in microseconds."""
        return self._native is not None and isinstance(chunk, Chunk)

    def step(self, chunk: Chunk | PairChunk) -> int:
        """Return how many rows of a chunk to score at once: few enough to tell in time how far the run has come."""
        return len(chunk) if self.is_quick(chunk) else STEP

    def score(self, chunk: Chunk | PairChunk) -> Scored:
        """Predict each sample by the model that the samples before it made, then learn it."""
        if self._native is None or isinstance(chunk, PairChunk):
            return self._scored_one_by_one(chunk, self._progress_one)
        said, passed = self._progress(chunk.rows)
        true, said = self._true(chunk.rows, passed), self._coded(said, self._native.classes)
        return self._scored(chunk, true, said, np.isnan(said["p"]), passed)

    def finish(self) -> Scored | None:
        """Return what is still to be scored at the end of the stream."""
        return None

    def predict(self, chunk: Chunk | PairChunk) -> Scored:
        """Predict each sample by the model as it stands."""
        if self._native is None or isinstance(chunk, PairChunk):
            return self._scored_one_by_one(chunk, self.answer)
        rows = chunk.rows
        try:
            P, classes = self._native.predict_rows(rows)
        except (ValueError, ArithmeticError):  # of which row, it does not say
            return self._scored_one_by_one(chunk, self.answer)
        at = {label: i for i, label in enumerate(classes)}
        positions = np.array([at.get(label, -1) for label in rows.labels], np.int32)[rows.codes]
        said, passed = self._coded(answers(P, positions), classes), Passed(len(rows), {}, None)
        return self._scored(chunk, self._true(rows, passed), said, np.isnan(said["p"]), passed)

    def learn(self, chunk: Chunk | PairChunk) -> Passed:
        """Learn each sample."""
        if self._native is None or isinstance(chunk, PairChunk):
            return self._each(chunk, self.learn_one)[1]
        return self._progress(chunk.rows)[1]

    def answer(self, x: Any, y: Hashable, keywords: Mapping[str, Any]) -> Answer:
        """Predict a sample."""
        context = _without_weight(keywords)
        known = y in self._learned
        if self.has_probabilities:
            try:
                probabilities = self.model.predict_proba_one(x, **context)
            except NotImplementedError:
                self.has_probabilities = False
            else:
                said = self._said(probabilities, y)
                known = known or y in probabilities
                if known and isnan(said[2]):
                    said = (*said[:2], 0.0, *said[3:])
                return Answer(self.labels.code(y), said, not known, probabilities if self.keeps else None)
        answer = self.model.predict_one(x, **context)
        code = -1 if answer is None else self.labels.code(answer)
        return Answer(self.labels.code(y), (code, -1, nan, nan, nan), not known, None)

    def learn_one(self, x: Any, y: Hashable, keywords: Mapping[str, Any]) -> None:
        """Learn a sample."""
        model = self._native or self.model
        model.learn_one(x, y, **(keywords if self._takes_weights else _without_weight(keywords)))
        self._learned.add(y)

    def _progress_one(self, x: Any, y: Hashable, keywords: Mapping[str, Any]) -> Answer:
        answer = self.answer(x, y, keywords)
        self.learn_one(x, y, keywords)
        return answer

    def _said(self, probabilities: Mapping[Hashable, float], y: Hashable) -> tuple[int, int, float, float, float]:
        """Return what the kernel would have said."""
        if not isinstance(probabilities, Mapping):
            raise TypeError(f"predict_proba_one returned {shorten(probabilities)}, and no dictionary of probabilities")
        if not probabilities:
            return -1, -1, nan, nan, nan
        choice = max(probabilities, key=probabilities.__getitem__)
        for label, p in probabilities.items():
            if p < -ROUNDING or p > 1 + ROUNDING:
                raise ValueError(f"the model gives {shorten(label)} a probability of {p}, which is not from 0 to 1")
        squares = 0.0
        for p in probabilities.values():  # in their order, not by sum(), which is exact: the kernel's is not
            squares += p * p
        code, confidence = self.labels.code(choice), float(probabilities[choice])
        if y not in probabilities:
            return code, -1, nan, confidence, squares
        p_y = probabilities[y]
        ties = takewhile(lambda label: label != y, probabilities)
        rank = sum(p > p_y for p in probabilities.values()) + sum(probabilities[label] == p_y for label in ties)
        return code, rank, max(float(p_y), 0.0), confidence, squares

    def _progress(self, rows: Rows) -> tuple[NDArray[np.void], Passed]:
        """Predict, then learn, each row in the kernel; return what was said of those not refused."""
        assert self._native is not None
        said = [NONE[:0]]
        refused: dict[int, str] = {}
        done = 0
        while done < len(rows):
            left = rows.slice(done, len(rows)) if done else rows
            n, found = self._native.progress(left)
            said.append(found[:n])
            done += n
            if done < len(rows):
                error = self._refusal(left, n)
                if not self.skips:
                    return np.concatenate(said), Passed(done, refused, error)
                refused[done] = message(error)
                done += 1
        return np.concatenate(said), Passed(done, refused, None)

    def _refusal(self, rows: Rows, i: int) -> Exception:
        """Return why the model refuses row `i`."""
        assert self._native is not None
        try:
            self._native.predict_proba_one(rows.x(i))
            self._native.learn_one(rows.x(i), rows.y(i), w=rows.w(i))
        except Exception as refusal:
            return refusal
        raise RuntimeError(f"{self.model} refused the row {rows.x(i)!r} in bulk and took it alone")

    def _coded(self, said: NDArray[np.void], classes: list[Hashable]) -> NDArray[np.void]:
        """Return the native model's answers with codes for the positions of its classes."""
        new = [self.labels.code(label) for label in classes[len(self._classes) :]]
        self._classes = np.append(self._classes, new).astype(np.int32)
        said["predicted"] = np.append(self._classes, np.int32(-1))[said["predicted"]]  # the last is of position -1
        return said

    def _true(self, rows: Rows, passed: Passed) -> NDArray[np.int32]:
        codes = np.array([self.labels.code(label) for label in rows.labels], np.int32)[rows.codes[: passed.n]]
        return np.delete(codes, list(passed.refused)) if passed.refused else codes

    def _scored_one_by_one(self, chunk: Chunk | PairChunk, use: Callable[..., Answer]) -> Scored:
        found, passed = self._each(chunk, use)
        scored = self._scored(chunk, *self._arrays(found), passed)
        return replace(scored, probabilities=[one.probabilities for one in found]) if self.keeps else scored

    def _arrays(self, found: Sequence[Answer]) -> tuple[NDArray[np.int32], NDArray[np.void], NDArray[np.bool_]]:
        """Return the codes of the labels, the answers, and whether the labels were unseen."""
        true = np.array([one.true for one in found], np.int32)
        return true, np.array([one.said for one in found], ANSWER), np.array([one.unseen for one in found], np.bool_)

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
                refused[n] = message(refusal)

    def _scored(
        self,
        chunk: Chunk | PairChunk,
        true: NDArray[np.int32],
        said: NDArray[np.void],
        unseen: NDArray[np.bool_],
        passed: Passed,
    ) -> Scored:
        """Return what a chunk came to, with the notes on those of its rows that the model got through."""
        if passed.error is not None:
            places = chunk.places()
            chunk = chunk.upto(passed.n) if passed.n < len(places) else chunk
        n_taken = passed.n + len(chunk.bad)
        bad = chunk.bad
        if passed.refused:
            places = chunk.places()
            bad = sorted([*bad, *(Note(int(places[i]), reason) for i, reason in passed.refused.items())])
        if len(chunk.left_out):
            bad = [Note(place - int(np.searchsorted(chunk.left_out, place)), reason) for place, reason in bad]
        at = np.arange(self._n, self._n + passed.n)
        if passed.refused:
            at = np.delete(at, [*passed.refused])
        self._n += passed.n
        counts = len(chunk.mended), len(chunk.left_out)
        return Scored(true, said, unseen, at, n_taken, *counts, tuple(bad), passed.error, chunk)


def message(error: Exception) -> str:
    """Return what an error says, with its kind where that says more."""
    return str(error) if isinstance(error, ValueError | TypeError) else f"{type(error).__name__}: {error}"


def _without_weight(keywords: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in keywords.items() if name != "w"}
