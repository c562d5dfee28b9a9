# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=True, auto_pickle=False
"""A bank of experts under a mixture: the face of bank.h."""

from libc.math cimport INFINITY, NAN, log
from libc.stdint cimport int32_t, int64_t

from online_softmax._kernel.model cimport Model
from online_softmax._kernel.reader cimport Buffer, Reader

import numpy as np

cdef extern from "bank.h":
    ctypedef struct linear_t "linear":
        double *W
        double *G
        double *G_slow
        double length
    ctypedef struct newton_t "newton":
        int64_t n
        double *W
        double *P
        double fresh
    ctypedef struct labels_t "labels":
        double *recent
        double *always
        double *follow
        double recent_sum, always_sum
        int64_t last
    ctypedef struct mixture_t "mixture":
        int64_t n
        double *w
    ctypedef struct opinions_t "opinions":
        double *p
    ctypedef struct bank:
        int64_t t, n_rows, n_classes, stride, n_dense, n_asked
        void *features
        int32_t *dense
        linear_t linear
        newton_t newton
        labels_t labels
        mixture_t mixture
        opinions_t opinions
    int LINEAR_EXPERTS, NEWTON_EXPERTS, NEWTON_AT, BANK, SECOND_ORDER, SIDE
    void bank_free(bank *)
    int64_t bank_bytes(const bank *)
    int bank_reserve(bank *, int64_t rows, int64_t classes)
    int bank_start(bank *, int second_order)
    void newton_resize(newton_t *, int64_t rows) nogil
    int bank_predict(bank *, const int32_t *, const double *, int64_t n, int64_t C) nogil
    int bank_learn(bank *, const int32_t *, const double *, int64_t n, int64_t known, int64_t y, double w) nogil

# The bank, in the order of its rows.
EXPERTS = (
    "adagrad", "adagrad-average", "decaying-sgd", "normalised-sgd", "slow-adagrad",
    "recent-prior", "prior", "markov",
    "newton", "newton-decaying", "newton-average",
)


cdef class Auto(Model):
    """A bank on slots."""

    cdef bank bank

    def __cinit__(self):
        self.bank.n_asked = -1
        self.ticks = self.zero_is_absent = True
        self.resize(0, 0)

    def __dealloc__(self):
        bank_free(&self.bank)

    cdef int reserve(self, Py_ssize_t features, Py_ssize_t classes) except -1:
        if bank_reserve(&self.bank, features + 1, classes):
            raise MemoryError(f"no memory for {features} features and {classes} classes")
        return 0

    cdef int admit(self, Py_ssize_t position, object label) except -1:
        return 0

    cdef int tick(self) except -1:
        """Before the first sample: second order if it has no more features than that can take."""
        if bank_start(&self.bank, self.n_features <= SECOND_ORDER):
            raise MemoryError
        self.ticks = False
        return 0

    cdef void resize(self, Py_ssize_t features, Py_ssize_t classes) noexcept nogil:
        self.n_features, self.n_classes = features, classes
        self.bank.n_rows, self.bank.n_classes = features + 1, classes
        if self.bank.newton.P != NULL:
            newton_resize(&self.bank.newton, features + 1)

    cdef double *probabilities(self, const int32_t *slots, const double *x, Py_ssize_t n) noexcept nogil:
        self.failure = bank_predict(&self.bank, slots, x, n, self.n_classes)
        return NULL if self.failure else self.bank.opinions.p

    cdef double loss_of(self, const int32_t *slots, const double *x, Py_ssize_t n, Py_ssize_t y) noexcept nogil:
        cdef double *p = self.probabilities(slots, x, n)
        return NAN if p == NULL else -log(p[y]) if p[y] > 0 else INFINITY

    cdef double *learn(self, const int32_t *slots, const double *x, Py_ssize_t n, Py_ssize_t known, Py_ssize_t y,
                       double w) noexcept nogil:
        self.failure = bank_learn(&self.bank, slots, x, n, known, y, w)
        return NULL if self.failure else self.bank.opinions.p

    @property
    def expert_weights(self):
        """How much the mixture trusts each expert now: its share under Bayes, by name; the shares sum to 1."""
        self._enter()
        try:
            return {EXPERTS[i]: self.bank.mixture.w[i] for i in range(self.bank.mixture.n)}
        finally:
            self._leave()

    def __sizeof__(self):
        return object.__sizeof__(self) + bank_bytes(&self.bank)
