"""Hashed names: the same buckets everywhere, filled evenly, and rows of buckets for rows of names."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_softmax.hashing import bucket, hashed
from online_softmax.rows import Rows


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("", 0),
        ("size", 513253),
        ("größe", 234119),
        ("\ud800", 650049),
        (1, 214813),
        (-1, 180341),
        (2.5, 274806),
        (None, 1018591),
        (b"size", 227283),
        (("word", 1, (None,)), 37409),
    ],
)
def test_buckets_are_the_same_for_ever(name, place):
    assert bucket(name, 20) == place


def test_buckets_do_not_depend_on_the_process():
    names = ["a", "b", 7, ("a", 1)]
    code = f"from online_softmax.hashing import bucket; print([bucket(name, 18) for name in {names!r}])"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True
        ).stdout
        for seed in ("1", "2")
    }
    assert runs == {f"{[bucket(name, 18) for name in names]}\n".encode()}


@given(st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans()))
def test_equal_names_share_a_bucket(name):
    equal = [each(name) for each in (int, float, np.float64) if abs(name) < 2**53 and each(name) == name]
    assert {bucket(each, 30) for each in [name, *equal]} == {bucket(name, 30)}


def test_buckets_fill_evenly():
    counts = np.bincount([bucket(f"word {i}", 8) for i in range(256 * 100)], minlength=256)
    assert counts.min() > 60  # 100 - 4 standard deviations
    assert counts.max() < 140


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "ragged"])
def test_rows_of_buckets_add_up_what_shares_one(shared):
    names, values = [f"word {i}" for i in range(9)], np.arange(18.0).reshape(2, 9)
    ids, codes = np.arange(9, dtype=np.int32), np.zeros(2, np.int32)
    if shared:
        rows = Rows(names, ids, values, None, ["y"], codes)
    else:
        rows = Rows(names, np.tile(ids, 2), values.ravel(), np.array([0, 9, 18]), ["y"], codes)
    found = hashed(rows, 2)
    assert len(found) == 2
    for i in range(2):
        sums = {}
        for name, value in rows.x(i).items():
            sums[bucket(name, 2)] = sums.get(bucket(name, 2), 0.0) + value
        assert found.x(i) == sums
        assert list(found.x(i)) == list(sums)
