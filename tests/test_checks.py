"""Checks refuse what they are asked to refuse, in one sentence, and let everything else pass."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from online_softmax.checks import (
    check_count,
    check_limits,
    check_missing,
    check_names,
    check_on_bad,
    finite,
    is_missing,
)


def test_policies():
    for missing in ("error", "zero", "indicate", "skip-row"):
        check_missing(missing)
    for on_bad in ("raise", "skip"):
        check_on_bad(on_bad)
    with pytest.raises(ValueError, match=r"^missing is 'error', 'zero', 'indicate', 'skip-row', not 'drop'$"):
        check_missing("drop")
    with pytest.raises(ValueError, match=r"^on_bad is 'raise' or 'skip', not None$"):
        check_on_bad(None)


@pytest.mark.parametrize("value", [None, math.nan, np.float32("nan"), np.datetime64("NaT"), np.ma.masked], ids=repr)
def test_what_is_missing(value):
    assert is_missing(value)


@pytest.mark.parametrize(
    "value",
    [False, True, np.False_, 0, 0.0, "", "nan", b"", (), [], np.array([math.nan]), math.inf, object()],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_missing(value):
    assert not is_missing(value)


def test_names_of_columns_of_text():
    check_names(["a", "b", "c=d", "ab=", 3], {"a", "b", 3})
    check_names(["a", "a=b"], {"a=b"})
    with pytest.raises(ValueError, match=r"^column 'a=b=c' is called like a value of column 'a=b'; rename one$"):
        check_names(["a=b", "a=b=c"], {"a=b"})
    with pytest.raises(ValueError, match=r"^column '3=' is called like a value of column 3; rename one$"):
        check_names([3, "3="], {3})
    with pytest.raises(ValueError, match=r"^columns 3 and '3' have values of the same names; rename one$"):
        check_names([3, "3"], {3, "3"})


def test_counts():
    check_count("limit", 1)
    check_count("skip", 0, least=0)
    for count in (0, -1, True, 1.0, "1", None):
        with pytest.raises(ValueError, match=f"^limit is a number of rows, 1 or more, not {count!r}$"):
            check_count("limit", count)


def test_limits():
    check_limits(None, None)
    check_limits(1, 1)
    check_limits(2**31 - 1, 30)
    for wrong in (0, -1, True, 2**31, 1.0, "1"):
        with pytest.raises(ValueError, match=f"^max_features must be an int of at least 1, or None, got {wrong!r}$"):
            check_limits(wrong, None)
    for wrong in (0, -1, True, 31, 1.0, "1"):
        with pytest.raises(ValueError, match=f"^hash_bits must be an int from 1 to 30, or None, got {wrong!r}$"):
            check_limits(None, wrong)


@pytest.mark.parametrize("value", [1, -2.5, True, np.float32(0.5), np.int8(3), Fraction(1, 4)], ids=repr)
def test_finite_numbers_become_floats(value):
    assert finite("lr", value) == float(value)
    assert type(finite("lr", value)) is float


def test_finite_refuses_by_name():
    for wrong in ("1", b"1", None, [1.0], 10**400, 1j):
        with pytest.raises(TypeError, match=r"^lr must be a number, got "):
            finite("lr", wrong)
    for wrong in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError, match=f"^lr must be a finite number, got {wrong!r}$"):
            finite("lr", wrong)
    with pytest.raises(ValueError, match=r"^lr must be a finite number of at least 0, got -1$"):
        finite("lr", -1, least=0)
