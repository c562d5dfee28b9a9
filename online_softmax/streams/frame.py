"""Frames: the rows of a pandas, polars or pyarrow frame."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from functools import partial
from hashlib import sha256
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from online_softmax._kernel.arrays import side_by_side
from online_softmax.checks import check_names, is_missing
from online_softmax.streams.dates import Dates, seconds
from online_softmax.streams.place import Place, count_at
from online_softmax.streams.reading import Reading
from online_softmax.streams.stream import Chunk, RowStream, Run
from online_softmax.streams.tables import (
    Coded,
    Flaw,
    Kind,
    Table,
    arrow,
    beside,
    check_parts,
    code,
    coded_values,
    doubles,
    held,
    in_parts,
    kind_if_empty,
    merged,
    moments,
    own_kind,
    refuse_column,
    refuse_labels,
    sifted,
    text_kind,
    typed_labels,
    typed_strings_of,
    unlabelled,
    values_of,
    weights_of,
    why,
    why_value,
    without_gap_numbers,
)

HEAD = 1000  # rows to know a frame by
OBJECTS = ("object", "Object")  # the type of columns of Python objects, as pandas and polars call it


class FrameStream(RowStream):
    """A stream over a data frame.

    Parameters
    ----------
    frame
        An eager narwhals frame.
    target
        The column that holds the label; or the labels, an array, a list or a series, in the order of the rows.
    weight
        The column that holds the weights; or the weights, likewise.
    chunk_rows
        How many rows to take at a time.
    reading
        How else it is read; see `Reading`.

    Attributes
    ----------
    features
        The feature columns, in order.
    text_columns
        Those of them that hold strings.

    Examples
    --------
    >>> from online_softmax.streams import open_stream
    >>> import polars as pl

    >>> frame = pl.DataFrame({"size": [1.0, None], "kind": ["a", "b"]})
    >>> list(open_stream(frame, target="kind"))
    Traceback (most recent call last):
    ValueError: row 1, column 'size': None is not a finite number
    >>> list(open_stream(frame[:1].drop("kind"), target=["c"]).pairs())
    [({'size': 1.0}, 'c', {})]

    """

    def __init__(
        self,
        frame: nw.DataFrame[Any],
        target: Any = None,
        *,
        weight: Any = None,
        chunk_rows: int = 8192,
        **reading: Any,
    ) -> None:
        self._frame, self._done = frame, 0
        self.chunk_rows: int = chunk_rows
        labelled = reading.pop("labelled", True)
        self._labels = beside("target", target, len(frame))
        weights = beside("weight", weight, len(frame))
        self._weights = None if weights is None else weights_of(weights)
        columns = list(frame.columns)
        if self._labels is not None:
            _check_beside(target, frame, reading)
        elif not isinstance(target, Hashable):
            raise ValueError(
                f"target is a column's name, or an array, a list or a series, not {type(target).__name__!r}"
            )
        of_columns = Reading(
            None if self._labels is not None else target,
            weight=weight if weights is None else None,
            labelled=labelled and self._labels is None,
            **reading,
        ).of(columns, "the frame")
        self.reading = Reading(**{**vars(of_columns), "labelled": labelled})
        self._as_text: set[Hashable] = set()  # columns of texts that write numbers or dates
        self._kinds = {name: self._kind(name) for name in self.features}
        self.kinds = {name: kind.name for name, kind in self._kinds.items()}
        self.text_columns = {name for name, kind in self._kinds.items() if kind.name == "text"}
        self.dates = {name: kind.dates for name, kind in self._kinds.items() if kind.dates is not None}
        check_names(self.features, self.text_columns)
        check_parts(self.features, self.dates)
        if self.reading.labelled:
            self._typed = typed_labels(self.target, self._own_labels(), self.reading, self._label_texts)
            self.label_kind = self._typed.kind
        if self.weight is not None and _held(self.weight, self._column(self.weight)) not in ("number", "truth"):
            raise ValueError(f"column {self.weight!r} of the frame holds no numbers to be weights")

    @property
    def fraction(self) -> float | None:
        """Return the part of the frame that has been read."""
        return self._done / max(1, len(self._frame))

    def identify(self) -> tuple[int, str] | None:
        """Return the number of rows, and a digest of the first."""
        sides = [side[:HEAD].tolist() for side in (self._labels, self._weights) if side is not None]
        head = repr(self._frame.head(HEAD).rows()) + (repr(sides) if sides else "")
        return len(self._frame), sha256(head.encode()).hexdigest()

    def runs(self, at: Mapping[str, Any] | None) -> Iterator[Run]:
        """Yield the rows from one on."""
        first = 0 if at is None else count_at(at, "row", len(self._frame))
        yield Run(len(self._frame) - first, lambda row: Place(0, {"row": first + row}))

    def read(self, at: Mapping[str, Any] | None) -> Iterator[Chunk]:
        """Yield the chunks from a row on."""
        first = 0 if at is None else count_at(at, "row", len(self._frame))
        for start in range(first, len(self._frame), self.chunk_rows):
            part = self._frame[start : start + self.chunk_rows]
            self._done = start + len(part)
            table, wrong = self._table(part, start)
            refused = {row: f"row {start + row}, {self._place(self.target)}: {said}" for row, said in wrong.items()}
            yield from self.told(
                sifted(table, self.missing, partial(self._reason, part, start), refused), {"row": start}
            )

    def _table(self, part: nw.DataFrame[Any], start: int) -> tuple[Table, dict[int, str]]:
        rows = slice(start, start + len(part))
        numbers: list[NDArray[Any]] = []
        texts = {}
        for name in self.features:
            column, kind = part.get_column(name), self._kinds[name]  # type: ignore[arg-type]
            if kind.name == "text":
                texts[name] = typed_strings_of(_spelled(column), self.reading)
            elif name in self._as_text:
                numbers.append(values_of(_spelled(column), kind, self.reading.spelling))
            elif kind.name == "date":
                numbers.append(_moments(column))
            else:
                numbers.append(self._numbers(column, kind.name))
        labels, wrong = unlabelled(len(part)), dict[int, str]()
        if self.reading.labelled:
            given = self._labels
            values = _coded(part.get_column(self.target)) if given is None else coded_values(given[rows].tolist())  # type: ignore[arg-type]
            labels, wrong = self._typed.of(values)
        weight = None
        if self._weights is not None:
            weight = BESIDE, self._weights[rows]
        elif self.weight is not None:
            weight = self.weight, np.asarray(self._numbers(part.get_column(self.weight)), np.float64)  # type: ignore[arg-type]
        matrix = side_by_side(numbers, len(part))[0]
        return in_parts(Table(self.features, matrix, texts, (self.target, labels), weight), self.dates), wrong

    def _numbers(self, column: nw.Series[Any], kind: str = "number") -> NDArray[Any]:
        values = _numbers(column)
        return without_gap_numbers(values, self.reading.spelling) if kind == "number" else values

    def _reason(self, part: nw.DataFrame[Any], start: int, flaw: Flaw) -> str:
        if flaw.column is BESIDE:
            return f"row {start + flaw.row}, weight: {why('weight', self._weights[start + flaw.row])}"  # type: ignore[index]
        role = self.role(flaw.column)
        missing = {"label": "it is missing" if self._labels is not None else "the label is missing"}
        missing["text"] = "the string is missing"
        place = self._place(flaw.column)
        wrong = missing.get(role) or why_value(role, part.get_column(flaw.column)[flaw.row], self.reading.spelling)  # type: ignore[arg-type]
        return f"row {start + flaw.row}, {place}: {wrong}"

    def _place(self, column: Hashable) -> str:
        return "label" if self._labels is not None and column == self.target else f"column {column!r}"

    def _column(self, name: Hashable) -> nw.Series[Any]:
        return self._frame.get_column(name)  # type: ignore[arg-type]

    def _kind(self, name: Hashable) -> Kind:
        """Return what a feature column holds."""
        column = self._column(name)
        holds = _held(name, column)
        if holds and name in self.reading.text_columns:
            return Kind("text")
        is_wanted = name in self.reading.number_columns
        if holds == "category" and not is_wanted:
            return Kind("text")
        if holds in ("number", "truth"):
            is_empty = name in self.reading.known_dates and column.null_count() == len(column)
            found = kind_if_empty(name, self.reading) if is_empty else Kind(holds)
            return Kind(holds) if found.name == "empty" else found
        if holds in ("category", "text"):
            found = text_kind(name, _coded(column.head(HEAD)), self.reading)
            if found.name != "text":
                self._as_text.add(name)
            return found
        if holds != "date":
            refuse_column(name, f"{_type_of(column)} values")
        if self.reading.dates != "parts":
            refuse_column(name, "dates", is_date=True)
        return Kind("date", Dates(has_time=_has_time(column)))

    def _own_labels(self) -> str:
        """Return what the labels are, as `typed_labels` takes it."""
        if self._labels is not None:
            return own_kind("target", self._labels.tolist())
        column = self._column(self.target)
        if (native := _arrow(column)) is not None:
            return arrow.label_type_of(self.target, native.type)
        kind = column.dtype
        if _is_objects(column) or kind == nw.Decimal:
            return own_kind(self.target, column.to_list())
        if kind in (nw.Categorical, nw.Enum):
            return own_kind(self.target, _coded(column).values)
        if kind.is_integer():
            return "int"
        if kind.is_float():
            return "float"
        if kind == nw.Boolean:
            return "bool"
        if not _held(self.target, column):
            refuse_labels(self.target, f"{_type_of(column)} values")
        return "text"

    def _label_texts(self) -> list[str]:
        given = self._labels
        coded = _coded(self._column(self.target)) if given is None else coded_values(given.tolist())
        return [str(value) for value in coded.values]


BESIDE = object()  # the name of weights that are given beside a frame


def _check_beside(labels: Any, frame: nw.DataFrame[Any], reading: dict[str, Any]) -> None:
    """Refuse labels that are a column of the frame, too, and would be learned from themselves."""
    name = getattr(labels, "name", None)
    features = reading.get("features")
    wanted: Any = frame.columns if features is None else features
    if not isinstance(name, Hashable) or name is None or name not in wanted or name in reading.get("drop", ()):
        return
    series = nw.from_native(labels, series_only=True, pass_through=True)
    if isinstance(series, nw.Series) and series.to_list() == frame.get_column(name).to_list():  # type: ignore[arg-type]
        raise ValueError(
            f"the labels are the column {name!r} of the frame itself: say target={name!r}, or drop it there"
        )


def _arrow(column: nw.Series[Any]) -> Any:
    """Return a column of Arrow as it is; None for any other."""
    return column.to_native() if column.implementation.is_pyarrow() else None


def _is_objects(column: nw.Series[Any]) -> bool:
    return str(getattr(column.to_native(), "dtype", "")) in OBJECTS


def _type_of(column: nw.Series[Any]) -> str:
    native = column.to_native()
    return str(native.type if column.implementation.is_pyarrow() else native.dtype)


def _held(name: Hashable, column: nw.Series[Any]) -> str:
    """Return what a column holds: "number", "truth", "text", "category", "date", "time", or "" for others."""
    if (native := _arrow(column)) is not None:
        return arrow.holds(native.type)
    if _is_objects(column):
        return held(name, column.to_list())
    kind = column.dtype
    if kind.is_numeric():
        return "number"
    if kind == nw.Boolean:
        return "truth"
    if kind == nw.String:
        return "text"
    if kind in (nw.Categorical, nw.Enum):
        inner = held(name, _categories(column))
        return "category" if inner != "date" else inner
    if kind in (nw.Date, nw.Datetime):
        return "date"
    if kind in (nw.Time, nw.Duration):
        return "time"
    return "number" if kind == nw.Unknown and column.null_count() == len(column) else ""


def _categories(column: nw.Series[Any]) -> list[Any]:
    native = column.to_native()
    if str(getattr(native, "dtype", "")) == "category":
        return list(native.cat.categories)
    return column.unique().to_list() if column.implementation.is_pandas() else column.cat.get_categories().to_list()


def _has_time(column: nw.Series[Any]) -> bool:
    if (native := _arrow(column)) is not None:
        return arrow.has_time(native.type)
    if column.dtype in (nw.Date, nw.Datetime):
        return column.dtype == nw.Datetime
    return any(hasattr(value, "hour") for value in column.to_list())


def _numbers(column: nw.Series[Any]) -> NDArray[Any]:
    """Return a column of numbers or truth values, nan where one is missing."""
    if (native := _arrow(column)) is not None:
        return arrow.doubles_of(native)
    if _is_objects(column):
        return doubles(column.to_list())
    kind = column.dtype
    if kind in (nw.Decimal, nw.Int128, nw.UInt128):
        return doubles(column.to_list())
    if kind == nw.Unknown:  # nothing but nulls
        return np.full(len(column), np.nan)
    values = column.to_numpy()
    if values.dtype.kind in "biuf":
        return values
    values = column.cast(nw.Float64).fill_null(float("nan")).to_numpy()
    return values


def _moments(column: nw.Series[Any]) -> NDArray[np.float64]:
    """Return a column of dates as seconds since 1970, nan where one is missing."""
    if (native := _arrow(column)) is not None:
        return arrow.doubles_of(native)
    kind = column.dtype
    if isinstance(kind, nw.Datetime) and kind.time_zone is not None:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    values = column.to_numpy()
    if values.dtype.kind != "M":
        return moments(column.to_list())
    unit = np.datetime_data(values.dtype)[0]
    return seconds(values.view(np.int64), unit)


def _spelled(column: nw.Series[Any]) -> Coded:
    """Return a column as codes of texts, as Python writes its values."""
    if (native := _arrow(column)) is not None:
        return arrow.spelled(native)
    if column.dtype == nw.String and not _is_objects(column):
        return _coded(column)
    if str(getattr(column.to_native(), "dtype", "")) == "category":
        categories = column.to_native().cat
        return merged([*map(str, categories.categories)], categories.codes.to_numpy().astype(np.int32))
    values = column.to_list()
    coded = coded_values(values)
    if all(isinstance(value, str) for value in coded.values):
        return coded
    return code(None if is_missing(value) else str(value) for value in values)


def _coded(column: nw.Series[Any]) -> Coded:
    """Return a column as codes of Python's values."""
    if (native := _arrow(column)) is not None:
        return arrow.coded(native)
    return coded_values(column.to_list())
