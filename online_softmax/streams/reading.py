"""Reading: how a source is read."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from online_softmax.checks import check_missing, check_on_bad
from online_softmax.streams.dates import Dates, check_date_format
from online_softmax.streams.labels import check_label_type
from online_softmax.streams.spelling import Spelling

DATES = ("refuse", "parts")


@dataclass(frozen=True)
class Reading:
    """How a source is read.

    Attributes
    ----------
    target
        The column that holds the label.
    features
        The feature columns; None is every other column.
    drop
        Columns that are no features.
    weight
        The column that holds the sample weights.
    missing
        What becomes of a value that is missing, not finite, or no number in a column of numbers: "error"; "zero", by
        which a number is 0 and a string no feature; "indicate", by which it also has the feature `column=`; or
        "skip-row". A missing label or weight cannot become 0: there both are an error, too.
    on_bad
        What becomes of a row that cannot be read: "raise" or "skip".
    labelled
        Whether rows have labels; where they have none, each is None, and there need be no target.
    text_columns
        Columns that hold strings, even where all of them spell numbers.
    number_columns
        Columns that hold numbers, whatever else they seem to hold.
    label_type
        What labels become that come as text: "number"; "text"; or "auto", by which they are numbers if each survives
        the way to a number and back.
    spelling
        How text writes numbers and gaps.
    dates
        What becomes of a column of dates: "refuse", or "parts", by which it is the seconds since 1970, and the hour,
        the weekday and the month as points on circles.
    date_format
        How text writes dates, as `datetime.strptime` takes it; None finds out.
    known_dates
        Columns of dates, by what is known before the source is opened: one that seems empty is none the less of dates.
    has_known_labels
        Whether a model's classes decide what labels become.

    """

    target: Hashable | None = None
    features: Sequence[Hashable] | None = None
    drop: Sequence[Hashable] = ()
    weight: Hashable | None = None
    missing: str = "error"
    on_bad: str = "raise"
    labelled: bool = True
    text_columns: Container[Hashable] = ()
    number_columns: Container[Hashable] = ()
    label_type: str = "auto"
    spelling: Spelling = field(default_factory=Spelling)
    dates: str = "refuse"
    date_format: str | None = None
    known_dates: Mapping[Hashable, Dates] = field(default_factory=dict)
    has_known_labels: bool = False

    def __post_init__(self) -> None:
        check_on_bad(self.on_bad)
        check_missing(self.missing)
        check_label_type(self.label_type)
        if self.dates not in DATES:
            raise ValueError(f"dates is {' or '.join(map(repr, DATES))}, not {self.dates!r}")
        if self.date_format is not None and not isinstance(self.date_format, str):
            raise ValueError(f"date_format is a text such as '%d/%m/%Y', not {self.date_format!r}")
        if self.date_format is not None:
            if self.dates != "parts":
                raise ValueError(f"date_format={self.date_format!r} goes with dates='parts'")
            check_date_format(self.date_format)
        for name, listed in (("text_columns", self.text_columns), ("number_columns", self.number_columns)):
            if isinstance(listed, str):
                raise ValueError(f"{name} is a list of columns, not {listed!r}")
        for name, columns in (("features", self.features), ("drop", self.drop)):
            if isinstance(columns, str) or not isinstance(columns, Sequence | None):
                raise ValueError(f"{name} is a list of columns, not {columns!r}")

    @property
    def asked_label_type(self) -> str:
        """Return what labels are to become: what a model's classes decide is no wish to make any two of them one."""
        return "auto" if self.has_known_labels else self.label_type

    def of(self, columns: Sequence[Hashable], table: str) -> Reading:
        """Return the same with the features chosen among a table's columns, which must have names of their own."""
        there = set(columns)
        if len(there) < len(columns):
            seen: set[Hashable] = set()
            twice = next(name for name in columns if name in seen or seen.add(name))  # type: ignore[func-returns-value]
            raise ValueError(f"{table} has two columns called {twice!r}; rename one")
        known = ", ".join(name if name.isprintable() else repr(name) for name in map(str, columns[:20]))
        if len(columns) > 20:
            known += f" and {len(columns) - 20:,} more"
        if self.target is None and self.labelled:
            raise ValueError(f"name the target column of {table}, one of: {known}")
        if self.target is not None and self.target not in there:
            raise ValueError(f"{table} has no column {self.target!r} to be the target; its columns are: {known}")
        others = {"the weight": [] if self.weight is None else [self.weight], "a feature": self.features or []}
        named: dict[str, Iterable[Hashable]] = {**others, "dropped": self.drop}
        for role in ("text", "number"):
            listed = self.text_columns if role == "text" else self.number_columns
            named[f"read as {role}"] = found if isinstance(found := asked(listed), Sequence | Set) else []
        for role, names in named.items():
            for name in names:
                if name not in there:
                    raise ValueError(f"{table} has no column {name!r} to be {role}; its columns are: {known}")
        for role, names in others.items():
            if self.target in names and self.target is not None:
                raise ValueError(f"column {self.target!r} of {table} cannot be the target and {role}")
        for name in wanted_twice(self.features or [], self.drop):
            raise ValueError(f"column {name!r} of {table} cannot be a feature and dropped")
        for name in wanted_twice(named["read as text"], named["read as number"]):
            raise ValueError(f"column {name!r} of {table} cannot be read as text and as number")
        if self.features is not None and self.weight in self.features:
            raise ValueError(f"column {self.weight!r} of {table} cannot be the weight and a feature")
        no_features = {self.target, self.weight, *self.drop} if self.weight is not None else {self.target, *self.drop}
        wanted = columns if self.features is None else self.features
        features = [name for name in wanted if name not in no_features]
        if self.missing == "indicate":
            for name in wanted_twice((f"{name}=" for name in features), features):
                raise ValueError(
                    f"column {name!r} of {table} is called like the gaps of column {name[:-1]!r}; rename one"
                )
        return replace(
            self,
            features=features,
            text_columns=_quick(self.text_columns),
            number_columns=_quick(self.number_columns),
        )


def _quick(columns: Container[Hashable]) -> Container[Hashable]:
    return frozenset(columns) if isinstance(columns, Sequence) else columns


def wanted_twice(some: Iterable[Any], others: Iterable[Hashable]) -> list[Any]:
    """Return those of some columns that are among others, too."""
    there = set(others)
    return [name for name in some if name in there]


def asked(columns: Container[Hashable]) -> Container[Hashable]:
    """Return those of some columns that somebody asked for, and not a model that knows them."""
    found: Container[Hashable] = getattr(columns, "asked", columns)
    return found
