"""A summary: what a run found, in a few lines of a terminal."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Sized

from rich.console import Console

from online_softmax.evaluation import Columns, Result
from online_softmax.evaluation.columns import MOST_VALUES
from online_softmax.evaluation.drift import Drift
from online_softmax.reports.cells import NOTE, number, percent, write
from online_softmax.texts import folded, size

MOST_CLASSES = 40  # lines of a summary
MOST_DRIFTS = 3  # lines, too
MOST_NAMES = 8  # of the columns of a line
LONG = 90  # characters
LABELS = {"int": "integers", "float": "numbers", "bool": "true or false", "text": "text", "mixed": "of several kinds"}


def print_summary(result: Result, console: Console, *, classes: bool = True) -> None:
    """Print what a validation found, over all and, unless `classes` is false, of each class.

    Examples
    --------
    >>> from rich.console import Console
    >>> from online_softmax import SoftmaxRegression, progressive_validation
    >>> from online_softmax.reports import print_summary

    >>> print_summary(progressive_validation("phishing", SoftmaxRegression()), Console())
    1,250 rows in ... s: accuracy 74.08%, log loss 0.4970, macro F1 70.55%
    balanced accuracy 70.88%, kappa 0.4429, Brier score 0.3260, calibration error 0.0996
    without a model: 51.52% by the last label again, 55.68% by the most frequent one
    ... µs a row; the model takes 1.9 kB
    numbers: 9 columns; labels: integers
    2 rows had a label that was new to the model: wrong for the accuracy, left out of the log loss
    <BLANKLINE>
    class      precision     recall         F1      support
    0             69.32%     96.87%     80.81%          702
    1             91.79%     44.89%     60.29%          548

    """
    write(
        console,
        f"{result.n_samples:,} rows in {result.seconds:.1f} s: accuracy {percent(result.accuracy)}, "
        f"log loss {number(result.log_loss)}, macro F1 {percent(result.macro_f1)}",
        "bold",
    )
    _write_figures(result, console)
    for text, style in notes(result):
        write(console, text, style)
    if classes:
        _write_classes(result, console)


def notes(result: Result) -> Iterator[tuple[str, str]]:
    """Say how the source of a run was read, and what stood out in it: texts and their styles."""
    if result.columns is not None:
        for line in _kinds(result.columns):
            yield line, ""
    if result.hint:
        yield result.hint, NOTE
    if n := result.n_unseen:
        what = "1 row had a label" if n == 1 else f"{n:,} rows had a label"
        yield f"{what} that was new to the model: wrong for the accuracy, left out of the log loss", ""
    if n := result.n_zeroed:
        plain = f"{_were(n, 'value')} missing or no finite number, and set to 0"
        for line in [plain] if result.columns is None else _gaps(result.columns):
            yield line, ""
    if n := result.n_skipped:
        where = "" if result.columns is None else _where(result.columns.gaps)
        yield f"{_were(n, 'row')} left out for a gap or a bad cell{where}", ""
    if n := result.n_evicted:
        yield f"{n:,} feature{'s' if n > 1 else ''} made room for others in the model", ""
    if n := result.n_bad:
        lines = [f"{n:,} bad row{'s were' if n > 1 else ' was'} passed over:"]
        lines += [f"  after {one.row:,} rows: {' '.join(one.reason.split())}" for one in result.bad]
        lines += [f"  and {n - len(result.bad):,} more"] if n > len(result.bad) else []
        yield "\n".join(lines), ""
    if result.columns is not None:
        for line in _doubts(result.columns):
            yield line, NOTE


def _write_figures(result: Result, console: Console) -> None:
    """Write the other metrics, what knows no features reaches, where the loss changed, and what it cost."""
    top = f", top {result.k} {percent(result.top_k)}" if len(result.classes) > result.k else ""
    write(
        console,
        f"balanced accuracy {percent(result.balanced_accuracy)}, kappa {number(result.kappa)}, "
        f"Brier score {number(result.brier)}, calibration error {number(result.ece)}{top}",
    )
    write(console, baselines(result))
    if result.verdict:
        write(console, result.verdict, NOTE)
    for line in drift_lines(result.drifts):
        write(console, line)
    if result.river:
        write(console, ", ".join(f"{name} {number(value)}" for name, value in result.river.items()))
    if result.delay:
        write(console, f"labels came late: by {result.delay}")
    memory = "" if result.memory is None else f"; the model takes {size(result.memory)}"
    write(console, f"{result.microseconds_per_row:,.1f} µs a row{memory}")


def baselines(result: Result) -> str:
    """Say what is reached without a model."""
    last, most = percent(result.no_change_accuracy), percent(result.majority_accuracy)
    return f"without a model: {last} by the last label again, {most} by the most frequent one"


def drift_lines(drifts: Sequence[Drift]) -> Iterator[str]:
    """Say where the loss changed most."""
    largest = sorted(drifts, key=lambda one: -abs(one.after - one.before))[:MOST_DRIFTS]
    for one in sorted(largest):
        way = "rose" if one.is_worse else "fell"
        yield f"the loss {way} at about row {one.row:,}: {one.before:.2f} -> {one.after:.2f}"
    if more := len(drifts) - len(largest):
        yield f"and {more:,} smaller change{'s' * (more > 1)} of it"


def _kinds(columns: Columns) -> list[str]:
    """Say what the columns were read as, without the kinds that there are none of: in one line, or in two."""
    texts = [f"{folded(name)} ({_values(n)})" for name, n in columns.texts.items()]
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
    said = _listed([f"{folded(name)} ({n:,})" for name, n in counts.items()])
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
    return _listed([folded(name) for name in columns])


def _listed(said: list[str]) -> str:
    """Return names in a row, cut where they are many."""
    more = len(said) - MOST_NAMES
    return ", ".join(said) if more <= 1 else f"{', '.join(said[:MOST_NAMES])} and {more:,} more"


def _write_classes(result: Result, console: Console) -> None:
    write(console, "")
    classes = result.classes
    if hidden := max(0, len(classes) - MOST_CLASSES):
        classes = sorted(classes, key=lambda one: -one.support)[:MOST_CLASSES]
    names = [folded(one.label) for one in classes]
    width = max(8, *map(len, names))
    write(console, f"{'class':{width}}  {'precision':>10} {'recall':>10} {'F1':>10} {'support':>12}", "bold")
    for name, one in zip(names, classes, strict=True):
        figures = f"{percent(one.precision):>10} {percent(one.recall):>10} {percent(one.f1):>10} {one.support:>12,}"
        write(console, f"{name:{width}}  {figures}")
    if hidden:
        write(console, f"and {hidden:,} more classes with fewer rows")
