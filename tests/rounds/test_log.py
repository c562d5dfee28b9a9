"""The log of rounds adds up exactly, stays short, and is told from what is none."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_softmax.rounds import Round
from online_softmax.rounds.log import LONGEST, from_json, to_json, total, with_round

A = Round(1, 2, 100, 1, 2, 3, 4, 50, 60.0, 2, 70, 30.0, 0.5)
B = Round(1, 1, 10, 0, 0, 0, 0, 5, 6.0, 0, 7, 3.0, 0.25)


def test_two_rounds_add_up():
    both = A + B
    assert both == Round(2, 3, 110, 1, 2, 3, 4, 55, 66.0, 2, 77, 33.0, 0.75) == total([A, B])
    assert (both.served_accuracy, both.own_accuracy) == (0.5, 0.7)
    assert (both.served_log_loss, both.own_log_loss) == (66 / 106, 33 / 108)


def test_of_no_rows_nothing_is_known():
    assert math.isnan(Round().served_accuracy)
    assert math.isnan(Round(rows=3, served_unseen=3).served_log_loss)


@given(st.integers(0, 3 * LONGEST))
def test_a_long_log_is_folded_and_loses_nothing(n):
    log = ()
    for i in range(n):
        log = with_round(log, Round(rounds=1, rows=i, seconds=1.0))
    assert len(log) <= LONGEST
    assert total(log) == Round(rounds=n, rows=n * (n - 1) // 2, seconds=float(n))
    ends = [one.rows for one in log]
    assert n <= LONGEST or ends != [0] * len(log)


def test_a_log_comes_back_from_json():
    log = (A, B, Round(rounds=1))
    assert from_json(json.loads(json.dumps(to_json(log)))) == log
    assert from_json(to_json(())) == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda log: None, "incomplete"),
        (lambda log: {**log, "more": []}, "incomplete"),
        (lambda log: {**log, "rows": 3}, "no list"),
        (lambda log: {**log, "rows": [1.0, 2.0]}, "'rows' must be a number of type int"),
        (lambda log: {**log, "rows": [True, True]}, "'rows' must be a number of type int"),
        (lambda log: {**log, "own_loss": [math.nan, 0.0]}, "'own_loss' has values"),
        (lambda log: {**log, "own_loss": [-1.0, 0.0]}, "'own_loss' has values"),
        (lambda log: {**log, "rows": [100]}, "shorter"),
        (lambda log: {**log, "own_hits": [101, 0]}, "more than it has rows"),
        (lambda log: {**log, "seconds": [1e11, 0.0]}, "more than it has rows"),
    ],
)
def test_what_is_no_log_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        from_json(change(to_json((A, B))))


def test_the_order_of_the_columns_does_not_matter():
    columns = to_json((A, replace(B, rows=11)))
    assert from_json(dict(reversed(columns.items()))) == (A, replace(B, rows=11))
