# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=True, auto_pickle=False
"""A bank of experts under a mixture: the face of bank.h."""

from libc.math cimport INFINITY, NAN, log
from libc.stdint cimport int32_t, int64_t, uint32_t
from libc.stdlib cimport free
from libc.string cimport memset

from online_softmax._kernel.arrays cimport packed, unpack
from online_softmax._kernel.bulk cimport BulkModel
from online_softmax._kernel.reader cimport Reader

import numpy as np

cdef extern from "bank.h":
    ctypedef struct linear_t "linear":
        double *W
        double *G
        double *G_slow
        double length
    ctypedef struct labels_t "labels":
        double *recent
        double *always
        double *follow
        int64_t follow_stride
        double recent_sum, always_sum
        int64_t last
    ctypedef struct newton_t "newton":
        int64_t n
        double *W
        double *P
        double fresh
    ctypedef struct window_t "window":
        int64_t budget, d, size, column, m, head
        float *B
        int32_t *label
        uint32_t *time
        float *weight
        double *w
        double *G
        double nearest, n_nearest
    ctypedef struct hats_t "hats":
        int64_t n
        double *W
        double *G
    ctypedef struct gaussian:
        double N
        int64_t turn
    ctypedef struct qda_t "qda":
        int64_t d, d_room, n
        gaussian *classes "class"
        double *M
        double *P
    ctypedef struct kalman:
        double *u
    ctypedef struct mixture_t "mixture":
        int64_t n, staying
        double *w
        double *voice
        double *top
        kalman *mixer
        kalman *bucket
    ctypedef struct feature:
        double mean, nz
        int64_t seen
    ctypedef struct opinions_t "opinions":
        double *p
    ctypedef struct bank:
        int64_t t, n_rows, n_classes, stride, n_dense, n_asked
        feature *features
        int32_t *dense
        linear_t linear
        labels_t labels
        newton_t newton
        window_t window
        hats_t hats
        qda_t qda
        mixture_t mixture
        opinions_t opinions
    int LINEAR_EXPERTS, NEWTON_EXPERTS, NEWTON_AT, VOTES_AT, HATS_AT, QDA_AT, COVERED, SIDE
    int MIXERS, BUCKETS, INPUTS, TOP, HAT_ROWS
    double DENSE
    void bank_free(bank *)
    int64_t bank_bytes(const bank *)
    int bank_reserve(bank *, int64_t rows, int64_t classes)
    int bank_take_in(bank *, int64_t n)
    int bank_start(bank *, int64_t d, int64_t C, int interactions)
    int window_reserve(window_t *, int64_t d)
    int qda_reserve(qda_t *, int64_t d, int64_t n)
    int hats_reserve(hats_t *, int64_t n, int64_t stride)
    int bank_predict(bank *, const int32_t *, const double *, int64_t n, int64_t C) nogil
    int bank_learn(bank *, const int32_t *, const double *, int64_t n, int64_t known, int64_t y, double w) nogil

# The bank, in the order of its rows.
EXPERTS = (
    "adagrad", "adagrad-average", "decaying-sgd", "normalised-sgd", "slow-adagrad",
    "recent-prior", "prior", "markov",
    "newton", "newton-decaying", "newton-average",
    "votes", "wide-votes", "additive", "gaussian",
)


cdef enum:
    SOON_LEARNED = 1 << 14  # rows; more can be interrupted

cdef double MOST_WEIGHT = 1e100
PLAIN = {str, int, float, bool, bytes, type(None)}


