# cython: language_level=3
from libc.stdint cimport int32_t

from online_softmax._kernel.arrays cimport Buffer

cdef struct answer:
    int32_t predicted
    int32_t rank
    double p
    double confidence
    double squares

cdef class Answers:
    cdef readonly object array
    cdef Buffer _buffer
    cdef answer *at

cdef void say(answer *a, const double *p, Py_ssize_t n, Py_ssize_t y) noexcept nogil
