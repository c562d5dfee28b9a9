"""Scoring: predict each row, then learn it, one by one or in the kernel."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from math import isnan, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from online_softmax.evaluation.scored import Pairs, Scored, said
from online_softmax.models.scaled import native
from online_softmax.rows import Rows
from online_softmax.streams.stream import BadRow

if TYPE_CHECKING:
    from online_softmax.streams import Chunk

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


class Scorer:
    """Predicts rows and then learns them, by the fastest way the model and the rows have.

    A native model takes `Rows` whole. Any other model, and any other chunk, goes one by one.

    Parameters
    ----------
    model
        A river classifier, or a pipeline that ends with one.
    skips
        Whether a row that the model refuses is passed over.

    """

    def __init__(self, model: Any, skips: bool = False) -> None:
        if not callable(getattr(model, "learn_one", None)) or not callable(getattr(model, "predict_proba_one", None)):
            raise TypeError(f"a model that learns from labels is a river classifier, not {type(model).__name__!r}")
        self.model, self.skips = model, skips
        self.labels = Numbering()
        found = native(model)
        self._native = found if found is not None and found.can_progress else None
        self._classes = np.empty(0, dtype=np.int32)  # the codes of the model's classes, in the model's order
        self._learned: set[Hashable] = set()
        self._has_probabilities = True
        parameters = inspect.signature(model.learn_one).parameters.values()
        self._takes_weights = any(one.name == "w" or one.kind is one.VAR_KEYWORD for one in parameters)

    def score(self, chunk: Chunk, until: Callable[[], int]) -> Iterator[Scored]:
        """Score the samples of `chunk`, a run at a time, of at most `until()` rows; stop where that is 0."""
        if isinstance(chunk, Rows):
            done, most = 0, STEP if self._native is None else len(chunk)
            if not len(chunk):
                yield Scored.nothing(None).of(chunk)
            while n := min(until(), most, len(chunk) - done):
                rows = chunk.slice(done, done + n)
                scored = self._score_pairs(rows.pairs()) if self._native is None else self._score_rows(rows)
                yield scored.of(rows)
                done += scored.n_taken
                if scored.error is not None:
                    return
            return
        if isinstance(chunk, BadRow):
            yield replace(Scored.nothing(None), bad=((0, chunk.reason),))
            return
        pairs = chunk.pairs()
        while n := min(until(), STEP):
            scored = self._score_pairs(islice(pairs, n))
            yield scored
            if scored.n_taken < n:
                return

    def _score_rows(self, rows: Rows) -> Scored:
        assert self._native is not None
        done, predicted, p = self._native.progress(rows)
        error: Exception | None = None
        if done < len(rows):
            try:
                self._native.predict_proba_one(rows.x(done))
                self._native.learn_one(rows.x(done), rows.y(done), w=rows.w(done))
            except Exception as refusal:
                error = refusal
            else:
                raise RuntimeError(f"{self.model} refused the row {rows.x(done)!r} in bulk and took it alone")
        new = self._native.classes[len(self._classes) :]
        self._classes = np.append(self._classes, [self.labels.code(label) for label in new]).astype(np.int32)
        codes = np.array([self.labels.code(label) for label in rows.labels], dtype=np.int32)
        # Position -1, no class, is the last of the table.
        chosen = np.append(self._classes, np.int32(-1))[predicted[:done]]
        scored = Scored(codes[rows.codes[:done]], chosen, p[:done], np.isnan(p[:done]), error)
        if error is None or not self.skips:
            return scored
        return replace(scored, error=None, bad=((done, said(error)),))

    def _score_pairs(self, pairs: Pairs) -> Scored:
        true: list[int] = []
        predicted: list[int] = []
        p: list[float] = []
        unseen: list[bool] = []
        bad: list[tuple[int, str]] = []
        error = None
        while True:
            try:
                sample = next(pairs, None)
            except Exception as broken:  # the stream itself, which cannot go on
                error = broken
                break
            if sample is None:
                break
            try:
                if isinstance(sample, BadRow):
                    raise ValueError(sample.reason)
                label, choice, probability, known = self._score_pair(*sample)
            except Exception as refusal:
                if not self.skips:
                    error = refusal
                    break
                bad.append((len(true) + len(bad), said(refusal)))
                continue
            true.append(label)
            predicted.append(choice)
            p.append(probability)
            unseen.append(not known)
        return Scored(
            np.array(true, dtype=np.int32),
            np.array(predicted, dtype=np.int32),
            np.array(p, dtype=np.float64),
            np.array(unseen, dtype=np.bool_),
            error,
            bad=tuple(bad),
        )

    def _score_pair(self, x: Any, y: Hashable, keywords: Mapping[str, Any]) -> tuple[int, int, float, bool]:
        """Predict and learn one sample; return the code of its label, and what `_predict` said."""
        context = {name: value for name, value in keywords.items() if name != "w"}
        answer = self._predict(x, y, context)
        model = self._native or self.model
        if "w" in keywords and self._takes_weights:
            model.learn_one(x, y, **keywords)
        else:
            model.learn_one(x, y, **context)
        self._learned.add(y)
        return self.labels.code(y), *answer

    def _predict(self, x: Any, y: Hashable, context: Mapping[str, Any]) -> tuple[int, float, bool]:
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
