"""Rows that are long in the making, or are made only in some environments: made once, then read from a file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks import ROOT
from benchmarks.quality.streams.stream import Row

FOLDER = ROOT / "build" / "streams"


def file(name: str) -> Path:
    """The file of a stream, of these sources: where one of them is changed, its file is another."""
    here = Path(__file__).parent
    sources = b"".join((here / f"{each}.py").read_bytes() for each in ("installed", "texts"))
    return FOLDER / f"{name}-{hashlib.sha256(sources).hexdigest()[:12]}.jsonl"


def kept(name: str, make: Callable[[], Iterable[Row]]) -> list[Row]:
    path = file(name)
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text("".join(json.dumps([x, y]) + "\n" for x, y in make()))
        part.replace(path)
    with path.open() as lines:
        return [tuple(json.loads(line)) for line in lines]
