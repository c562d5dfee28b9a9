"""Arrays: the rows of a NumPy array or a SciPy matrix of compressed rows."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from online_softmax.frames import indicated, label_codes, matrix_entries
from online_softmax.streams.place import Place, count_at
from online_softmax.streams.reading import Reading
from online_softmax.streams.stream import Chunk, RowStream, Run
from online_softmax.streams.tables import (
    Coded,
    Flaw,
    Table,
    beside,
    coded_values,
    own_kind,
    sifted,
    typed_labels,
    weights_of,
    why,
)

HEAD = 1000  # rows to know an array by


class ArrayStream(RowStream):
    """A stream over a matrix, whose columns are the features 0, 1, 2, ..; or over some of them.

    Parameters
    ----------
    X
        A NumPy array of shape (rows, columns) or a SciPy CSR matrix, of numbers.
    target
        The labels, one a row, in an array, a list or a series; or the number of the column that holds them.
    features, drop, weight
        The feature columns, the columns that are none, and that of the weights or the weights themselves.
    missing
        What becomes of a value that is not finite: "error"; "zero"; "indicate", by which column 1 is 0 and there is the
        feature "1=", too; or "skip-row".
    on_bad
        What becomes of a row that cannot be read: "raise" or "skip".
    label_type
        What labels become: "number", "text", or "auto", by which they stay what they are.
    chunk_rows
        How many rows to take at a time.

    Examples
    --------
    >>> import numpy as np
    >>> from online_softmax.streams import ArrayStream

    >>> print(*ArrayStream(np.array([[1, 2], [3, 4]]), ["a", "b"]).pairs())
    ({0: 1.0, 1: 2.0}, 'a', {}) ({0: 3.0, 1: 4.0}, 'b', {})

    """

    def __init__(
        self,
        X: Any,
        target: Any = None,
        *,
        features: Any = None,
        drop: Any = (),
        weight: Any = None,
        missing: str = "error",
        on_bad: str = "raise",
        label_type: str = "auto",
        chunk_rows: int = 8192,
    ) -> None:
        n, m = X.shape
        self.reading = Reading(missing=missing, on_bad=on_bad, label_type=label_type)
        if target is None:
            raise ValueError("an array needs target=: the labels, or the number of the column that holds them")
        self._labels, label_column = _side("target", target, X)
        self._typed = typed_labels("target", _own(self._labels), self.reading, self._label_texts)
        self.label_kind = self._typed.kind
        self._weights: Any = None
        weight_column = None
        if weight is not None:
            weights, weight_column = _side("weight", weight, X)
            self._weights = weights_of(weights)
        unwanted = {label_column, weight_column, *drop} - {None}
        wanted = range(m) if features is None else features
        for column in (*wanted, *drop):
            if not isinstance(column, int | np.integer) or not 0 <= column < m:
                raise ValueError(f"the array has no column {column!r}: they are 0 to {m - 1}")
        self._columns = [int(column) for column in wanted if column not in unwanted]
        self.reading = replace(self.reading, features=[*self._columns])
        self.text_columns = set()
        self.chunk_rows: int = chunk_rows
        self._X, self._n, self._done = X, int(n), 0

    @property
    def fraction(self) -> float | None:
        """Return the part of the rows that has been read."""
        return self._done / max(1, self._n)

    def identify(self) -> tuple[int, str] | None:
        """Return the number of rows, and a digest of the first."""
        head, sides = (
            self._X[:HEAD],
            [None if side is None else side[:HEAD].tolist() for side in (self._labels, self._weights)],
        )
        values = head if isinstance(head, np.ndarray) else head.toarray()
        return self._n, sha256(np.ascontiguousarray(values, np.float64).tobytes() + repr(sides).encode()).hexdigest()

    def runs(self, at: Mapping[str, Any] | None) -> Iterator[Run]:
        """Yield the rows from one on."""
        first = 0 if at is None else count_at(at, "row", self._n)
        yield Run(self._n - first, lambda row: Place(0, {"row": first + row}))

    def read(self, at: Mapping[str, Any] | None) -> Iterator[Chunk]:
        """Yield the chunks from a row on."""
        every = self._columns == list(range(self._X.shape[1]))
        first = 0 if at is None else count_at(at, "row", self._n)
        for start in range(first, self._n, self.chunk_rows):
            self._done = min(self._n, start + self.chunk_rows)
            part = slice(start, self._done)
            X = self._X[part] if every else self._X[part][:, self._columns]
            y, w = self._labels[part], None if self._weights is None else self._weights[part]
            yield from self.told(self._chunk(X, y, w, start), {"row": start})

    def _label_texts(self) -> list[str]:
        return [str(label) for label in coded_values(self._labels.tolist()).values]

    def _chunk(self, X: Any, y: NDArray[Any], w: NDArray[Any] | None, start: int) -> Chunk:
        coded = coded_values(y.tolist()) if y.dtype.kind in "fO" else Coded(*label_codes(y))
        labels, wrong = self._typed.of(coded)
        target: tuple[Hashable, Coded] = ("label", labels)
        refused = {row: f"row {start + row}, label: {said}" for row, said in wrong.items()}
        weight = None if w is None else ("weight", np.asarray(w, np.float64))
        used, ids, values, starts = matrix_entries(X)
        names: list[Hashable] = [self._columns[column] for column in used]

        if starts is None:
            table = Table(names, values, {}, target, weight)
            return sifted(table, self.missing, lambda flaw: _reason(flaw, start), refused)

        # A stand-in table decides which sparse rows to keep: one column, nan in each row that has a bad entry.
        gaps = ~np.isfinite(values)
        bad = np.flatnonzero(gaps)
        ids_of_bad, infinite = ids[bad].astype(np.int64), np.isinf(values[bad])
        rows = np.searchsorted(starts, bad, side="right") - 1  # of the bad entries
        fate = np.zeros((len(y), 1))
        fate[rows, 0] = np.nan

        def reason(flaw: Flaw) -> str:
            column = names[ids[bad[np.searchsorted(rows, flaw.row)]]] if flaw.column == "row" else flaw.column
            return _reason(Flaw(flaw.row, column), start)

        chunk = sifted(Table(["row"], fate, {}, target, weight), self.missing, reason, refused)
        if bad.size:
            values = np.where(gaps, 0.0, values)
        if len(chunk.rows) < len(y):
            kept, sizes = chunk.places(), np.diff(starts)
            entries = np.repeat(np.isin(np.arange(len(y)), kept), sizes)
            ids, values, gaps = ids[entries], values[entries], gaps[entries]
            starts = np.concatenate([[0], np.cumsum(sizes[kept])]).astype(np.int64)
        own = names
        if self.missing == "indicate" and gaps.any():
            names, ids, values, starts = indicated((names, ids, values, starts), gaps, own)
        sound = replace(chunk.rows, names=names, ids=ids, values=values, starts=starts)
        is_mended = np.isin(rows, chunk.mended)
        mended, inside = rows[is_mended].astype(np.int64), ids_of_bad[is_mended]
        columns = [*own, *chunk.columns]
        chunk = replace(
            chunk, rows=sound, mended=mended, mended_columns=inside, columns=columns, was_bad=infinite[is_mended]
        )
        if not len(chunk.left_out_columns):
            return chunk
        # The stand-in's columns come behind the names: the first of them, "row", stands for the first bad entry.
        at, is_row = chunk.left_out_columns + len(own), chunk.left_out_columns == 0
        at[is_row] = ids_of_bad[np.searchsorted(rows, chunk.left_out[is_row])]
        return replace(chunk, left_out_columns=at)


def _reason(flaw: Flaw, start: int) -> str:
    if flaw.column == "label":
        return f"row {start + flaw.row}, label: it is missing"
    if flaw.column == "weight":
        return f"row {start + flaw.row}, weight: {why('weight', 'it')}"
    return f"row {start + flaw.row}, column {flaw.column}: {why('number', 'it')}"


def _side(role: str, given: Any, X: Any) -> tuple[Any, int | None]:
    """Return a column of X by its number, or what is given beside X."""
    if isinstance(given, int | np.integer) and not isinstance(given, bool):
        if not 0 <= given < X.shape[1]:
            raise ValueError(f"the array has no column {given} to be the {role}: they are 0 to {X.shape[1] - 1}")
        column = X[:, [given]]
        return np.asarray(column.todense() if hasattr(column, "todense") else column).ravel(), int(given)
    given = [*given] if isinstance(given, tuple) else given
    side = beside(role, given, X.shape[0])
    if side is None:
        raise ValueError(f"{role} is a column's number or {X.shape[0]} values, not {type(given).__name__!r}")
    return side, None


def _own(labels: NDArray[Any]) -> str:
    """Return what labels are, as `typed_labels` takes it."""
    kinds = {"i": "int", "u": "int", "f": "float", "b": "bool", "U": "text"}
    return kinds.get(labels.dtype.kind) or own_kind("target", labels.tolist())
