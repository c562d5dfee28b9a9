"""Drawing: plots and pages of what validation found, from plain values alone."""

from online_softmax.drawing.page import html_page, page_json, write_page

__all__ = ["html_page", "page_json", "write_page"]
