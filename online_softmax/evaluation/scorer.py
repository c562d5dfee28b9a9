"""Scoring: predict each row, then learn it, one by one or in the kernel."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from math import isfinite, isnan, nan
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from online_softmax.evaluation.scored import Pairs, Scored, said
from online_softmax.models.classifier import KernelClassifier
from online_softmax.models.scaled import NumberScaler, scaled_model
from online_softmax.rows import Rows
from online_softmax.streams.stream import BadRow

if TYPE_CHECKING:
    from online_softmax.streams import Chunk

STEP = 500  # rows that a model in Python scores before it tells how far it is


class Native(Protocol):
    """A model that predicts and learns `Rows` whole, and a sample alone."""

    def predict_proba_one(self, x: Any) -> dict[Hashable, float]:
        """Return the probability of each class."""

    def learn_one(self, x: Any, y: Hashable, w: float = 1.0) -> None:
        """Learn a sample, or change nothing."""

    @property
    def classes(self) -> list[Hashable]:
        """Return the labels the model knows."""

    def _progress(self, rows: Rows) -> tuple[int, NDArray[np.int32], NDArray[np.float64]]:
        """Predict, then learn, each row in turn.

        Returns how many rows are done; the position of each prediction in `classes`, or -1 where no class was known;
        and the probability of each label, or nan where it had never been seen. Done with fewer than all, the model has
        refused the next row and is as it was before it: predicting or learning it alone raises the reason.
        """


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
        self._native = _native(model)
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
        done, predicted, p = self._native._progress(rows)
        error: Exception | None = None
        if done < len(rows):
            try:
                self._native.predict_proba_one(rows.x(done))
                self._native.learn_one(rows.x(done), rows.y(done), rows.w(done))
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


class Scaled:
    """A scaler before a model, over rows, in the model's kernel: the scaler's own figures, updated in place."""

    def __init__(self, scaler: Any, model: KernelClassifier) -> None:
        self._whole, self._numbers = scaler, scaler._numbers if isinstance(scaler, NumberScaler) else None
        self._scaler, self._model = scaler if self._numbers is None else scaler.scaler, model

    @property
    def classes(self) -> list[Hashable]:
        """Return the labels the model knows."""
        return list(self._model.classes)

    def predict_proba_one(self, x: Any) -> dict[Hashable, float]:
        """Return the model's answer to the scaled sample."""
        answer: dict[Hashable, float] = self._model.predict_proba_one(self._whole.transform_one(x))
        return answer

    def learn_one(self, x: Any, y: Hashable, w: float = 1.0) -> None:
        """Scale and learn a sample; one that is refused changes neither the model nor the scaler."""
        scaler = self._scaler
        parts = scaler.counts, scaler.means, scaler.vars
        before = [{name: part[name] for name in x if name in part} for part in parts]
        try:
            self._whole.learn_one(x)
            for name in x:
                if name in scaler.vars and not isfinite(scaler.vars[name]):
                    raise OverflowError(
                        f"feature {name!r} is {x[name]!r}: its variance would leave the range of doubles"
                    )
            self._model.learn_one(self._whole.transform_one(x), y, w)
        except BaseException:
            for part, kept in zip(parts, before, strict=True):
                for name in x:
                    part.pop(name, None)
                part.update(kept)
            raise

    def _progress(self, rows: Rows) -> tuple[int, NDArray[np.int32], NDArray[np.float64]]:
        scaler = self._scaler
        counts, means, variances = (
            np.array([each.get(name, 0) for name in rows.names], np.float64)
            for each in (scaler.counts, scaler.means, scaler.vars)
        )
        if self._numbers is not None:
            counts[[name not in self._numbers for name in rows.names]] = -1  # these pass as they are
        before = counts.copy()
        try:
            return self._model._progress(rows, (counts, means, variances))
        finally:  # after Ctrl-C, too
            used = rows.ids if rows.starts is None else rows.ids[rows.starts[0] : rows.starts[-1]]
            in_order = used[np.sort(np.unique(used, return_index=True)[1])]  # of first use, however the rows were cut
            for i in in_order[counts[in_order] != before[in_order]]:
                name = rows.names[i]
                scaler.counts[name], scaler.means[name] = int(counts[i]), means[i].item()
                scaler.vars[name] = variances[i].item()


def _native(model: Any) -> Any:
    """Return what runs `model` over rows, or None where there is nothing but its methods for one sample."""
    if issubclass(type(model), KernelClassifier):  # a pipeline poses as an instance of its last step
        return model
    found = scaled_model(model)
    if found is None or found[1].hash_bits is not None:  # names are scaled, and buckets are learned
        return None
    return Scaled(*found)
