"""Result lines: JSON, one line a run, each with the conditions it was measured under."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

Line = dict


def read(path: Path) -> list[Line]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def write(path: Path, lines: Iterable[Line]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def keep(path: Path, lines: list[Line], *names: str) -> None:
    """Put lines in the place of the kept ones that agree with one of them in all these names."""
    new = {tuple(line[name] for name in names) for line in lines}
    write(path, [line for line in read(path) if tuple(line[name] for name in names) not in new] + lines)
