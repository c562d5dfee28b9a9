# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=True, auto_pickle=False
"""Plain numbers between delimiters to rows, without Python and without a detour over columns."""

from cpython.bytes cimport PyBytes_AS_STRING
from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.string cimport memset

import secrets

import numpy as np

from online_softmax._kernel.arrays cimport Buffer

cdef extern from "grid.h":
    ctypedef struct word:
        int64_t start, n
    ctypedef struct vocabulary:
        uint64_t seed
        int64_t n, n_chunk
        word *words
        char *bytes
        int32_t *chunk
    ctypedef struct grid:
        vocabulary labels
        double *values
        int32_t *codes
        int64_t rows
    int UNUSED, LABEL_TEXT, LABEL_INTEGER
    void grid_free(grid *g)
    int grid_read(grid *g, const char *s, const char *end, char delimiter, const int32_t *roles, int64_t fields,
                  int64_t features) nogil


cdef class Grid:
    """Reads lines of finite numbers and a label.

    Parameters
    ----------
    columns
        The columns of the lines.
    features
        Those whose numbers are wanted, in the order in which they are wanted.
    target
        The column of the label; None where there is none, and codes mean nothing.
    integers
        Whether labels are integers, and not text.
    delimiter
        What is between two fields.
    """

    cdef grid g
    cdef object roles
    cdef Buffer roles_
    cdef Py_ssize_t n_fields, n_features
    cdef bint integers
    cdef char delimiter

    def __cinit__(self, list columns, list features, target, bint integers, str delimiter):
        memset(&self.g, 0, sizeof(grid))
        self.g.labels.seed = secrets.randbits(64)
        label = LABEL_INTEGER if integers else LABEL_TEXT
        position = {name: i for i, name in enumerate(features)}
        self.roles = np.array([label if name == target else position.get(name, UNUSED) for name in columns], np.int32)
        self.n_fields, self.n_features, self.integers = len(columns), len(features), integers
        self.roles_ = Buffer(self.roles, "i", self.n_fields)
        self.delimiter = ord(delimiter)

    def __dealloc__(self):
        grid_free(&self.g)

    def read(self, bytes block):
        """Return the numbers, the labels and their codes; None where a line holds anything else."""
        cdef const char *s = PyBytes_AS_STRING(block)
        cdef Py_ssize_t size = len(block), i
        cdef Py_ssize_t lines = block.count(b"\n") + 1
        cdef int done
        cdef word w
        values, codes = np.empty((lines, self.n_features)), np.empty(lines, np.int32)
        cdef Buffer values_ = Buffer(values, "d", lines * self.n_features, True), codes_ = Buffer(codes, "i", lines, True)
        self.g.values, self.g.codes = <double *>values_.view.buf, <int32_t *>codes_.view.buf
        with nogil:
            done = grid_read(&self.g, s, s + size, self.delimiter, <const int32_t *>self.roles_.view.buf, self.n_fields,
                             self.n_features)
        if not done or not self.g.rows:
            return None
        labels = []
        try:
            for i in range(self.g.labels.n_chunk):
                w = self.g.labels.words[self.g.labels.chunk[i]]
                text = self.g.labels.bytes[w.start:w.start + w.n].decode()
                labels.append(int(text) if self.integers else text)
        except UnicodeDecodeError:
            return None
        return values[:self.g.rows], labels, codes[:self.g.rows]
