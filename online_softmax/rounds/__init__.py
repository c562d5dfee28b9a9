"""Rounds of parameter mixing: shards learn from one model, their models are merged, and a store keeps the result."""
