"""Read the results; print the Markdown tables and their conditions: `python -m benchmarks.speed.table`."""

from __future__ import annotations

import argparse
import statistics
import sys
from itertools import product
from pathlib import Path

from benchmarks.common.conditions import printed
from benchmarks.common.markdown import markdown
from benchmarks.speed import RESULTS, memory
from benchmarks.speed.clock import FRAME
from benchmarks.speed.figures import Figure, Results, targets
from benchmarks.speed.rivals import NUMPY, OURS, RIVALS, RIVER
from benchmarks.speed.streams import ALL, CLASSES, FEATURES, FRAMES, RECORDS, SEED, TEXTS, VALUES

BRIEF = "image_segments"  # the stream of the summary
STREAMS = {
    "image_segments": "ImageSegments, 18 features, 7 classes",
    "led": "LED, 24 features, 10 classes",
    "mixed": f"mixed, {TEXTS} texts and {TEXTS} numbers, 4 classes",
}
CALLS = {
    "learn_one": "`learn_one`, SGD",
    "predict_proba_one": "`predict_proba_one`",
    "predict_one": "`predict_one`",
    "learn_one_adam": "`learn_one`, Adam",
    "default": "default: predict + learn",
    "linear": "`interactions=False`: predict + learn",
    "pipeline": "`StandardScaler() \\| model`: predict + learn",
    "records": "`SoftmaxRegression(categorical=True)`: predict + learn",
    "records_default": "`AutoSoftmaxRegression(categorical=True)`: predict + learn",
    "records_pipeline": "numbers scaled by river \\| `SoftmaxRegression(categorical=True)`: predict + learn",
    "learn_many_pandas": "`learn_many`, a row of a pandas frame",
    "learn_many_pyarrow": "`learn_many`, a row of a pyarrow table",
}


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value >= 1 else f"{value:.2f}"


def both(figure: Figure | None, unit: str = "") -> str:
    return f"{number(figure.median)}{unit} ({number(figure.least)})" if figure else ""


def cells(results: Results, stream: str, call: str, rivals: tuple[str, ...] = RIVALS) -> list[str]:
    """The times of ours and the rivals, then the ratios."""
    times = [both(results.times.get((rival, stream, call))) for rival in rivals]
    return times + [both(results.ratio(stream, call, rival), "x") for rival in rivals[1:]]


def calls(results: Results) -> list[str]:
    keys = [key for key in product(STREAMS, (*ALL, *FRAMES, *RECORDS)) if (OURS, *key) in results.times]
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


def bytes_kept(results: Results) -> list[str]:
    def share(rival: str, optimizer: str) -> str:
        line = results.memory.get((rival, optimizer))
        return f"{line['counted'] / 8:.2f} ({line['resident'] / 8:.2f})" if line else ""

    rows = [[optimizer, *(share(rival, optimizer) for rival in (OURS, RIVER, NUMPY))] for optimizer in memory.SLOTS]
    return markdown(["optimiser", "ours", "river", "NumPy"], rows)


def bounds(results: Results) -> list[str]:
    rows = [
        [target.text, f"{'<=' if target.most else '>='} {target.bound:g}", both(target.measured)]
        for target in targets(results)
    ]
    return markdown(["ImageSegments, standardised (the default: raw)", "target", "measured"], rows)


def threads(results: Results) -> list[str]:
    def row(call: str, rates: list[list[float]]) -> list[str]:
        one, two = (statistics.median(each) for each in zip(*rates, strict=True))
        ratio = statistics.median(two / one for one, two in rates)
        return [f"`{call.replace(', ', '().')}`", f"{one:,.0f}", f"{two:,.0f}", f"{ratio:.2f}x"]

    rows = [row(call, rates) for call, rates in results.threads.items()]
    header = ["two threads on one model, rows a second", "one thread", "two threads", "two / one"]
    return markdown(header, rows) if rows else []


