"""Known columns: what a model that has learned tells of the columns and labels of a source."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Hashable, Iterable
from typing import Any

from online_softmax.checks import shorten
from online_softmax.models.scaled import native
from online_softmax.streams.dates import Dates
from online_softmax.streams.stream import RowStream

# By which a date and its time are known. A model need not know a feature that is always 0; these are not both 0.
WEEKDAY, HOUR = (".weekday_sin", ".weekday_cos"), (".hour_sin", ".hour_cos")
HOLDS = {"number": "numbers", "truth": "truth values", "text": "strings", "date": "dates", "empty": "nothing"}


class Known:
    """The columns and labels that a model has learned from, as far as its features tell: hashed ones tell nothing.

    It contains the columns that hold strings to the model, whatever they seem to hold where they are read. A name that
    ends with `=` stands for a gap and does not tell of what kind its column is.

    Parameters
    ----------
    features
        The names of its features.
    labels
        Its classes.
    said
        What to call it in an error.

    Attributes
    ----------
    numbers
        The columns of numbers.
    dates
        The columns of dates, with whether the hour is known.
    label_type
        What labels become: "number"; "text"; or "auto" where the classes are both, or neither.

    Examples
    --------
    >>> from online_softmax.streams.known import Known

    >>> known = Known(["size", "colour=red"], ["a", "b"])
    >>> "colour" in known, "size" in known, known.label_type
    (True, False, 'text')

    """

    said: str
    dates: dict[Hashable, Dates]
    numbers: frozenset[Hashable]
    label_type: str

    def __init__(self, features: Iterable[Hashable], labels: Iterable[Hashable], said: str = "the model") -> None:
        names = frozenset(features)
        self.said, self.dates = said, _dates_among(names)
        self.numbers = names - self.dates.keys()
        self._sorted = sorted(map(str, names))
        kinds = {type(label) for label in labels}
        self.label_type = "auto"
        if kinds:
            self.label_type = "text" if kinds == {str} else "number" if kinds <= {int, float} else "auto"
        self._has_texts = None if not kinds or len({kind is str for kind in kinds}) > 1 else kinds == {str}

    @classmethod
    def of(cls, model: Any, said: str = "the model") -> Known:
        """Return what a model knows: nothing where it is none of ours."""
        found = native(model)
        if found is None:
            return cls((), (), said)
        return cls(found.features if found.hash_bits is None else (), found.classes, said)

    def __contains__(self, column: object) -> bool:
        prefix = f"{column}="
        at = bisect_right(self._sorted, prefix)
        is_other = column in self.numbers or column in self.dates
        return not is_other and at < len(self._sorted) and self._sorted[at].startswith(prefix)

    def label_type_of(self, asked: str) -> str:
        """Return the type that labels are read as, where nothing else was asked for."""
        return self.label_type if asked == "auto" else asked

    def reading(
        self, text_columns: Container[Hashable], number_columns: Container[Hashable], label_type: str
    ) -> dict[str, Any]:
        """Return how a file is read for the model, besides what was asked for."""
        wanted: dict[str, Any] = {"text_columns": text_columns, "number_columns": number_columns}
        if self._sorted:
            wanted |= {"text_columns": _Either(text_columns, self)}
            wanted |= {"number_columns": _Either(number_columns, self.numbers), "known_dates": self.dates}
        if self.label_type != "auto":
            wanted["has_known_labels"] = True
        return {**wanted, "label_type": self.label_type_of(label_type)}

    def check(self, stream: RowStream) -> None:
        """Refuse a stream whose columns or labels are of other kinds than the model knows."""
        for name in stream.features if self._sorted else ():
            self._check_column(stream, name)
        if stream.reading.labelled and stream.label_kind is not None and self._has_texts is not None:
            is_text = stream.label_kind == "text"
            if is_text != self._has_texts:
                held, known = ("texts", "numbers") if is_text else ("numbers", "texts")
                raise ValueError(
                    f"the labels are {held}, and those of {self.said} are {known}: open_stream(.., model=model) "
                    f"without label_type reads them as {known}"
                )

    def _check_column(self, stream: RowStream, name: Hashable) -> None:
        kind = stream.kinds[name]
        such = _example(stream, name) if kind == "text" and (name in self.numbers or name in self.dates) else ""
        held = f"column {name!r} holds {HOLDS[kind]}{such}, and {self.said} knows it as"
        if name in self.numbers:
            if kind == "text":
                raise ValueError(f"{held} numbers")
            if kind == "date":
                raise ValueError(f"{held} numbers: write it as numbers, or drop it")
        elif name in self.dates:
            self._check_date(stream, name, held)
        elif kind != "text" and name in self:
            raise ValueError(f"{held} strings: open_stream(.., model=model) reads it so")

    def _check_date(self, stream: RowStream, name: Hashable, held: str) -> None:
        known = self.dates[name]
        if any(part in stream.features for part in known.names(name)[1:]):
            return  # they are columns of their own
        if (found := stream.dates.get(name)) is None:
            advice = "write it as such, or drop it" if stream.reading.dates == "parts" else "say dates='parts'"
            raise ValueError(f"{held} dates: {advice}")
        if found.has_time != known.has_time:
            times = ("with a time", "without one") if found.has_time else ("without a time", "with one")
            raise ValueError(
                f"column {name!r} holds dates {times[0]}, and {self.said} knows dates {times[1]} there: write them as "
                "it knows them, or drop the column"
            )

    def check_any(self, stream: RowStream) -> None:
        """Refuse a source none of whose columns the model knows, and what `check` refuses."""
        self.check(stream)
        if (
            self._sorted
            and stream.features
            and not any(name in self.numbers or name in self.dates or name in self for name in stream.features)
        ):
            shown = ", ".join(map(str, stream.features[:5]))
            more = " .." * (len(stream.features) > 5)
            raise ValueError(f"{self.said} knows none of the columns {shown}{more}")


def _example(stream: RowStream, column: Hashable) -> str:
    """Return the first string of a column, as the end of a sentence; nothing where a look would take rows away."""
    if getattr(getattr(stream, "source", None), "is_pipe", False):
        return ""
    try:
        return f" such as {shorten(next(iter(stream)).texts[column][0])}"
    except (StopIteration, LookupError, ValueError, OSError):
        return ""


def _dates_among(names: frozenset[Hashable]) -> dict[Hashable, Dates]:
    """Return the columns that are dates to a model, by their parts among its features."""
    columns = {name[: -len(WEEKDAY[0])] for name in names if isinstance(name, str) and name.endswith(WEEKDAY)}
    found = [name for name in names if str(name) in columns] if columns else []
    return {name: Dates(has_time=any(f"{name}{part}" in names for part in HOUR)) for name in found}


class _Either(Container[Hashable]):
    """The columns that were asked for, and those that a model knows."""

    def __init__(self, asked: Container[Hashable], known: Container[Hashable]) -> None:
        self.asked, self._known = asked, known

    def __contains__(self, column: object) -> bool:
        return column in self.asked or column in self._known
