"""The kernel's answers are what a loop over the probabilities finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_softmax._kernel.answers import ANSWER, NONE, answers
from tests.reference import scores as reference

shares = st.integers(0, 4).map(lambda one: one / 4)  # of which many are equal


def said(P, y):
    return answers(np.array(P, np.float64), np.array(y, np.int32))


@given(st.integers(1, 9).flatmap(lambda C: st.lists(st.lists(shares, min_size=C, max_size=C), min_size=1, max_size=20)))
def test_they_are_those_of_a_loop(P):
    C = len(P[0])
    for y in range(-1, C):
        found = said(P, [y] * len(P))
        assert found.dtype == ANSWER
        for p, one in zip(P, found, strict=True):
            row = reference.Row(y, dict(enumerate(p)))
            assert one["predicted"] == row.predicted
            assert one["confidence"] == row.confidence
            assert one["squares"] == row.squares
            assert one["rank"] == row.rank
            assert one["p"] == p[y] if y >= 0 else np.isnan(one["p"])


def test_no_classes_and_no_rows_have_no_answer():
    assert said(np.zeros((3, 0)), [-1, -1, -1]).tobytes() == np.repeat(NONE, 3).tobytes()
    assert len(said(np.zeros((0, 4)), [])) == 0
    assert NONE["predicted"] == NONE["rank"] == -1
    assert np.isnan([NONE[name][0] for name in ("p", "confidence", "squares")]).all()


def test_of_equals_the_first_is_said_and_those_before_the_label_rank_before_it():
    found = said([[0.25, 0.25, 0.25, 0.25]] * 4, [0, 1, 2, 3])

    assert found["predicted"].tolist() == [0] * 4
    assert found["rank"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "P", [np.zeros((2, 3), np.float32), np.zeros((3, 2)).T[:, ::-1], np.zeros(6)[::2].reshape(1, 3)]
)
def test_arrays_of_another_kind_are_refused(P):
    with pytest.raises((ValueError, TypeError, BufferError)):
        answers(P, np.zeros(len(P), np.int32))
    with pytest.raises((ValueError, TypeError, BufferError)):
        answers(np.zeros((2, 3)), np.zeros(2, np.int64))
    with pytest.raises((ValueError, TypeError, BufferError)):
        answers(np.zeros((2, 3)), np.zeros(1, np.int32))
