"""A round merges what its shards have learned, in their order, whichever came first."""

from __future__ import annotations

import itertools

import pytest

from online_softmax import AutoSoftmaxRegression, SoftmaxRegression, open_stream
from online_softmax.models.saving import to_bytes
from online_softmax.rounds import Commit, after_round, learn_shard

from .conftest import rounds_of


@pytest.mark.parametrize("make", [SoftmaxRegression, AutoSoftmaxRegression])
def test_the_order_of_arrival_changes_no_bit(make, frame):
    *_, commit = rounds_of(Commit(make()), frame[:200], 50)
    before = to_bytes(commit.model)
    parts = (frame[200 + 60 * k : 260 + 60 * k] for k in range(3))
    updates = [learn_shard(before, k, open_stream(part, "y")) for k, part in enumerate(parts)]

    found = [after_round(commit, some, "place", 2.0) for some in itertools.permutations(updates)]
    assert len({to_bytes(one.model) for one in found}) == 1
    assert len({one.log for one in found}) == 1
    after = found[0]
    assert (after.version, after.place, after.log[-1].rounds, after.log[-1].updates) == (3 + 0, "place", 1, 3)
    assert after.log[-1].seconds == 2.0
    assert after.log[:-1] == commit.log
    assert to_bytes(commit.model) == before
    assert after.total.rows == 380


def test_one_update_is_the_model(frame):
    base = to_bytes(SoftmaxRegression())
    some, none = learn_shard(base, 1, open_stream(frame, "y")), learn_shard(base, 0, [])
    after = after_round(Commit(SoftmaxRegression()), [some, none], 400)
    assert to_bytes(after.model) == some.model


def test_a_round_without_rows_counts(frame):
    base = to_bytes(SoftmaxRegression())
    after = after_round(Commit(SoftmaxRegression()), [learn_shard(base, 0, [])], {"batch": 3})
    assert (after.version, after.place, after.total.rounds, after.total.rows) == (1, {"batch": 3}, 1, 0)
    assert to_bytes(after.model) == base
    assert after_round(after, [], {"batch": 4}).version == 2


def test_a_shard_that_comes_twice_is_refused(frame):
    update = learn_shard(to_bytes(SoftmaxRegression()), 1, open_stream(frame, "y"))
    with pytest.raises(ValueError, match="shard 1 came twice"):
        after_round(Commit(SoftmaxRegression()), [update, update], 0)
