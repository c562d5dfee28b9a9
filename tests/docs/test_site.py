"""The site: it builds without a warning, leads nowhere that is not there, fetches nothing, and fits a phone."""

from __future__ import annotations

import fcntl
import importlib
import inspect
import os
import pydoc
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup, SoupStrainer
from sphinx.util.inventory import InventoryFile

from tests.browser import chromium

ROOT = Path(__file__).parent.parent.parent
PUBLIC = [
    "online_softmax",
    *(f"online_softmax.{part}" for part in ("drawing", "evaluation", "rounds", "sklearn", "spark", "streams")),
]
# A number, an old name, and the kinds of stream among which `open_stream` chooses.
UNLISTED = {"EVERY", "Chunks", "FrameStream", "ArrayStream"}
UNLISTED |= {f"{kind}Stream" for kind in ("Arff", "Arrow", "Csv", "Json", "Parquet", "Text")}
# What programs get, and seldom call: their parameters are in their signatures.
INNER = re.compile(
    r"online_softmax\.(evaluation\.(ColumnCounter|Progress|Scores|curves)|rows"
    r"|streams\.(Chunk|Known|PairChunk|PairStream|Place|RowStream|Stream|reading|spelling)\b)"
)
LOOKED_AT = ["index", "start", "howto/files", "auto", "results", "reference/models", "../examples/notebooks/drift"]
CODE = {"pre", "code", "script", "style"}
PHONE, DESK = {"width": 390, "height": 844, "mobile": True}, {"width": 1280, "height": 1600}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Build the site: once, whichever process of pytest needs it first."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if base.name.startswith("popen-") else base
    folder, done = base / "site", base / "site.done"
    with (base / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-c", "docs"]
            command += ["-d", str(base / "doctrees"), ".", str(folder)]
            built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            done.write_text(built.stderr if built.returncode else "")
    assert not done.read_text(), done.read_text()
    return folder


class Page(HTMLParser):
    """What a page of the site has: anchors, links, what it loads, and the words of its article, code left out."""

    def __init__(self, path):
        super().__init__()
        self.path, self.anchors, self.links, self.loaded, self.words = path, set(), [], [], []
        self._code = self._article = 0
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag in ("a", "link"):
            self.links.append(found.get("href"))
        if tag in ("script", "img", "iframe", "source", "video"):
            self.loaded.append(found.get("src"))
        elif tag == "link" and found.get("rel") not in ("canonical", "next", "prev", "index", "search"):
            self.loaded.append(found.get("href"))
        self._article += tag == "article"
        self._code += tag in CODE

    def handle_endtag(self, tag):
        self._article -= tag == "article"
        self._code -= tag in CODE

    def handle_data(self, data):
        if self._article and not self._code:
            self.words.append(data)


@pytest.fixture(scope="session")
def pages(site):
    """Give every page of the site by its path."""
    return {path: Page(path) for path in site.rglob("*.html") if "_static" not in path.parts}


def test_every_link_leads_somewhere(site, pages):
    broken = []
    for page in pages.values():
        for target in filter(None, (*page.links, *page.loaded)):
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            path = Path(os.path.normpath(page.path.parent / unquote(parts.path))) if parts.path else page.path
            if not path.is_file() or (parts.fragment and unquote(parts.fragment) not in pages[path].anchors):
                broken.append((str(page.path.relative_to(site)), target))
    assert not broken
    assert len(pages) > 30


def test_nothing_is_fetched(site, pages):
    assert any(page.loaded for page in pages.values())
    for page in pages.values():
        assert not [one for one in page.loaded if one and re.match(r"(https?:)?//", one)], page.path
    for style in site.rglob("*.css"):
        assert not re.findall(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", style.read_text()), style


def test_nothing_is_left_as_it_was_written(pages):
    """No formula, footnote or role of a docstring or a page stands there unconverted."""
    for page in pages.values():
        left = re.search(r".{,40}(\$|\[\^|`|:math:|\\[a-z]+).{,40}", "".join(page.words))
        assert not left, (page.path, left)


# ---- the reference ----


@pytest.fixture(scope="session")
def objects(site):
    """Give the page of each object of the reference, by the object's name."""
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    return {
        name: site / item.uri.partition("#")[0]
        for kind, items in inventory.data.items()
        if kind.startswith("py:")
        for name, item in items.items()
    }


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_in_the_reference(objects, module):
    public = importlib.import_module(module).__all__
    named = {name.rpartition(".")[2] for name in objects}
    assert set(public) - UNLISTED <= named


@pytest.fixture(scope="session")
def entries(objects):
    """Give the heading of each object's entry in the reference, and the body, by the object's name."""
    found = {}
    for page in set(objects.values()):
        for heading in BeautifulSoup(page.read_text(), "html.parser", parse_only=SoupStrainer("article"))(
            "dt", id=True
        ):
            found[heading["id"]] = heading.get_text(), heading.find_next_sibling("dd")
    return found


def test_methods_of_compiled_classes_are_in_the_reference(entries):
    for name in ("learn_one", "predict_proba_one", "predict_one", "loss_one", "classes", "n_evicted"):
        assert entries[f"online_softmax.AutoSoftmaxRegression.{name}"][1].get_text(strip=True)
    assert "w=1.0" in entries["online_softmax.AutoSoftmaxRegression.learn_one"][0]


def test_every_parameter_is_told_of(objects, entries):
    untold = {}
    for name, (_, body) in entries.items():
        thing = pydoc.locate(name)
        if name in objects and callable(thing) and not INNER.match(name):
            try:
                taken = [one for one in inspect.signature(thing).parameters if one != "self"]
            except (TypeError, ValueError):
                continue
            fields = body.find("dl", class_="field-list", recursive=False)
            told = set(re.findall(r"\w+", " ".join(one.get_text() for one in fields("strong")))) if fields else set()
            if missing := [one for one in taken if one not in told]:
                untold[name] = missing
    assert not untold


# ---- looked at ----


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Give a browser."""
    with chromium(tmp_path_factory.mktemp("chromium")) as found:
        yield found


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_no_page_scrolls_sideways(site, browser, size):
    for page in LOOKED_AT:
        tab = browser.open(
            (site / "docs" / f"{page}.html").resolve().as_uri(), "document.readyState === 'complete'", **size
        )
        wide = tab.run("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= size["width"], (page, wide)
        assert not [one for one in tab.errors() if "PST" not in one and "theme mode" not in one]  # notes of the theme
        assert all(address.startswith("file:") for address in tab.requests())
        tab.close()
