"""Rounds of parameter mixing: shards learn from one model, their models are merged, and a store keeps the result."""

from online_softmax.rounds.log import Round
from online_softmax.rounds.round import RoundError, after_round
from online_softmax.rounds.shard import Update, learn_shard
from online_softmax.rounds.store import Commit, ModelStore, StoreError

__all__ = ["Commit", "ModelStore", "Round", "RoundError", "StoreError", "Update", "after_round", "learn_shard"]
