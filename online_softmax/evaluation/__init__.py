"""Evaluation: predict, score, learn."""
