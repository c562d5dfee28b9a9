cdef class Buffer:
    cdef Py_buffer view
    cdef bint held

cdef object packed(const double *a, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width)
cdef int unpack(object array, double *a, Py_ssize_t rows, Py_ssize_t stride, Py_ssize_t width) except -1
