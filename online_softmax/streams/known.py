"""Known columns: what a model that has learned tells of the columns and labels of a source."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Hashable, Iterable
from typing import Any

from online_softmax.models.scaled import native
from online_softmax.streams.stream import RowStream


class Known:
    """The columns and labels that a model has learned from, as far as its features tell: hashed ones tell nothing.

    It contains the columns that hold strings to the model, whatever they seem to hold where they are read.

    Parameters
    ----------
    features
        The names of its features.
    labels
        Its classes.
    said
        What to call it in an error.

    Examples
    --------
    >>> from online_softmax.streams.known import Known

    >>> known = Known(["size", "colour=red"], ["a", "b"])
    >>> "colour" in known, "size" in known, known.label_type
    (True, False, 'text')

    """

    def __init__(self, features: Iterable[Hashable], labels: Iterable[Hashable], said: str = "the model") -> None:
        self.said, self.numbers = said, frozenset(features)
        self._sorted = sorted(str(name) for name in self.numbers)
        kinds = {type(label) for label in labels}
        self.label_type = "auto"
        if kinds:
            self.label_type = "text" if kinds == {str} else "number" if kinds <= {int, float} else "auto"

    @classmethod
    def of(cls, model: Any, said: str = "the model") -> Known:
        """Return what a model knows: nothing where it is none of ours."""
        found = native(model)
        if found is None:
            return cls((), (), said)
        return cls(found.features if found.hash_bits is None else (), found.classes, said)

    def __contains__(self, column: object) -> bool:
        prefix = f"{column}="
        at = bisect_left(self._sorted, prefix)
        return column not in self.numbers and at < len(self._sorted) and self._sorted[at].startswith(prefix)

    def label_type_of(self, asked: str) -> str:
        """Return the type that labels are read as, where nothing else was asked for."""
        return self.label_type if asked == "auto" else asked

    def reading(
        self, text_columns: Container[Hashable], number_columns: Container[Hashable], label_type: str
    ) -> dict[str, Any]:
        """Return how a file is read for the model, besides what was asked for."""
        columns = {"text_columns": text_columns, "number_columns": number_columns}
        if self.numbers:
            columns = {
                "text_columns": _Either(text_columns, self),
                "number_columns": _Either(number_columns, self.numbers),
            }
        return {**columns, "label_type": self.label_type_of(label_type)}

    def check(self, stream: RowStream) -> None:
        """Refuse a column of strings that the model knows as numbers."""
        for name in stream.text_columns:
            if name in self.numbers:
                raise ValueError(f"column {name!r} holds strings, and {self.said} knows it as numbers")

    def check_any(self, stream: RowStream) -> None:
        """Refuse a source none of whose columns the model knows, and what `check` refuses."""
        self.check(stream)
        if (
            self.numbers
            and stream.features
            and not any(name in self.numbers or name in self for name in stream.features)
        ):
            shown = ", ".join(map(str, stream.features[:5]))
            more = " .." * (len(stream.features) > 5)
            raise ValueError(f"{self.said} knows none of the columns {shown}{more}")


class _Either(Container[Hashable]):
    """The columns that were asked for, and those that a model knows."""

    def __init__(self, asked: Container[Hashable], known: Container[Hashable]) -> None:
        self.asked, self._known = asked, known

    def __contains__(self, column: object) -> bool:
        return column in self.asked or column in self._known
