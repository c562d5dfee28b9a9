from libc.stdint cimport int32_t, int64_t

from online_softmax._kernel.arrays cimport Buffer

cdef extern from "standard_scaler.h":
    ctypedef struct scaler:
        double *count
        double *mean
        double *var
    int scaler_transform(const scaler *s, const int32_t *ids, const double *x, int64_t n, double *out) noexcept nogil
    int scaler_learn(scaler *s, const int32_t *ids, const double *x, int64_t n, double *before) noexcept nogil
    void scaler_unlearn(scaler *s, const int32_t *ids, int64_t n, const double *before) noexcept nogil

cdef extern from "simd.h":
    bint all_finite(const double *a, int64_t n) noexcept nogil

cdef class Reader:
    cdef readonly Py_ssize_t n_rows
    cdef list names, labels
    cdef Buffer ids_, values_, starts_, codes_, weights_
    cdef Buffer count_, mean_, var_
    cdef bint shared, settled, scaled
    cdef int32_t *slot_of       # chunk's feature id -> slot, -1 where the model has none yet
    cdef int32_t *position_of   # chunk's label code -> class position, -1 likewise
    cdef scaler scaler
    cdef double *scratch        # scaled values, values of known features, the scaler's undo
    # the row just read
    cdef Py_ssize_t n, n_new
    cdef const int32_t *ids
    cdef const double *raw
    cdef const double *x
    cdef int32_t *slots
    cdef int32_t code, position
    cdef double w
    # the same without the features that have no slot
    cdef Py_ssize_t n_known
    cdef int32_t *known_slots
    cdef const double *known_x

    cdef int look_up(self, dict slots) except -1
    cdef bint read(self, Py_ssize_t i) noexcept nogil
    cdef void find_slots(self) noexcept nogil
    cdef void keep_known(self) noexcept nogil
    cdef bint transform(self) noexcept nogil
    cdef bint learn_scale(self) noexcept nogil
    cdef void unlearn_scale(self) noexcept nogil
