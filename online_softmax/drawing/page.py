"""A page: one HTML file that draws a document, and needs nothing else."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from os import PathLike, fspath
from string import Template
from typing import Any

from online_softmax.drawing.folding import folded
from online_softmax.storage.atomic import write

LARGEST = 2_000_000  # bytes
TITLE, DOCUMENT = "{the title}", "{the document}"
SCRIPTS = [  # one module
    f"{name}.js"
    for name in ("elements", "numbers", "charts", "tables", "overview", "curves", "zoom", "details", "page")
]


def html_page(document: dict[str, Any], *, is_live: bool = False) -> str:
    """Return a page that shows a document: curves, drifts, confusions, classes, conditions.

    The page is one file of at most 2 MB: what does not fit is thinned, and the page says so. Its own policy forbids it
    to fetch anything.

    Parameters
    ----------
    document
        The conditions, the runs by name (each the `to_dict()` of a result), and the comparison of several or None.
    is_live
        Whether the page listens to the server that it came from, for newer documents.

    Examples
    --------
    >>> from online_softmax.drawing import html_page
    >>> html_page({"conditions": {"source": "image_segments"}, "runs": {}, "comparison": None})[:15]
    '<!doctype html>'

    """
    before, after = _frame(is_live)
    return before.replace(TITLE, escape(_title(document)), 1) + page_json(document) + after


def page_json(document: dict[str, Any]) -> str:
    r"""Return what a page holds of a document, as JSON in ASCII: no more than the page has room for.

    Parameters
    ----------
    document
        As for `html_page`.

    Examples
    --------
    >>> from online_softmax.drawing import page_json
    >>> page_json({"conditions": {"source": "<b>"}, "runs": {}, "comparison": None})
    '{"conditions":[["source","\\u003cb\\u003e"]],"runs":[],"comparison":null}'

    """
    return folded(document, LARGEST - sum(len(part.encode()) for part in _frame(True)) - 1000)  # of the title


def write_page(document: dict[str, Any], path: str | PathLike[str]) -> None:
    """Write the page of a document as a file, whole or not at all.

    Parameters
    ----------
    document
        As for `html_page`.
    path
        The file.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from online_softmax.drawing import write_page

    >>> with TemporaryDirectory() as folder:
    ...     write_page({"conditions": {}, "runs": {}, "comparison": None}, f"{folder}/run.html")
    ...     Path(folder, "run.html").stat().st_size < 2000000
    True

    """
    page = html_page(document).encode()
    try:
        write(path, page)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise type(error)(
            error.errno, f"the page cannot be written ({reason}): give another path", fspath(path)
        ) from None


@cache
def _frame(is_live: bool) -> tuple[str, str]:
    """Return the page before and after its document."""
    script, style = "".join(map(_part, SCRIPTS)), _part("page.css")
    policy = {
        "default-src": "'none'",
        "script-src": f"{_hash(_vega())} {_hash(script)}",
        "style-src": _hash(style),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        **({"connect-src": "'self'"} if is_live else {}),
    }
    before, _, after = (
        Template(_part("page.html"))
        .substitute(
            policy="; ".join(f"{name} {value}" for name, value in policy.items()),
            title=TITLE,
            state="live" if is_live else "done",
            style=style,
            document=DOCUMENT,
            vega=_vega(),
            script=script,
        )
        .partition(DOCUMENT)
    )
    return before, after


@cache
def _vega() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script."""
    try:
        from vl_convert import javascript_bundle
    except ImportError:
        raise ImportError("a page is drawn by Vega: pip install 'online-softmax[report]'") from None
    script: str = javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return script


@cache
def _part(name: str) -> str:
    return (files("online_softmax.drawing") / name).read_text("utf-8")


def _hash(text: str) -> str:
    """Return the source by which a policy allows this very text."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _title(document: dict[str, Any]) -> str:
    source = document["conditions"].get("source")
    text = f"{str(source)[:80]} · online-softmax" if source else "online-softmax"
    return text.encode(errors="replace").decode()
