# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=True, auto_pickle=False
"""Rows as the kernel reads them: one row at a time, as slots and values, without Python."""

from libc.math cimport isfinite
from libc.stdlib cimport free, malloc

from online_softmax._kernel.arrays cimport Buffer


cdef class Reader:
    def __cinit__(self, rows, dict slots, dict positions, scale=None):
        cdef Py_ssize_t i, m, longest = 0
        cdef const int64_t *starts
        self.names, self.labels, self.n_rows = rows.names, rows.labels, len(rows)
        self.shared, self.scaled = rows.starts is None, scale is not None
        m = len(rows.ids)
        self.ids_ = Buffer(rows.ids, "i", m)
        self.values_ = Buffer(rows.values, "d", m * self.n_rows if self.shared else m)
        self.codes_ = Buffer(rows.codes, "i", self.n_rows)
        if rows.weights is not None:
            self.weights_ = Buffer(rows.weights, "d", self.n_rows)
        if self.shared:
            longest = m
        else:
            self.starts_ = Buffer(rows.starts, "l", self.n_rows + 1)
            starts = <const int64_t *>self.starts_.view.buf
            for i in range(self.n_rows):
                if not 0 <= starts[i] <= starts[i + 1] <= m:
                    raise ValueError(f"row {i} spans entries {starts[i]} to {starts[i + 1]} of {m}")
                longest = max(longest, starts[i + 1] - starts[i])
        if scale is not None:
            self.count_, self.mean_, self.var_ = (Buffer(a, "d", len(self.names), True) for a in scale)
            self.scaler.count = <double *>self.count_.view.buf
            self.scaler.mean = <double *>self.mean_.view.buf
            self.scaler.var = <double *>self.var_.view.buf
        self.slot_of = <int32_t *>malloc((len(self.names) + len(self.labels) + 2 * longest + 1) * sizeof(int32_t))
        self.scratch = <double *>malloc((5 * longest + 1) * sizeof(double))
        if self.slot_of == NULL or self.scratch == NULL:
            raise MemoryError
        self.position_of = self.slot_of + len(self.names)
        self.slots = self.position_of + len(self.labels)
        self.known_slots = self.slots + longest
        self.look_up(slots)
        for i in range(len(self.labels)):  # None is not learned, even where a model of before knows it
            self.position_of[i] = -1 if self.labels[i] is None else positions.get(self.labels[i], -1)

    def __dealloc__(self):
        free(self.slot_of)
        free(self.scratch)

    cdef int look_up(self, dict slots) except -1:
        """Find the slots of the chunk's names."""
        cdef Py_ssize_t i
        for i in range(len(self.names)):
            self.slot_of[i] = slots.get(self.names[i], -1)
        self.settled = False
        return 0

    cdef bint read(self, Py_ssize_t i) noexcept nogil:
        """Read row i; false where a value or the weight is not usable."""
        cdef Py_ssize_t start
        if self.shared:
            self.n, start = self.ids_.view.len // sizeof(int32_t), 0
            self.ids = <const int32_t *>self.ids_.view.buf
            self.raw = <const double *>self.values_.view.buf + i * self.n
        else:
            start = (<const int64_t *>self.starts_.view.buf)[i]
            self.n = (<const int64_t *>self.starts_.view.buf)[i + 1] - start
            self.ids = <const int32_t *>self.ids_.view.buf + start
            self.raw = <const double *>self.values_.view.buf + start
        self.x = self.raw
        self.code = (<const int32_t *>self.codes_.view.buf)[i]
        self.position = self.position_of[self.code]
        self.w = 1 if self.weights_ is None else (<const double *>self.weights_.view.buf)[i]
        self.find_slots()
        return all_finite(self.raw, self.n) and isfinite(self.w) and self.w >= 0

    cdef void find_slots(self) noexcept nogil:
        cdef Py_ssize_t j
        if self.settled:
            return
        self.n_new = 0
        for j in range(self.n):
            self.slots[j] = self.slot_of[self.ids[j]]
            self.n_new += self.slots[j] < 0
        self.settled = self.shared and not self.n_new

    cdef void keep_known(self) noexcept nogil:
        """The row without the features that have no slot."""
        cdef Py_ssize_t j
        cdef Py_ssize_t longest = self.known_slots - self.slots
        cdef double *x = self.scratch + longest
        self.n_known, self.known_x = 0, x
        for j in range(self.n):
            if self.slots[j] >= 0:
                self.known_slots[self.n_known], x[self.n_known] = self.slots[j], self.x[j]
                self.n_known += 1

    cdef bint transform(self) noexcept nogil:
        """Standardise the row; false where that leaves the doubles."""
        self.x = self.scratch
        return scaler_transform(&self.scaler, self.ids, self.raw, self.n, self.scratch)

    cdef bint learn_scale(self) noexcept nogil:
        """Learn the row's means and variances; false where one leaves the doubles."""
        return scaler_learn(&self.scaler, self.ids, self.raw, self.n, self.scratch + 2 * (self.known_slots - self.slots))

    cdef void unlearn_scale(self) noexcept nogil:
        scaler_unlearn(&self.scaler, self.ids, self.n, self.scratch + 2 * (self.known_slots - self.slots))
