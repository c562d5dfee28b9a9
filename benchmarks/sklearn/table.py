"""Print the Markdown tables of the results: `python -m benchmarks.sklearn.table`, `--summary` in a few lines."""

from __future__ import annotations

import argparse
import statistics
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from benchmarks.common.conditions import printed
from benchmarks.common.markdown import markdown
from benchmarks.common.results import read
from benchmarks.sklearn import RESULTS
from benchmarks.sklearn.checks import EXPECTED
from benchmarks.sklearn.quality import DATA
from benchmarks.sklearn.quality import RIVALS as SCORED
from benchmarks.sklearn.speed import (
    BATCHES,
    CALLS,
    CLASSES,
    DEFAULT,
    FEATURES,
    LEARN,
    LIKE,
    PREDICT,
    ROWS,
    THEIRS,
    WHOLE,
)
from benchmarks.sklearn.speed import RIVALS as TIMED

BULK, ONE = 10, 20  # how many times as fast as SGDClassifier: in bulk, and of a row that is learned and predicted


class Target(NamedTuple):
    """What is to be reached, in words, and whether it is."""

    text: str
    reached: bool


class Results:
    """The kept lines, by kind, rival and what they are of."""

    def __init__(self, path: Path = RESULTS):
        self.lines = {(line["kind"], line["rival"], line["of"]): line for line in read(path)}

    def us(self, rival: str, *calls: str) -> float:
        """Microseconds of the processor a row, the medians of calls added up."""
        return sum(statistics.median(self.lines["speed", rival, call]["us"]) for call in calls)

    def ratio(self, rival: str, *calls: str) -> float:
        return self.us(THEIRS, *calls) / self.us(rival, *calls)

    def of_kind(self, kind: str) -> list[dict]:
        return [line for (its, _, _), line in self.lines.items() if its == kind]

    def conditions(self, kind: str) -> str:
        return printed([line["conditions"] for line in self.of_kind(kind)], "Measured {date} on {cpu}; {versions}.")

    def outcomes(self) -> Counter:
        return sum((Counter(line["outcomes"]) for line in self.of_kind("checks")), Counter())

    def targets(self) -> list[Target]:
        """The targets of what has been measured."""
        found = []
        if self.of_kind("speed"):
            for calls, least in (((WHOLE,), BULK), ((BATCHES,), BULK), ((LEARN, PREDICT), ONE)):
                ratio = self.ratio(LIKE, *calls)
                text = f"{' + '.join(calls)}, {LIKE}: {ratio:.1f}x {THEIRS}, must be {least}x"
                found.append(Target(text, ratio >= least))
        if self.of_kind("checks"):
            failed = self.outcomes()["failed"]
            found.append(Target(f"scikit-learn's checks: {failed} failed, must be 0", not failed))
        return found


def speed(results: Results) -> list[str]:
    """A row a rival: microseconds a row of each call, and how many times as fast as scikit-learn's."""
    rows = []
    for rival in TIMED:
        cells = [f"{results.us(rival, call):.3g} ({results.ratio(rival, call):.1f}x)" for call in CALLS]
        rows.append([rival, *cells, f"{results.ratio(rival, LEARN, PREDICT):.1f}x"])
    return markdown(["µs a row", *CALLS, "both, one row"], rows)


def quality(results: Results) -> list[str]:
    """A row a rival: log loss and accuracy on all data."""

    def cell(rival: str, name: str) -> str:
        line = results.lines["quality", rival, name]
        return f"{line['log_loss']:.3f} / {100 * line['accuracy']:.1f}"

    return markdown(
        ["log loss / accuracy in %", *DATA], [[rival, *(cell(rival, name) for name in DATA)] for rival in SCORED]
    )


def checks(results: Results) -> list[str]:
    """A row a setting: how many of scikit-learn's checks it passes."""
    rows = []
    for line in results.of_kind("checks"):
        found = Counter(line["outcomes"])
        figures = [found[status] for status in ("passed", "xfail", "failed", "skipped")]
        rows.append([f"`{' '.join(line['rival'].split())}`", *map(str, figures)])
    return markdown(["setting", "passed", "expected to fail", "failed", "skipped"], rows)


def counted(results: Results) -> str:
    """The checks in a sentence."""
    found, n, names = results.outcomes(), len(results.of_kind("checks")), " and ".join(f"`{name}`" for name in EXPECTED)
    return (
        f"Of scikit-learn's own checks, on {n} settings, {found['passed']} pass, {found['failed']} fail, "
        f"{found['skipped']} are not for them, and {found['xfail']} are expected to fail, {names}, because "
        f"{next(iter(EXPECTED.values()))}."
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Print the tables of our estimators beside scikit-learn's.")
    parser.add_argument("--summary", action="store_true", help="in a few lines")
    parser.add_argument("--brief", action="store_true", help="in two lines")
    options, results = parser.parse_args(), Results()
    bulk, batches, one = (results.ratio(LIKE, *calls) for calls in ((WHOLE,), (BATCHES,), (LEARN, PREDICT)))
    default = [results.ratio(DEFAULT, *calls) for calls in ((WHOLE,), (BATCHES,), (LEARN, PREDICT))]
    if options.brief:
        found = results.outcomes()
        print(
            f"Of scikit-learn's checks {found['passed']} pass, {found['xfail']} fail as expected, {found['failed']} "
            f"otherwise. Plain SGD is {bulk:.0f}x as fast\nas `SGDClassifier` in bulk, {one:.0f}x a row at a time; "
            f"`SoftmaxClassifier()`, which scales and steps implicitly, {default[0]:.1f}x and {default[2]:.0f}x."
        )
        return 0
    if options.summary:
        said = [
            f'Beside `SGDClassifier(loss="log_loss")`, `SoftmaxClassifier("SGD", scaling=None)` learns '
            f"{ROWS:,} x {FEATURES} x {CLASSES} {bulk:.1f} times as fast by `partial_fit` at once and {batches:.1f} "
            f"times in batches; one row that is learned and predicted is {one:.0f} times as fast. By default, with "
            f"numbers standardised, these are {', '.join(f'{each:.1f}' for each in default)}. "
            f"{results.conditions('speed')}",
            counted(results),
        ]
        print("\n\n".join(said))
        return 0
    missed = [target.text for target in results.targets() if not target.reached]
    parts = [
        f"µs of the processor a row, median of the turns, on {ROWS:,} x {FEATURES} x {CLASSES} generated rows; in "
        f'brackets, how many times as fast as `SGDClassifier(loss="log_loss")`, which trains a classifier of one '
        f"class against the rest for each. By default, numbers are standardised on the way, which `SGDClassifier` "
        f"leaves to others. {results.conditions('speed')}",
        "\n".join(speed(results)),
        f"Five folds, the same for all. {results.conditions('quality')}",
        "\n".join(quality(results)),
        counted(results),
        "\n".join(checks(results)),
        f"Missed: {'; '.join(missed)}." if missed else "No target was missed.",
    ]
    print("\n\n".join(parts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
