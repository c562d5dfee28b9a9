from online_softmax._kernel.model cimport Model
from online_softmax._kernel.reader cimport Reader
from online_softmax._kernel.workspace cimport Scratch

cdef class BulkModel(Model):
    cdef object _error      # what Python said when a row was refused

    # Undo, with the GIL: what a kernel does around rows of which all are learned or none.
    cdef int begin_many(self, Reader r) except -1
    cdef int on_declared(self) except -1
    cdef void end_many(self) noexcept
    cdef int rollback_many(self, Py_ssize_t classes) except -1

    cdef bint _add_row(self, Reader r) noexcept with gil
    cdef void _dismiss_row(self, Py_ssize_t features, Py_ssize_t classes) noexcept with gil
    cdef bint _evict_after(self, Reader r) noexcept with gil
    cdef bint _scale_row(self, Reader r) noexcept nogil
    cdef double *_learn_row(self, Reader r, Scratch *own) noexcept nogil
    cdef Py_ssize_t _learn_each(self, Reader r, rows, bint interruptible) except -1
    cdef int _check_rows(self, Reader r, rows) except -1
    cdef object _named(self, rows)
    cdef object _row_error(self, rows, Py_ssize_t i)
