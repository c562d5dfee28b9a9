"""The schedule: how many rows a shard learns in each round."""

from __future__ import annotations

FIRST = 125  # rows of a shard in the first round


def rows_of_shard(n_rounds: int, round_rows: int, shards: int) -> int:
    """Return how many rows each shard learns after so many rounds.

    The model that serves during the first round knows nothing, and of one that knows little the shards learn most
    likely the same. So the first rounds are short, and double.

    Examples
    --------
    >>> from online_softmax.rounds.schedule import rows_of_shard

    >>> [rows_of_shard(n, round_rows=20_000, shards=4) for n in range(9)]
    [125, 250, 500, 1000, 2000, 4000, 5000, 5000, 5000]
    """
    most = max(1, round_rows // shards)
    return min(most, FIRST << min(n_rounds, most.bit_length()))
