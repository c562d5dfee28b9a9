"""Read what the rounds cost; print it as Markdown tables: `python -m benchmarks.cluster.table`.

`--rounds` prints how it hangs on the length of a round, `--merging` what merging takes, `--paper` what a large cluster
would take by these figures.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.cluster import RESULTS, ROUNDS, SHARDS, USUAL
from benchmarks.cluster.simulation import MODELS
from benchmarks.cluster.streams import CONCEPTS, ROWS, WORLDS
from benchmarks.common.conditions import printed
from benchmarks.common.markdown import markdown
from benchmarks.common.results import Line, read

NAMES = {
    "SGD": "SGD",
    "AdaGrad": "AdaGrad",
    "auto-linear": "`AutoSoftmaxRegression(interactions=False)`",
    "auto": "`AutoSoftmaxRegression()`",
    "SGD, 40 MB": "SGD, 250,000 features x 20 classes",
}
ALLOWED = {"alike": 0.02, "skewed by label": 0.05}  # of the sequential log loss, with two shards


class Results:
    """What was measured, by what it is of, the shards, and the length of a round."""

    def __init__(self, lines: list[Line]):
        self.lines = {(line["of"], line["shards"], line["round_rows"]): line for line in lines}

    def more(self, name: str, world: str, shards: int, round_rows: int) -> float:
        """How much more the log loss of the model that serves is than that of one that learns row by row."""
        of = f"{name}, {world}"
        alone: float = self.lines[of, 0, 0]["log_loss"]
        return float(self.lines[of, shards, round_rows]["log_loss"]) / alone - 1

    def row(self, name: str, world: str, each: list[tuple[int, int]]) -> list[str]:
        alone = self.lines[f"{name}, {world}", 0, 0]["log_loss"]
        return [world, NAMES[name], f"{alone:.4f}", *(f"{self.more(name, world, *one):+.1%}" for one in each)]

    def missed(self) -> list[str]:
        return [
            f"{name}, {world}"
            for world, allowed in ALLOWED.items()
            for name in MODELS
            if self.more(name, world, 2, USUAL) > allowed
        ]


def by_shards(results: Results) -> list[str]:
    each = [(shards, USUAL) for shards in SHARDS]
    header = ["shards are", "model", "alone", *(f"{shards} shard{'s' * (shards > 1)}" for shards in SHARDS)]
    table = markdown(header, [results.row(name, world, each) for world in WORLDS for name in MODELS], words=2)
    return [
        f"Log loss of the model that serves, over {ROWS:,} rows x 50 features x 10 classes in rounds of {USUAL:,} rows "
        "together, against one model that learns every row before it predicts the next (`alone`). Skewed by "
        "label: half of the shards have 95 % of the rows of one half of the classes, the others of the other half. "
        f"Drifting: the concept changes {CONCEPTS - 1} times, at once.",
        "",
        *table,
        *([f"\nMissed: {', '.join(missed)}."] if (missed := results.missed()) else []),
    ]


def by_length(results: Results) -> list[str]:
    each = [(8, n) for n in ROUNDS]
    header = ["8 shards are", "model", "alone", *(f"{n:,} rows a round" for n in ROUNDS)]
    names = [name for name in MODELS if name != "auto"]
    return markdown(header, [results.row(name, world, each) for world in WORLDS for name in names], words=2)


def of_merging(results: Results) -> list[str]:
    lines = {name: results.lines[f"merging, {name}", 0, 0] for name in NAMES}
    shards = list(lines["SGD"]["seconds"])
    header = ["model", "its file, MB", *(f"{n} shards, ms" for n in shards)]
    rows = [
        [NAMES[name], f"{line['bytes'] / 1e6:.3g}", *(f"{1e3 * line['seconds'][n]:,.0f}" for n in shards)]
        for name, line in lines.items()
    ]
    about = printed([line["conditions"] for line in lines.values()])
    return [*markdown(header, rows), "", f"{about} Others used the machine, too."]


PER_DAY, MANY, KEYS = 1_000_000_000, 100, 10_000_000


def on_paper(results: Results) -> list[str]:
    lines = {name: results.lines[f"merging, {name}", 0, 0] for name in MODELS}
    rate = PER_DAY / 86_400
    header = [
        "model",
        "µs a row, one core",
        "cores",
        f"merging {MANY} shards, s",
        f"{MANY} updates, MB",
        f"{KEYS:,} keys, GB",
    ]
    rows = []
    for name, line in lines.items():
        few, many = (line["seconds"][n] for n in ("2", "16"))
        merging = few + (many - few) * (MANY - 2) / 14
        figures = f"{line['us']:.1f}", f"{rate * line['us'] / 1e6:.2f}", f"{merging:.2g}"
        rows.append([NAMES[name], *figures, f"{MANY * line['bytes'] / 1e6:.3g}", f"{KEYS * line['bytes'] / 1e9:,.0f}"])
    return [
        f"{PER_DAY:,} rows a day are {rate:,.0f} a second. Cores: to predict and learn these, reading not counted. "
        "Keys: a model file of 50 features and 10 classes each.",
        "",
        *markdown(header, rows),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Print what rounds cost.")
    parser.add_argument("--rounds", action="store_true", help="by the length of a round")
    parser.add_argument("--merging", action="store_true", help="what merging takes")
    parser.add_argument("--paper", action="store_true", help="what a large cluster would take")
    parser.add_argument("--check", action="store_true", help="exit with status 1 if a target is missed")
    chosen = parser.parse_args()
    results = Results(read(RESULTS))
    tables = {by_length: chosen.rounds, of_merging: chosen.merging, on_paper: chosen.paper, by_shards: True}
    print("\n".join(next(table for table, asked in tables.items() if asked)(results)))
    return 1 if chosen.check and results.missed() else 0


if __name__ == "__main__":
    sys.exit(main())
