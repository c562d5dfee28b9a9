"""Delayed labels: rows are predicted when they come, and learned when their labels do."""

from __future__ import annotations

import copy
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from numbers import Real
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_softmax.checks import shorten
from online_softmax.evaluation.scored import Answer, Numbering, Scored
from online_softmax.evaluation.scorer import STEP, Scorer, message
from online_softmax.streams import Chunk, Note, PairChunk
from online_softmax.streams.stream import NOWHERE

Moment = Hashable | Callable[[Any], Any]
Delay = Any | Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Lateness:
    """When labels come, as river's `simulate_qa` has it.

    Attributes
    ----------
    delay
        How long after its row a label comes: an amount, the name of a feature that holds it, or a function of x and y.
    moment
        When a row comes: the name of a feature that holds it, or a function of x. Without it, rows come at 0, 1, 2, ..

    """

    delay: Delay
    moment: Moment | None = None

    def __post_init__(self) -> None:
        if self.delay is None:
            raise ValueError("a moment goes with a delay: after how long the labels come")
        none: Any = timedelta(0) if isinstance(self.delay, timedelta) else 0
        if isinstance(self.delay, Real | timedelta) and not self.delay >= none:
            raise ValueError(f"delay must be 0 or more, got {self.delay!r}")

    def times(self, number: int, x: Any, y: Any) -> tuple[Any, Any]:
        """Return when a row comes, and when its label does."""
        moment, delay = self.moment, self.delay
        if moment is None:
            now: Any = number
        else:
            now = moment(x) if callable(moment) else _feature(x, moment, "moment")
        wait = delay(x, y) if callable(delay) else _feature(x, delay, "delay") if isinstance(delay, str) else delay
        try:
            due = now + wait
        except TypeError:
            raise ValueError(
                f"a delay of {wait!r} cannot be added to the moment {now!r}: give both as numbers, or a time span "
                "and dates"
            ) from None
        if not due >= now:
            raise ValueError(f"a delay of {wait!r} after {now!r} is no time to come")
        return now, due

    def __str__(self) -> str:
        rows = " rows" if self.moment is None and isinstance(self.delay, Real) else ""
        return f"{_told(self.delay)}{rows}" + ("" if self.moment is None else f" of {_told(self.moment)}")


class Pending(NamedTuple):
    """A row that has been predicted.

    That is when its label comes, what it was answered, its number and its place, and the codes of the last and of the
    most frequent label that had come when it was asked.
    """

    due: Any
    x: Any
    y: Hashable
    keywords: Mapping[str, Any]
    answer: Answer
    number: int
    place: int
    baselines: tuple[int, int]


class DelayedScorer(Scorer):
    """A scorer whose rows are learned, and scored, in the order in which their labels come.

    Before a row is predicted, all rows are learned whose labels have come by its moment. Labels that are all late by
    the same amount come in the order of their rows, whatever their moments. Those that are still to come at the end of
    the stream come then.

    Parameters
    ----------
    model, labels, skips, keeps
        As of `Scorer`.
    lateness
        When the labels come.

    """

    def __init__(
        self, model: Any, labels: Numbering, skips: bool = False, *, keeps: bool = False, lateness: Lateness
    ) -> None:
        super().__init__(model, labels, skips, keeps=keeps)
        self.lateness = lateness
        self._by_due = callable(lateness.delay) or isinstance(lateness.delay, str)
        self._queue: list[Pending] = []
        self._n_taken = 0
        self._came = Counter[int]()
        self._last = self._leader = -1

    @property
    def pending(self) -> int:
        """Return how many rows have been predicted and wait for their labels."""
        return len(self._queue)

    def step(self, chunk: Chunk | PairChunk) -> int:
        """Return how many rows of a chunk to score at once."""
        return STEP

    def score(self, chunk: Chunk | PairChunk) -> Scored:
        """Predict each sample, after learning those whose labels have come; return these."""
        start, places = self._n_taken, _places(chunk)
        revealed: list[Pending] = []
        late: list[Note] = []
        asked = count(self._n)

        def ask(x: Any, y: Hashable, keywords: Mapping[str, Any]) -> None:
            number = next(asked)
            now, due = self.lateness.times(number, x, y)
            n_due = next((i for i, one in enumerate(self._queue) if one.due > now), len(self._queue))
            self._reveal(n_due, revealed, late, start)
            kept = copy.copy(x), y, dict(keywords)  # the model may change them, and their source use them again
            answer = self.answer(x, y, keywords)
            place = len(chunk) - 1 if places is None else int(places[number - self._n])
            one = Pending(due, *kept, answer, number, start + place, (self._last, self._leader))
            at = bisect_right(self._queue, due, key=itemgetter(0)) if self._by_due else len(self._queue)
            self._queue.insert(at, one)

        passed = self._each(chunk, ask)[1]
        scored = self._scored(chunk, *self._arrays([one.answer for one in revealed]), passed)
        self._n_taken += scored.n_taken
        return self._late(scored, revealed, late)

    def finish(self) -> Scored:
        """Return the rows whose labels are still to come, learned one after the other."""
        revealed: list[Pending] = []
        late: list[Note] = []
        error = None
        try:
            self._reveal(len(self._queue), revealed, late, self._n_taken)
        except Exception as refusal:
            error = refusal
        true, said, unseen = self._arrays([one.answer for one in revealed])
        return self._late(Scored(true, said, unseen, NOWHERE, 0, error=error), revealed, late)

    def _reveal(self, n: int, revealed: list[Pending], late: list[Note], start: int) -> None:
        """Learn the first n rows that wait; note those that the model refuses, or raise its error."""
        for one in self._queue[:n]:
            try:
                self.learn_one(one.x, one.y, one.keywords)
            except Exception as refusal:
                if not self.skips:
                    raise
                late.append(Note(one.place - start, message(refusal)))
            else:
                revealed.append(one)
                self._last = code = one.answer.true
                self._came[code] += 1
                if self._leader < 0 or self._came[code] > self._came[self._leader]:
                    self._leader = code
            finally:
                self._queue.pop(0)

    def _late(self, scored: Scored, revealed: list[Pending], late: list[Note]) -> Scored:
        """Return what was scored with the numbers and the notes of rows that came earlier."""
        at = np.array([one.number for one in revealed], np.int64)
        bad = tuple(sorted([*scored.bad, *late]))
        kept = [one.answer.probabilities for one in revealed] if self.keeps else None
        baselines = np.array([one.baselines for one in revealed], np.int64).reshape(-1, 2)
        return replace(scored, at=at, bad=bad, probabilities=kept, baselines=baselines)


def _told(one: Any) -> str:
    """Return an amount, or the name of a feature or function, in a line."""
    if callable(one):
        return getattr(one, "__name__", type(one).__name__)
    return f"{one:,}" if isinstance(one, Real) else str(one)


def _feature(x: Any, name: Hashable, what: str) -> Any:
    try:
        return x[name]
    except KeyError:
        raise ValueError(
            f"the row has no feature {name!r}, which is to be its {what}; it has {shorten([*x])}"
        ) from None


def _places(chunk: Chunk | PairChunk) -> NDArray[np.int64] | None:
    """Return the places of the samples among the rows that a chunk gives; None where they are not known yet."""
    if isinstance(chunk, PairChunk):
        return None
    places = chunk.places()
    return places - np.searchsorted(chunk.left_out, places)
