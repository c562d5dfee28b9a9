"""A result as text in a terminal: a table while it goes on, and a summary at the end."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sized
from math import isfinite

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from online_softmax.evaluation import Columns, Figures, Result
from online_softmax.evaluation.columns import MOST_VALUES

MOST_CLASSES = 40  # lines of a summary
WIDEST_LABEL = 40  # characters
MOST_NAMES = 8  # of the columns of a line
LONG = 90  # characters
NOTE = "yellow"
LABELS = {"int": "integers", "float": "numbers", "bool": "true or false", "text": "text", "mixed": "of several kinds"}
PATIENCE = 1.0  # seconds after which a bar is worth its line


class LiveTable:
    """A table that grows as a validation goes on, over a progress bar where the output is a terminal.

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
        self._bar = Progress(
            TextColumn("{task.fields[rows]:>10,} rows"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=1, rows=0)
        self._may_bar = console.is_terminal and not console.is_dumb_terminal
        self._window: int | None = window  # of the header, until it is printed

    def __enter__(self) -> LiveTable:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar.live.is_started:
            self._bar.stop()

    def __call__(self, row: Figures, *, mark: bool, fraction: float | None) -> None:
        """Take the figures so far: write them where they are a row of the table, and move the bar."""
        self.n_samples = row.n_samples
        try:
            self._show(row, mark, fraction)
        except (BrokenPipeError, SystemExit):  # rich ends the process, quiet from then on
            if not self._alone:
                raise

    def note(self, sentence: str) -> None:
        """Write a sentence between the rows of the table."""
        _print(self._console, sentence, NOTE)

    def _show(self, row: Figures, mark: bool, fraction: float | None) -> None:
        if self._may_bar and row.seconds > PATIENCE:
            total = None if fraction is None else 1
            self._bar.update(self._task, completed=fraction or 0, total=total, rows=row.n_samples)
            self._bar.start()
        if mark:
            self._print_header()
            run = _percent(row.accuracy), _number(row.log_loss)
            last = _percent(row.window_accuracy), _number(row.window_log_loss)
            _print(self._console, _columns(f"{row.n_samples:,}", *run, *last, f"{row.rows_per_second:,.0f}"))

    def _print_header(self) -> None:
        if self._window is not None:
            _print(self._console, f"{'':32}{f'last {self._window:,} rows':>22}", "bold")
            names = "rows", "accuracy", "log loss", "accuracy", "log loss", "rows/s"
            _print(self._console, _columns(*names), "bold")
            self._window = None


def print_summary(result: Result, console: Console, *, classes: bool = True) -> None:
    """Print what a validation found, over all and, unless `classes` is false, of each class.

    Examples
    --------
    >>> from rich.console import Console
    >>> from online_softmax import SoftmaxRegression, progressive_validation
    >>> from online_softmax.reports import print_summary

    >>> print_summary(progressive_validation("phishing", SoftmaxRegression()), Console())
    1,250 rows in ... s: accuracy 74.08%, log loss 0.4970, macro F1 70.55%
    numbers: 9 columns; labels: integers
    2 rows had a label that was new to the model: wrong for the accuracy, left out of the log loss
    <BLANKLINE>
    class      precision     recall         F1      support
    0             69.32%     96.87%     80.81%          702
    1             91.79%     44.89%     60.29%          548

    """
    _print(
        console,
        f"{result.n_samples:,} rows in {result.seconds:.1f} s: accuracy {_percent(result.accuracy)}, "
        f"log loss {_number(result.log_loss)}, macro F1 {_percent(result.macro_f1)}",
        "bold",
    )
    if result.columns is not None:
        for line in _kinds(result.columns):
            _print(console, line)
    if result.hint:
        _print(console, result.hint, NOTE)
    if n := result.n_unseen:
        what = "1 row had a label" if n == 1 else f"{n:,} rows had a label"
        _print(console, f"{what} that was new to the model: wrong for the accuracy, left out of the log loss")
    if n := result.n_zeroed:
        plain = f"{_were(n, 'value')} missing or no finite number, and set to 0"
        for line in [plain] if result.columns is None else _gaps(result.columns):
            _print(console, line)
    if n := result.n_skipped:
        where = "" if result.columns is None else _where(result.columns.gaps)
        _print(console, f"{_were(n, 'row')} left out for a gap or a bad cell{where}")
    if n := result.n_evicted:
        _print(console, f"{n:,} feature{'s' if n > 1 else ''} made room for others in the model")
    if n := result.n_bad:
        _print(console, f"{n:,} bad row{'s were' if n > 1 else ' was'} passed over:")
        for one in result.bad:
            _print(console, f"  after {one.row:,} rows: {' '.join(one.reason.split())}")
        if n > len(result.bad):
            _print(console, f"  and {n - len(result.bad):,} more")
    if result.columns is not None:
        for line in _doubts(result.columns):
            _print(console, line, NOTE)
    if classes:
        _print_classes(result, console)


def _kinds(columns: Columns) -> list[str]:
    """Say what the columns were read as, without the kinds that there are none of: in one line, or in two."""
    texts = [f"{_name(name)} ({_values(n)})" for name, n in columns.texts.items()]
    text = f"text: {_listed([f'{texts[0][:-1]} values)', *texts[1:]])}" if texts else ""
    found = {
        "numbers": _count(columns.numbers),
        "true or false": _names(columns.truths),
        "dates, in parts": _names(columns.dates),
        "empty at first": _names(columns.empty),
    }
    lines = [f"{kind}: {said}" for kind, said in found.items() if said]
    labels = f"labels: {LABELS[columns.labels]}"
    if sum(map(len, (*lines, text, labels))) < LONG:
        return ["; ".join([*lines, *([text] if text else []), labels])]
    return ["; ".join([*lines, labels]), *([text] if text else [])]


def _gaps(columns: Columns) -> Iterator[str]:
    """Say what became of gaps, of numbers and of strings, and of cells that are none."""
    indicated = columns.missing == "indicate"
    numbers = {name: n for name, n in columns.gaps.items() if name not in columns.texts}
    texts = {name: n for name, n in columns.gaps.items() if name in columns.texts}
    feature = ", with the feature column=" if indicated else ""
    if n := sum(numbers.values()):
        yield f"{_were(n, 'gap')} set to 0{feature}{_where(numbers)}"
    if n := sum(columns.bad_cells.values()):
        yield f"{_were(n, 'bad cell')} set to 0{feature}{_where(columns.bad_cells)}"
    if n := sum(texts.values()):
        became = "the feature column=" if indicated else "no feature"
        yield f"{n:,} missing string{'s' * (n > 1)} became {became}{_where(texts)}"


def _where(counts: Mapping[Hashable, int]) -> str:
    """Say how many there were of something in which columns."""
    said = _listed([f"{_name(name)} ({n:,})" for name, n in counts.items()])
    return f", in {_count(counts)}: {said}" if said else ""


def _were(n: int, what: str) -> str:
    return f"{n:,} {what}s were" if n > 1 else f"1 {what} was"


def _doubts(columns: Columns) -> Iterator[str]:
    """Say which columns a model can probably not use as they are."""
    if names := columns.identifiers:
        what = "identifiers" if len(names) > 1 else "an identifier"
        yield f"probably {what} of the rows: {_names(names)}; --drop leaves a column out"
    if names := columns.perhaps_numbers:
        yield f"text, though most of its values are numbers: {_names(names)}; --number-columns reads it as numbers"
    if names := columns.perhaps_codes:
        yield f"numbers that look like codes, and lose zeros or digits: {_names(names)}; --text-columns keeps them"


def _count(columns: Sized) -> str:
    n = len(columns)
    return f"{n:,} column{'s' * (n > 1)}" if n else ""


def _values(n: int | None) -> str:
    return f"more than {MOST_VALUES:,}" if n is None else f"{n:,}"


def _names(columns: Iterable[Hashable]) -> str:
    return _listed([_name(name) for name in columns])


def _listed(said: list[str]) -> str:
    """Return names in a row, cut where they are many."""
    more = len(said) - MOST_NAMES
    return ", ".join(said) if more <= 1 else f"{', '.join(said[:MOST_NAMES])} and {more:,} more"


def _print_classes(result: Result, console: Console) -> None:
    _print(console, "")
    classes = result.classes
    if hidden := max(0, len(classes) - MOST_CLASSES):
        classes = sorted(classes, key=lambda one: -one.support)[:MOST_CLASSES]
    names = [_name(one.label) for one in classes]
    width = max(8, *map(len, names))
    _print(console, f"{'class':{width}}  {'precision':>10} {'recall':>10} {'F1':>10} {'support':>12}", "bold")
    for name, one in zip(names, classes, strict=True):
        figures = f"{_percent(one.precision):>10} {_percent(one.recall):>10} {_percent(one.f1):>10} {one.support:>12,}"
        _print(console, f"{name:{width}}  {figures}")
    if hidden:
        _print(console, f"and {hidden:,} more classes with fewer rows")


def _columns(*cells: str) -> str:
    return f"{cells[0]:>10}" + "".join(f" {cell:>10}" for cell in cells[1:])


def _percent(part: float) -> str:
    return f"{part:.2%}" if isfinite(part) else "-"


def _number(value: float) -> str:
    return f"{value:.4f}" if isfinite(value) else "-"


def _name(label: object) -> str:
    """Return a label as a cell of a table: printable and not too wide."""
    text = str(label)
    text = text if text.isprintable() and text else repr(text)
    return text if len(text) <= WIDEST_LABEL else f"{text[: WIDEST_LABEL - 3]}..."


def _print(console: Console, line: str, style: str = "") -> None:
    console.print(Text(line.rstrip(), style), soft_wrap=True)
