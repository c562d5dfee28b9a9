"""Reports: a result, shown."""

from online_softmax.reports.json import write_json
from online_softmax.reports.terminal import LiveTable, print_summary

__all__ = ["LiveTable", "print_summary", "write_json"]
