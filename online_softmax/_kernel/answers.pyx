# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=True, auto_pickle=False
"""Answers: what scores are made of, a few numbers a row instead of the probability of each class."""

from libc.stdint cimport int32_t

from online_softmax._kernel.arrays cimport Buffer
from online_softmax._kernel.model cimport largest

import numpy as np

ANSWER = np.dtype([("predicted", "i4"), ("rank", "i4"), ("p", "f8"), ("confidence", "f8"), ("squares", "f8")])
NONE = np.array([(-1, -1, np.nan, np.nan, np.nan)], ANSWER)


cdef class Answers:
    """The answers to n rows, which are none until they are said."""

    def __cinit__(self, Py_ssize_t n):
        self.array = np.repeat(NONE, n)
        self._buffer = Buffer(self.array.view(np.float64), "d", 4 * n, True)
        self.at = <answer *>self._buffer.view.buf


cdef void say(answer *a, const double *p, Py_ssize_t n, Py_ssize_t y) noexcept nogil:
    """Say what p of n classes come to, where y is the position of the label, or -1."""
    cdef Py_ssize_t c, best
    cdef double squares = 0
    cdef int32_t rank = 0
    if n == 0:
        return
    best = largest(p, n)
    for c in range(n):
        squares += p[c] * p[c]
    a.predicted, a.confidence, a.squares = <int32_t>best, p[best], squares
    if y >= 0:
        for c in range(y):
            rank += p[c] >= p[y]
        for c in range(y + 1, n):
            rank += p[c] > p[y]
        a.p, a.rank = p[y], rank


def answers(P, positions):
    """Return what probabilities come to, as an array of `ANSWER`.

    Its fields are the position of the largest p, the first among equals, and how many classes come before the label, -1
    where there are none or the label is not among them; p of the label, nan where it is not; the largest p, and the sum
    of the squares of all.

    Parameters
    ----------
    P
        float64 of shape (rows, classes).
    positions
        The position of each row's label, or -1; int32.

    """
    cdef Py_ssize_t n = len(P), C = P.shape[1], i
    cdef Answers found = Answers(n)
    cdef Buffer P_ = Buffer(P, "d", n * C), y_ = Buffer(positions, "i", n)
    cdef const double *p = <const double *>P_.view.buf
    cdef const int32_t *y = <const int32_t *>y_.view.buf
    with nogil:
        for i in range(n):
            say(found.at + i, p + i * C, C, y[i])
    return found.array
