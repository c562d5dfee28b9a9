# cython: language_level=3, binding=True
"""What is taken for a value, a weight and a label, and what is said of anything else."""

from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_Check, PyFloat_CheckExact
from libc.math cimport INFINITY, isfinite, isnan

import re

import numpy as np

from online_softmax.checks import is_missing


cdef bint is_gap(object value) except -1:
    """Whether a value is missing; see `is_missing`."""
    if PyFloat_Check(value):
        return isnan(PyFloat_AS_DOUBLE(value))
    return value is None or not isinstance(value, (int, str)) and is_missing(value)


cdef double feature_value(object name, object value) except? -1:
    """A feature's value as a finite double, or an error that names the feature and the value."""
    cdef double v
    if PyFloat_CheckExact(value):
        v = PyFloat_AS_DOUBLE(value)
    else:
        v = _converted(name, value)
    if not isfinite(v):
        raise ValueError(f"feature {name!r} is {value!r}: values must be finite numbers{_option(value)}")
    return v


cdef double _converted(object name, object value) except? -1:
    if isinstance(value, (int, np.floating, np.integer, np.bool_)):
        pass
    elif isinstance(value, (str, bytes, bytearray, np.generic)) or getattr(value, "ndim", 0) != 0:
        raise TypeError(f"feature {name!r} is {shown(value)}: values must be numbers{_option(value)}")
    elif isinstance(value, np.ndarray) and value.dtype.kind not in "biuf":
        raise TypeError(f"feature {name!r} is {shown(value)}: values must be numbers{_option(value)}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"feature {name!r} is {shown(value)}: values must fit into a double") from None
    except TypeError:
        raise TypeError(f"feature {name!r} is {shown(value)}: values must be numbers{_option(value)}") from None


cdef str _option(object value):
    """How a model is told to take such a value, in a refusal."""
    if isinstance(value, str):
        return ", or say categorical=True"
    return ", or say missing='zero' or 'indicate'" if is_gap(value) else ""


cdef str shown(object value):
    """The value as a message shows it: short, with its type."""
    if isinstance(value, int) and abs(value) > 10**30:
        return f"an int of {value.bit_length()} bits"
    text = repr(value).replace("\n", " ")
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"


cdef int check_label(object y) except -1:
    """Refuse a label that is missing, to be called where labels are learned."""
    if y is None:
        raise ValueError("label is None: a missing label cannot be learned")
    return check_known_label(y)


cdef int check_known_label(object y) except -1:
    """Refuse NaN and its like. A model of before may know None, which was a label then."""
    try:
        missing = bool(y != y)
    except Exception:
        missing = True
    if missing:
        raise ValueError(f"label is {y!r}: a missing label cannot be learned")
    return 0


cdef double sample_weight(object w) except? -1:
    cdef double v
    if PyFloat_CheckExact(w):
        v = PyFloat_AS_DOUBLE(w)
    elif isinstance(w, (int, np.floating, np.integer, np.bool_)):
        try:
            v = float(w)
        except OverflowError:
            v = INFINITY
    else:
        raise TypeError(f"w must be a number, got {shown(w)}")
    if not (isfinite(v) and v >= 0):
        raise ValueError(f"w must be finite and at least 0, got {w!r}")
    return v


cdef list natural(str name):
    """A key that sorts names by their texts and numbers in turn: x2 before x10."""
    return [int(part) if i % 2 else part for i, part in enumerate(re.split(r"([0-9]{1,18})", name))]
