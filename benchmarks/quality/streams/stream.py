"""A stream: a name and a function that makes its rows, the same ones every time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

Row = tuple[dict, Hashable]


@dataclass(frozen=True)
class Stream:
    """`sparse`: a row holds only the features that are present. `correlated`: a label tells a lot about the next.

    `missing` says why the rows cannot be made here, or None.
    """

    name: str
    make: Callable[[], Iterable[Row]]
    sparse: bool = False
    correlated: bool = False
    missing: Callable[[], str | None] = lambda: None

    def rows(self) -> list[Row]:
        return list(self.make())


def sha(rows: list[Row]) -> str:
    digest = hashlib.sha256()
    for x, y in rows:
        digest.update(repr((list(x.items()), y)).encode())
    return digest.hexdigest()[:12]


def take(source: Iterable[Row], n: int, nominal: Sequence[str] = ()) -> list[Row]:
    """The first `n` rows as floats; a `nominal` feature becomes one 0 or 1 a value, called `name=value`."""
    rows = list(islice(source, n))
    values = {name: sorted({x[name] for x, _ in rows}) for name in nominal}

    def row(x: dict) -> dict:
        one_hot = {f"{k}={v}": float(x[k] == v) for k in nominal for v in values[k]}
        return {f"{k}": float(v) for k, v in x.items() if k not in values} | one_hot

    return [(row(x), y) for x, y in rows]


def dense(X: np.ndarray, y: np.ndarray) -> list[Row]:
    names = [f"x{j}" for j in range(X.shape[1])]
    return [(dict(zip(names, x, strict=True)), label) for x, label in zip(X.tolist(), y.tolist(), strict=True)]