NOTES = f"""\
Microseconds of the processor a call, with dictionaries as samples: the median over turns, and the minimum in brackets.
Ratios are of medians, and of minima in brackets. Each rival has a process of its own; they take turns, and a turn is as
many whole passes over prepared rows as fill 0.05 s, in the same `for` loop for all, after a pass that warms up. All
three rivals give the same probabilities (checked to 1e-9 before the clock starts). NumPy is a dense matrix with one row
a feature, of which a sample's rows are gathered and stepped. "Predict + learn" is `predict_proba_one`, then
`learn_one`, on raw features: the default is ours without a scaler, `AutoSoftmaxRegression()`, beside river's
`StandardScaler() | SoftmaxRegression()`; the pipeline has river's scaler before either class. The mixed records have
texts of {VALUES} values each, and river learns them by `(SelectType(str) | OneHotEncoder()) + (SelectType(float) |
StandardScaler()) | SoftmaxRegression()`. Ours takes them as they are: the default needs no scaler, the softmax
regression does without; the last line has river's scaler for the numbers, and with it river's probabilities.
`learn_many` learns {FRAME:,} rows, conversion included."""

GRID = """\
Generated streams, SGD. A model has first seen all the features and all the classes; then 2,000 samples of 10 to 20
entries are timed, drawn uniformly from so many of the features. From the second to the third line of each four only
the number of features seen grows; the fourth draws from all of them, which is as hard as can be on the processor's
caches. river passes over the first 500 samples where there are 100 classes, and over 50 where there are 1,000; † river
has seen only the features of these samples, as dictionaries for all would fill gigabytes."""

WHERE = (
    f"Measured {{date}} on {{cpu}}, load average {{load}}; {{versions}}; kernel compiled by {{compiler}}; seed {SEED}."
)

STORE = (
    f"Bytes of a model of {memory.FEATURES:,} features and {memory.CLASSES} classes over the bytes of the doubles it "
    f"must keep:\nby its own count, and in brackets by the growth of the process, names included. Each sample brings "
    f"{memory.EACH} of the\nfeatures."
)


def summary(results: Results) -> list[str]:
    """The calls on one stream beside river, by their medians alone."""
    rows = []
    for stream, call in (*product([BRIEF], ALL), (BRIEF, FRAMES[0]), ("mixed", "records")):
        times = [results.times.get((rival, stream, call)) for rival in (OURS, RIVER)]
        ratio = results.ratio(stream, call)
        cells = [number(figure.median) if figure else "" for figure in times]
        what = f"generated, {TEXTS} texts, {TEXTS} numbers: predict + learn" if stream == "mixed" else CALLS[call]
        rows.append([what, *cells, f"{number(ratio.median)}x" if ratio else ""])
    about = printed(
        (line["conditions"] for line in results.lines if line["stream"] == BRIEF),
        f"Microseconds a call, median, {STREAMS[BRIEF]}; {{date}}, {{cpu}}.",
    )
    return [about, "", *markdown(["call", "ours", "river", "river / ours"], rows)]


def main() -> int:
    parser = argparse.ArgumentParser(description="Print the tables of the results.")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--brief", action="store_true", help="without the generated streams")
    parser.add_argument("--summary", action="store_true", help="one stream beside river, in a few lines")
    chosen = parser.parse_args()
    results = Results(chosen.results)
    if not results.lines:
        raise SystemExit(f"no results in {chosen.results}: run `python -m benchmarks.speed` first")
    if chosen.summary:
        print("\n".join(summary(results)))
        return 0
    where = printed((line["conditions"] for line in results.lines), WHERE)
    parts = [[NOTES], [where], calls(results), bounds(results)]
    parts += [[] if chosen.brief else grid(results), [STORE], bytes_kept(results), threads(results)]
    print("\n\n".join("\n".join(part) for part in parts if part))
    return 0


if __name__ == "__main__":
    sys.exit(main())
