cdef class Buffer:
    cdef Py_buffer view
    cdef bint held

cdef object view(void *home, str kind, tuple shape, tuple steps=*)
cdef dict copied(dict views)
cdef int fill(dict views, dict state) except -1
