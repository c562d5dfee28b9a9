"""A tally adds up what its parts came to, wherever they were cut, and stands at the doublings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_softmax import SoftmaxRegression
from online_softmax.evaluation.scored import Scored
from online_softmax.evaluation.scorer import Scorer
from online_softmax.evaluation.tally import FIRST_MARK, OFFENDERS, Tally, marks_until
from online_softmax.models.native import NONE
from online_softmax.rows import Rows
from online_softmax.streams import Chunk, Note, open_stream


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


@pytest.mark.parametrize("behind", [0, 1, 3, 4, 6])
def test_a_resumed_run_passes_over_the_rows_it_has_behind_it(behind):
    """Those that were left out are no rows to it, and those right after the last one are still to come."""
    values = np.arange(4.0).reshape(4, 1)
    rows = Rows(["a"], np.zeros(1, np.int32), values, None, ["u"], np.zeros(4, np.int32))
    kinds = "s-sb--bs-s"  # sound, left out, bad
    mended, left_out, bad = [0, 2], [1, 4, 5, 8], [3, 6]
    chunk = Chunk(rows, np.array(mended), np.array(left_out), tuple(Note(place, "bad") for place in bad))
    run = tally()
    run.behind = behind
    left = run.pass_over(chunk)

    given = [place for place, kind in enumerate(kinds) if kind != "-"]
    start = given[behind - 1] + 1 if behind else 0
    assert (run.behind, len(left)) == (0, len(kinds) - start)
    assert run.n_skipped == sum(place < start for place in left_out)
    assert run.n_zeroed == sum(place < start for place in mended)


def test_a_resumed_run_takes_the_pairs_it_has_behind_it():
    taken = []
    (chunk,) = open_stream((taken.append(i) or (({}, i) if i % 3 else None) for i in range(9)), on_bad="skip")
    run = tally()
    run.behind = 5
    left = run.pass_over(chunk)

    assert (run.behind, taken) == (0, [0, 1, 2, 3, 4])
    assert [y for _, y, _ in left.pairs()] == [5, 7, 8]
    run.behind = 2
    assert not run.pass_over(left)
    assert run.behind == 2
