"""Scored: what models said of rows, under one numbering of the labels."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_softmax.streams import Chunk, Note, PairChunk


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
    true
        Codes of the labels.
    answers
        What the model said, with the fields of `ANSWER`; `predicted` is a code, -1 where the model knew no class.
    unseen
        Whether the model could not know the label.
    at
        The numbers of these samples among all that the scorer has been given.
    n_taken
        How many rows of the stream were taken, scored or passed over.
    n_mended, n_left_out
        How many values were set to 0 in these rows, and how many rows were left out before or between them.
    bad
        The rows among them that were passed over; the place counts the rows before it, scored and bad.
    error
        Why the row after these was refused, if it was.
    part
        The rows themselves, those left out and passed over among them.
    probabilities
        The probability of each class, as the model gave it, row by row; None unless they are kept.
    baselines
        The codes of the last label and of the most frequent one that had come when each row was predicted; None where
        these are those of the rows before it.

    """

    true: NDArray[np.int32]
    answers: NDArray[np.void]
    unseen: NDArray[np.bool_]
    at: NDArray[np.int64]
    n_taken: int
    n_mended: int = 0
    n_left_out: int = 0
    bad: tuple[Note, ...] = ()
    error: Exception | None = None
    part: Chunk | PairChunk | None = None
    probabilities: list[dict[Hashable, float] | None] | None = None
    baselines: NDArray[np.int64] | None = None

    @property
    def predicted(self) -> NDArray[np.int32]:
        """Return the codes of the predictions."""
        return self.answers["predicted"]

    @property
    def p(self) -> NDArray[np.float64]:
        """Return the probability the model gave each label; nan where it gave none."""
        return self.answers["p"]

    def __len__(self) -> int:
        return len(self.true)


class Answer(NamedTuple):
    """What a model said of one row: the code of its label, the fields of `ANSWER`, and whether the label was unseen."""

    true: int
    said: tuple[int, int, float, float, float]
    unseen: bool
    probabilities: dict[Hashable, float] | None


def joined(found: Sequence[Scored]) -> Scored:
    """Return as one what parts that follow one another came to."""
    bad: list[Note] = []
    n_taken = 0
    for one in found:
        bad += [Note(n_taken + place, reason) for place, reason in one.bad]
        n_taken += one.n_taken
    true, answers, unseen, at = (
        np.concatenate([getattr(one, name) for one in found]) for name in ("true", "answers", "unseen", "at")
    )
    kept = None if found[0].probabilities is None else [p for one in found for p in one.probabilities or ()]
    late = None if found[0].baselines is None else np.concatenate([one.baselines for one in found])
    notes = tuple(bad), found[-1].error
    return Scored(true, answers, unseen, at, n_taken, 0, 0, *notes, probabilities=kept, baselines=late)
