"""Spiteful objects: they fail, change or meddle where a model reads them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any


class SpiteError(Exception):
    """What a hostile object raises; a call may let it through, and nothing else that is not documented."""


class Raising:
    """Every special method fails."""

    def fail(self, *_: Any) -> Any:
        raise SpiteError("spite")

    __float__ = __int__ = __index__ = __hash__ = __eq__ = __ne__ = __bool__ = __len__ = __iter__ = fail


class Unequal:
    """It has an honest hash, and fails where it is compared."""

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        raise SpiteError("incomparable")


class Moody:
    """Its number, its hash and its equality are other ones each time, and at times there are none."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def __float__(self) -> float:
        if self.rng.random() < 0.2:
            raise SpiteError("no number now")
        return self.rng.choice([1.0, -2.0, 1e300, math.nan, math.inf])

    def __hash__(self) -> int:
        if self.rng.random() < 0.2:
            raise SpiteError("no hash now")
        return self.rng.randrange(4)

    def __eq__(self, other: object) -> bool:
        return self.rng.random() < 0.5

    def __repr__(self) -> str:
        return "Moody()"


class Meddling:
    """As it is read for its number or its hash, it does something else."""

    def __init__(self, deed: Callable[[], None]) -> None:
        self.deed = deed

    def __float__(self) -> float:
        self.deed()
        return 1.0

    def __hash__(self) -> int:
        self.deed()
        return 5

    def __repr__(self) -> str:
        return "Meddling()"


class Text(str):
    """A string of a hash of its own."""

    def __hash__(self) -> int:
        return 3


class Lying(dict):  # type: ignore[type-arg]
    """A dictionary whose items are not what it holds."""

    def items(self) -> Any:
        return [("a0", 1.0), ("a0", 2.0), ("a1",)] if len(self) % 2 else [("a0", 1.0), ("a0", math.nan)]


class Pairs:
    """A mapping only in name."""

    def __init__(self, pairs: Any) -> None:
        self.pairs = pairs

    def items(self) -> Any:
        return self.pairs
