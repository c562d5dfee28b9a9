"""What the tests of the models share: HTML, as a strict reader sees it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

TAGS = {"div", "p", "table", "thead", "tbody", "tr", "th", "td", "span"}


class StrictReader(HTMLParser):
    """Reads HTML; refuses what is not closed, runs or loads, and colours that may vanish on a page."""

    def __init__(self, text):
        super().__init__()
        self.open, self.text = [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS, tag
        assert {name for name, _ in attrs} <= {"style"}
        assert not re.search(r"url|#[0-9a-f]{3}|rgb|black|white", " ".join(value for _, value in attrs))
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="session")
def text_of():
    """Give the function that reads HTML, and gives its text."""
    return lambda html: "\n".join(StrictReader(html).text)
