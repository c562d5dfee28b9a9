"""Tally: what a progressive validation has found so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import nan
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from online_softmax.evaluation.columns import ColumnCounter
from online_softmax.evaluation.drift import drifts
from online_softmax.evaluation.experts import ExpertLog
from online_softmax.evaluation.hint import target_hint
from online_softmax.evaluation.learner import described, evicted, last_step, memory
from online_softmax.evaluation.metrics import ClassScores, Scores, bins
from online_softmax.evaluation.result import Figures, Offender, Predictions, Result
from online_softmax.evaluation.river_metrics import value
from online_softmax.evaluation.scored import Scored
from online_softmax.evaluation.scorer import Scorer, message
from online_softmax.evaluation.sums import LEAST, class_metrics
from online_softmax.streams import Chunk, PairChunk

FIRST_MARK = 1000  # the figures stand at this many rows, and at every doubling
OFFENDERS = 10  # bad rows to keep

Every = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]  # labels, predictions, probabilities


class Tally:
    """A progressive validation under way.

    Parameters
    ----------
    scorer
        What predicts and learns.
    window
        How many of the last rows the window figures are about.
    keep
        Whether to keep every row's prediction.
    before
        The seconds that the run has taken already: to open its stream, and before it was resumed.
    columns
        Counts what the columns hold, where the source has columns.
    k
        How many of the most probable classes the label has to be among, to count for `top_k`.
    river
        Metrics of river, by name.
    alone
        Whether the run is that of one model: its seconds are those of the clock then, reading and opening included, and
        those of predicting, scoring and learning where several models share the rows.

    Attributes
    ----------
    scores
        The running scores.
    experts
        Looks at the weights of the model's experts; None where it has none.
    marks
        The figures after 1,000, 2,000, 4,000 .. rows.
    n_taken
        The rows of the stream that are behind it, scored or bad.
    n_zeroed, n_skipped, n_bad, bad
        As in `Result`.
    columns
        What the columns hold, where the source has columns.

    """

    def __init__(
        self,
        scorer: Scorer,
        window: int,
        keep: bool = False,
        before: float = 0.0,
        columns: ColumnCounter | None = None,
        *,
        k: int = 3,
        river: Mapping[str, Any] | None = None,
        alone: bool = True,
    ) -> None:
        self.scorer, self.scores = scorer, Scores(window, k)
        self.river: Mapping[str, Any] = {} if river is None else river
        self._alone, self._busy = alone, 0.0
        last = last_step(scorer.model)
        self.experts = ExpertLog(last) if hasattr(last, "expert_weights") else None
        self.marks: list[Figures] = []
        self.n_taken = self.n_zeroed = self.n_skipped = self.n_bad = 0
        self.bad: list[Offender] = []
        self.before = before
        self._start = perf_counter()
        self.columns = columns
        self._every: list[Every] | None = [] if keep else None

    @property
    def n_samples(self) -> int:
        """Return how many rows have been scored."""
        return self.scores.n_samples

    @property
    def seconds(self) -> float:
        """Return how long the run has taken."""
        return self.before + (perf_counter() - self._start if self._alone else self._busy)

    @property
    def n_asked(self) -> int:
        """Return how many rows have been predicted: scored, or waiting for their labels."""
        return self.n_samples + self.scorer.pending

    def rows_left(self) -> int:
        """Return how many rows there are to the next mark, or to the next look at the experts."""
        stops = [_next_mark(self.n_samples) - self.n_samples]
        if self.experts is not None:
            stops.append(self.experts.every - self.n_asked % self.experts.every)
        return min(stops)

    def predict_and_learn(self, part: Chunk | PairChunk) -> Scored:
        """Predict and learn rows, which are still to be scored."""
        start = perf_counter()
        scored = self.scorer.score(part)
        self._busy += perf_counter() - start
        return scored

    def took(self, scored: Scored) -> Scored:
        """Score rows that have been predicted and learned."""
        start = perf_counter()
        scored = self._update_river(self.add(scored))
        self._busy += perf_counter() - start
        return scored

    def finish(self) -> Scored | None:
        """Score the rows that still wait for their labels, at the end of the stream."""
        start = perf_counter()
        if (scored := self.scorer.finish()) is not None:
            scored = self._update_river(self.add(scored))
        self._busy += perf_counter() - start
        return scored

    def add(self, scored: Scored) -> Scored:
        """Add rows that have been scored; return them."""
        self._count(scored.n_mended, scored.n_left_out, scored.part)
        self.n_bad += len(scored.bad)
        for place, reason in scored.bad[: OFFENDERS - len(self.bad)]:
            self.bad.append(Offender(self.n_taken + place, reason))
        self.n_taken += scored.n_taken
        if len(scored):
            self._score(scored)
        if self.experts is not None and self.n_asked and self.n_asked % self.experts.every == 0:
            self.experts.look(self.n_samples)
        return scored

    def _score(self, scored: Scored) -> None:
        if self._every is not None:
            self._every.append((scored.true, scored.predicted.copy(), scored.p.copy()))
        start = 0
        while start < len(scored):  # labels that were late may come many at a time
            stop = min(len(scored), start + _next_mark(self.n_samples) - self.n_samples)
            said = scored.answers[start:stop]
            self.scores.add(
                scored.true[start:stop],
                said["predicted"],
                said["p"],
                scored.unseen[start:stop],
                said["confidence"],
                said["squares"],
                said["rank"],
                None if scored.baselines is None else scored.baselines[start:stop],
            )
            start = stop
            if self.n_samples == _next_mark(self.n_samples - 1):
                self.marks.append(self._row())

    def _update_river(self, scored: Scored) -> Scored:
        """Update river's metrics; return the rows, with the error of a metric that fails."""
        if not self.river:
            return scored
        labels = [*self.scorer.labels.known(), None]
        probabilities = scored.probabilities or [None] * len(scored)
        for true, predicted, chances in zip(
            scored.true.tolist(), scored.predicted.tolist(), probabilities, strict=True
        ):
            for name, metric in self.river.items():
                said = labels[predicted] if metric.requires_labels else chances
                if said is None or said == {}:
                    continue
                try:
                    metric.update(labels[true], said)
                except Exception as failure:
                    error = ValueError(f"the metric {name} of river: {message(failure)}")
                    error.__cause__ = failure
                    return replace(scored, error=error)
        return scored

    def _count(self, n_mended: int, n_left_out: int, part: Chunk | PairChunk | None) -> None:
        self.n_zeroed, self.n_skipped = self.n_zeroed + n_mended, self.n_skipped + n_left_out
        if self.columns is not None and isinstance(part, Chunk):
            self.columns.add(part)

    def hint(self) -> str | None:
        """Return what is probably wrong with the target, if anything is."""
        return target_hint(self.n_samples, self.scores.n_unseen, self.scorer.labels.known())

    def row(self) -> tuple[Figures, bool]:
        """Return the figures so far, and whether they are one of the marks."""
        is_mark = bool(self.marks) and self.marks[-1].n_samples == self.n_samples
        return (self.marks[-1] if is_mark else self._row()), is_mark

    def result(self, *, whole: bool = False) -> Result:
        """Return what has been found so far; the memory of the model only where the run is `whole`."""
        last, is_mark = self.row()
        labels, scores = self.scorer.labels, self.scores
        known = labels.known()
        classes = _sorted(scores.classes(known))
        codes = [labels.code(one.label) for one in classes]
        metrics: dict[str, Any] = scores.metrics()
        lateness = getattr(self.scorer, "lateness", None)
        found = Result(
            n_samples=scores.n_samples,
            n_unseen=scores.n_unseen,
            **metrics,
            roc_auc=scores.roc_auc,
            k=scores.k,
            seconds=last.seconds,
            window=scores.window,
            classes=classes,
            counts=self._counts(codes),
            rows=[*self.marks] if is_mark else [*self.marks, last],
            n_zeroed=self.n_zeroed,
            n_skipped=self.n_skipped,
            n_bad=self.n_bad,
            bad=[*self.bad],
            n_evicted=evicted(self.scorer.model),
            columns=None if self.columns is None else self.columns.columns(one.label for one in classes if one.support),
            windows=scores.curves.windows(),
            fading=scores.curves.fading(),
            reliability=scores.reliability(),
            **self._by_class(classes, codes),
            drifts=drifts(scores.curves.trace()),
            experts=None if self.experts is None else self.experts.experts(scores.n_samples),
            river={name: value(metric, known) for name, metric in self.river.items()},
            model=described(self.scorer.model),
            memory=memory(self.scorer.model) if whole else None,
            delay=None if lateness is None else str(lateness),
        )
        return found if self._every is None else replace(found, predictions=self._predictions(codes))

    def _by_class(self, classes: list[ClassScores], codes: list[int]) -> dict[str, Any]:
        """Return the scores of each class in windows, and as rows fade."""
        curves = self.scores.curves
        windows, now = curves.window_classes(), class_metrics(curves.faded)
        if not len(now["support"]):  # they are too many
            return {"window_classes": None, "fading_classes": None, "fading_reliability": bins(curves.faded)}
        gone = now["support"] < LEAST
        shown = [np.where(gone, nan, now[name])[codes].tolist() for name in ("precision", "recall", "f1")]
        faded = zip(*shown, now["support"][codes].tolist(), strict=True)
        return {
            "window_classes": {name: values[:, codes] for name, values in windows.items()},
            "fading_classes": [ClassScores(one.label, *some) for one, some in zip(classes, faded, strict=True)],
            "fading_reliability": bins(curves.faded),
        }

    def _counts(self, codes: list[int]) -> NDArray[np.int64]:
        position = np.zeros(len(self.scorer.labels.known()), np.int64)
        position[codes] = np.arange(len(codes))
        counts = self.scores.counts
        counts = counts[counts[:, 1] >= 0]
        return np.column_stack([position[counts[:, 0]], position[counts[:, 1]], counts[:, 2]])

    def _row(self) -> Figures:
        scores = self.scores
        figures = scores.accuracy, scores.log_loss, scores.window_accuracy, scores.window_log_loss
        return Figures(scores.n_samples, *figures, self.seconds)

    def _predictions(self, codes: list[int]) -> Predictions:
        assert self._every is not None
        position = np.full(len(self.scorer.labels.known()) + 1, -1, dtype=np.int32)  # the last is of code -1
        position[codes] = np.arange(len(codes))
        true, predicted, p = (
            np.concatenate([np.empty(0, kind), *(row[i] for row in self._every)])
            for i, kind in enumerate((np.int32, np.int32, np.float64))
        )
        return Predictions(position[true], position[predicted], p)


def marks_until(n: int) -> list[int]:
    """Return those of 1,000, 2,000, 4,000 .. that are at most `n`."""
    return [FIRST_MARK << i for i in range((n // FIRST_MARK).bit_length())]


def _next_mark(n: int) -> int:
    """Return the first of 1,000, 2,000, 4,000 .. that is more than `n`."""
    return FIRST_MARK << (n // FIRST_MARK).bit_length()


def _sorted(classes: list[ClassScores]) -> list[ClassScores]:
    """Sort classes by label; where labels cannot be compared, by their type and text."""
    try:
        return sorted(classes, key=lambda one: one.label)  # type: ignore[arg-type, return-value]
    except TypeError:
        return sorted(classes, key=lambda one: (type(one.label).__name__, str(one.label)))
