# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=True, auto_pickle=False
"""A bank of experts under a mixture: the face of bank.h."""

from libc.math cimport INFINITY, NAN, log
from libc.stdint cimport int32_t, int64_t, uint16_t, uint32_t
from libc.stdlib cimport free
from libc.string cimport memset

from online_softmax._kernel.arrays cimport Buffer, copied, fill, view
from online_softmax._kernel.bulk cimport BulkModel
from online_softmax._kernel.reader cimport Reader
from online_softmax._kernel.workspace cimport Scratch

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
    ctypedef struct sparse_t "sparse":
        double *W
        double *G
        int64_t n
        double ln_scale, values, Lg, Lr
        double *tau
        double *tau_var
        double *to_come
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
    ctypedef struct kd_node:
        float threshold
        uint16_t child, dim
    ctypedef struct fact:
        uint32_t time
        int32_t label
        float weight
    ctypedef struct memory_t "memory":
        int64_t d, m, head, stored, rows, columns, nodes
        float *Z
        fact *facts "fact"
        double *mean
        double *sd
        double *w
        double *G
        double nearest, n_nearest
        int32_t *used
        kd_node *tree "node"
        uint16_t *home
    ctypedef struct hats_t "hats":
        int64_t n
        double *W
        double *G
    ctypedef struct grove_node:
        double threshold
        int32_t feature
        int32_t *child
    ctypedef struct grove_leaf:
        float G, wrong
        int32_t tests
    ctypedef struct grove_tests:
        double *threshold
        int32_t *feature
        int32_t drawn, n, leaf, recalled
        uint32_t *sample
        float wrong
    ctypedef struct past_t "past":
        int64_t rows, m, head, n
        double *x
        int32_t *label
        float *weight
    ctypedef struct grove_t "grove":
        int64_t class_room, n_leaves, n_tests
        int32_t *root
        grove_node *node
        grove_leaf *leaf
        float *W
        grove_tests *tests
        float *counts
        int64_t drawn, calm
        double fast, slow
        past_t past
    ctypedef struct gaussian:
        double N
        int64_t turn
    ctypedef struct qda_t "qda":
        int64_t d, d_capacity, n
        gaussian *classes "class"
        double *M
        double *P
    ctypedef struct mixer_t "mixer":
        double *u
    ctypedef struct bucket_t "bucket":
        double *u
    ctypedef struct mixture_t "mixture":
        int64_t n
        int32_t *who
        double *w
        double *voice
        double *top
        mixer_t *mixer
        bucket_t *bucket
    ctypedef struct feature:
        double mean, nz
        int64_t seen
    ctypedef struct active_t "active":
        int64_t n
        int32_t *slot
        double *xa
        double *xb
    ctypedef struct opinions_t "opinions":
        double *p
    ctypedef struct bank:
        int64_t t, n_rows, n_classes, row_capacity, stride, n_dense, number, version
        feature *features
        int32_t *dense
        linear_t linear
        labels_t labels
        grove_t grove
        sparse_t sparse
        newton_t newton
        window_t window
        hats_t hats
        memory_t memory
        qda_t qda
        mixture_t mixture
    ctypedef struct bank_scratch:
        bank_scratch *next
        active_t active
        opinions_t opinions
    bank_scratch *scratch_new()
    void scratch_free(bank_scratch *) noexcept
    int64_t scratch_bytes(const bank_scratch *)
    int LINEAR_EXPERTS, NEWTON_EXPERTS, GROVE_AT, NEWTON_AT, VOTES_AT, HATS_AT, MEMORY_AT, QDA_AT, BANK, COVERED, SIDE
    int SPARSE_ROWS, SPARSE_EXPERTS, PAIR
    int MIXERS, BUCKETS, CALIBRATED, LANES, INPUTS, TOP, HAT_ROWS, FEATURE_DOUBLES, GAUSSIAN_DOUBLES
    int GROVE_TREES, TESTS, RECALLED, KD_TREES
    double DENSE
    double lag_product(int64_t since, int64_t now)
    void bank_free(bank *)
    int64_t bank_bytes(const bank *)
    int bank_reserve(bank *, int64_t rows, int64_t classes)
    int bank_has(const bank *, int at)
    int bank_take_in(bank *)
    void mixture_list(mixture_t *)
    int grove_reserve(grove_t *, int64_t C)
    int grove_declare(grove_t *, int64_t C)
    int past_reserve(past_t *, int64_t rows, int64_t samples)
    int bank_start(bank *, int64_t d, int64_t C, int interactions, int many)
    int sparse_start(sparse_t *, int64_t rows, int64_t stride)
    int window_reserve(window_t *, int64_t d)
    int qda_reserve(qda_t *, int64_t d, int64_t n)
    int memory_reserve(memory_t *, int64_t d, int64_t m, int64_t nodes)
    void memory_grow(memory_t *, int64_t d)
    void memory_open(memory_t *)
    int64_t memory_most_used(const memory_t *)
    int hats_reserve(hats_t *, int64_t n, int64_t stride)
    int bank_predict(const bank *, bank_scratch *, const int32_t *, const double *, int64_t n, int64_t C) nogil
    int bank_learn(bank *, bank_scratch *, const int32_t *, const double *, int64_t n, int64_t known, int64_t y, double w) nogil

