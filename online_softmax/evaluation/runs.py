"""Runs: the models of one pass over a stream, each with its own tally."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

from online_softmax.evaluation.comparing import Comparison, Pairing
from online_softmax.evaluation.interrupts import uninterrupted
from online_softmax.evaluation.result import Figures, Result
from online_softmax.evaluation.scored import Scored, joined
from online_softmax.evaluation.scorer import message
from online_softmax.evaluation.tally import Tally
from online_softmax.streams import Chunk, PairChunk


class Taken(NamedTuple):
    """What became of rows: how many were scored, by the model that scored most, and what ended that, and why.

    Of the source they were `n_rows`: scored, bad and left out, by the first model.
    """

    n_scored: int
    n_rows: int
    error: Exception | None = None
    reason: str = ""


class Runs:
    """The run of one model, or the runs of several over the same rows.

    Parameters
    ----------
    tallies
        The tally of each run, by name; under None, that of a model alone.

    """

    def __init__(self, tallies: Mapping[str | None, Tally]) -> None:
        self._tallies = tallies
        self.first = next(iter(tallies.values()))
        self._pairing = None if None in tallies else Pairing(len(tallies))

    @property
    def n_asked(self) -> int:
        """Return how many rows have been predicted, by the model that was asked most."""
        return max(one.n_asked for one in self._tallies.values())

    def step(self, chunk: Chunk | PairChunk) -> int:
        """Return how many rows of a chunk to take at once."""
        return min(one.scorer.step(chunk) for one in self._tallies.values())

    def rows_left(self) -> int:
        """Return how many rows there are to where a run has to stop and look."""
        return min(one.rows_left() for one in self._tallies.values())

    def take(self, part: Chunk | PairChunk) -> Taken:
        """Have each model predict, score and learn rows; say how many were scored, and what ended that.

        Where that is quick, Ctrl-C waits for it, and the models have learned what was scored and no more.
        """
        with uninterrupted() if all(one.scorer.is_quick(part) for one in self._tallies.values()) else nullcontext():
            return self._take(part)

    def _take(self, part: Chunk | PairChunk) -> Taken:
        if self._pairing is not None and isinstance(part, PairChunk):
            return self._took(self._take_one_by_one(part))
        return self._took([one.predict_and_learn(part) for one in self._tallies.values()])

    def finish(self) -> Taken:
        """Have each model learn the rows that wait for their labels; say how many, and what ended that."""
        with uninterrupted():
            return self._add([scored for one in self._tallies.values() if (scored := one.finish()) is not None])

    def row(self) -> tuple[Figures | dict[str, Figures], bool]:
        """Return the figures so far, by name where there are several runs, and whether they are one of the marks."""
        row, is_mark = self.first.row()
        return (row if self._pairing is None else self._figures()), is_mark

    def result(self, *, whole: bool = False) -> Result | Comparison:
        """Return what has been found so far."""
        results = {name: one.result(whole=whole) for name, one in self._tallies.items()}
        if self._pairing is None:
            return results[None]
        return self._pairing.comparison({str(name): result for name, result in results.items()})

    def document(self) -> dict[str, Any]:
        """Return what plots and pages draw of it."""
        return self.result().document()

    def _figures(self) -> dict[str, Figures]:
        return {str(name): one.row()[0] for name, one in self._tallies.items()}

    def _took(self, scored: Sequence[Scored]) -> Taken:
        """Score rows that each model has predicted and learned: all of it or, before Ctrl-C, nothing."""
        with uninterrupted():
            return self._add([tally.took(one) for tally, one in zip(self._tallies.values(), scored, strict=True)])

    def _take_one_by_one(self, part: PairChunk) -> list[Scored]:
        """Have each model take a row before the next is asked for: the source may wait for them, or use it again."""
        found: list[list[Scored]] = [[] for _ in self._tallies]
        left = part
        while left and not any(own and own[-1].error for own in found):
            row, left = left.split(1)
            for tally, own, copy in zip(self._tallies.values(), found, row.copies(len(found)), strict=True):
                own.append(tally.predict_and_learn(copy))
        return [joined(own) for own in found]

    def _add(self, scored: Sequence[Scored]) -> Taken:
        if self._pairing is not None and scored:
            self._pairing.add(scored, [one.scorer.has_probabilities for one in self._tallies.values()])
        n = max(map(len, scored), default=0)
        n_rows = scored[0].n_taken + scored[0].n_left_out if scored else 0
        errors = {name: one.error for name, one in zip(self._tallies, scored, strict=False) if one.error is not None}
        for name, error in errors.items():
            said = message(error)
            return Taken(n, n_rows, error, said if len(errors) == len(scored) else f"model {name!r}: {said}")
        return Taken(n, n_rows)


def last_row(result: Result | Comparison) -> Figures | dict[str, Figures]:
    """Return the last figures of a result; of several models, by name."""
    if isinstance(result, Result):
        return result.rows[-1]
    return {name: one.rows[-1] for name, one in result.results.items()}
