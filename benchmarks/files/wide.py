"""Tables of 20,000 columns, beside what pyarrow takes to parse the same file: `python -m benchmarks.files.wide`."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet
from pyarrow import json as json_lines

from benchmarks.common.conditions import conditions
from benchmarks.common.results import keep
from benchmarks.files import RESULTS
from online_softmax import open_stream

ROWS, COLUMNS = 40, 20_000
BLOCK = 1 << 26  # bytes, so that pyarrow parses each file in one go
PARSE: dict[str, Callable[[Path], object]] = {
    "csv": lambda path: csv.read_csv(path, csv.ReadOptions(use_threads=False, block_size=BLOCK)),
    "parquet": lambda path: parquet.read_table(path, use_threads=False),
    "jsonl": lambda path: json_lines.read_json(path, json_lines.ReadOptions(use_threads=False, block_size=BLOCK)),
}


def write(folder: Path) -> None:
    rng = np.random.default_rng(44)
    X, y = rng.normal(size=(ROWS, COLUMNS)), rng.integers(0, 2, ROWS)
    table = pa.table({**{f"x{j}": column for j, column in enumerate(X.T)}, "y": y})
    csv.write_csv(table, folder / "wide.csv")
    parquet.write_table(table, folder / "wide.parquet")
    (folder / "wide.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in table.to_pylist()))


def seconds(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def read(path: Path) -> None:
    rows = sum(len(chunk) for chunk in open_stream(path, "y"))
    assert rows == ROWS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    lines, where = [], conditions()
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        for format, parse in PARSE.items():
            path = Path(folder, f"wide.{format}")
            turns = []
            for _ in range(options.turns):
                turns.append((seconds(lambda: parse(path)), seconds(lambda: read(path))))  # noqa: B023
                print(f"{format:8} pyarrow {turns[-1][0]:6.2f} s   ours {turns[-1][1]:6.2f} s", flush=True)
            lines.append({"measure": "wide", "of": format, "pyarrow and ours": turns, "conditions": where})
    keep(options.results, lines, "measure", "of")


if __name__ == "__main__":
    main()
