"""Tables: what Arrow columns are taken for, and the rows they become."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from online_softmax.streams.reading import Reading
from online_softmax.streams.stream import Chunk
from online_softmax.streams.tables.arrow import coded, matrix, pyarrow
from online_softmax.streams.tables.columns import Table, check_names, unlabelled
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
        target = {self.target} if self.reading.labelled else set()
        self.used = [name for name in columns if name in {*target, self.weight, *self.features}]

    def settle(self, schema: Iterable[pa.Field]) -> None:
        """Settle what each column holds."""
        self._types = {field.name: self._type(field) for field in schema if field.name in self.used}
        self.text_columns = {name for name in self.features if str(self._types[str(name)]) == "string"}
        self.numbers = [name for name in self.features if name not in self.text_columns]
        check_names(self.features, self.text_columns)

    def sifted(self, table: pa.Table, reason: Callable[[Flaw], str] = str) -> Chunk:
        """Return a table's rows; `reason` says what is wrong with a bad one."""
        return sifted(self.taken(table), self.missing, reason)

    def taken(self, table: pa.Table) -> Table:
        """Return what the columns of a table are taken for."""
        texts = {name: coded(table[name].cast("string")) for name in self.features if name in self.text_columns}
        has_labels = self.reading.labelled
        labels = coded(table[self.target], missing=self.blank) if has_labels else unlabelled(table.num_rows)
        weight = None if self.weight is None else (self.weight, matrix(table.select([self.weight]))[:, 0])
        numbers = matrix(table.select(self.numbers))
        return Table(self.features, numbers, texts, (self.target, labels), weight)

    def _type(self, field: pa.Field) -> Any:
        types, kind = pyarrow().types, field.type
        if field.name in self.reading.text_columns and field.name in self.features:
            return pyarrow().string()
        number = types.is_integer(kind) or types.is_floating(kind)
        if field.name == self.target:
            return self.label_type(field, number or types.is_boolean(kind))
        if number or types.is_null(kind) or types.is_decimal(kind) or field.name == self.weight:
            return pyarrow().float64()
        if types.is_boolean(kind):
            return pyarrow().bool_()
        if types.is_dictionary(kind):
            kind = kind.value_type
        if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
            return pyarrow().string()
        if types.is_binary(kind) and self.bytes_are_text:
            return pyarrow().string()
        wrong = "dates and times are" if types.is_temporal(kind) else f"{kind} values are"
        raise ValueError(
            f"{self.source}, column {field.name!r}: {wrong} no features; drop the column, or name the wanted ones"
        )

    def label_type(self, field: pa.Field, is_plain: bool) -> Any:
        """Return the type to read labels as; `is_plain` if they are numbers or truth values."""
        return field.type
