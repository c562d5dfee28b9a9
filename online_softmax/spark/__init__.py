"""Spark: the same learner on Structured Streaming, merged round by round or one model a key."""
