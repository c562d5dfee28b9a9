"""Rows are samples, read one by one as dictionaries or cut without copying."""

from __future__ import annotations

import numpy as np
import pytest

from online_softmax.rows import Rows

CODES = np.array([0, 1, 0, 1], np.int32)
WEIGHTS = np.array([1.0, 0.5, 2.0, 0.0])
SHARED = Rows(["a", "b"], np.array([1, 0], np.int32), np.arange(8.0).reshape(4, 2), None, ["u", "v"], CODES, WEIGHTS)
STARTS = np.array([0, 2, 2, 3, 5])
RAGGED = Rows(["a", "b"], np.array([1, 0, 1, 0, 1], np.int32), np.arange(5.0), STARTS, ["u", "v"], CODES)
PAIRS = {
    "shared": [
        ({"b": 0.0, "a": 1.0}, "u", {"w": 1.0}),
        ({"b": 2.0, "a": 3.0}, "v", {"w": 0.5}),
        ({"b": 4.0, "a": 5.0}, "u", {"w": 2.0}),
        ({"b": 6.0, "a": 7.0}, "v", {"w": 0.0}),
    ],
    "ragged": [({"b": 0.0, "a": 1.0}, "u", {}), ({}, "v", {}), ({"b": 2.0}, "u", {}), ({"a": 3.0, "b": 4.0}, "v", {})],
}
KINDS = pytest.mark.parametrize(("rows", "kind"), [(SHARED, "shared"), (RAGGED, "ragged")], ids=PAIRS)


@KINDS
def test_a_row_is_a_sample(rows, kind):
    assert len(rows) == 4
    assert list(rows.pairs()) == PAIRS[kind]
    for i, (x, y, keywords) in enumerate(PAIRS[kind]):
        assert (rows.x(i), rows.y(i), rows.w(i)) == (x, y, keywords.get("w", 1.0))
        assert list(rows.x(i)) == list(x)
        assert all(type(value) is float for value in rows.x(i).values())


@KINDS
def test_a_slice_is_the_rows_between_and_copies_nothing(rows, kind):
    for start in range(5):
        for stop in range(start, 5):
            part = rows.slice(start, stop)
            assert list(part.pairs()) == PAIRS[kind][start:stop]
            assert part.names is rows.names
            assert start == stop or np.shares_memory(part.values, rows.values)
    assert list(rows.slice(1, 4).slice(1, 2).pairs()) == PAIRS[kind][2:3]
