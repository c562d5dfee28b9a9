"""Read the results; print the Markdown tables and their conditions: `python benchmarks/speed/table.py`."""

from __future__ import annotations

import argparse
import sys
from itertools import product
from pathlib import Path

from clock import FRAME
from memory import CLASSES as CLASSES_KEPT
from memory import EACH, SLOTS
from memory import FEATURES as FEATURES_KEPT
from results import PATH, Figure, Results, targets
from rivals import NUMPY, OURS, RIVALS, RIVER
from streams import ALL, CLASSES, FEATURES, FRAMES, SEED

STREAMS = {"image_segments": "ImageSegments, 18 features, 7 classes", "led": "LED, 24 features, 10 classes"}
CALLS = {
    "learn_one": "`learn_one`, SGD",
    "predict_proba_one": "`predict_proba_one`",
    "predict_one": "`predict_one`",
    "learn_one_adam": "`learn_one`, Adam",
    "default": "default: predict + learn",
    "linear": "`interactions=False`: predict + learn",
    "pipeline": "`StandardScaler() \\| model`: predict + learn",
    "learn_many_pandas": "`learn_many`, a row of a pandas frame",
    "learn_many_pyarrow": "`learn_many`, a row of a pyarrow table",
}


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value >= 1 else f"{value:.2f}"


def both(figure: Figure | None, unit: str = "") -> str:
    return f"{number(figure.median)}{unit} ({number(figure.least)})" if figure else ""


def markdown(header: list[str], rows: list[list[str]], words: int = 1) -> list[str]:
    rule = ["---"] * words + ["---:"] * (len(header) - words)
    return [f"| {' | '.join(cells)} |" for cells in (header, rule, *rows)]


def cells(results: Results, stream: str, call: str, rivals: tuple[str, ...] = RIVALS) -> list[str]:
    """The times of ours and the rivals, then the ratios."""
    times = [both(results.times.get((rival, stream, call))) for rival in rivals]
    return times + [both(results.ratio(stream, call, rival), "x") for rival in rivals[1:]]


def calls(results: Results) -> list[str]:
    keys = [key for key in product(STREAMS, (*ALL, *FRAMES)) if (OURS, *key) in results.times]
    rows = [[STREAMS[stream], CALLS[call], *cells(results, stream, call)] for stream, call in keys]
    return markdown(["stream", "call", "ours", "river", "NumPy", "river / ours", "NumPy / ours"], rows, words=2)


def grid(results: Results) -> list[str]:
    rows = []
    for classes, (seen, used) in product(CLASSES, FEATURES):
        stream = f"grid {classes} {seen} {used}"
        if (OURS, stream, "learn_one") not in results.times:
            continue
        mark = "" if results.line(RIVER, stream, "learn_one")["filled"] else " †"
        entries = results.line(OURS, stream, "learn_one")["entries"]
        row = [f"{classes:,}", f"{seen:,}{mark}", f"{used:,}", f"{entries:g}"]
        for call in ("learn_one", "predict_proba_one"):
            row += cells(results, stream, call)[:4]
        rows.append(row)
    each = ["ours", "river", "NumPy", "river / ours"]
    header = ["classes", "features seen", "in these samples", "entries", *("`learn_one`: " + name for name in each)]
    header += ["`predict_proba_one`: " + name for name in each]
    return [GRID, "", *markdown(header, rows, words=0)] if rows else []


def memory(results: Results) -> list[str]:
    def share(rival: str, optimizer: str) -> str:
        line = results.memory.get((rival, optimizer))
        return f"{line['counted'] / 8:.2f} ({line['resident'] / 8:.2f})" if line else ""

    rows = [[optimizer, *(share(rival, optimizer) for rival in (OURS, RIVER, NUMPY))] for optimizer in SLOTS]
    return markdown(["optimiser", "ours", "river", "NumPy"], rows)


def bounds(results: Results) -> list[str]:
    rows = [
        [target.text, f"{'<=' if target.most else '>='} {target.bound:g}", both(target.measured)]
        for target in targets(results)
    ]
    return markdown(["ImageSegments, standardised (the default: raw)", "target", "measured"], rows)


def conditions(results: Results) -> str:
    seen: dict[str, set] = {}
    for line in results.lines:
        for key, value in line["conditions"].items():
            seen.setdefault(key, set()).add(value)
    dates, loads = sorted(seen.pop("date")), sorted(seen.pop("load"))
    cpu, compiler = (", ".join(sorted(seen.pop(key))) for key in ("cpu", "compiler"))
    versions = ", ".join(f"{key} {' and '.join(sorted(values))}" for key, values in seen.items())
    when = " to ".join(dict.fromkeys((dates[0], dates[-1])))
    return (
        f"Measured {when} on {cpu}, load average {loads[0]:g} to {loads[-1]:g}; {versions}; "
        f"kernel compiled by {compiler}; seed {SEED}."
    )


NOTES = f"""\
Microseconds of the processor a call, with dictionaries as samples: the median over turns, and the minimum in brackets.
Ratios are of medians, and of minima in brackets. Each rival has a process of its own; they take turns, and a turn is as
many whole passes over prepared rows as fill 0.05 s, in the same `for` loop for all, after a pass that warms up. All
three rivals give the same probabilities (checked to 1e-9 before the clock starts). NumPy is a dense matrix with one row
a feature, of which a sample's rows are gathered and stepped. "Predict + learn" is `predict_proba_one`, then
`learn_one`, on raw features: the default is ours without a scaler, `AutoSoftmaxRegression()`, beside river's
`StandardScaler() | SoftmaxRegression()`; the pipeline has river's scaler before either class. `learn_many` learns
{FRAME:,} rows, conversion included."""

GRID = """\
Generated streams, SGD. A model has first seen all the features and all the classes; then 2,000 samples of 10 to 20
entries are timed, drawn uniformly from so many of the features. From the second to the third line of each four only
the number of features seen grows; the fourth draws from all of them, which is as hard as can be on the processor's
caches. river passes over the first 500 samples where there are 100 classes, and over 50 where there are 1,000; † river
has seen only the features of these samples, as dictionaries for all would fill gigabytes."""

STORE = f"""\
Bytes of a model of {FEATURES_KEPT:,} features and {CLASSES_KEPT} classes over the bytes of the doubles it must keep:
by its own count, and in brackets by the growth of the process, names included. Each sample brings {EACH} of the
features."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Print the tables of the results.")
    parser.add_argument("--results", type=Path, default=PATH)
    parser.add_argument("--brief", action="store_true", help="without the generated streams")
    chosen = parser.parse_args()
    results = Results(chosen.results)
    if not results.lines:
        raise SystemExit(f"no results in {chosen.results}: run benchmarks/speed/run.py first")
    parts = [[NOTES], [conditions(results)], calls(results), bounds(results)]
    parts += [[] if chosen.brief else grid(results), [STORE], memory(results)]
    print("\n\n".join("\n".join(part) for part in parts if part))
    return 0


if __name__ == "__main__":
    sys.exit(main())
