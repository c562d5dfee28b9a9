"""Columns: what the columns of a source were read as, and what stood out in them."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from online_softmax.rows import Rows
from online_softmax.storage.fields import MOST, Number, check_value
from online_softmax.storage.names import from_json, to_json
from online_softmax.streams import Chunk
from online_softmax.streams.frame import BESIDE
from online_softmax.streams.reading import Reading

MOST_VALUES = 1000  # of a column of text, to count them
NEARLY = 0.9  # the part of a column's rows whose values differ, where it identifies them
ENOUGH = 100  # values to tell whether they spell numbers
FEWEST = 20  # rows to tell an identifier by
LABELS: dict[type, str] = {int: "int", float: "float", bool: "bool", str: "text"}


@dataclass(frozen=True)
class Columns:
    """What the columns of a source were read as.

    Attributes
    ----------
    numbers, truths, dates
        The feature columns that hold numbers, truth values, and dates.
    texts
        Those that hold strings, each with the number of its different values; None where they are more than 1,000.
    empty
        Those that held nothing at first, and whatever came later had to be a number.
    gaps
        The columns with gaps: how many each had. Where rows were left out for these, how many of them had their first
        gap there, or what is no value.
    labels
        What the labels are: "int", "float", "bool", "text" or "mixed".
    identifiers
        The columns of strings that probably identify the rows, and say nothing about those to come: they have more than
        1,000 values, or nearly as many as there are rows.
    perhaps_numbers
        The columns of strings most of whose values spell numbers.
    perhaps_codes
        The columns of numbers of which some begin with a 0, or have more digits than a number keeps.
    bad_cells
        The columns with cells that were set to 0 and are no gaps, but infinite or of another kind: how many each had.
    missing
        What became of gaps and of these: "error", "zero", "indicate" or "skip-row".

    """

    numbers: list[Hashable]
    truths: list[Hashable]
    texts: dict[Hashable, int | None]
    dates: list[Hashable]
    empty: list[Hashable]
    gaps: dict[Hashable, int]
    labels: str
    identifiers: list[Hashable]
    perhaps_numbers: list[Hashable]
    perhaps_codes: list[Hashable] = field(default_factory=list)
    bad_cells: dict[Hashable, int] = field(default_factory=dict)
    missing: str = "error"

    def to_dict(self) -> dict[str, Any]:
        """Return the same as plain values, ready for JSON."""
        plain = {name: _plain(value) for name, value in vars(self).items()}
        return {**plain, "missing": self.missing, "labels": self.labels}


class ColumnCounter:
    """What has been met in the columns of a stream so far, with at most 1,001 strings of a column in memory.

    Parameters
    ----------
    kinds
        What each feature column holds, in order: a "number", "truth", "text" or "date", or nothing yet, "empty".
    reading
        How the stream is read.
    codes
        The columns of numbers that look like codes.

    Examples
    --------
    >>> import pandas as pd
    >>> from online_softmax.evaluation.columns import ColumnCounter
    >>> from online_softmax.streams import open_stream

    >>> frame = pd.DataFrame({"size": [1.0, None, 3.0], "job": ["cook", "cook", "smith"], "y": ["a", "b", "a"]})
    >>> stream = open_stream(frame, "y", missing="zero")
    >>> counter = ColumnCounter(stream.kinds, stream.reading)
    >>> for chunk in stream:
    ...     counter.add(chunk)
    >>> found = counter.columns(["a", "b"])
    >>> found.numbers, found.texts, found.gaps
    (['size'], {'job': 2}, {'size': 1})

    """

    def __init__(
        self, kinds: Mapping[Hashable, str], reading: Reading, codes: Container[Hashable] = frozenset()
    ) -> None:
        self._kinds, self._reading, self._codes = kinds, reading, codes
        self._n_rows = 0
        self._gaps: dict[Hashable, int] = {}
        self._bad: dict[Hashable, int] = {}
        # The values of each column of strings, in the order of their first appearance: a set has none.
        self._values: dict[Hashable, dict[Hashable, None]] = {name: {} for name in self._of("text")}

    def add(self, chunk: Chunk) -> None:
        """Take rows, which may be a part of a chunk that was read."""
        self._n_rows += len(chunk.rows)
        if len(chunk.mended_columns):
            _count(self._gaps, chunk.columns, chunk.mended_columns[~chunk.was_bad])
            _count(self._bad, chunk.columns, chunk.mended_columns[chunk.was_bad])
        _count(self._gaps, chunk.columns, chunk.left_out_columns)
        fresh = {
            column: [value for value in chunk.texts.get(column, ()) if value not in known]
            for column, known in self._values.items()
            if len(known) <= MOST_VALUES
        }
        if any(fresh.values()):
            there = _used(chunk.rows)
            for column, values in fresh.items():
                found = (value for value in values if f"{column}={value}" in there)
                self._values[column] |= dict.fromkeys(islice(found, MOST_VALUES + 1 - len(self._values[column])))

    def columns(self, labels: Iterable[Hashable]) -> Columns:
        """Return what the columns were read as, of rows with these labels."""
        texts = {name: n if (n := len(values)) <= MOST_VALUES else None for name, values in self._values.items()}
        most = NEARLY * self._n_rows if self._n_rows >= FEWEST else np.inf
        asked = self._reading.text_columns
        return Columns(
            numbers=self._of("number"),
            truths=self._of("truth"),
            texts=texts,
            dates=self._of("date"),
            empty=self._of("empty"),
            gaps={name: self._gaps[name] for name in {**self._kinds, **self._gaps} if name in self._gaps},
            labels=_kind(labels),
            identifiers=[name for name, n in texts.items() if n is None or n >= most],
            perhaps_numbers=[
                name for name, values in self._values.items() if name not in asked and self._spell_numbers(values)
            ],
            perhaps_codes=[name for name in self._of("number") if name in self._codes],
            bad_cells={name: self._bad[name] for name in self._kinds if name in self._bad},
            missing=self._reading.missing,
        )

    def state(self) -> dict[str, Any]:
        """Return what has been met so far, for JSON: columns by their numbers among all that there are."""
        number = {name: i for i, name in enumerate(self._all())}
        return {
            "n_rows": self._n_rows,
            "gaps": [[number[name], n] for name, n in self._gaps.items()],
            "bad": [[number[name], n] for name, n in self._bad.items()],
            "values": [[to_json("value", value) for value in values] for values in self._values.values()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Bring a fresh counter to a state, or raise ValueError if it is none of these columns."""
        columns, texts = self._all(), state["values"]
        check_value("n_rows", Number(int, 0, MOST), state["n_rows"])
        for i, n in [*state["gaps"], *state["bad"]]:
            check_value("a column", Number(int, 0, len(columns) - 1), i)
            check_value("a column's cells", Number(int, 1, MOST), n)
        if len(texts) != len(self._values) or any(len(values) > MOST_VALUES + 1 for values in texts):
            raise ValueError("its strings are not those of the columns")
        self._n_rows = state["n_rows"]
        self._gaps, self._bad = ({columns[i]: n for i, n in state[name]} for name in ("gaps", "bad"))
        for known, values in zip(self._values.values(), texts, strict=True):
            known |= dict.fromkeys(map(from_json, values))

    def _all(self) -> list[Hashable]:
        """Return the columns that may have gaps: features, and what labels and weights are called where they do."""
        others = (self._reading.target, self._reading.weight, "label", "weight", BESIDE)
        return [*dict.fromkeys([*self._kinds, *others])]

    def values(self, column: Hashable) -> list[Hashable]:
        """Return the first strings of a column, at most 1,001."""
        return [*self._values[column]]

    def _of(self, kind: str) -> list[Hashable]:
        return [name for name, one in self._kinds.items() if one == kind]

    def _spell_numbers(self, values: Iterable[Hashable]) -> bool:
        """Whether most of some strings spell numbers."""
        spelled = [self._spells_number(value) for value in islice(values, ENOUGH)]
        return 2 * sum(spelled) > len(spelled)

    def _spells_number(self, value: Hashable) -> bool:
        if not isinstance(value, str) or self._reading.spelling.is_gap(value):
            return False
        try:
            self._reading.spelling.number(value)
        except ValueError:
            return False
        return True


def _count(counts: dict[Hashable, int], columns: Sequence[Hashable], places: NDArray[np.int64]) -> None:
    """Add how often each column is among some places."""
    found = np.bincount(places)
    for place in np.flatnonzero(found).tolist():
        counts[columns[place]] = counts.get(columns[place], 0) + int(found[place])


def _used(rows: Rows) -> set[Hashable]:
    """Return the names of the features that some rows have: those of a part know the names of the whole."""
    ids = rows.ids if rows.starts is None else rows.ids[rows.starts[0] : rows.starts[-1]]
    used = np.zeros(len(rows.names), np.bool_)
    used[ids] = True
    return {rows.names[i] for i in np.flatnonzero(used).tolist()}


def _kind(labels: Iterable[Hashable]) -> str:
    kinds = {LABELS.get(type(label), "mixed") for label in labels}
    if kinds == {"int", "float"}:
        return "float"
    return kinds.pop() if len(kinds) == 1 else "mixed"


def _plain(found: Any) -> Any:
    if isinstance(found, dict):
        return {str(name): n for name, n in found.items()}
    return [name if isinstance(name, str | int) else str(name) for name in found]
