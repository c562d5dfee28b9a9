"""Flaws: the cells that no row can hold, and what becomes of their rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_softmax.streams.spelling import INFINITE, PLAIN, Spelling
from online_softmax.streams.stream import NOWHERE, Chunk, Note, others
from online_softmax.streams.tables.cells import gap_number
from online_softmax.streams.tables.columns import Coded, Table, assemble

NO_HINT = "missing='zero' or on_bad='skip', or name the column in text_columns"
WRONG = {
    "label": "is no label",
    "weight": "is no weight, a finite number that is at least 0",
    "number": "is not a finite number",
    "truth": "is not true or false",
    "text": "is no string",
    "date": "is no date like those before it",
}


class Flaw(NamedTuple):
    """Where a cell stands that no row can hold."""

    row: int
    column: Hashable

    def at(self, places: NDArray[np.int64]) -> Flaw:
        """Return the same for rows that stood at these places."""
        return Flaw(int(places[self.row]), self.column)


def why(role: str, shown: object) -> str:
    """Say what is wrong with a cell, by what its column is to the rows; see `WRONG`.

    Examples
    --------
    >>> from online_softmax.streams.tables.flaws import why

    >>> why("weight", -1)
    '-1 is no weight, a finite number that is at least 0'

    """
    return f"{shown} {WRONG[role]}"


def why_cell(role: str, value: object, shown: str, spelling: Spelling) -> str:
    """Say what is wrong with a cell of text, and what would help.

    Parameters
    ----------
    role
        What its column is to the rows; see `WRONG`.
    value
        The cell; None where there is none.
    shown
        The cell, as a sentence shows it.
    spelling
        How text writes numbers and gaps.

    """
    wrong = why(role, shown)
    said = value if isinstance(value, str) else "" if value is None else None
    if said is None:
        return wrong
    if role in ("label", "weight"):
        keep = f", or not_na=[{shown}]" if role == "label" and said.strip() else ""
        return f"{wrong}, but a gap: say missing='skip-row'{keep}" if spelling.is_gap(said) else wrong
    if spelling.is_gap(said):
        keep = f", or not_na=[{shown}]" if said.strip() else ""
        return f"{wrong}, but a gap: say missing='zero', 'indicate' or 'skip-row'{keep}"
    if (
        role != "number"
        or INFINITE.fullmatch(said.strip())
        or (spelling.decimal == "." and PLAIN.fullmatch(said.strip()))
    ):
        return wrong
    hints = " or ".join(map(str, spelling.hints(said)))
    return f"{wrong}: say {hints or NO_HINT}"


def why_value(role: str, value: object, spelling: Spelling, shown: object = None) -> str:
    """Say what is wrong with a value that has a type; a number may mark a gap.

    Examples
    --------
    >>> from online_softmax.streams.spelling import Spelling
    >>> from online_softmax.streams.tables.flaws import why_value

    >>> why_value("number", -999, Spelling(na=("-999",)))
    "-999 is not a finite number, but a gap: say missing='zero', 'indicate' or 'skip-row'"

    """
    wrong = why(role, value if shown is None else shown)
    is_mark = role == "number" and gap_number(value, spelling) is not None
    return f"{wrong}, but a gap: say missing='zero', 'indicate' or 'skip-row'" if is_mark else wrong


def sifted(
    table: Table, missing: str, reason: Callable[[Flaw], str] = str, refused: Mapping[int, str] | None = None
) -> Chunk:
    """Return the sound rows of a table, with notes on what was mended, left out or bad.

    Parameters
    ----------
    table
        The columns.
    missing
        What becomes of a value that is missing or not finite; see `Reading`.
    reason
        Says what is wrong with a row, given its first flaw.
    refused
        What is wrong with rows that are bad whatever `missing` says, by their places.

    Examples
    --------
    >>> import numpy as np
    >>> from online_softmax.streams.tables.columns import Table, code
    >>> from online_softmax.streams.tables.flaws import sifted

    >>> table = Table(["a"], np.array([[1.0], [np.nan], [3.0], [4.0]]), {}, ("y", code("uvuv")))
    >>> sifted(table, "error").bad
    (Note(place=1, reason="Flaw(row=1, column='a')"),)
    >>> sifted(table, "zero").mended, sifted(table, "skip-row").left_out
    (array([1]), array([1]))
    >>> list(sifted(table, "indicate").pairs())[1]
    ({'a': 0.0, 'a=': 1.0}, 'v', {})

    """
    if refused:
        places = others([*refused], table.n_rows)
        chunk = sifted(table.only(_marked(places, table.n_rows)), missing, lambda flaw: reason(flaw.at(places)))
        return chunk.with_bad([Note(place, refused[place]) for place in sorted(refused)])
    fatal = np.logical_or.reduce([hole for _, hole in _fatal(table)])
    gaps = ~np.isfinite(table.numbers).all(axis=1)
    for coded in table.texts.values():
        gaps |= coded.codes < 0
    texts = {name: coded.values for name, coded in table.texts.items()}
    if not (gaps.any() or fatal.any()):
        return Chunk(assemble(table), texts=texts)
    mends = missing in ("zero", "indicate")
    flawed = fatal if mends else fatal | gaps
    kept = table.only(~flawed) if flawed.any() else table
    gone = np.flatnonzero(flawed)
    if missing == "skip-row":
        holes = [*_plain(table), *_fatal(table)]
        first = np.argmax([hole[gone] for _, hole in holes], axis=0)
        columns = [name for name, _ in holes]
        return Chunk(assemble(kept), left_out=gone, texts=texts, left_out_columns=first, columns=columns)
    chunk = _mended(kept, missing == "indicate", texts) if mends else Chunk(assemble(kept), texts=texts)
    found = [*(_plain(table) if missing == "error" else []), *_fatal(table)]
    flaws = (Flaw(row, next(name for name, hole in found if hole[row])) for row in gone.tolist())
    return chunk.with_bad([Note(flaw.row, reason(flaw)) for flaw in flaws])


def _marked(places: NDArray[np.int64], n: int) -> NDArray[np.bool_]:
    marked = np.zeros(n, np.bool_)
    marked[places] = True
    return marked


def _mended(table: Table, indicate: bool, texts: Mapping[Hashable, Sequence[Hashable]]) -> Chunk:
    """Return the rows with 0 for each number that is missing; if asked for, with a feature that says so."""
    columns = [name for name in table.features if name not in table.derived]
    number = {name: j for j, name in enumerate(columns)}
    found = [(name, np.flatnonzero(hole)) for name, hole in _plain(table) if name in number and hole.any()]
    rows = np.concatenate([NOWHERE, *(rows for _, rows in found)])
    inside = np.concatenate([NOWHERE, *(np.full(len(rows), number[name]) for name, rows in found)])
    at = {name: j for j, name in enumerate(name for name in table.features if name not in table.texts)}
    # A cell of another kind than its column is infinite; there is none in a column of strings.
    infinite = (np.isinf(table.numbers[rows, at[name]]) if name in at else rows < 0 for name, rows in found)
    bad = np.concatenate([np.empty(0, np.bool_), *infinite])
    order = np.argsort(rows, kind="stable")
    holes = ~np.isfinite(table.numbers)
    sound = table._replace(numbers=np.where(holes, 0.0, table.numbers))
    if indicate:
        texts_too = {name: _with_gap(coded) for name, coded in table.texts.items()}
        gaps = {
            name: Coded([""], np.where(_marked(rows, table.n_rows), np.int32(0), np.int32(-1)))
            for name, rows in found
            if name not in table.texts
        }
        sound = sound._replace(texts=texts_too, gaps=gaps)
    return Chunk(
        assemble(sound),
        rows[order],
        mended_columns=inside[order],
        columns=columns,
        texts=texts,
        was_bad=bad[order],
    )


def _with_gap(coded: Coded) -> Coded:
    """Return a column with the empty string where a string is missing."""
    values = coded.values if "" in coded.values else [*coded.values, ""]
    return Coded(values, np.where(coded.codes < 0, np.int32(values.index("")), coded.codes))


def _plain(table: Table) -> list[tuple[Hashable, NDArray[np.bool_]]]:
    """Return each feature column, with where it has gaps."""
    numbers = [name for name in table.features if name not in table.texts]
    texts = [(name, coded.codes < 0) for name, coded in table.texts.items()]
    return [*zip(numbers, ~np.isfinite(table.numbers).T, strict=True), *texts]


def _fatal(table: Table) -> list[tuple[Hashable, NDArray[np.bool_]]]:
    """Return the columns of labels and weights, with where they hold none."""
    target, labels = table.target
    found = [(target, labels.codes < 0)]
    if table.weight is not None:
        weight, values = table.weight
        found.append((weight, ~((values >= 0) & (values < np.inf))))
    return found
