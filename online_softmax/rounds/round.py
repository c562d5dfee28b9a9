"""Rounds: the updates of the shards become one model, and the next commit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

from online_softmax.models import saving
from online_softmax.models.merging import merge
from online_softmax.rounds.log import Round, total, with_round
from online_softmax.rounds.shard import Update
from online_softmax.rounds.store import Commit


class RoundError(ValueError):
    """A round that could not be learned: the store is as it was before it."""


def after_round(commit: Commit, updates: Iterable[Update], place: Any, seconds: float = 0.0) -> Commit:
    """Return the commit that follows a round.

    The updates are merged in the order of their shards, so that the result has the same bits in whatever order they
    come.

    Parameters
    ----------
    commit
        The one that the round began with; it stays as it is.
    updates
        What the shards have learned from its model; those without rows change nothing.
    place
        How far the run has come now, for JSON.
    seconds
        How long the round took.

    Examples
    --------
    >>> from online_softmax import AutoSoftmaxRegression, open_stream
    >>> from online_softmax.models.saving import to_bytes
    >>> from online_softmax.rounds import Commit, after_round, learn_shard

    >>> commit = Commit(AutoSoftmaxRegression())
    >>> for place in (1000, 2000):
    ...     shards = (open_stream("image_segments", skip=place - 1000 + 500 * k, limit=500) for k in range(2))
    ...     base = to_bytes(commit.model)
    ...     commit = after_round(commit, [learn_shard(base, k, rows) for k, rows in enumerate(shards)], place)
    >>> commit.version, commit.total.rows
    (2, 2000)
    >>> first, second = commit.log
    >>> first.served_unseen, second.served_unseen, second.served_accuracy > 0.9
    (1000, 0, True)

    """
    sorted_updates = sorted(updates, key=lambda one: one.shard)
    for one, other in pairwise(sorted_updates):
        if one.shard == other.shard:
            raise ValueError(f"shard {one.shard} came twice in one round")
    learned = [saving.from_bytes(one.model) for one in sorted_updates if one.found.rows]
    model = merge(commit.model, learned) if learned else commit.model
    found = total(one.found for one in sorted_updates) + Round(rounds=1, seconds=seconds)
    return replace(commit, model=model, version=commit.version + 1, place=place, log=with_round(commit.log, found))
