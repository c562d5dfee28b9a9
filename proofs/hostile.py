"""Hostile things: values, names, labels, weights and mappings that no honest user hands to a model."""

from __future__ import annotations

import datetime
import math
import random
from collections import ChainMap, Counter, OrderedDict, UserDict, defaultdict
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from proofs.spiteful import Lying, Meddling, Moody, Pairs, Raising, SpiteError, Text, Unequal

EXTREME = [1e300, -1e300, 1.7976931348623157e308, 5e-324, -5e-324, 1e-300, 0.0, -0.0, 1e154, 1e155, 2.0**53, 1e16]
ODD = [True, 3, -7, Fraction(1, 3), Decimal("1.5"), np.float32(2), np.int8(-3), np.uint64(2**64 - 1), np.True_, 10**30]
ODD += [np.array(2.0), np.array(3), np.longdouble("1.5"), np.float16(0.5), Decimal("1e-400"), 10**300]
TEXTS = [
    "red",
    "red",
    "blue",
    "",
    "=",
    "b=c",
    "\0",
    "\ud800",
    "a" * 5000,
    Text("red"),
    np.str_("blue"),
]  # taken if asked for
REFUSED = [math.nan, math.inf, -math.inf, 10**400, -(10**400), Decimal("sNaN"), Decimal("NaN"), Decimal("1e400")]
REFUSED += [Fraction(10**400), "1", "", b"1", bytearray(b"2"), None, 1j, ((1.0,),), [], [1.0], {}, set(), object(), int]
REFUSED += [np.array([1.0, 2.0]), np.array(["x"]), np.array("x"), np.array(None), np.longdouble("1e4000")]
REFUSED += [np.datetime64("2020-01-01"), np.timedelta64(3, "D"), np.complex128(1j), np.str_("2"), np.ma.masked]
REFUSED += [pd.NA, pd.NaT, pd.Timestamp("2020-01-01"), datetime.date(2020, 1, 1), Raising(), np.float64("nan")]
NAMES = [
    None,
    True,
    0,
    1,
    -1,
    2.5,
    10**400,
    b"a0",
    ("a0", 1),
    ((((),),),),
    "",
    "a\0b",
    "\ud800",
    Text("a0"),
    frozenset(),
]
NAMES += [Fraction(5, 2), Decimal("2.5"), datetime.date(2020, 1, 1), int, np.int64(1), np.str_("a1"), "ä", "a" * 5000]
LABELS = [
    *(name for name in NAMES if name is not None),
    False,
    0.0,
    1.0,
    "red",
    np.float64(2.5),
    np.False_,
    pd.Timestamp("2020-01-01"),
    2**64,
    -(2**63),
]
NO_LABELS = [
    None,
    math.nan,
    np.float64("nan"),
    Decimal("NaN"),
    Decimal("sNaN"),
    pd.NA,
    pd.NaT,
    [],
    {},
    set(),
    bytearray(),
]
NO_LABELS += [np.array([1.0]), np.array([1, 2]), np.datetime64("NaT"), ([],), Raising(), np.array(1)]
WEIGHTS = [
    0,
    1,
    2,
    0.0,
    -0.0,
    0.5,
    1e-300,
    5e-324,
    1e10,
    1e100,
    1e101,
    1e300,
    True,
    np.float64(2),
    np.int8(3),
    np.True_,
]
NO_WEIGHTS = [math.nan, math.inf, -1, -5e-324, 10**400, "2", None, 1j, [], np.array([1.0]), Raising(), Decimal(1), {}]
NO_MAPPINGS = [
    None,
    5,
    "a0",
    b"a0",
    ["a0"],
    ("a0", 1.0),
    {"a0"},
    dict,
    np.ones(3),
    pd.DataFrame({"a0": [1.0]}),
    iter([]),
]
NO_MAPPINGS += [
    Pairs([("a0",)]),
    Pairs([("a0", 1.0, 2)]),
    Pairs(5),
    Pairs([5]),
    Pairs([([], 1.0)]),
    Pairs("ab"),
    Raising(),
]
NO_MAPPINGS += [Pairs([(Raising(), 1.0)]), object(), np.float64(1), pd.DataFrame({"a0": [1.0]}).to_numpy(), len]