# The bank, in the order of its rows.
EXPERTS = (
    "adagrad", "adagrad-average", "decaying-sgd", "normalised-sgd", "slow-adagrad",
    "recent-prior", "prior", "markov",
    "grove",
    "newton", "newton-decaying", "newton-average",
    "votes", "wide-votes", "additive",
    "memory", "wide-memory",
    "gaussian",
    "naive-bayes", "firm-naive-bayes", "one-vs-all", "slow-one-vs-all",
)


cdef enum:
    SOON_LEARNED = 1 << 14  # rows; more can be interrupted

cdef double MOST_WEIGHT = 1e100
cdef int64_t banks = 0  # that there have been in this process
PLAIN = {str, int, float, bool, bytes, type(None)}


cdef class Auto(BulkModel):
    """A bank on slots."""

    cdef bank bank
    cdef readonly object interactions, window
    cdef object _before

    def __cinit__(self):
        global banks
        banks += 1
        self.bank.number = banks
        self.workspace.dispose = <void (*)(Scratch *) noexcept>scratch_free
        self.prepares = self.zero_is_absent = self.names_in_order = True
        self.resize(0, 0)

    def _configure(self, interactions, window, max_features, hash_bits, categorical, missing):
        if self.window is not None:
            raise RuntimeError("the model is configured already: build a new one, or clone it")
        self.interactions, self.window, self.bank.window.budget = interactions, window, window
        self.set_limits(max_features, hash_bits)
        self.set_reading(categorical, missing)

    def __dealloc__(self):
        bank_free(&self.bank)

    cdef int reserve(self, Py_ssize_t features, Py_ssize_t classes) except -1:
        if self.window is None:
            raise RuntimeError("the model has not been initialised: call __init__ first")
        if bank_reserve(&self.bank, features + 1, classes):
            raise MemoryError(f"no memory for {features} features and {classes} classes")
        return 0

    cdef int on_new_feature(self, Py_ssize_t slot, object name) except -1:
        if self.interactions is True and slot > COVERED:
            raise ValueError(f"interactions=True serves at most {COVERED} features, and {name!r} is one more: use 'auto'")
        return 0

    cdef int prepare(self) except -1:
        """Before the first sample: choose the bank."""
        if bank_start(&self.bank, self.n_features, self.n_classes, self.interactions is not False, self.interactions is not True):
            raise MemoryError
        self.prepares = False
        return 0

    cdef void resize(self, Py_ssize_t features, Py_ssize_t classes) noexcept nogil:
        self.n_features, self.n_classes = features, classes
        self.bank.n_rows, self.bank.n_classes = features + 1, classes

    cdef double *probabilities(self, Scratch *own, const int32_t *slots, const double *x, Py_ssize_t n) noexcept nogil:
        cdef bank_scratch *s = <bank_scratch *>own
        return NULL if bank_predict(&self.bank, s, slots, x, n, self.n_classes) else s.opinions.p

    cdef double loss_of(self, Scratch *own, const int32_t *slots, const double *x, Py_ssize_t n, Py_ssize_t y) noexcept nogil:
        cdef double *p = self.probabilities(own, slots, x, n)
        return NAN if p == NULL else -log(p[y]) if p[y] > 0 else INFINITY

    cdef double *learn(self, Scratch *own, const int32_t *slots, const double *x, Py_ssize_t n, Py_ssize_t known,
                       Py_ssize_t y, double w) noexcept nogil:
        cdef bank_scratch *s = <bank_scratch *>own
        self.failure = bank_learn(&self.bank, s, slots, x, n, known, y, w if w < MOST_WEIGHT else MOST_WEIGHT)
        return NULL if self.failure else s.opinions.p

    cdef Scratch *new_scratch(self) noexcept:
        return <Scratch *>scratch_new()

    cdef int begin_many(self, Reader r) except -1:
        """A row that can be read is learned.

        Only names or labels with code of their own, one feature too many, or Ctrl-C can stop it.
        """
        plain = all(type(each) in PLAIN for each in r.names) and all(type(each) in PLAIN for each in r.labels)
        too_many = self.interactions is True and self.n_features + len(r.names) > COVERED
        if plain and not too_many and r.n_rows <= SOON_LEARNED:
            return False
        self._before = self.n_features, self.arrays()
        return True

    cdef int on_declared(self) except -1:
        if grove_declare(&self.bank.grove, self.n_classes):
            raise MemoryError(f"no memory for {self.n_classes} classes")
        return 0

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
        cdef int64_t number = self.bank.number, version = self.bank.version + 1
        bank_free(&self.bank)
        memset(&self.bank, 0, sizeof(bank))
        self.bank.number, self.bank.version = number, version
        self.bank.window.budget, self.prepares = self.window, True
        self.resize(0, 0)
        return 0

    cdef dict views(self):
        """Where each array and number of state.py is."""
        cdef bank *b = &self.bank
        cdef grove_t *m = &b.grove
        cdef window_t *s = &b.window
        cdef qda_t *q = &b.qda
        cdef Py_ssize_t leaves = m.n_leaves, tests = m.n_tests, sides = m.class_room * 2 * TESTS
        cdef Py_ssize_t rows = self.n_features + 1, C = self.n_classes, stride = b.stride
        cdef Py_ssize_t feature_step = sizeof(feature) // 8, gaussian_step = sizeof(gaussian) // 8
        out = {
            "samples": view(&b.t, "i8", ()),
            "statistics": view(&b.features[0].mean, "f8", (rows, FEATURE_DOUBLES), (feature_step, 1)),
            "seen": view(&b.features[0].seen, "i8", (rows,), (feature_step,)),
            "W": view(b.linear.W, "f8", (rows * LINEAR_EXPERTS, C), (stride, 1)),
            "G": [view(b.linear.G, "f8", (rows,)), view(b.linear.G_slow, "f8", (rows,))],
            "length": view(&b.linear.length, "f8", ()),
            "recent": view(b.labels.recent, "f8", (1, C)),
            "recent_sum": view(&b.labels.recent_sum, "f8", ()),
            "always": view(b.labels.always, "f8", (1, C)),
            "always_sum": view(&b.labels.always_sum, "f8", ()),
            "last": view(&b.labels.last, "i8", ()),
            "experts": view(b.mixture.w, "f8", (1, BANK)),
            "voices": view(b.mixture.voice, "f8", (1, BANK)),
            "top": view(b.mixture.top, "f8", (1, TOP)),
            "mixers": view(b.mixture.mixer, "f8", (MIXERS * (1 + INPUTS), INPUTS)),
            "buckets": view(b.mixture.bucket, "f8", (BUCKETS * (1 + CALIBRATED), CALIBRATED), (LANES, 1)),
        }
        if b.labels.follow != NULL and C <= b.labels.follow_stride:
            out["follow"] = view(b.labels.follow, "f8", (C, C), (b.labels.follow_stride, 1))
        if bank_has(b, GROVE_AT):
            out["grove_root"] = view(m.root, "i4", (GROVE_TREES,))
            out["grove_child"] = view(m.node[0].child, "i4", (leaves - GROVE_TREES, 2), (sizeof(grove_node) // 4, 1))
            out["grove_feature"] = view(&m.node[0].feature, "i4", (leaves - GROVE_TREES,), (sizeof(grove_node) // 4,))
            out["grove_threshold"] = view(&m.node[0].threshold, "f8", (leaves - GROVE_TREES,), (sizeof(grove_node) // 8,))
            out["grove_W"] = view(m.W, "f4", (leaves, C), (m.class_room, 1))
            out["grove_G"] = view(&m.leaf[0].G, "f4", (leaves,), (sizeof(grove_leaf) // 4,))
            out["grove_wrong"] = view(&m.leaf[0].wrong, "f4", (leaves,), (sizeof(grove_leaf) // 4,))
            out["tests_leaf"] = view(&m.tests[0].leaf, "i4", (tests,), (sizeof(grove_tests) // 4,))
            out["tests_drawn"] = view(&m.tests[0].drawn, "i4", (tests,), (sizeof(grove_tests) // 4,))
            out["tests_feature"] = view(m.tests[0].feature, "i4", (tests, TESTS), (sizeof(grove_tests) // 4, 1))
            out["tests_threshold"] = view(m.tests[0].threshold, "f8", (tests, TESTS), (sizeof(grove_tests) // 8, 1))
            out["tests_counts"] = view(m.counts, "f4", (tests, C, 2, TESTS), (sides, 2 * TESTS, TESTS, 1))
            out["tests_n"] = view(&m.tests[0].n, "i4", (tests,), (sizeof(grove_tests) // 4,))
            out["tests_wrong"] = view(&m.tests[0].wrong, "f4", (tests,), (sizeof(grove_tests) // 4,))
            out["tests_recalled"] = view(&m.tests[0].recalled, "i4", (tests,), (sizeof(grove_tests) // 4,))
            out["tests_sample"] = view(m.tests[0].sample, "u4", (tests, RECALLED), (sizeof(grove_tests) // 4, 1))
            out["past_x"] = view(m.past.x, "f8", (m.past.m, rows), (m.past.rows, 1))
            out["past_label"] = view(m.past.label, "i4", (m.past.m,))
            out["past_weight"] = view(m.past.weight, "f4", (m.past.m,))
            out["past_head"] = view(&m.past.head, "i8", ())
            out["past_n"] = view(&m.past.n, "i8", ())
            out["grove_drawn"] = view(&m.drawn, "i8", ())
            out["grove_calm"] = view(&m.calm, "i8", ())
            out["grove_fast"] = view(&m.fast, "f8", ())
            out["grove_slow"] = view(&m.slow, "f8", ())
        if b.sparse.W != NULL:
            step = SPARSE_ROWS * stride
            out["sparse_N"] = view(b.sparse.W, "f8", (rows, C), (step, 1))
            out["sparse_B"] = view(b.sparse.W + stride, "f8", (rows, SPARSE_EXPERTS, C), (step, stride, 1))
            out["sparse_G"] = view(b.sparse.G, "f8", (rows, SPARSE_EXPERTS))
            out["sparse_samples"] = view(&b.sparse.n, "i8", ())
            out["scale"] = view(&b.sparse.ln_scale, "f8", ())
            out["scale_values"] = view(&b.sparse.values, "f8", ())
            out["sparse_length"] = view(&b.sparse.Lg, "f8", (1, PAIR))
            out["tau"] = view(b.sparse.tau, "f8", (1, PAIR))
            out["tau_var"] = view(b.sparse.tau_var, "f8", (1, PAIR))
            out["to_come"] = view(b.sparse.to_come, "f8", (1, PAIR))
        if bank_has(b, NEWTON_AT):
            out["newton_W"] = view(b.newton.W, "f8", (b.newton.n * NEWTON_EXPERTS, C), (stride, 1))
            out["newton_P"] = view(b.newton.P, "f8", (b.newton.n, b.newton.n), (SIDE, 1))
            out["newton_fresh"] = view(&b.newton.fresh, "f8", ())
        if bank_has(b, VOTES_AT):
            out["window_B"] = view(s.B, "f4", (s.d, s.m), (s.column, 1))
            out["window_size"] = view(&s.size, "i8", ())
            out["window_head"] = view(&s.head, "i8", ())
            out["window_label"] = view(s.label, "i4", (s.m,))
            out["window_time"] = view(s.time, "u4", (s.m,))
            out["window_weight"] = view(s.weight, "f4", (s.m,))
            out["metric"] = view(s.w, "f8", (1, s.d + 1))
            out["metric_G"] = view(s.G, "f8", (1, s.d + 1))
            out["nearest"] = view(&s.nearest, "f8", ())
            out["n_nearest"] = view(&s.n_nearest, "f8", ())
        if bank_has(b, HATS_AT):
            out["hats_W"] = view(b.hats.W, "f8", (b.hats.n * HAT_ROWS, C), (stride, 1))
            out["hats_G"] = view(b.hats.G, "f8", (1, b.hats.n * HAT_ROWS))
        if bank_has(b, MEMORY_AT):
            out |= self.memory_views()
        if bank_has(b, QDA_AT):
            out["qda_class"] = view(&q.classes[0].N, "f8", (q.n, GAUSSIAN_DOUBLES), (gaussian_step, 1))
            out["qda_turn"] = view(&q.classes[0].turn, "i8", (q.n,), (gaussian_step,))
            out["qda_M"] = view(q.M, "f8", (q.n, q.d), (q.d_capacity, 1))
            out["qda_P"] = view(q.P, "f8", (q.n, q.d, q.d), (q.d_capacity * q.d_capacity, q.d_capacity, 1))
        return out

    cdef dict memory_views(self):
        cdef memory_t *s = &self.bank.memory
        cdef Py_ssize_t fact_step = sizeof(fact) // 4, n = memory_most_used(s)
        cdef Py_ssize_t floats = sizeof(kd_node) // 4, shorts = sizeof(kd_node) // 2
        return {
            "memory_Z": view(s.Z, "f4", (s.m, s.d), (s.columns, 1)),
            "memory_label": view(&s.facts[0].label, "i4", (s.m,), (fact_step,)),
            "memory_time": view(&s.facts[0].time, "u4", (s.m,), (fact_step,)),
            "memory_weight": view(&s.facts[0].weight, "f4", (s.m,), (fact_step,)),
            "memory_head": view(&s.head, "i8", ()),
            "memory_stored": view(&s.stored, "i8", ()),
            "memory_mean": view(s.mean, "f8", (s.d,)),
            "memory_sd": view(s.sd, "f8", (s.d,)),
            "memory_metric": view(s.w, "f8", (1, s.d + 1)),
            "memory_metric_G": view(s.G, "f8", (1, s.d + 1)),
            "memory_nearest": view(&s.nearest, "f8", ()),
            "memory_n_nearest": view(&s.n_nearest, "f8", ()),
            "memory_threshold": view(&s.tree[0].threshold, "f4", (KD_TREES, n), (s.nodes * floats, floats)),
            "memory_child": view(&s.tree[0].child, "u2", (KD_TREES, n), (s.nodes * shorts, shorts)),
            "memory_dim": view(&s.tree[0].dim, "u2", (KD_TREES, n), (s.nodes * shorts, shorts)),
            "memory_home": view(s.home, "u2", (KD_TREES, s.m), (s.rows, 1)),
        }

    cdef dict arrays(self):
        return copied(self.views()) if self.n_classes else {}

    cdef int take_arrays(self, dict state) except -1:
        cdef bank *b = &self.bank
        cdef Py_ssize_t i
        if not self.n_classes:
            return 0
        self.prepares = False
        self.take_sizes(state)
        fill(self.views(), state)
        for i in range(b.grove.n_tests):
            b.grove.leaf[b.grove.tests[i].leaf].tests = i
        if bank_has(b, MEMORY_AT):
            memory_open(&b.memory)
        for i in range(1, self.n_features + 1):
            if b.features[i].nz >= DENSE:
                b.dense[b.n_dense] = i
                b.n_dense += 1
        return 0

    cdef int take_sizes(self, dict state) except -1:
        """Make room for the arrays of a state, and take over how much of it they use."""
        cdef bank *b = &self.bank
        cdef window_t *s = &b.window
        cdef qda_t *q = &b.qda
        fill({"voices": view(b.mixture.voice, "f8", (1, BANK))}, state)
        mixture_list(&b.mixture)
        if bank_take_in(b):
            raise MemoryError
        if "sparse_B" in state and b.sparse.W == NULL and sparse_start(&b.sparse, b.row_capacity, b.stride):
            raise MemoryError
        if "follow" not in state:
            free(b.labels.follow)
            b.labels.follow = NULL
        if bank_has(b, GROVE_AT):
            leaves, _ = state["grove_W"].shape
            (tests,) = state["tests_leaf"].shape
            b.grove.n_leaves, b.grove.n_tests = leaves, tests
            m = len(state["past_label"])
            if past_reserve(&b.grove.past, self.n_features + 1, m) or grove_reserve(&b.grove, self.n_classes):
                raise MemoryError
            b.grove.past.m = m
        if bank_has(b, NEWTON_AT):
            b.newton.n = len(state["newton_P"])
        if bank_has(b, VOTES_AT):
            d, m = state["window_B"].shape
            if window_reserve(s, d):
                raise MemoryError
            s.d, s.m = d, m
        if bank_has(b, HATS_AT):
            b.hats.n = state["hats_G"].size // HAT_ROWS
            if hats_reserve(&b.hats, b.hats.n, b.stride):
                raise MemoryError
        if bank_has(b, MEMORY_AT):
            m, d = state["memory_Z"].shape
            n = state["memory_child"].shape[1]
            if memory_reserve(&b.memory, d, m + 1, n):
                raise MemoryError
            memory_grow(&b.memory, d)
            b.memory.m, b.memory.used[0] = m, n
        if bank_has(b, QDA_AT):
            classes, d = state["qda_M"].shape
            if qda_reserve(q, d, classes):
                raise MemoryError
            q.n, q.d = classes, d
        return 0

    # ---- what an explanation or an inspection looks at, while nobody changes the model ----

    def _scaled(self, slots, x):
        """A sample as the experts see it: its slots, from the intercept's, and its values squashed at both widths."""
        cdef Py_ssize_t n = len(slots), m
        cdef Buffer slots_ = Buffer(slots, "i", n), x_ = Buffer(x, "d", n)
        cdef Scratch *own = self.borrow()
        cdef active_t *a = &(<bank_scratch *>own).active
        try:
            if self.probabilities(own, <const int32_t *>slots_.view.buf, <const double *>x_.view.buf, n) == NULL:
                raise MemoryError
            m = a.n
            return view(a.slot, "i4", (m,)).copy(), view(a.xa, "f8", (m,)).copy(), view(a.xb, "f8", (m,)).copy()
        finally:
            self.give_back(own)

    def _linear_at(self, slots):
        """The weights of the linear experts at slots, (slots, experts, classes), and what is left of the averages there.

        They are those of the first order, then those of the second, which have none beyond the features that they cover.
        """
        cdef bank *b = &self.bank
        cdef Py_ssize_t C = self.n_classes
        cdef int64_t now = b.t
        views = self.views()
        first = views["W"].reshape(self.n_features + 1, LINEAR_EXPERTS, C)[slots]
        seen = views["seen"][slots]
        lags = np.array([lag_product(since, now) if slot and since < now else 1.0 for slot, since in zip(slots, seen)])
        if not bank_has(b, NEWTON_AT):
            return first, lags
        second = np.zeros((len(slots), NEWTON_EXPERTS, C))
        covered = slots < b.newton.n
        second[covered] = views["newton_W"].reshape(b.newton.n, NEWTON_EXPERTS, C)[slots[covered]]
        return np.concatenate([first, second], axis=1), lags

    def _counts(self):
        """How many samples have been learned, and of each class, times their weights."""
        return self.bank.t, view(self.bank.labels.always, "f8", (self.n_classes,)).tolist()

    def _centres(self):
        """The slots of the features that are mostly there, and their means."""
        cdef bank *b = &self.bank
        cdef Py_ssize_t i
        slots = [b.dense[i] for i in range(b.n_dense)]
        return np.array(slots, np.int32), np.array([b.features[<Py_ssize_t>i].mean for i in slots])

    @property
    def expert_weights(self):
        """How much the mixture trusts each expert now: its share under Bayes, by name; the shares sum to 1.

        Empty before the first sample, which decides what the bank consists of.
        """
        cdef bint first = self.enter_to_look()
        try:
            who = [self.bank.mixture.who[i] for i in range(self.bank.mixture.n)]
            return {EXPERTS[k]: self.bank.mixture.w[<Py_ssize_t>k] for k in who}
        finally:
            self.leave_looking(first)

    def __sizeof__(self):
        cdef Py_ssize_t size = object.__sizeof__(self) + bank_bytes(&self.bank)
        cdef Scratch *own = NULL if self.is_guest else self.workspace.idle
        while own != NULL:
            size += scratch_bytes(<bank_scratch *>own)
            own = own.next
        return size
