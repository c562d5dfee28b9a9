"""A terminal: what it shows while a run goes on."""

from __future__ import annotations

from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from online_softmax.evaluation import Figures
from online_softmax.reports.cells import NOTE, columns, number, percent, write

PATIENCE = 1.0  # seconds after which a run is worth watching
REFRESHED = 8  # times a second


class Watch:
    """The last lines of a terminal, overwritten as a run goes on: how it stands, and a bar with its rate and time left.

    Where there is no terminal, or the run is short, there are none. It stands in a `with` block.

    Parameters
    ----------
    console
        Where to write.

    """

    def __init__(self, console: Console) -> None:
        self._bar = Progress(
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[rate]:>9,.0f} rows/s "),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console,
            auto_refresh=False,
        )
        self._task = self._bar.add_task("", total=None, rate=0)
        self._lines: list[str] = []
        self._live = Live(console=console, transient=True, refresh_per_second=REFRESHED, get_renderable=self._shown)
        self._is_watched = console.is_interactive

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def starts(self, seconds: float) -> bool:
        """Whether a run of so many seconds is to be watched."""
        return self._is_watched and seconds > PATIENCE

    def show(self, lines: list[str], rate: float, fraction: float | None) -> None:
        """Put lines in the place of the last ones, and move the bar: so many rows a second, so far along the stream."""
        self._lines = lines
        total = None if fraction is None else 1.0
        self._bar.update(self._task, completed=fraction or 0.0, total=total, rate=rate)
        if not self._live.is_started:
            self._live.start(refresh=True)

    def _shown(self) -> Group:
        return Group(*(Text(line, no_wrap=True, overflow="ellipsis") for line in self._lines), self._bar)


class LiveTable:
    """A table that grows as a validation goes on; where the output is a terminal its last line is how it stands now.

    It is the `progress` of one `progressive_validation`, in a `with` block.

    Parameters
    ----------
    console
        Where to write.
    window
        How many rows the window figures are about.
    alone
        Whether the validation goes on where nobody reads the table any more.

    Attributes
    ----------
    n_samples
        The rows that had been scored when it was last told.

    """

    def __init__(self, console: Console, window: int, alone: bool = False) -> None:
        self.n_samples = 0
        self._console, self._alone = console, alone
        self._watch = Watch(console)
        self._window: int | None = window  # of the header, until it is printed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._watch.__exit__(*error)

    def __call__(self, row: Figures, *, mark: bool, fraction: float | None) -> None:
        """Take the figures so far: write them where they are a row of the table, and overwrite the last line."""
        self.n_samples = row.n_samples
        try:
            self._show(row, mark, fraction)
        except (BrokenPipeError, SystemExit):  # rich ends the process, quiet from then on
            if not self._alone:
                raise

    def note(self, sentence: str) -> None:
        """Write a sentence between the rows of the table."""
        write(self._console, sentence, NOTE)

    def _show(self, row: Figures, mark: bool, fraction: float | None) -> None:
        watched = self._watch.starts(row.seconds)
        if not (mark or watched):
            return
        self._write_header()
        run = percent(row.accuracy), number(row.log_loss)
        last = percent(row.window_accuracy), number(row.window_log_loss)
        line = columns(f"{row.n_samples:,}", *run, *last, f"{row.rows_per_second:,.0f}")
        if mark:
            write(self._console, line)
        if watched:
            self._watch.show([] if mark else [line], row.rows_per_second, fraction)

    def _write_header(self) -> None:
        if self._window is not None:
            write(self._console, f"{'':32}{f'last {self._window:,} rows':>22}", "bold")
            names = "rows", "accuracy", "log loss", "accuracy", "log loss", "rows/s"
            write(self._console, columns(*names), "bold")
            self._window = None