class Generator:
    """Draws hostile things from a seed.

    Parameters
    ----------
    rng
        Where every choice comes from.
    n_names
        How many honest names there are.
    n_labels
        How many honest labels there are.
    meddle
        What a meddling object does.
    restless
        Whether names and labels may have hashes and equalities that fail or change once they are learned.
    """

    def __init__(
        self, rng: random.Random, n_names: int, n_labels: int, meddle: Callable[[], None], restless: bool
    ) -> None:
        self.rng, self.meddle, self.restless = rng, meddle, restless
        self.names: list[Any] = [f"a{i}" for i in range(n_names)]
        self.labels: list[Any] = [f"c{i}" if i % 2 else i for i in range(n_labels)]

    def value(self, mood: float) -> Any:
        """Give an honest value, or, the more often the greater the mood, another."""
        rng = self.rng
        if rng.random() > mood:
            return rng.gauss(0, 1)
        kind = rng.random()
        if kind < 0.5:
            return rng.choice(EXTREME)
        if kind < 0.7:
            return rng.choice(ODD)
        if kind < 0.75:
            return rng.choice(TEXTS)
        if kind < 0.95:
            return rng.choice(REFUSED)
        return Moody(rng.randrange(1000)) if rng.random() < 0.7 else Meddling(self.meddle)

    def name(self, mood: float) -> Any:
        """Give a name, most often an honest one."""
        rng = self.rng
        if rng.random() > mood * 0.2:
            return rng.choice(self.names)
        if rng.random() < 0.85 or not self.restless:
            return rng.choice(NAMES)
        return rng.choice([math.nan, Unequal(), Moody(0), Moody(1), Meddling(lambda: None)])

    def label(self, mood: float) -> Any:
        """Give a label, most often an honest one."""
        rng = self.rng
        if rng.random() > mood * 0.3:
            return rng.choice(self.labels)
        kind = rng.random()
        if kind < 0.5:
            return rng.choice(LABELS)
        if kind < 0.9 or not self.restless:
            return rng.choice(NO_LABELS)
        return rng.choice([Unequal(), Moody(rng.randrange(1000)), Meddling(self.meddle)])

    def weight(self, mood: float) -> Any:
        """Give a sample's weight, most often 1."""
        rng = self.rng
        if rng.random() > mood * 0.4:
            return 1.0
        return rng.choice(WEIGHTS if rng.random() < 0.6 else NO_WEIGHTS)

    def mapping(self, mood: float) -> Any:
        """Give a sample's features, of whatever type."""
        rng = self.rng
        if rng.random() < mood * 0.1:
            return rng.choice(NO_MAPPINGS)
        x: dict[Any, Any] = {}
        for _ in range(rng.choice([0, 1, 3, 3, 8]) if rng.random() < 0.9 else len(self.names)):
            try:
                x[self.name(mood)] = self.value(mood)
            except SpiteError:
                continue
        if rng.random() > mood * 0.5:
            return x
        try:
            return rng.choice(MAPPINGS)(x)
        except Exception:  # the type cannot hold it
            return x


def concept(names: list[Any], labels: list[Any], n: int, rng: random.Random) -> list[tuple[dict[Any, float], Any]]:
    """Give a stream from which trees grow and which a memory needs: two features lie on a chessboard of the labels."""
    rows = []
    for _ in range(n):
        x = {name: rng.random() for name in names[:6]}
        x |= {rng.choice(names): 1.0 for _ in range(3)}
        a, b = (int(4 * x[name]) for name in names[:2])
        rows.append((x, labels[(a * 5 + b * 3) % len(labels)]))
    return rows


def _changing(x: dict[Any, Any]) -> dict[Any, Any]:
    """Give a dictionary that changes as it is read."""
    x["changes"] = Meddling(lambda: x.update({f"new {i}": 1.0 for i in range(9)}))
    return x


def _shrinking(x: dict[Any, Any]) -> dict[Any, Any]:
    out: dict[Any, Any] = {"clears": Meddling(lambda: out.clear()), **x}
    return out


MAPPINGS: list[Callable[[dict[Any, Any]], Any]] = [
    OrderedDict,
    MappingProxyType,
    UserDict,
    ChainMap,
    Lying,
    _changing,
    _shrinking,
    lambda x: Counter(list(x)),
    lambda x: defaultdict(float, x),
    lambda x: Pairs([*x.items(), *x.items()]),
    lambda x: Pairs(iter(x.items())),
    lambda x: pd.Series(list(x.values()), index=pd.Index(list(x), dtype=object), dtype=object),
    lambda x: pd.Series([1.0] * 40, index=["a0"] * 40),
]
