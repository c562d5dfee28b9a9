# cython: language_level=3, boundscheck=False, wraparound=False, binding=True, auto_pickle=False
"""Rows as river's StandardScaler transforms them."""

import numpy as np

from online_softmax._kernel.arrays cimport Buffer
from online_softmax._kernel.reader cimport scaler, scaler_transform
from libc.stdint cimport int32_t


def standardized(rows, scale):
    """Return the values of `rows` standardised by the counts, means and variances of `rows.names`."""
    cdef scaler s
    cdef Py_ssize_t entries = len(rows.ids), width = len(rows.names), n = len(rows) if rows.starts is None else 1, i
    out = np.empty_like(rows.values)
    cdef Buffer ids_ = Buffer(rows.ids, "i", entries)
    cdef Buffer values_ = Buffer(rows.values, "d", n * entries), out_ = Buffer(out, "d", n * entries, True)
    cdef Buffer count_, mean_, var_
    count_, mean_, var_ = (Buffer(a, "d", width) for a in scale)
    s.count, s.mean, s.var = <double *>count_.view.buf, <double *>mean_.view.buf, <double *>var_.view.buf
    with nogil:
        for i in range(n):
            scaler_transform(&s, <const int32_t *>ids_.view.buf, <const double *>values_.view.buf + i * entries, entries,
                             <double *>out_.view.buf + i * entries)
    return out
