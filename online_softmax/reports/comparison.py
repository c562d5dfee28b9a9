"""A comparison in a terminal: a line a model, while it goes on and at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, isfinite
from time import perf_counter
from typing import Self

from rich.console import Console

from online_softmax.evaluation import Comparison, Figures
from online_softmax.reports.cells import NOTE, columns, number, percent, write
from online_softmax.reports.summary import baselines, notes
from online_softmax.reports.terminal import Watch
from online_softmax.texts import folded

MOST_NAMES = 6  # columns of models in the table that grows
NARROW = 14  # characters of a name there


class CompareTable:
    """A table of log losses that grows as a comparison goes on; in a terminal all figures so far stand below it.

    Parameters
    ----------
    console
        Where to write.
    names
        What the models are called.
    window
        How many rows the window figures are about.
    alone
        Whether the comparison goes on where nobody reads the table any more.

    Attributes
    ----------
    n_samples
        The rows that had been scored when it was last told.

    """

    def __init__(self, console: Console, names: Sequence[str], window: int, alone: bool = False) -> None:
        self.n_samples = 0
        self._console, self._names, self._window, self._alone = console, names, window, alone
        self._watch = Watch(console)
        self._has_header = False
        self._start = perf_counter()  # a model's seconds are its own

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._watch.__exit__(*error)

    def __call__(self, rows: Mapping[str, Figures], *, mark: bool, fraction: float | None) -> None:
        """Take the figures so far of each model: write them where they are a row of the table, and those in place."""
        self.n_samples = next(iter(rows.values())).n_samples
        seconds = perf_counter() - self._start
        try:
            if mark:
                self._write_row(rows)
            if self._watch.starts(seconds):
                self._watch.show(self._standing(rows), self.n_samples / seconds, fraction)
        except (BrokenPipeError, SystemExit):  # rich ends the process, quiet from then on
            if not self._alone:
                raise

    def note(self, sentence: str) -> None:
        """Write a sentence between the rows of the table."""
        write(self._console, sentence, NOTE)

    def _write_row(self, rows: Mapping[str, Figures]) -> None:
        names = self._names[:MOST_NAMES]
        widths = [max(8, min(NARROW, len(folded(name)))) for name in names]
        if not self._has_header:
            self._has_header = True
            titles = (f"{folded(name, width):>{width}}" for name, width in zip(names, widths, strict=True))
            more = f"  and {len(self._names) - len(names)} more" if len(names) < len(self._names) else ""
            write(self._console, f"{'':10}  log loss", "bold")
            write(self._console, f"{'rows':>10}  {'  '.join(titles)}{more}", "bold")
        cells = (f"{number(rows[name].log_loss):>{width}}" for name, width in zip(names, widths, strict=True))
        write(self._console, f"{self.n_samples:>10,}  {'  '.join(cells)}")

    def _standing(self, rows: Mapping[str, Figures]) -> list[str]:
        width = max(len(folded(name)) for name in rows)
        header = f"{'':{width}} {columns('log loss', 'accuracy', f'last {self._window:,}:', 'log loss', 'accuracy')}"
        ranked = sorted(rows, key=lambda name: _rank(rows[name].log_loss))
        found = []
        for name in ranked:
            row = rows[name]
            last = number(row.window_log_loss), percent(row.window_accuracy)
            found.append(f"{folded(name):{width}} {columns(number(row.log_loss), percent(row.accuracy), '', *last)}")
        return [header, *found]


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print what a comparison found: a line a model, the best first, with its distance to the best.

    Examples
    --------
    >>> from rich.console import Console
    >>> from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, progressive_validation
    >>> from online_softmax.reports import print_comparison

    >>> models = {"auto": AutoSoftmaxRegression(), "plain": SoftmaxRegression()}
    >>> print_comparison(progressive_validation("phishing", models), Console(width=100))
    1,250 rows that every model has scored, in 62 blocks
    numbers: 9 columns; labels: integers
    2 rows had a label that was new to the model: wrong for the accuracy, left out of the log loss
    without a model: 51.52% by the last label again, 55.68% by the most frequent one
    <BLANKLINE>
    model   log loss   accuracy  behind by       95 % interval    µs/row
    auto      0.2190     90.96%          -                           ...
    plain     0.4970     74.08%     0.2780    0.2442 .. 0.3118       ...

    """
    blocks = f", in {comparison.n_blocks} blocks" if comparison.n_blocks > 1 else ""
    write(console, f"{comparison.n_common:,} rows that every model has scored{blocks}", "bold")
    _write_notes(comparison, console)
    if verdict := comparison.results[comparison.best].verdict:
        write(console, f"{folded(comparison.best)}: {verdict}", NOTE)
    write(console, "")
    width = max(map(len, ("model", *map(folded, comparison.standings))))
    titles = columns("log loss", "accuracy", "behind by")
    write(console, f"{'model':{width}} {titles}  {'95 % interval':>18}  {'µs/row':>8}", "bold")
    for name in comparison.ranking:
        one = comparison.standings[name]
        is_best = name == comparison.best
        cells = columns(number(one.log_loss), percent(one.accuracy), "-" if is_best else number(one.difference))
        between = f"{one.low:.4f} .. {one.high:.4f}" if isfinite(one.low) else ""
        said = "  may be noise" if one.is_noise else ""
        line = f"{folded(name):{width}} {cells}  {between:>18}  {one.microseconds_per_row:>8,.1f}{said}"
        write(console, line, "bold" if is_best else "")


def _write_notes(comparison: Comparison, console: Console) -> None:
    """Write what is to be noted: once what holds for all models, then what does not, with the name of the model."""
    found = {name: [*notes(result), (baselines(result), "")] for name, result in comparison.results.items()}
    shared = [note for note in found[comparison.best] if all(note in own for own in found.values())]
    for text, style in shared:
        write(console, text, style)
    for name, own in found.items():
        for text, style in own:
            if (text, style) not in shared:
                write(console, f"{folded(name)}: {text}", style)


def _rank(loss: float) -> float:
    return loss if isfinite(loss) else inf
