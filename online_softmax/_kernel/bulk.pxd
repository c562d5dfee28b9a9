from online_softmax._kernel.model cimport Model
from online_softmax._kernel.reader cimport Reader

cdef class BulkModel(Model):
    cdef object _error      # what Python said when a row was refused

    # What a kernel does around rows that stand or fall together, with the GIL.
    cdef int begin_many(self, Reader r) except -1
    cdef void end_many(self) noexcept
    cdef int rollback_many(self, Py_ssize_t classes) except -1

    cdef bint _admit_row(self, Reader r) noexcept with gil
    cdef bint _dismiss_row(self, Py_ssize_t features, Py_ssize_t classes) noexcept with gil
    cdef bint _make_room(self, Reader r) noexcept with gil
    cdef double *_learn_row(self, Reader r, bint many) noexcept nogil
    cdef object _named(self, rows)
    cdef object _row_error(self, rows, Py_ssize_t i)
