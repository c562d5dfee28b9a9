"""Reports: a result, shown."""

from online_softmax.reports.json import write_json
from online_softmax.reports.summary import print_summary
from online_softmax.reports.terminal import LiveTable

__all__ = ["LiveTable", "print_summary", "write_json"]
