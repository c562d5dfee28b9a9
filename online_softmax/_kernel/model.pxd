from libc.stdint cimport int32_t, int64_t

from online_softmax._kernel.vocabulary cimport Sample, Vocabulary
from online_softmax._kernel.workspace cimport Scratch

cdef extern from "outcome.h":
    int OVERFLOWED, NO_MEMORY

# What a model says of a sample: the probabilities of its first n classes, in a scratch.
ctypedef struct Answer:
    Scratch *own
    const double *p
    Py_ssize_t n

# What a model said of the label of a sample before it learned it.
ctypedef struct Told:
    double p
    bint hit

cdef class Model(Vocabulary):
    cdef int failure        # why the last `learn` returned NULL
    cdef bint prepares      # whether `prepare` must be called before each sample
    cdef Py_ssize_t budget     # features to keep at most, or 0 for all; it may be passed within one sample
    cdef int64_t learned       # samples, counted while there is a budget, like the next two
    cdef int64_t *uses         # of each feature
    cdef int64_t *last_use     # of each feature: `learned` at its last sample
    cdef Py_ssize_t usage_capacity
    cdef readonly object max_features
    cdef Py_ssize_t evicted    # features that have been let go

    # Mathematics, on slots and values, without the GIL. A model is const while it predicts.
    cdef double *probabilities(self, Scratch *own, const int32_t *slots, const double *x, Py_ssize_t n) noexcept nogil
    cdef double loss_of(self, Scratch *own, const int32_t *slots, const double *x, Py_ssize_t n, Py_ssize_t y) noexcept nogil
    cdef double *learn(self, Scratch *own, const int32_t *slots, const double *x, Py_ssize_t n, Py_ssize_t known,
                       Py_ssize_t y, double w) noexcept nogil
    cdef int prepare(self) except -1

    # State: all that has been learned.
    cdef int clear(self) except -1
    cdef dict arrays(self)
    cdef int take_arrays(self, dict state) except -1
    cdef Scratch *new_scratch(self) noexcept

    cdef Scratch *borrow(self) except NULL
    cdef void give_back(self, Scratch *own) noexcept
    cdef list _ask(self, object x, Answer *answer)
    cdef int _learn_sample(self, object x, object y, double w, Told *told) except -1
    cdef int _learn(self, Sample *s, list new, object y, double w, Told *told) except -1
    cdef object _refusal(self)
    cdef dict _snapshot(self)
    cdef int _take(self, dict state) except -1
    cdef void set_limits(self, object max_features, object hash_bits)
    cdef int reserve_usage(self) except -1
    cdef void use(self, const int32_t *slots, const double *x, Py_ssize_t n) noexcept nogil
    cdef int evict(self) except -1

cdef Py_ssize_t largest(const double *p, Py_ssize_t n) noexcept nogil
