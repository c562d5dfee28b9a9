# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=True, auto_pickle=False
"""Where the records of a text begin and end, found without reading what they hold."""

from cpython.bytes cimport PyBytes_AS_STRING
from libc.stdint cimport int64_t

import numpy as np

from online_softmax._kernel.arrays cimport Buffer

cdef extern from "records.h":
    int64_t whole_records(const char *text, int64_t n, char delimiter) nogil
    int64_t row_starts(const char *text, int64_t n, char delimiter, const char *blanks, char comment,
                       int64_t *starts) nogil


def starts(bytes text, bytes delimiter=b"\0", bytes blanks=b" \t\r\n\x0b\x0c", bytes comment=b"\0"):
    """Return where each row of a text begins.

    Parameters
    ----------
    text
        Whole records, each of which ends with its line.
    delimiter
        What is between two fields that may be in double quotes, with lines that end inside them; NUL for none.
    blanks
        What a record that is no row consists of.
    comment
        What a line begins with, after such, that is no row either; NUL for nothing.
    """
    cdef Py_ssize_t size = len(text)
    cdef const char *s = PyBytes_AS_STRING(text)
    cdef const char *blank = PyBytes_AS_STRING(blanks)
    cdef char between = PyBytes_AS_STRING(delimiter)[0], mark = PyBytes_AS_STRING(comment)[0]
    cdef int64_t rows
    found = np.empty(text.count(b"\n") + 1, np.int64)
    cdef Buffer found_ = Buffer(found, "l", len(found), True)
    with nogil:
        rows = row_starts(s, size, between, blank, mark, <int64_t *>found_.view.buf)
    return found[:rows]


def whole(bytes text, bytes delimiter):
    """Return how many bytes the records take that end in a text, in a line outside the quotes of a field."""
    cdef Py_ssize_t size = len(text)
    cdef const char *s = PyBytes_AS_STRING(text)
    cdef char between = PyBytes_AS_STRING(delimiter)[0]
    cdef int64_t n
    with nogil:
        n = whole_records(s, size, between)
    return n
