"""Tables: what Arrow columns are taken for, and the rows they become."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from online_softmax.checks import check_names
from online_softmax.streams.dates import Dates
from online_softmax.streams.reading import Reading
from online_softmax.streams.stream import Chunk
from online_softmax.streams.tables.arrow import coded, holds, matrix, pyarrow, spelled
from online_softmax.streams.tables.columns import Table, check_parts, in_parts, unlabelled
from online_softmax.streams.tables.file_bytes import ByteSource
from online_softmax.streams.tables.file_stream import FileStream
from online_softmax.streams.tables.flaws import Flaw, sifted

if TYPE_CHECKING:
    import pyarrow as pa


class TableStream(FileStream):
    """A stream whose chunks come as Arrow tables.

    Parameters
    ----------
    source
        The file.
    reading
        How it is read.

    """

    blank: str | None = None  # the label that is none
    bytes_are_text = False  # where text that is not UTF-8 seems to be bytes

    def __init__(self, source: ByteSource, reading: Reading) -> None:
        self.source, self.reading = source, reading
        self._types: dict[str, pa.DataType] | None = None

    def choose(self, columns: list[str]) -> None:
        """Choose target and features among the columns."""
        self.reading = self.reading.of(columns, self.source.name)
        used = {*self.features, self.weight}
        if self.reading.labelled:
            used.add(self.target)
        self.used = [name for name in columns if name in used]

    def settle(self, schema: Iterable[pa.Field]) -> None:
        """Settle what each column holds."""
        used, features = frozenset(self.used), frozenset(self.features)
        fields = [field for field in schema if field.name in used]
        self._types = {field.name: self._type(field, field.name in features) for field in fields}
        text = pyarrow().string()
        self.text_columns = {name for name in self.features if self._types[str(name)] == text}
        self.numbers = [name for name in self.features if name not in self.text_columns]
        self.dates = {
            name: Dates(has_time=pyarrow().types.is_timestamp(self._types[str(name)]))
            for name in self.numbers
            if holds(self._types[str(name)]) == "date"
        }
        truth = pyarrow().bool_()
        self.kinds = {name: "truth" if self._types[str(name)] == truth else self.role(name) for name in self.features}
        check_names(self.features, self.text_columns)
        check_parts(self.features, self.dates)

    def sifted(self, table: pa.Table, reason: Callable[[Flaw], str] = str) -> Chunk:
        """Return a table's rows; `reason` says what is wrong with a bad one."""
        return sifted(self.taken(table), self.missing, reason)

    def taken(self, table: pa.Table) -> Table:
        """Return what the columns of a table are taken for."""
        texts = {name: spelled(table[name]) for name in self.features if name in self.text_columns}
        has_labels = self.reading.labelled
        labels = coded(table[self.target], missing=self.blank) if has_labels else unlabelled(table.num_rows)
        weight = None if self.weight is None else (self.weight, matrix(table.select([self.weight]))[:, 0])
        numbers = matrix(table.select(self.numbers))
        return in_parts(Table(self.features, numbers, texts, (self.target, labels), weight), self.dates)

    def _type(self, field: pa.Field, is_feature: bool) -> Any:
        """Return the type to read a column as."""
        types, kind = pyarrow().types, field.type
        held = holds(kind)
        if is_feature and field.name in self.reading.text_columns and held:
            return pyarrow().string()
        if field.name == self.target:
            return self.label_type(field, held in ("number", "truth") and not types.is_decimal(kind))
        if held == "number" or field.name == self.weight:
            return pyarrow().float64()
        if held == "truth":
            return pyarrow().bool_()
        if held in ("text", "category") or (types.is_binary(kind) and self.bytes_are_text):
            return pyarrow().string()
        if held == "date" and self.reading.dates == "parts":
            return kind.value_type if types.is_dictionary(kind) else kind
        wrong = "dates and times are" if held in ("date", "time") else f"{kind} values are"
        ask = "ask for dates='parts', drop the column" if held == "date" else "drop the column"
        raise ValueError(f"{self.source}, column {field.name!r}: {wrong} no features; {ask}, or name the wanted ones")

    def label_type(self, field: pa.Field, is_plain: bool) -> Any:
        """Return the type to read labels as; `is_plain` if they are numbers or truth values."""
        return field.type
