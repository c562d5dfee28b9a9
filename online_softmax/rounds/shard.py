"""Shards: the task of a round, a pure function from a model and rows to what was learned from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import fsum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from online_softmax.evaluation.metrics import CLIP
from online_softmax.evaluation.scored import Numbering, Scored
from online_softmax.evaluation.scorer import Scorer, message
from online_softmax.models import saving
from online_softmax.rounds.log import Round
from online_softmax.streams import chunk_of
from online_softmax.streams.pairs import PairChunk


@dataclass(frozen=True, slots=True)
class Update:
    """What a shard has learned in a round.

    Attributes
    ----------
    shard
        The number of the shard: updates are merged in the order of these, whichever came first.
    found
        What was found in its rows.
    model
        The model after them, as the bytes of a model file.

    """

    shard: int
    found: Round
    model: bytes


def learn_shard(base: bytes, shard: int, chunks: Iterable[Any], *, on_bad: str = "raise", first: int = 0) -> Update:
    """Learn the rows of a shard from a model that stays as it is.

    The same arguments give the same bits, wherever and however often it runs, and however the rows are cut into chunks.
    So an engine may run it again, and take either result.

    Parameters
    ----------
    base
        The model that the round begins with, as the bytes of a model file (`online_softmax.models.saving.to_bytes`).
    shard
        The number of the shard.
    chunks
        The rows, in their order: chunks of a stream, `Rows`, or anything else that gives samples by `pairs()`.
    on_bad
        What becomes of a row that the model refuses: "raise", or "skip", which passes over it and counts it.
    first
        The number of the first row, for errors.

    Returns
    -------
    Update
        Without rows, that of a shard that learned nothing.

    Raises
    ------
    ValueError
        If a row is refused; the sentence names it.

    Examples
    --------
    >>> from online_softmax import AutoSoftmaxRegression, open_stream
    >>> from online_softmax.models.saving import to_bytes
    >>> from online_softmax.rounds import learn_shard

    >>> update = learn_shard(to_bytes(AutoSoftmaxRegression()), 0, open_stream("phishing"))
    >>> update.found.rows, update.found.served_unseen, update.found.own_unseen
    (1250, 1250, 2)

    """
    labels, skips = Numbering(), on_bad == "skip"
    served, own = (Scorer(saving.from_bytes(base), labels, skips) for _ in range(2))
    found = Round(updates=0)
    losses: dict[str, list[NDArray[np.float64]]] = {"served": [], "own": []}
    for chunk in map(chunk_of, chunks):
        # Pairs can be taken once, and either model needs them.
        again, chunk = chunk.copies(2) if isinstance(chunk, PairChunk) else (chunk, chunk)
        learned = _unless_refused(own.score(chunk), shard, first)
        before = _unless_refused(served.predict(again), shard, first)
        first += learned.n_taken
        both = np.isin(before.at, learned.at)
        losses["served"].append(_losses(before)[both])
        losses["own"].append(_losses(learned))
        found += Round(
            rows=len(learned),
            n_zeroed=learned.n_mended,
            n_skipped=learned.n_left_out,
            n_bad=len(learned.bad),
            served_hits=int(np.count_nonzero((before.true == before.predicted) & both)),
            own_hits=int(np.count_nonzero(learned.true == learned.predicted)),
        )
    unseen = {name: int(sum(np.count_nonzero(np.isnan(one)) for one in each)) for name, each in losses.items()}
    # Exact before it is rounded, so that it does not depend on how the rows were cut into chunks.
    loss = {name: fsum(value for one in each for value in one[~np.isnan(one)]) for name, each in losses.items()}
    found += Round(
        updates=int(found.rows > 0),
        served_unseen=unseen["served"],
        served_loss=loss["served"],
        own_unseen=unseen["own"],
        own_loss=loss["own"],
    )
    return Update(shard, found, saving.to_bytes(own.model))


def _losses(scored: Scored) -> NDArray[np.float64]:
    """Return -ln p of each label; nan where the model could not know it."""
    losses: NDArray[np.float64] = -np.log(np.clip(scored.p, CLIP, 1.0))
    return losses


def _unless_refused(scored: Scored, shard: int, first: int) -> Scored:
    if scored.error is not None:
        raise ValueError(f"row {first + scored.n_taken:,}, shard {shard}: {message(scored.error)}") from scored.error
    return scored
