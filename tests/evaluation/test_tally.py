"""A tally adds up what its parts came to, wherever they were cut, and stands at the doublings."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from online_softmax import SoftmaxRegression
from online_softmax.evaluation.scored import Scored
from online_softmax.evaluation.scorer import Scorer
from online_softmax.evaluation.tally import FIRST_MARK, OFFENDERS, Tally, marks_until
from online_softmax.models.native import NONE
from online_softmax.streams import Note


def tally(**options):
    return Tally(Scorer(SoftmaxRegression()), 1000, **options)


def scored(n, bad=(), **counts):
    """Give n rows of one label, every second of them predicted right."""
    said = np.repeat(NONE, n)
    said["predicted"], said["p"] = np.arange(n) % 2, 0.5
    seen = np.zeros(n, np.bool_)
    return Scored(np.zeros(n, np.int32), said, seen, np.arange(n), n + len(bad), bad=bad, **counts)


def test_what_parts_came_to_is_added():
    run = tally()
    for label in "uv":
        run.scorer.labels.code(label)
    run.add(scored(4, (Note(1, "one"), Note(3, "two")), n_mended=5, n_left_out=7))
    run.add(scored(0, (Note(0, "three"),), n_left_out=1))
    run.add(scored(2, n_mended=1))
    result = run.result()

    assert (result.n_samples, result.n_bad, result.n_zeroed, result.n_skipped) == (6, 3, 6, 8)
    assert result.bad == [(1, "one"), (3, "two"), (6, "three")]
    assert run.n_taken == 9
    assert result.accuracy == 0.5
    assert result.confusion.tolist() == [[3, 3], [0, 0]]


@given(st.lists(st.integers(0, 30), max_size=5))
def test_the_first_bad_rows_are_kept_and_all_are_counted(sizes):
    run = tally()
    for n in sizes:
        run.add(scored(0, tuple(Note(i, str(i)) for i in range(n))))

    assert run.n_bad == run.n_taken == sum(sizes)
    assert [one.row for one in run.bad] == [*range(min(OFFENDERS, sum(sizes)))]


def test_marks_stand_at_the_doublings():
    run = tally()
    while run.n_samples < 5000:
        run.add(scored(min(777, run.rows_left())))

    assert [row.n_samples for row in run.marks] == marks_until(run.n_samples) == [1000, 2000, 4000]
    assert FIRST_MARK == 1000
    assert not run.row()[1]
