"""How soon a run goes on at 90 % of a file of about 2 GB: `python -m benchmarks.files.resume`.

A run keeps a checkpoint at 90 % of the rows. Another process resumes it, learns one row more, and ends: that whole
process is timed, from its start to its end.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.common.conditions import conditions
from benchmarks.common.results import keep
from benchmarks.files import RESULTS, inputs
from benchmarks.files.__main__ import seconds
from benchmarks.files.memory import repeat

ROWS, TURNS = 30_000, 5
FORMATS = ("csv", "parquet", "jsonl")
GROUP = 1 << 20  # rows of a group, as pyarrow writes them where nothing is said


def write_json(folder: Path, rows: int) -> None:
    X, y = inputs.dense_table(rows)
    with open(folder / "dense.jsonl", "w") as file:
        for row, label in zip(X.tolist(), y.tolist(), strict=True):
            file.write(json.dumps({**{f"x{j}": value for j, value in enumerate(row)}, "y": label}) + "\n")


def write_long(source: Path, path: Path, size: float) -> int:
    """Write rows again and again to a file of about this size; return how many."""
    if source.suffix != ".parquet":
        times = max(1, round(size / source.stat().st_size))
        repeat(source, path, times, header=source.suffix == ".csv")
        return times * ROWS
    import pyarrow as pa
    from pyarrow import parquet

    table = parquet.read_table(source)
    group = pa.concat_tables([table] * (GROUP // ROWS + 1)).slice(0, GROUP)
    times = max(1, round(size / (8 * table.num_columns * GROUP)))
    # Without dictionaries, which would make little of rows that come again.
    with parquet.ParquetWriter(path, table.schema, use_dictionary=False) as writer:
        for _ in range(times):
            writer.write_table(group, row_group_size=GROUP)
    return times * GROUP


def evaluated(path: Path, checkpoint: Path, limit: int, *words: str) -> tuple[float, float]:
    """Return the wall and processor seconds of a whole process that evaluates a file as far as some row."""
    command = ["online_softmax", "evaluate", str(path), "--target", "y", "--model", "auto-linear"]
    command += ["--checkpoint", str(checkpoint), "--every", str(1 << 30), "--limit", str(limit), *words]
    return seconds(command, path.parent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    where, lines = conditions(), []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        inputs.write_dense(folder, ROWS)
        write_json(folder, ROWS)
        for format in FORMATS:
            path, checkpoint = folder / f"long.{format}", folder / f"{format}.checkpoint"
            n = write_long(folder / f"dense.{format}", path, options.gigabytes * 1e9)
            at = n * 9 // 10 + 1234
            there, _ = evaluated(path, checkpoint, at)
            turns = [evaluated(path, checkpoint, at + turn, "--resume") for turn in range(1, TURNS + 1)]
            gigabytes, (wall, cpu) = path.stat().st_size / 1e9, map(median, zip(*turns, strict=True))
            print(
                f"{format:8} {gigabytes:5.2f} GB: {there:6.1f} s there, {wall:5.2f} s to go on, {cpu:5.2f} s of the cpu"
            )
            path.unlink()
            found = {"GB": gigabytes, "seconds there": there, "turns": turns}
            lines.append({"measure": "resume", "of": format, **found, "conditions": where})
    keep(options.results, lines, "measure", "of")


if __name__ == "__main__":
    main()
