"""Read the results; print the Markdown table: `python -m benchmarks.in_river.table`."""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

from benchmarks.common.conditions import printed
from benchmarks.common.markdown import markdown
from benchmarks.common.results import read
from benchmarks.in_river import RESULTS
from examples.river_in_practice import CASES, MODELS

NAMES = "river's", "ours", "auto"


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(found: dict[tuple[str, str], dict], brief: bool) -> list[str]:
    """A row a case: scores, times unless brief, and how many times as long river's model takes as each of ours."""
    rows = []
    for case in CASES:
        if (case.__name__, "river") not in found:
            continue
        of = [found[case.__name__, model] for model in MODELS]
        us = [statistics.median(each["us"]) for each in of]
        cells = [f"{each['score']:.1%}" for each in of] + ([] if brief else [number(each) for each in us])
        rows.append([case.__doc__, *cells, *(f"{number(us[0] / each)}x" for each in us[1:])])
    columns = [f"{what}: {model}" for what in ("score", "µs a row")[: 1 if brief else 2] for model in NAMES]
    return markdown(["case", *columns, "river's / ours", "river's / auto"], rows)


def about(lines: list[dict]) -> str:
    rows, turns = (", ".join(f"{n:,}" for n in sorted({*each})) for each in zip(*map(sizes, lines), strict=True))
    where = printed(
        (line["conditions"] for line in lines), "Measured {date} on {cpu}, load average {load}; {versions}."
    )
    return (
        "Each case with river's `SoftmaxRegression`, with ours in its place, and with `AutoSoftmaxRegression`, over "
        f"{rows} rows. Scores are progressive: accuracy, or macro F1 for segments of pictures. Times are processor "
        f"time a row of the whole case, river's own part in it: the median of {turns} turns.\n\n{where}"
    )


def sizes(line: dict) -> tuple[int, int]:
    return line["rows"], len(line["us"])


def main() -> None:
    parser = argparse.ArgumentParser(description="Print the table of the results.")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--summary", action="store_true", help="without the times themselves")
    chosen = parser.parse_args()
    lines = read(chosen.results)
    if not lines:
        raise SystemExit(f"no results in {chosen.results}: run `python -m benchmarks.in_river` first")
    found = {(line["case"], line["model"]): line for line in lines}
    print("\n".join([about(lines), "", *table(found, chosen.summary)]))


if __name__ == "__main__":
    main()
