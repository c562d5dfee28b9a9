"""Rows: what every stream becomes and every kernel reads."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Rows:
    """`n` labelled samples.

    A row is a run of (feature, value) entries. Where every row carries the same features, `ids` is
    shared: shape (m,), with `values` of shape (n, m). Otherwise the rows are ragged: `ids` and `values` have
    one entry for each stored value and row `i` is the slice `starts[i]:starts[i + 1]`.

    Attributes
    ----------
    names
        The vocabulary of feature names, in the order of their first appearance, row by row.
    ids
        int32 positions in `names`; shape (m,) when shared, (entries,) when ragged.
    values
        C-contiguous float64; shape (n, m) when shared, (entries,) when ragged.
    starts
        int64 of shape (n + 1,) when ragged, None when shared.
    labels
        The vocabulary of labels, in the order of their first appearance.
    codes
        int32 positions in `labels`, shape (n,).
    weights
        float64 sample weights, shape (n,), or None when all are 1.
    """

    names: list[Hashable]
    ids: NDArray[np.int32]
    values: NDArray[np.float64]
    starts: NDArray[np.int64] | None
    labels: list[Hashable]
    codes: NDArray[np.int32]
    weights: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.codes)

    def x(self, i: int) -> dict[Hashable, float]:
        """Return row `i` as a dictionary of features."""
        if self.starts is None:
            return dict(zip(map(self.names.__getitem__, self.ids.tolist()), self.values[i].tolist(), strict=True))
        entries = slice(self.starts[i], self.starts[i + 1])
        return dict(
            zip(map(self.names.__getitem__, self.ids[entries].tolist()), self.values[entries].tolist(), strict=True)
        )

    def y(self, i: int) -> Any:
        """Return the label of row `i`."""
        return self.labels[self.codes[i]]

    def w(self, i: int) -> float:
        """Return the weight of row `i`."""
        return 1.0 if self.weights is None else float(self.weights[i])

    def slice(self, start: int, stop: int) -> Rows:
        """Return rows `start` to `stop`, without copying."""
        shared = self.starts is None
        return Rows(
            self.names,
            self.ids,
            self.values[start:stop] if shared else self.values,
            None if self.starts is None else self.starts[start : stop + 1],
            self.labels,
            self.codes[start:stop],
            None if self.weights is None else self.weights[start:stop],
        )

    def compact(self) -> Rows:
        """Return the same rows with no entries but their own, of which a slice may be a small part."""
        if self.starts is None:
            return self
        first, last = int(self.starts[0]), int(self.starts[-1])
        return replace(self, ids=self.ids[first:last], values=self.values[first:last], starts=self.starts - first)

    def take(self, at: Sequence[int]) -> Rows:
        """Return the rows of these numbers, with the names and labels that they carry."""
        labels, codes = _used(self.labels, self.codes[at])
        weights = None if self.weights is None else self.weights[at]
        if self.starts is None:
            return Rows(self.names, self.ids, self.values[at], None, labels, codes, weights)
        lengths = np.diff(self.starts)[at]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        entries = np.repeat(self.starts[at] - starts[:-1], lengths) + np.arange(starts[-1])
        names, ids = _used(self.names, self.ids[entries])
        return Rows(names, ids, self.values[entries], starts, labels, codes, weights)

    def pairs(self) -> Iterator[tuple[dict[Hashable, float], Hashable, dict[str, Any]]]:
        """Yield each row as `(x, y, keywords)`, as river's evaluation does."""
        for i in range(len(self)):
            yield self.x(i), self.y(i), {} if self.weights is None else {"w": self.w(i)}


def _used(words: list[Hashable], codes: NDArray[np.int32]) -> tuple[list[Hashable], NDArray[np.int32]]:
    """Return the words that codes stand for, in the order of their first appearance, and the codes of these."""
    used, first, places = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    position = np.empty(len(order), np.int32)
    position[order] = np.arange(len(order), dtype=np.int32)
    return [words[code] for code in used[order].tolist()], position[places]
