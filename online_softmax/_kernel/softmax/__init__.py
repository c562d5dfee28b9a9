"""Softmax regression under one update rule."""
