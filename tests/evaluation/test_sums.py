"""Sums of blocks come to the metrics of their rows, and are the same however the rows are cut."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_softmax.evaluation.sums import CLASSES, METRICS, Blocks, N, Outcomes, metrics, widened


def outcomes(n, seed=0, n_classes=12):
    rng = np.random.default_rng(seed)
    true, predicted = rng.integers(0, n_classes, n), rng.integers(-1, n_classes, n)
    flags = rng.random((3, n)) < 0.5
    losses, briers, confidence = rng.random((3, n))
    for values in (losses, briers, confidence):
        values[rng.random(n) < 0.1] = np.nan
    return Outcomes(true, predicted, true == predicted, *flags, losses, briers, confidence)


def cut(rows, start, stop):
    return Outcomes(*(getattr(rows, name)[start:stop] for name in Outcomes.__dataclass_fields__))


def summed(rows, window, sizes, n_classes=12):
    """Give the sums of the full blocks and of the open one, of rows that come in chunks of these sizes."""
    blocks, full, start = Blocks(window), [], 0
    for size in [*sizes, len(rows)]:
        if part := cut(rows, start, start + size):
            full += list(blocks.add(part, n_classes))
        start += size
    return [one.tobytes() for one in full], blocks.open.tobytes()


@given(st.integers(1, 150), st.integers(1, 50), st.lists(st.integers(1, 60), max_size=8))
def test_no_bit_depends_on_how_the_rows_are_cut(n, window, sizes):
    rows = outcomes(n)

    assert summed(rows, window, sizes) == summed(rows, window, []) == summed(rows, window, [1] * n)


@given(st.integers(1, 70))
def test_a_window_is_of_whole_blocks(window):
    blocks, rows = Blocks(window), outcomes(3 * window)
    sizes = [int(one[N]) for one in blocks.add(rows, 12)]

    assert len(sizes) == 3 * blocks.per_window
    assert blocks.per_window <= 20
    for i in range(3):
        assert sum(sizes[i * blocks.per_window : (i + 1) * blocks.per_window]) == window


@pytest.mark.parametrize(("window", "step"), [(1, 1), (20, 1), (21, 2), (1000, 50), (20_000, 1000), (10**30, 1000)])
def test_a_block_is_a_twentieth_of_a_window_and_at_most_1000_rows(window, step):
    blocks, rows = Blocks(window), outcomes(step)
    full = [blocks.add(cut(rows, i, i + 1), 12) for i in range(step)]

    assert [len(one) for one in full] == [0] * (step - 1) + [1]


def test_nothing_to_measure_is_no_number():
    nothing = metrics(np.zeros(CLASSES))

    assert nothing.keys() == {*METRICS}
    assert all(math.isnan(value) for value in nothing.values())
    assert all(math.isnan(value) for value in metrics(np.zeros(CLASSES + 6)).values())


@pytest.mark.parametrize("more", [1, 9, 200])
@given(st.integers(0, 1000), st.integers(1, 30))
def test_classes_that_never_came_change_no_bit(more, seed, n_classes):
    """Rows are measured among the classes of their whole chunk, and these may come after them."""
    sums = np.random.default_rng(seed).random(CLASSES + 3 * n_classes) * 10
    few, many = metrics(sums), metrics(widened(sums, n_classes + more))

    assert {name: repr(few[name].item()) for name in METRICS} == {name: repr(many[name].item()) for name in METRICS}


@given(st.integers(1, 9), st.integers(1, 30))
def test_many_sums_at_once_are_each_alone(n, n_classes):
    rng = np.random.default_rng(n)
    many = rng.random((n, CLASSES + 3 * n_classes)) * 10

    together = metrics(many)
    for i, one in enumerate(many):
        assert {name: repr(value[i].item()) for name, value in together.items()} == {
            name: repr(value.item()) for name, value in metrics(one).items()
        }


def test_classes_are_dropped_and_come_with_zeros():
    sums = np.arange(CLASSES + 3.0)

    assert widened(sums, 0).tolist() == sums[:CLASSES].tolist()
    assert widened(sums, 2).tolist() == [*sums.tolist(), 0, 0, 0]
    assert widened(sums[np.newaxis], 2).shape == (1, CLASSES + 6)
