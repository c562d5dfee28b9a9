"""The files that are read: a table of dense numbers and one of sparse words, drawn from softmax models, seeded."""

from __future__ import annotations

from pathlib import Path

import numpy as np

DENSE = {"features": 50, "classes": 10}
SPARSE = {"features": 131_072, "classes": 20, "mean": 32}
BLOCK = 10_000  # rows


def labels(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (scores + 3 * rng.gumbel(size=scores.shape)).argmax(axis=1)


def dense_table(rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(42)
    B = rng.normal(size=(DENSE["features"], DENSE["classes"]))
    X = rng.normal(size=(rows, DENSE["features"]))
    return X, labels(X @ B, rng)


def write_dense(folder: Path, rows: int) -> None:
    import pyarrow as pa
    from pyarrow import csv, parquet

    X, y = dense_table(rows)
    table = pa.table({**{f"x{j}": column for j, column in enumerate(X.T)}, "y": y})
    csv.write_csv(table, folder / "dense.csv")
    parquet.write_table(table, folder / "dense.parquet")
    with open(folder / "dense.svm", "w") as svm, open(folder / "dense.vw", "w") as vw:
        for row, label in zip(X.tolist(), y.tolist(), strict=True):
            entries = [f"{j}:{value!r}" for j, value in enumerate(row, 1)]
            svm.write(f"{label} {' '.join(entries)}\n")
            vw.write(f"{label + 1} | {' '.join(f'x{entry}' for entry in entries)}\n")


def write_sparse(folder: Path, rows: int) -> None:
    rng = np.random.default_rng(43)
    B = rng.normal(size=(SPARSE["features"], SPARSE["classes"]))
    with open(folder / "sparse.svm", "w") as svm, open(folder / "sparse.vw", "w") as vw:
        for _ in range(0, rows, BLOCK):
            found = [
                np.unique(rng.integers(0, SPARSE["features"], max(1, n))) for n in rng.poisson(SPARSE["mean"], BLOCK)
            ]
            y = labels(np.array([B[each].sum(axis=0) for each in found]), rng)
            for each, label in zip(found, y.tolist(), strict=True):
                svm.write(f"{label} {' '.join(f'{j + 1}:1' for j in each.tolist())}\n")
                vw.write(f"{label + 1} | {' '.join(f'f{j}' for j in each.tolist())}\n")


def write(folder: Path, rows: int) -> None:
    """Write the files of this many rows, unless they are there."""
    stamp = folder / f"{rows}.rows"
    if not stamp.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_dense(folder, rows)
        write_sparse(folder, rows)
        stamp.touch()
