"""Reports: a result, shown."""

from online_softmax.reports.comparison import CompareTable, print_comparison
from online_softmax.reports.json import write_json
from online_softmax.reports.live import LivePage
from online_softmax.reports.rounds import print_rounds
from online_softmax.reports.summary import print_summary
from online_softmax.reports.terminal import LiveTable

__all__ = ["CompareTable", "LivePage", "LiveTable", "print_comparison", "print_rounds", "print_summary", "write_json"]
