"""Rounds of parameter mixing, simulated in one process: what serving a merged model costs in log loss."""

from pathlib import Path

RESULTS = Path(__file__).with_name("results.jsonl")
SHARDS = 1, 2, 8, 32, 128
ROUNDS = 2_000, 20_000, 100_000  # rows of a round, of all shards together
USUAL = 20_000
