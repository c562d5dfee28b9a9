# cython: language_level=3, boundscheck=False, wraparound=False, binding=True, auto_pickle=False
"""Arrays, as the kernel holds, gives and takes them."""

from cpython.buffer cimport PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
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
