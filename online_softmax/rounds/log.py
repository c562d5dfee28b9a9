"""The log: what was found in each round, as sums that add up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from itertools import zip_longest
from typing import Any

from online_softmax.storage.fields import MOST, Number, check_value

LONGEST = 2_000  # rounds in a log: when there are more, each two that follow one another become one
SECONDS = 1e10  # at most, of a run


@dataclass(frozen=True, slots=True)
class Round:
    """What was found in a round, or in a shard of it, or in several rounds; two of them add up.

    Two models predict each row before it is learned. The *served* one is the model that the round began with, which
    whoever reads the store has meanwhile: its figures are what a user gets. A shard's *own* model has learned the rows
    of the shard before this one, too.

    Attributes
    ----------
    rounds
        How many rounds it stands for.
    updates
        How many shards learned something in them.
    rows
        The rows that were predicted and learned.
    n_zeroed, n_skipped, n_bad
        Values that were set to 0, rows that were left out for a missing value, and bad rows that were passed over.
    served_unseen, own_unseen
        The rows whose label the model could not know: wrong for the accuracy, left out of the log loss.
    served_hits, own_hits
        The rows that it predicted right.
    served_loss, own_loss
        The sum of -ln p of the label over the others.
    seconds
        From the end of the round before to the end of this one.

    Examples
    --------
    >>> from online_softmax.rounds import Round

    >>> first = Round(rounds=1, rows=100, served_hits=50, served_unseen=10, served_loss=45.0)
    >>> both = first + Round(rounds=1, rows=100, served_hits=70, served_loss=35.0)
    >>> both.served_accuracy, round(both.served_log_loss, 4)
    (0.6, 0.4211)

    """

    rounds: int = 0
    updates: int = 0
    rows: int = 0
    n_zeroed: int = 0
    n_skipped: int = 0
    n_bad: int = 0
    served_unseen: int = 0
    served_hits: int = 0
    served_loss: float = 0.0
    own_unseen: int = 0
    own_hits: int = 0
    own_loss: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: Round) -> Round:
        return Round(*(ours + theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True)))

    def __str__(self) -> str:
        gone = self.n_skipped + self.n_bad
        return "\n".join(
            [
                f"{self.rows:,} rows in {self.rounds:,} rounds, {self.seconds:,.1f} s",
                f"served: log loss {self.served_log_loss:.4f}, accuracy {self.served_accuracy:.2%}",
                f"own:    log loss {self.own_log_loss:.4f}, accuracy {self.own_accuracy:.2%}",
                *([f"{gone:,} rows were passed over, {self.n_bad:,} of them bad"] if gone else []),
            ]
        )

    @property
    def taken(self) -> int:
        """Return how many rows of the source were taken: learned, left out or passed over."""
        return self.rows + self.n_skipped + self.n_bad

    @property
    def served_accuracy(self) -> float:
        """Return the part of the rows that the served model predicted right."""
        return _part(self.served_hits, self.rows)

    @property
    def served_log_loss(self) -> float:
        """Return the mean of -ln p of the label that the served model gave."""
        return _part(self.served_loss, self.rows - self.served_unseen)

    @property
    def own_accuracy(self) -> float:
        """Return the part of the rows that the shards' own models predicted right."""
        return _part(self.own_hits, self.rows)

    @property
    def own_log_loss(self) -> float:
        """Return the mean of -ln p of the label that the shards' own models gave."""
        return _part(self.own_loss, self.rows - self.own_unseen)


NUMBERS = {one.name: Number(int, 0, MOST) if one.type == "int" else Number(float, 0) for one in fields(Round)}


def total(rounds: Iterable[Round]) -> Round:
    """Return what rounds add up to."""
    return sum(rounds, Round())


def with_round(log: Sequence[Round], new: Round) -> tuple[Round, ...]:
    """Return a log with one more round, and with half of its length where it becomes too long.

    Examples
    --------
    >>> log = ()
    >>> for _ in range(10_000):
    ...     log = with_round(log, Round(rounds=1, rows=8))
    >>> len(log) <= 2_000, total(log).rows
    (True, 80000)
    """
    grown = (*log, new)
    if len(grown) <= LONGEST:
        return grown
    return tuple(one + other for one, other in zip_longest(grown[::2], grown[1::2], fillvalue=Round()))


def to_json(log: Sequence[Round]) -> dict[str, list[Any]]:
    """Return a log as a list for each figure."""
    return {name: [getattr(one, name) for one in log] for name in NUMBERS}


def from_json(columns: Any) -> tuple[Round, ...]:
    """Return the log that `to_json` wrote.

    Raises
    ------
    ValueError
        If it is none.
    """
    if not isinstance(columns, Mapping) or columns.keys() != NUMBERS.keys():
        raise ValueError("its log is incomplete")
    if not all(isinstance(values, list) for values in columns.values()):
        raise ValueError("its log is no list of rounds")
    columns = {name: columns[name] for name in NUMBERS}  # in this order
    for name, values in columns.items():
        for value in values:
            check_value(name, NUMBERS[name], value)
    found = tuple(Round(*values) for values in zip(*columns.values(), strict=True))
    for one in found:
        if max(one.served_unseen, one.served_hits, one.own_unseen, one.own_hits) > one.rows or one.seconds > SECONDS:
            raise ValueError("a round of its log has found more than it has rows")
    return found


def _part(value: float, n: int) -> float:
    return value / n if n else math.nan
