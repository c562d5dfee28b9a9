"""How far a run is says the part of the rows that are done, though rows are read ahead."""

from __future__ import annotations

import pandas as pd
import pytest
from river import naive_bayes

from online_softmax import SoftmaxRegression, progressive_validation

N = 20_000


def told(source, model, **options):
    found = []

    def progress(row, *, mark, fraction):
        found.append(((row.n_samples if hasattr(row, "n_samples") else row["a"].n_samples), fraction))

    progressive_validation(source, model, progress=progress, **options)
    return found


@pytest.mark.parametrize("where", ["csv", "parquet", "jsonl", "frame"])
@pytest.mark.parametrize("make", [naive_bayes.GaussianNB, lambda: {"a": SoftmaxRegression()}, SoftmaxRegression])
def test_fraction_is_that_of_the_rows(where, make, tmp_path):
    frame = pd.DataFrame({"a": [i % 7 + 0.5 for i in range(N)], "y": ["u", "v"] * (N // 2)})
    path = tmp_path / f"rows.{where}"
    if where == "csv":
        frame.to_csv(path, index=False)
    elif where == "parquet":
        frame.to_parquet(path, row_group_size=4000)
    elif where == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    found = told(frame if where == "frame" else path, make(), target="y")
    assert found[-1] == (N, 1.0)
    assert all(0 <= fraction <= 1 for _, fraction in found)
    assert all(abs(n / N - fraction) < 0.05 for n, fraction in found)


def test_limit_ends_a_run_before_its_source():
    rows = pd.DataFrame({"a": [1.5, 2.5] * N, "y": ["u", "v"] * N})
    found = told(rows, SoftmaxRegression(), target="y", limit=N)
    assert found[-1] == (N, 1.0)
    assert all(abs(n / N - fraction) < 0.05 for n, fraction in found)


def test_source_of_pairs_tells_itself():
    pairs = [({"a": i % 3}, "uv"[i % 2]) for i in range(3000)]
    found = told(pairs, SoftmaxRegression())
    assert [fraction for n, fraction in found] == pytest.approx([n / 3000 for n, _ in found], abs=0.001)
    assert {fraction for _, fraction in told(iter(pairs), SoftmaxRegression())} == {None}
