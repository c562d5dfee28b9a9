"""Read the results of the long streams; print their Markdown table: `python -m benchmarks.long.table`."""

from __future__ import annotations

import sys

from benchmarks.common.conditions import printed
from benchmarks.common.markdown import markdown
from benchmarks.common.results import read
from benchmarks.long import LAST, RESULTS, SHARES
from benchmarks.long.streams import STREAMS

RIVALS = "auto", "auto-linear", "forest"


def table(runs: dict[tuple[str, str], dict]) -> list[str]:
    def cell(run: dict, part: str) -> str:
        return f"{run[part]['log_loss']:.4f} / {100 * run[part]['accuracy']:.1f}"

    figures = [f"{rival}, {part}" for part in ("all", "last") for rival in RIVALS]
    header = ["stream", "rows x features x classes", *figures, "µs a row"]
    lines = []
    for stream in STREAMS:
        of = [runs[rival, stream] for rival in RIVALS]
        if len({run["sha"] for run in of}) > 1:
            raise SystemExit(f"the forest saw other rows of {stream}: run it again with --forest")
        shape = f"{of[0]['rows']:,} x {of[0]['features']} x {of[0]['classes']}"
        times = " / ".join(f"{run['us']:.1f}" for run in of if "us" in run)
        lines.append([stream, shape, *(cell(run, part) for part in ("all", "last") for run in of), times])
    return markdown(header, lines)


def about(runs: dict[tuple[str, str], dict]) -> str:
    def said(rival: str) -> str:
        every = (run["conditions"] for (name, _), run in runs.items() if name == rival)
        return printed(every, "date {date}, cpu {cpu}, {versions}")

    return (
        f"Log loss in nats / accuracy in %, progressive, over all rows and over the last {LAST:,}. The forest is "
        f"river's `ARFClassifier(seed=1)`, its probabilities mixed with {' or '.join(f'{s:.1%}' for s in SHARES)} "
        f"uniform, whichever is better. µs: processor time to predict and learn a row, of auto and auto-linear. "
        f"Ours: {said('auto')}. Forest: {said('forest')}."
    )


def main() -> int:
    runs = {(run["rival"], run["stream"]): run for run in read(RESULTS)}
    print("\n".join([about(runs), "", *table(runs)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
