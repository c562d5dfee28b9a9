"""Bad rows: what takes the place of a row that could not be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

ON_BAD = ("raise", "skip")


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was passed over: a chunk without samples.

    Attributes
    ----------
    reason
        Where it stood, and what is wrong with it.

    """

    reason: str

    def pairs(self) -> Iterator[Any]:
        """Yield nothing."""
        return iter(())


def check_on_bad(on_bad: object) -> None:
    """Refuse what says neither to raise nor to skip."""
    if on_bad not in ON_BAD:
        raise ValueError(f"on_bad is {' or '.join(map(repr, ON_BAD))}, not {on_bad!r}")