cdef class Auto(BulkModel):
    """A bank on slots."""

    cdef bank bank
    cdef readonly object interactions, window
    cdef object _before

    def __cinit__(self):
        self.bank.n_asked = -1
        self.ticks = self.zero_is_absent = self.names_in_order = True
        self.resize(0, 0)

    def _configure(self, interactions, window, max_features, hash_bits):
        if self.window is not None:
            raise RuntimeError("the model is configured already: build a new one, or clone it")
        self.interactions, self.window, self.bank.window.budget = interactions, window, window
        self._bound(max_features, hash_bits)

    def __dealloc__(self):
        bank_free(&self.bank)

    cdef int reserve(self, Py_ssize_t features, Py_ssize_t classes) except -1:
        if self.window is None:
            raise RuntimeError("the model has not been initialised: call __init__ first")
        if bank_reserve(&self.bank, features + 1, classes):
            raise MemoryError(f"no memory for {features} features and {classes} classes")
        return 0

    cdef int admit_feature(self, Py_ssize_t slot, object name) except -1:
        if self.interactions is True and slot > COVERED:
            raise ValueError(f"interactions=True serves at most {COVERED} features, and {name!r} is one more: use 'auto'")
        return 0

    cdef int admit(self, Py_ssize_t position, object label) except -1:
        return 0

    cdef int tick(self) except -1:
        """Before the first sample: choose the bank."""
        if bank_start(&self.bank, self.n_features, self.n_classes, self.interactions is not False):
            raise MemoryError
        self.ticks = False
        return 0

    cdef void resize(self, Py_ssize_t features, Py_ssize_t classes) noexcept nogil:
        self.n_features, self.n_classes = features, classes
        self.bank.n_rows, self.bank.n_classes = features + 1, classes

    cdef double *probabilities(self, const int32_t *slots, const double *x, Py_ssize_t n) noexcept nogil:
        self.failure = bank_predict(&self.bank, slots, x, n, self.n_classes)
        return NULL if self.failure else self.bank.opinions.p

    cdef double loss_of(self, const int32_t *slots, const double *x, Py_ssize_t n, Py_ssize_t y) noexcept nogil:
        cdef double *p = self.probabilities(slots, x, n)
        return NAN if p == NULL else -log(p[y]) if p[y] > 0 else INFINITY

    cdef double *learn(self, const int32_t *slots, const double *x, Py_ssize_t n, Py_ssize_t known, Py_ssize_t y,
                       double w) noexcept nogil:
        self.failure = bank_learn(&self.bank, slots, x, n, known, y, w if w < MOST_WEIGHT else MOST_WEIGHT)
        return NULL if self.failure else self.bank.opinions.p

    cdef int begin_many(self, Reader r) except -1:
        """Rows that can be read are learned; only names and labels with code of their own can get in the way, one too many, or Ctrl-C."""
        plain = all(type(each) in PLAIN for each in r.names) and all(type(each) in PLAIN for each in r.labels)
        too_many = self.interactions is True and self.n_features + len(r.names) > COVERED
        if plain and not too_many and r.n_rows <= SOON_LEARNED:
            return False
        self._before = self.n_features, self.arrays()
        return True

    cdef void end_many(self) noexcept:
        self._before = None

    cdef int rollback_many(self, Py_ssize_t classes) except -1:
        features, arrays = self._before
        self.clear()
        self.reserve(features, classes)
        self.resize(features, classes)
        self.take_arrays(arrays)
        return 0

    cdef int clear(self) except -1:
        bank_free(&self.bank)
        memset(&self.bank, 0, sizeof(bank))
        self.bank.n_asked, self.bank.window.budget, self.ticks = -1, self.window, True
        self.resize(0, 0)
        return 0

    cdef dict arrays(self):
        """Per row (1 + features): statistics (mean, var, nz, wid), seen, W (experts, classes), G (E1's and E5's). The rest as in memory.h."""
        cdef bank *b = &self.bank
        cdef Py_ssize_t rows = self.n_features + 1, C = self.n_classes, n = b.mixture.n
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
            "experts": packed(b.mixture.w, 1, 0, n), "voices": packed(b.mixture.voice, 1, 0, n), "staying": b.mixture.staying,
            "top": packed(b.mixture.top, 1, 0, TOP),
            "mixers": packed(b.mixture.mixer[0].u, MIXERS * (1 + INPUTS), INPUTS, INPUTS),
            "buckets": packed(b.mixture.bucket[0].u, BUCKETS * (1 + INPUTS), INPUTS, INPUTS),
        }
        if b.labels.follow != NULL:
            out["follow"] = packed(b.labels.follow, C, b.labels.follow_stride, C)
        if n > NEWTON_AT:
            out["newton_W"] = packed(b.newton.W, b.newton.n * NEWTON_EXPERTS, b.stride, C)
            out["newton_P"] = packed(b.newton.P, b.newton.n, SIDE, b.newton.n)
            out["newton_fresh"] = b.newton.fresh
        if n > VOTES_AT:
            out.update(self.window_arrays())
        if n > HATS_AT:
            out["hats_W"] = packed(b.hats.W, b.hats.n * HAT_ROWS, b.stride, C)
            out["hats_G"] = packed(b.hats.G, 1, 0, b.hats.n * HAT_ROWS)
        if n > QDA_AT:
            out.update(self.qda_arrays())
        return out

    cdef dict window_arrays(self):
        cdef window_t *s = &self.bank.window
        B = np.array([[s.B[j * s.column + i] for i in range(s.m)] for j in range(s.d)], np.float32).reshape(s.d, s.m)
        return {
            "window_B": B, "window_size": s.size, "window_head": s.head,
            "window_label": np.array([s.label[i] for i in range(s.m)], np.int32),
            "window_time": np.array([s.time[i] for i in range(s.m)], np.uint32),
            "window_weight": np.array([s.weight[i] for i in range(s.m)], np.float32),
            "metric": packed(s.w, 1, 0, s.d + 1), "metric_G": packed(s.G, 1, 0, s.d + 1),
            "nearest": s.nearest, "n_nearest": s.n_nearest,
        }

    cdef dict qda_arrays(self):
        cdef qda_t *q = &self.bank.qda
        cdef Py_ssize_t c
        P = np.empty((q.n, q.d, q.d))
        for c in range(q.n):
            P[c] = packed(q.P + c * q.d_room * q.d_room, q.d, q.d_room, q.d)
        return {
            "qda_class": packed(&q.classes[0].N, q.n, sizeof(gaussian) // sizeof(double), 5),
            "qda_turn": np.array([q.classes[c].turn for c in range(q.n)], np.int64),
            "qda_M": packed(q.M, q.n, q.d_room, q.d), "qda_P": P,
        }

    cdef int take_arrays(self, dict state) except -1:
        cdef bank *b = &self.bank
        cdef Py_ssize_t rows = self.n_features + 1, C = self.n_classes, n, i
        if not C:
            return 0
        n = state["experts"].size
        self.ticks = False
        b.mixture.n, b.mixture.staying, b.t = n, state["staying"], state["samples"]
        if bank_take_in(b, n):
            raise MemoryError
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
        if "follow" in state:
            unpack(state["follow"], b.labels.follow, C, b.labels.follow_stride, C)
        else:
            free(b.labels.follow)
            b.labels.follow = NULL
        unpack(state["experts"], b.mixture.w, 1, 0, n)
        unpack(state["voices"], b.mixture.voice, 1, 0, n)
        unpack(state["top"], b.mixture.top, 1, 0, TOP)
        unpack(state["mixers"], b.mixture.mixer[0].u, MIXERS * (1 + INPUTS), INPUTS, INPUTS)
        unpack(state["buckets"], b.mixture.bucket[0].u, BUCKETS * (1 + INPUTS), INPUTS, INPUTS)
        if n > NEWTON_AT:
            b.newton.n, b.newton.fresh = len(state["newton_P"]), state["newton_fresh"]
            unpack(state["newton_W"], b.newton.W, b.newton.n * NEWTON_EXPERTS, b.stride, C)
            unpack(state["newton_P"], b.newton.P, b.newton.n, SIDE, b.newton.n)
        if n > VOTES_AT:
            self.take_window(state)
        if n > HATS_AT:
            b.hats.n = state["hats_G"].size // HAT_ROWS
            if hats_reserve(&b.hats, b.hats.n, b.stride):
                raise MemoryError
            unpack(state["hats_W"], b.hats.W, b.hats.n * HAT_ROWS, b.stride, C)
            unpack(state["hats_G"], b.hats.G, 1, 0, b.hats.n * HAT_ROWS)
        if n > QDA_AT:
            self.take_qda(state)
        return 0

    cdef int take_window(self, dict state) except -1:
        cdef window_t *s = &self.bank.window
        cdef Py_ssize_t i, j, d = len(state["window_B"])
        if window_reserve(s, d):
            raise MemoryError
        s.d, s.m, s.size, s.head = d, state["window_label"].size, state["window_size"], state["window_head"]
        for i in range(s.m):
            for j in range(d):
                s.B[j * s.column + i] = state["window_B"][j, i]
            s.label[i], s.time[i], s.weight[i] = state["window_label"][i], state["window_time"][i], state["window_weight"][i]
        unpack(state["metric"], s.w, 1, 0, d + 1)
        unpack(state["metric_G"], s.G, 1, 0, d + 1)
        s.nearest, s.n_nearest = state["nearest"], state["n_nearest"]
        return 0

    cdef int take_qda(self, dict state) except -1:
        cdef qda_t *q = &self.bank.qda
        cdef Py_ssize_t c, n = len(state["qda_M"]), d = state["qda_M"].shape[1]
        if qda_reserve(q, d, n):
            raise MemoryError
        q.d, q.n = d, n
        unpack(state["qda_class"], &q.classes[0].N, n, sizeof(gaussian) // sizeof(double), 5)
        unpack(state["qda_M"], q.M, n, q.d_room, d)
        for c in range(n):
            q.classes[c].turn = state["qda_turn"][c]
            unpack(np.ascontiguousarray(state["qda_P"][c]), q.P + c * q.d_room * q.d_room, d, q.d_room, d)
        return 0

    @property
    def expert_weights(self):
        """How much the mixture trusts each expert now: its share under Bayes, by name; the shares sum to 1.

        Empty before the first sample, which decides what the bank consists of.
        """
        self._enter()
        try:
            return {EXPERTS[i]: self.bank.mixture.w[i] for i in range(self.bank.mixture.n)}
        finally:
            self._leave()

    def __sizeof__(self):
        return object.__sizeof__(self) + bank_bytes(&self.bank)
