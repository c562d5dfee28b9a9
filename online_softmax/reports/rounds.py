"""The rounds of a store in a terminal: a line for each, and what they come to."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console

from online_softmax.reports.cells import columns, number, percent, write
from online_softmax.rounds import Commit, Round
from online_softmax.rounds.curves import table_of

MOST_LINES = 40
OWN = "shards' own"


def print_rounds(commit: Commit, console: Console) -> None:
    """Print the log of a run, and what it comes to; rounds that follow one another share a line where they are many.

    Examples
    --------
    >>> from rich.console import Console
    >>> from online_softmax import SoftmaxRegression
    >>> from online_softmax.reports import print_rounds
    >>> from online_softmax.rounds import Commit, Round

    >>> first = Round(1, 2, 100, served_unseen=100, own_hits=60, own_loss=90.0, seconds=0.1)
    >>> second = Round(1, 2, 200, served_hits=150, served_loss=120.0, own_hits=160, own_loss=100.0, seconds=0.1)
    >>> print_rounds(Commit(SoftmaxRegression(), version=2, log=(first, second)), Console())
                        served model            shards' own
          rows   log loss   accuracy   log loss   accuracy     rows/s
           100          -      0.00%     0.9000     60.00%      1,000
           300     0.6000     75.00%     0.5000     80.00%      2,000
    <BLANKLINE>
    300 rows in 2 rounds, 0.2 s; the store is at version 2
    served model: log loss 0.6000, accuracy 50.00%
    shards' own:  log loss 0.6333, accuracy 73.33%
    100 rows had a label that was new to the served model: wrong for the accuracy, left out of the log loss

    """
    write(console, f"{'':10} {'served model':>21} {OWN:>21}", "bold")
    write(console, columns("rows", "log loss", "accuracy", "log loss", "accuracy", "rows/s"), "bold")
    for one, so_far in table_of(commit.log, MOST_LINES):
        rate = f"{one.rows / one.seconds:,.0f}" if one.seconds else "-"
        write(console, columns(f"{so_far.rows:,}", *_served(one), *_own(one), rate))
    whole = commit.total
    write(console, "")
    said = f"{whole.rows:,} rows in {whole.rounds:,} round{'' if whole.rounds == 1 else 's'}, {whole.seconds:,.1f} s"
    write(console, f"{said}; the store is at version {commit.version}", "bold")
    for name, (loss, accuracy) in (("served model:", _served(whole)), (f"{OWN}:", _own(whole))):
        write(console, f"{name:13} log loss {loss}, accuracy {accuracy}")
    for note in _notes(whole):
        write(console, note)


def _served(one: Round) -> tuple[str, str]:
    return number(one.served_log_loss), percent(one.served_accuracy)


def _own(one: Round) -> tuple[str, str]:
    return number(one.own_log_loss), percent(one.own_accuracy)


def _notes(whole: Round) -> Iterator[str]:
    """Say what became of rows that were not predicted and learned as they came."""
    if n := whole.served_unseen:
        what = "1 row had a label" if n == 1 else f"{n:,} rows had a label"
        yield f"{what} that was new to the served model: wrong for the accuracy, left out of the log loss"
    if n := whole.n_zeroed:
        yield f"{n:,} value{' was' if n == 1 else 's were'} missing or no finite number, and set to 0"
    if n := whole.n_skipped:
        yield f"{n:,} row{' was' if n == 1 else 's were'} left out for a gap or a bad cell"
    if n := whole.n_bad:
        yield f"{n:,} bad row{' was' if n == 1 else 's were'} passed over"
