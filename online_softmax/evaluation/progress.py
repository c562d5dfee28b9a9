"""Progress: what a run tells of itself as it goes on."""

from __future__ import annotations

from typing import Any, Protocol

from online_softmax.evaluation.comparing import Comparison
from online_softmax.evaluation.distance import Distance
from online_softmax.evaluation.result import Result
from online_softmax.evaluation.runs import Runs, last_row
from online_softmax.evaluation.tally import FIRST_MARK, marks_until


class Progress(Protocol):
    """Called as the validation goes on.

    If it has a method `note`, too, that is called with a sentence on whatever is probably wrong, once it shows. If it
    has a method `look`, that is called after every chunk with a function, which returns what plots and pages draw.
    """

    def __call__(self, row: Any, *, mark: bool, fraction: float | None) -> None:
        """Take the figures so far.

        Parameters
        ----------
        row
            The `Figures`; of several models, a dictionary of them by name.
        mark
            Whether `row` is one of the result's rows.
        fraction
            The part of the stream that is done, 0 to 1, or None where its length is unknown.

        """


class Teller:
    """Tells a `Progress` how far runs have come; nothing, where there is none.

    Parameters
    ----------
    progress
        Whom to tell.
    runs
        The runs.
    distance
        How far along the stream they are.
    limit
        After how many rows they stop.

    """

    def __init__(self, progress: Progress | None, runs: Runs, distance: Distance, limit: int | None) -> None:
        self._progress, self._runs, self._distance, self._limit = progress, runs, distance, limit

    def start(self) -> None:
        """Tell of the marks that a resumed run has behind it."""
        for row in self._runs.first.marks:
            self._tell(row, mark=True)

    def go_on(self, left: int) -> None:
        """Tell of rows that have been scored, where so many of their chunk are left."""
        if self._progress is not None:
            row, is_mark = self._runs.row()
            self._tell(row, mark=is_mark, left=left)

    def end(self, result: Result | Comparison) -> None:
        """Tell of the last row, unless that was a mark and has been told."""
        n = self._runs.first.n_samples
        if n not in marks_until(n):
            self._tell(last_row(result), mark=True)

    def _tell(self, row: Any, *, mark: bool, left: int = 0) -> None:
        progress, run = self._progress, self._runs.first
        if progress is None:
            return
        n = run.n_samples
        parts = [self._distance.fraction(left), None if self._limit is None else n / self._limit]
        progress(row, mark=mark, fraction=max((part for part in parts if part is not None), default=None))
        if hasattr(progress, "look"):
            progress.look(self._runs.document)
        if mark and n == FIRST_MARK and (hint := run.hint()) and hasattr(progress, "note"):
            progress.note(hint)
