"""Typed labels: what labels become whose column has a type of its own."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from online_softmax.streams.labels import kind_of
from online_softmax.streams.reading import Reading
from online_softmax.streams.tables.cells import gap_number, labels_of, typed_strings_of, without
from online_softmax.streams.tables.columns import Coded, merged

SURE = 15  # decimal digits that a double always keeps
NAMES = {"float": "floating-point numbers", "decimal": "decimal numbers", "bool": "true or false"}


@dataclass(frozen=True)
class TypedLabels:
    """How labels are read whose column has a type.

    Parameters
    ----------
    own
        What they are in their column: "int", "float", "bool", "decimal" or "text".
    kind
        What they become: "int", "float", "bool" or "text".
    reading
        How the source is read.

    """

    own: str
    kind: str
    reading: Reading

    def of(self, coded: Coded) -> tuple[Coded, dict[int, str]]:
        """Return a column of values as labels, and what is wrong with the rows whose value stands for none.

        Examples
        --------
        >>> from online_softmax.streams.reading import Reading
        >>> from online_softmax.streams.tables.columns import code
        >>> from online_softmax.streams.tables.typed_labels import TypedLabels

        >>> TypedLabels("int", "text", Reading(label_type="text")).of(code([7, 8]))[0].values
        ['7', '8']

        """
        if self.own == "text" and self.kind != "text":
            return labels_of(coded, self.kind, self.reading)
        if self.own == "text" and self.reading.spelling.na:
            return typed_strings_of(coded, self.reading), {}
        if self.own != "bool" and self.reading.spelling.gap_numbers:
            coded = without(coded, lambda value: gap_number(value, self.reading.spelling) is not None)
        if self.own == self.kind:
            return coded, {}
        read: Callable[[Any], Hashable] = str if self.own == "int" else int if self.kind == "int" else _sure_float
        labels: list[Hashable] = []
        wrong: dict[int, str] = {}
        for i, value in enumerate(coded.values):
            try:
                labels.append(None if value is None else read(value))
            except ValueError as error:
                labels.append(None)
                wrong[i] = str(error)
        codes = coded.codes.tolist() if wrong else []
        return merged(labels, coded.codes), {row: wrong[code] for row, code in enumerate(codes) if code in wrong}


def typed_labels(column: Hashable, own: str, reading: Reading, texts: Callable[[], Iterable[str]]) -> TypedLabels:
    """Return how to read labels.

    Parameters
    ----------
    column
        The name of their column.
    own
        What they are there: "int", "float", "bool", "text"; "decimal", or "decimal int" without decimals.
    reading
        How the source is read.
    texts
        Gives the first of them, where they are texts.

    Raises
    ------
    ValueError
        If they cannot become what is asked for.

    """
    if own == "decimal int":
        return TypedLabels("decimal", "text" if reading.label_type == "text" else "int", reading)
    if own == "text":
        if reading.label_type != "number":
            return TypedLabels(own, own, reading)
        is_whole = kind_of(texts(), "number") == "int"
        return TypedLabels(own, "int" if is_whole else "float", reading)
    if reading.label_type == "text":
        if own == "int":
            return TypedLabels(own, "text", reading)
        raise ValueError(
            f"column {column!r} holds labels that are {NAMES[own]}, of no one spelling for label_type='text': "
            "convert them to strings"
        )
    if reading.label_type == "number" and own == "bool":
        raise ValueError(f"column {column!r} holds labels that are true or false, and no numbers: convert them")
    return TypedLabels(own, "float" if own == "decimal" else own, reading)


def _sure_float(value: Any) -> float:
    if isinstance(value, Decimal) and len(value.normalize().as_tuple().digits) > SURE:
        raise ValueError(f"{value} has more than {SURE} digits: convert such labels to strings")
    return float(value)
