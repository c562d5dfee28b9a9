"""Folding: a document as JSON that fits a page, with its texts cut and its long lists thinned."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from online_softmax import texts
from online_softmax.drawing.findings import LABEL, NAME, confusions, drift_sentences, shown, trend

POINTS = 1000  # of a curve
CLASSES = 1000
ITEMS = 500  # of any other list
MOST_CELLS = 30  # classes of a matrix that is drawn


def folded(document: dict[str, Any], room: int) -> str:
    r"""Return the document as ASCII that may stand in a script element, in at most `room` characters.

    Examples
    --------
    >>> from online_softmax.drawing.folding import folded
    >>> folded({"conditions": {"source": "<script>"}, "runs": {}, "comparison": None}, 1000)
    '{"conditions":[["source","\\u003cscript\\u003e"]],"runs":[],"comparison":null}'

    """
    found = {name: _found(result) for name, result in document["runs"].items()}
    for level in range(12):
        text = _ascii(_folded(document, found, level))
        if len(text) <= room:
            return text
    raise ValueError(
        f"the document takes {len(text):,} bytes when folded and a page has room for {room:,}: draw fewer runs"
    )


def _found(result: dict[str, Any]) -> dict[str, Any]:
    """Return what the figures say, before any of them is left out."""
    return {
        "trend": trend(result),
        "confusions": None if result["confusions"] is None else confusions(result),
        "changes": drift_sentences(result["drifts"] or ()),
    }


def _folded(document: dict[str, Any], found: dict[str, dict[str, Any]], level: int) -> dict[str, Any]:
    comparison = document.get("comparison") or {}
    standings = comparison.get("models", {})
    return {
        "conditions": [
            [shown(name, NAME), _plain(value, level)] for name, value in _few(document["conditions"].items(), level)
        ],
        "runs": [
            {
                "name": shown(name, NAME),
                "is_best": name == comparison.get("best"),
                "standing": _plain(standings.get(name), level),
                **_run(result, level),
                **{key: value and _few(value, level) for key, value in found[name].items()},
            }
            for name, result in document["runs"].items()
        ],
        "comparison": {name: _plain(value, level) for name, value in comparison.items() if name != "models"} or None,
    }


def _run(result: dict[str, Any], level: int) -> dict[str, Any]:
    classes, matrix, experts = result["classes"], result["confusion"], result.get("experts")
    special = "classes", "confusion", "confusions", "windows", "fading", "experts", "reliability"
    unused = "window_classes", "fading_classes", "fading_reliability"
    return {
        **{name: _plain(value, level) for name, value in result.items() if name not in special + unused},
        "n_classes": len(classes),
        "classes": _classes(classes, result["fading_classes"], level),
        "confusion": matrix if matrix and len(classes) <= MOST_CELLS else None,
        "windows": _thinned(result["windows"], level),
        "fading": _thinned(result["fading"], level),
        "experts": experts
        and {"names": [shown(name, NAME) for name in experts["names"]], **_thinned(experts, level, "names")},
        "reliability": result["reliability"] or [],
        "thinned": 1 << level,
    }


def _classes(classes: list[dict[str, Any]], fading: list[dict[str, Any]] | None, level: int) -> list[dict[str, Any]]:
    """Return the classes with the largest support, with the F1 of each as rows fade."""
    found = []
    for i in _frequent(classes, max(CLASSES >> 2 * level, 20)):
        one = {**_plain(classes[i], level), "label": texts.folded(classes[i]["label"], LABEL)}
        if fading is not None:
            one["f1_now"] = fading[i]["f1"]
        found.append(one)
    return found


def _frequent(classes: list[dict[str, Any]], most: int) -> list[int]:
    """Return the positions of the classes with the largest support, in order."""
    return sorted(sorted(range(len(classes)), key=lambda i: -classes[i]["support"])[:most])


def _thinned(columns: dict[str, list[Any]], level: int, but: str = "") -> dict[str, list[Any]]:
    """Return every so manieth row of columns, the last one among them."""
    n = max((len(column) for name, column in columns.items() if name != but), default=0)
    step = max(1, -(-n // max(POINTS >> level, 20)))
    return {name: column[(n - 1) % step :: step] for name, column in columns.items() if name != but}


def _few(items: Iterable[Any], level: int) -> Any:
    """Return the first of a list; anything else as it is."""
    return items if isinstance(items, dict) else list(items)[: max(ITEMS >> level, 20)]


def _plain(value: Any, level: int) -> Any:
    """Return any plain value with its texts cut and its lists short."""
    if isinstance(value, dict):
        return {str(shown(str(name), NAME)): _plain(one, level) for name, one in _few(value.items(), level)}
    if isinstance(value, list | tuple):
        return [_plain(one, level) for one in _few(value, level)]
    return shown(value)


def _ascii(value: Any) -> str:
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
