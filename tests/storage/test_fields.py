"""A field says of what type, shape and range a value must be, and refuses every other by name."""

from __future__ import annotations

import math

import numpy as np
import pytest

from online_softmax.storage.fields import MOST, Array, Number, check_value


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        (Array("f8", (2, 0)), np.zeros((2, 0))),
        (Array("f8", (2,)), np.array([-1e308, 1e308])),
        (Array("i8", (2,), 0, MOST), np.array([0, MOST])),
        (Array("u1", (1,), 0, 1), np.ones(1, np.uint8)),
        (Number(int, 0, 3), 3),
        (Number(float), -0.5),
    ],
    ids=str,
)
def test_what_fits_passes(wanted, value):
    check_value("it", wanted, value)


@pytest.mark.parametrize("value", [np.zeros(3), np.zeros((2, 1)), np.zeros(2, "f4"), [0.0, 0.0], None, 0.0])
def test_another_type_or_shape_is_refused(value):
    with pytest.raises(ValueError, match=r"^'it' must be an array of float64 of shape \(2,\)$"):
        check_value("it", Array("f8", (2,)), value)


@pytest.mark.parametrize("value", [True, 1.0, "1", None, np.int64(1)], ids=repr)
def test_another_type_of_number_is_refused(value):
    with pytest.raises(ValueError, match=r"^'it' must be a number of type int$"):
        check_value("it", Number(int), value)


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        (Array("f8", (2,), 0), np.array([1.0, -1e-9])),
        (Array("f8", (2,), 0, 1), np.array([1.0, 1.5])),
        (Array("f8", (2,)), np.array([math.inf, 0.0])),
        (Array("f8", (2,)), np.array([0.0, math.nan])),
        (Number(int, 0, MOST), MOST + 1),
        (Number(float), -math.inf),
        (Number(float), math.nan),
    ],
    ids=["below", "above", "infinite", "nan", "too large", "minus infinity", "a nan number"],
)
def test_values_out_of_range_are_refused(wanted, value):
    with pytest.raises(ValueError, match=r"^'it' has values from .* to .*: they must be finite, from "):
        check_value("it", wanted, value)
