# cython: language_level=3, boundscheck=False, wraparound=False, binding=True, auto_pickle=False
"""Arrays, as the kernel holds, gives and takes them."""

from cpython.buffer cimport PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.dict cimport PyDict_GetItemWithError
from cpython.object cimport PyObject
from libc.stdint cimport int32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

import numpy as np


cdef class Buffer:
    """A C-contiguous array of `size` items of one format, held open."""

    def __cinit__(self, array, str format, Py_ssize_t size, bint writable=False):
        PyObject_GetBuffer(array, &self.view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (PyBUF_WRITABLE if writable else 0))
        self.held = True
        if self.view.format.decode() != format or self.view.len != size * self.view.itemsize:
            raise ValueError(f"expected {size} items of format {format!r}, got {array.dtype} of shape {array.shape}")

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.view)


cdef object packed(const double *a, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width):
    """An array (rows, width) of the first `width` of each `stride` doubles."""
    out = np.empty((rows, width))
    cdef Buffer out_ = Buffer(out, "d", rows * width, True)
    cdef Py_ssize_t i
    for i in range(rows if width else 0):
        memcpy(<double *>out_.view.buf + i * width, a + i * stride, width * sizeof(double))
    return out


cdef int unpack(object array, double *a, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width) except -1:
    """The way back."""
    cdef Buffer array_ = Buffer(array, "d", rows * width)
    cdef Py_ssize_t i
    for i in range(rows if width else 0):
        memcpy(a + i * stride, <const double *>array_.view.buf + i * width, width * sizeof(double))
    return 0


cdef Py_ssize_t CACHE_ROWS = 64  # rows whose cells stay in the cache while column after column is filled in


def encoded(list labels):
    """Return the distinct labels in the order of their first appearance, and each label's position among them as int32."""
    cdef dict positions = {}
    cdef Py_ssize_t i, n = len(labels)
    cdef PyObject *known
    codes = np.empty(n, np.int32)
    cdef Buffer codes_ = Buffer(codes, "i", n, True)
    for i in range(n):
        known = PyDict_GetItemWithError(positions, labels[i])
        if known == NULL:
            positions[labels[i]] = len(positions)
            known = PyDict_GetItemWithError(positions, labels[i])
            if known == NULL:
                raise TypeError(f"label {labels[i]!r} must be hashable: its hash changes")
        (<int32_t *>codes_.view.buf)[i] = <object>known
    return list(positions), codes


def side_by_side(list columns, Py_ssize_t n):
    """Return columns of n numbers as a C-contiguous matrix of doubles, and whether all of them are finite."""
    cdef Py_ssize_t m = len(columns), i, j, start = 0, stop
    cdef double v, finite = 0
    cdef list held = []
    V = np.empty((n, m))
    cdef Buffer V_ = Buffer(V, "d", n * m, True)
    cdef double *out = <double *>V_.view.buf
    for values in columns:
        held.append(Buffer(np.ascontiguousarray(values, np.float64), "d", n))
    cdef const double **column = <const double **>malloc((m + 1) * sizeof(double *))
    if column == NULL:
        raise MemoryError
    for j in range(m):
        column[j] = <const double *>(<Buffer>held[j]).view.buf
    with nogil:
        while start < n:
            stop = min(start + CACHE_ROWS, n)
            for j in range(m):
                for i in range(start, stop):
                    v = column[j][i]
                    finite += v * 0
                    out[i * m + j] = v
            start = stop
    free(column)
    return V, finite == 0
