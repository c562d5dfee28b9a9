"""The old name of `online_softmax.reports`, until 1.0."""

from online_softmax.reports import LiveTable, print_summary, write_json

__all__ = ["LiveTable", "print_summary", "write_json"]
