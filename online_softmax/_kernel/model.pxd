from libc.stdint cimport int32_t, int64_t

cdef enum:
    INLINE_ENTRIES = 64

# One sample on the caller's stack: slots and values, in the order of its features.
ctypedef struct Sample:
    Py_ssize_t n
    int32_t *slots
    double *x
    int32_t slots_[INLINE_ENTRIES]
    double x_[INLINE_ENTRIES]

cdef enum Failure:
    OVERFLOWED = -1
    NO_MEMORY = -2

cdef class Model:
    cdef dict _slots        # feature name -> slot, from 1: slot 0 is the intercept's
    cdef dict _positions    # label -> class position
    cdef list _names        # of slots 1, 2, ..
    cdef list _labels
    cdef void *_lock
    cdef unsigned long _owner
    cdef unsigned long _truncated   # how often names or labels were taken back
    cdef int32_t _guess[INLINE_ENTRIES]     # the slot that each place of the last dictionary had
    cdef Py_ssize_t n_features, n_classes
    cdef int failure        # why the last `learn` returned NULL
    cdef bint zero_is_absent   # whether a new name with the value 0 is left out
    cdef Py_ssize_t budget     # features to keep at most, or 0 for all; it may be passed within one sample
    cdef int64_t learned       # samples, counted while there is a budget, like the next two
    cdef int64_t *uses         # of each feature
    cdef int64_t *last_use     # of each feature: `learned` at its last sample
    cdef Py_ssize_t usage_room
    cdef readonly object max_features, hash_bits
    cdef int bits              # log2 of the number of buckets that names are hashed into, or 0 for names as they are
    cdef Py_ssize_t evicted    # features that have been let go
    cdef bint names_in_order   # whether a sample's new names are sorted before they get their slots
    cdef bint ticks         # whether `tick` must be called before each sample

    # What a kernel does, on slots and values. `resize` to `learn` run without the GIL.
    cdef int reserve(self, Py_ssize_t features, Py_ssize_t classes) except -1
    cdef int admit_feature(self, Py_ssize_t slot, object name) except -1
    cdef int admit(self, Py_ssize_t position, object label) except -1
    cdef int tick(self) except -1
    cdef void resize(self, Py_ssize_t features, Py_ssize_t classes) noexcept nogil
    cdef double *probabilities(self, const int32_t *slots, const double *x, Py_ssize_t n) noexcept nogil
    cdef double loss_of(self, const int32_t *slots, const double *x, Py_ssize_t n, Py_ssize_t y) noexcept nogil
    cdef double *learn(self, const int32_t *slots, const double *x, Py_ssize_t n, Py_ssize_t known, Py_ssize_t y,
                       double w) noexcept nogil

    cdef int clear(self) except -1
    cdef dict arrays(self)
    cdef int take_arrays(self, dict state) except -1

    cdef int _enter(self) except -1
    cdef void _leave(self) noexcept
    cdef list _gathered(self, object x, Sample *s, bint learning)
    cdef list _gather(self, object x, Sample *s, bint learning)
    cdef dict _hashed(self, object x)
    cdef int _entry(self, Sample *s, object name, object value, list new) except -1
    cdef int32_t _look_up(self, object name) except -1
    cdef list _admission(self, list new)
    cdef int _admit_feature(self, object name) except -1
    cdef int _admit_label(self, object y) except -1
    cdef dict _snapshot(self)
    cdef int _take(self, dict state) except -1
    cdef void _use(self, const int32_t *slots, const double *x, Py_ssize_t n) noexcept nogil
    cdef void _bound(self, object max_features, object hash_bits)
    cdef int _make_usage_room(self) except -1
    cdef int _evict(self) except -1
    cdef int _truncate(self, Py_ssize_t features, Py_ssize_t classes) except -1
    cdef int _learn(self, Sample *s, list new, object y, double w) except -1
    cdef object _refusal(self)

cdef Py_ssize_t largest(const double *p, Py_ssize_t n) noexcept nogil
