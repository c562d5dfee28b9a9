"""Peak memory over a file of about 2 GB, and over a tenth of it: `python -m benchmarks.files.memory`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import ROOT
from benchmarks.common.conditions import conditions
from benchmarks.common.results import keep
from benchmarks.files import RESULTS, inputs

PEAK = """import sys
from benchmarks.files import ours
ours.main(*sys.argv[1:])
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")))"""
FORMATS = {"csv": "y", "parquet": "y", "vw": None}


def repeat(source: Path, target: Path, times: int, header: bool) -> None:
    if source.suffix == ".parquet":
        from pyarrow import parquet

        table = parquet.read_table(source)
        with parquet.ParquetWriter(target, table.schema) as writer:
            for _ in range(times):
                writer.write_table(table)
        return
    data = source.read_bytes()
    body = data[data.index(b"\n") + 1 :] if header else data
    with target.open("wb") as file:
        file.write(data[: len(data) - len(body)])
        for _ in range(times):
            file.write(body)


def peak(path: Path, target: str | None) -> float:
    """Return the peak MB of a whole process, as it finds it itself: its parent would count its own memory in."""
    words = [sys.executable, "-c", PEAK, str(path), "SGD", *([target] if target else [])]
    done = subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return int(done.stdout.split()[-2]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    size, where = options.gigabytes * 1e9, conditions()
    found: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        inputs.write_dense(folder, 30_000)
        for format, target in FORMATS.items():
            source, path = folder / f"dense.{format}", folder / f"long.{format}"
            for part in (size / 10, size):
                repeat(source, path, max(1, round(part / source.stat().st_size)), header=format == "csv")
                found.setdefault(format, []).append((path.stat().st_size / 1e9, peak(path, target)))
                path.unlink()
            print(f"{format:8}", *(f"{gb:5.2f} GB: {mb:4.0f} MB" for gb, mb in found[format]), sep="   ", flush=True)
    lines = [
        {"measure": "memory", "of": format, "GB and MB": each, "conditions": where} for format, each in found.items()
    ]
    keep(options.results, lines, "measure", "of")


if __name__ == "__main__":
    main()
