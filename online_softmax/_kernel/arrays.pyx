# cython: language_level=3, boundscheck=False, wraparound=False, binding=True, auto_pickle=False
"""Arrays, as the kernel holds, gives and takes them."""

from cpython.buffer cimport PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyBUF_WRITABLE, PyBUF_WRITE, PyBuffer_Release, PyObject_GetBuffer
from cpython.dict cimport PyDict_GetItemWithError
from cpython.memoryview cimport PyMemoryView_FromMemory
from cpython.object cimport PyObject
from libc.stdint cimport int32_t
from libc.stdlib cimport free, malloc

import math

import numpy as np


cdef class Buffer:
    """A C-contiguous array of `size` items of one format, held open."""

    def __cinit__(self, array, str format, Py_ssize_t size, bint writable=False):
        if not writable and not array.flags.aligned:  # as in a message of bytes
            array = array.copy()
        PyObject_GetBuffer(array, &self.view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (PyBUF_WRITABLE if writable else 0))
        self.held = True
        if self.view.format.decode() != format or self.view.len != size * self.view.itemsize:
            raise ValueError(f"expected {size} items of format {format!r}, got {array.dtype} of shape {array.shape}")

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.view)


cdef object view(void *home, str kind, tuple shape, tuple steps=None):
    """View the memory at `home` as an array: along axis i, neighbours lie `steps[i]` items apart. A number has the shape ().

    Without `steps`, there are no gaps. The memory must outlive the view.
    """
    cdef Py_ssize_t item = np.dtype(kind).itemsize, last = 0
    if home == NULL or 0 in shape:
        return np.zeros(shape, kind)
    if steps is None:
        steps = tuple(math.prod(shape[i + 1:]) for i in range(len(shape)))
    for n, step in zip(shape, steps, strict=True):
        last += (n - 1) * step
    memory = PyMemoryView_FromMemory(<char *>home, (last + 1) * item, PyBUF_WRITE)
    return np.ndarray(shape, kind, memory, 0, tuple(step * item for step in steps))


cdef dict copied(dict views):
    """Copy the arrays and numbers that are viewed. A list of views becomes one array, a row each."""
    return {name: np.stack(seen) if type(seen) is list else seen.copy() if seen.ndim else seen.item()
            for name, seen in views.items()}


cdef int fill(dict views, dict state) except -1:
    """Put the arrays and numbers of a state where the views of their names look."""
    for name, seen in views.items():
        for place, value in zip(seen, state[name], strict=True) if type(seen) is list else ((seen, state[name]),):
            array = np.asarray(value)
            if array.dtype != place.dtype or array.shape != place.shape:
                raise ValueError(f"expected {place.size} items of format {place.dtype.char!r}, "
                                 f"got {array.dtype} of shape {array.shape}")
            place[...] = array
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
