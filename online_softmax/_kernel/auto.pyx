# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=True, auto_pickle=False
"""A bank of experts under a mixture: the face of bank.h."""

from libc.math cimport INFINITY, NAN, log
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free

from online_softmax._kernel.buffer cimport Buffer, packed, unpack
from online_softmax._kernel.model cimport Model
from online_softmax._kernel.reader cimport Reader

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
        int64_t follow_stride
        double recent_sum, always_sum
        int64_t last
    ctypedef struct kalman:
        double *u
    ctypedef struct mixture_t "mixture":
        int64_t n
        double *w
        double *top
        kalman *mixer
        kalman *bucket
    ctypedef struct feature:
        double mean, var, nz, wid
        int64_t seen
    ctypedef struct opinions_t "opinions":
        double *p
    ctypedef struct bank:
        int64_t t, n_rows, n_classes, stride, n_dense, n_asked
        feature *features
        int32_t *dense
        linear_t linear
        newton_t newton
        labels_t labels
        mixture_t mixture
        opinions_t opinions
    int LINEAR_EXPERTS, NEWTON_EXPERTS, NEWTON_AT, BANK, SECOND_ORDER, SIDE, MIXERS, BUCKETS, INPUTS, TOP
    double DENSE
    void bank_free(bank *)
    int64_t bank_bytes(const bank *)
    int bank_reserve(bank *, int64_t rows, int64_t classes)
    int bank_start(bank *)
    void bank_drop_newton(bank *)
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
        """Before the first sample: the whole bank, or only first order where there are more features than second can take."""
        if bank_start(&self.bank):
            raise MemoryError
        if self.n_features > SECOND_ORDER:
            bank_drop_newton(&self.bank)
        self.ticks = False
        self.resize(self.n_features, self.n_classes)
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

    cdef int begin_many(self, Reader r) except -1:
        return False  # no need: rows that can be read are learned

    cdef dict arrays(self):
        """Per row (1 + features): statistics (mean, var, nz, wid), seen, W (experts, classes), G (E1's and E5's). The rest as in bank.h."""
        cdef bank *b = &self.bank
        cdef Py_ssize_t rows = self.n_features + 1, C = self.n_classes, n = b.mixture.n + 1, N = b.newton.n, i
        if not C:
            return {}
        out = {
            "samples": b.t,
            "statistics": packed(&b.features[0].mean, rows, sizeof(feature) // sizeof(double), 4),
            "seen": np.array([b.features[i].seen for i in range(rows)], np.int64),
            "W": packed(b.linear.W, rows * LINEAR_EXPERTS, b.stride, C),
            "G": np.concatenate([packed(b.linear.G, 1, 0, rows), packed(b.linear.G_slow, 1, 0, rows)]),
            "length": b.linear.length,
            "recent": packed(b.labels.recent, 1, 0, C), "recent_sum": b.labels.recent_sum,
            "always": packed(b.labels.always, 1, 0, C), "always_sum": b.labels.always_sum,
            "last": b.labels.last,
            "experts": packed(b.mixture.w, 1, 0, n - 1), "top": packed(b.mixture.top, 1, 0, TOP),
            "mixers": packed(b.mixture.mixer[0].u, MIXERS * (1 + INPUTS), INPUTS, INPUTS),
            "buckets": packed(b.mixture.bucket[0].u, BUCKETS * (1 + INPUTS), INPUTS, INPUTS),
        }
        if b.labels.follow != NULL:
            out["follow"] = packed(b.labels.follow, C, b.labels.follow_stride, C)
        if b.newton.P != NULL:
            out["newton_W"] = packed(b.newton.W, N * NEWTON_EXPERTS, b.stride, C)
            out["newton_P"] = packed(b.newton.P, N, SIDE, N)
            out["newton_fresh"] = b.newton.fresh
        return out

    cdef int take_arrays(self, dict state) except -1:
        cdef bank *b = &self.bank
        cdef Py_ssize_t rows = self.n_features + 1, C = self.n_classes, n, N, i
        if not C:
            return 0
        self.tick()
        if "newton_P" not in state and b.newton.P != NULL:
            bank_drop_newton(b)
        n, N, b.t = b.mixture.n + 1, b.newton.n, state["samples"]
        unpack(state["statistics"], &b.features[0].mean, rows, sizeof(feature) // sizeof(double), 4)
        for i in range(rows):
            b.features[i].seen = state["seen"][i]
            if i and b.features[i].nz >= DENSE:
                b.dense[b.n_dense] = i
                b.n_dense += 1
        unpack(state["W"], b.linear.W, rows * LINEAR_EXPERTS, b.stride, C)
        unpack(state["G"][0], b.linear.G, 1, 0, rows)
        unpack(state["G"][1], b.linear.G_slow, 1, 0, rows)
        unpack(state["recent"], b.labels.recent, 1, 0, C)
        unpack(state["always"], b.labels.always, 1, 0, C)
        b.linear.length, b.labels.last = state["length"], state["last"]
        b.labels.recent_sum, b.labels.always_sum = state["recent_sum"], state["always_sum"]
        unpack(state["experts"], b.mixture.w, 1, 0, n - 1)
        unpack(state["top"], b.mixture.top, 1, 0, TOP)
        unpack(state["mixers"], b.mixture.mixer[0].u, MIXERS * (1 + INPUTS), INPUTS, INPUTS)
        unpack(state["buckets"], b.mixture.bucket[0].u, BUCKETS * (1 + INPUTS), INPUTS, INPUTS)
        if "follow" in state:
            unpack(state["follow"], b.labels.follow, C, b.labels.follow_stride, C)
        else:
            free(b.labels.follow)
            b.labels.follow = NULL
        if b.newton.P != NULL:
            unpack(state["newton_W"], b.newton.W, N * NEWTON_EXPERTS, b.stride, C)
            unpack(state["newton_P"], b.newton.P, N, SIDE, N)
            b.newton.fresh = state["newton_fresh"]
        return 0

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
