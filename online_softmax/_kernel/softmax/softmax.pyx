# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=True, auto_pickle=False
"""Softmax regression under one update rule: the face of softmax.h."""

from libc.math cimport HUGE_VAL, isfinite
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport calloc, free

from online_softmax._kernel.arrays cimport copied, fill, view
from online_softmax._kernel.bulk cimport BulkModel
from online_softmax._kernel.model cimport NO_MEMORY
from online_softmax._kernel.reader cimport Reader
from online_softmax._kernel.workspace cimport Scratch

cdef extern from "softmax.h":
    ctypedef struct rule_t "rule":
        int kind, n_states, n_scalars, schedule, correct_bias
        double lr, power, rho, eps, beta_1, beta_2, gamma, alpha, beta, l1, l2
    ctypedef struct rule_clock:
        int64_t *t
        double *final_lr
        double *eta
    ctypedef struct softmax:
        int64_t n_rows, n_classes, class_capacity
        double *B
        double *class_weight
        rule_t rule
        rule_clock clock
        int intercept
        double l2, clip
    int RULE_NONE, RULE_SGD, RULE_MOMENTUM, RULE_NESTEROV, RULE_ADAGRAD, RULE_RMSPROP, RULE_ADADELTA, RULE_ADAM
    int RULE_AMSGRAD, RULE_ADAMAX, RULE_NADAM, RULE_ADABOUND, RULE_FTRL, RULE_IMPLICIT_SGD, RULE_IMPLICIT_ADAGRAD
    int SCHEDULE_CONSTANT, SCHEDULE_INVERSE_SCALING, SCHEDULE_FOREIGN
    ctypedef struct softmax_scratch:
        softmax_scratch *next
        double *p
    void scratch_free(softmax_scratch *) noexcept
    int64_t scratch_bytes(const softmax_scratch *)
    void softmax_free(softmax *)
    void softmax_clear(softmax *)
    int64_t softmax_bytes(const softmax *)
    int softmax_reserve(softmax *, int64_t rows, int64_t classes)
    int softmax_predict(const softmax *, softmax_scratch *, const int32_t *, const double *, int64_t) nogil
    double softmax_loss(const softmax *, softmax_scratch *, const int32_t *, const double *, int64_t n, int64_t y) nogil
    int softmax_begin_many(softmax *, const int32_t *slots, int64_t n)
    void softmax_end_many(softmax *)
    void softmax_rollback_many(softmax *, int64_t classes)
    int softmax_learn(softmax *, softmax_scratch *, const int32_t *, const double *, int64_t n, int64_t known, int64_t y,
                      double w) nogil
    int batch_gradient(const softmax *, softmax_scratch *, const int32_t *, const int32_t *, const double *, int64_t n, int64_t y, double w,
                        double share, double *G, int64_t n_ids) nogil
    int batch_step(softmax *, softmax_scratch *, const int32_t *slots, int64_t n_ids, const double *G) nogil

# Each rule with its states a weight, and a row.
RULES = {
    "SGD": (RULE_SGD, 0, 0), "Momentum": (RULE_MOMENTUM, 1, 0), "NesterovMomentum": (RULE_NESTEROV, 1, 0),
    "AdaGrad": (RULE_ADAGRAD, 1, 0), "RMSProp": (RULE_RMSPROP, 1, 0), "AdaDelta": (RULE_ADADELTA, 2, 0),
    "Adam": (RULE_ADAM, 2, 0), "AMSGrad": (RULE_AMSGRAD, 3, 0), "AdaMax": (RULE_ADAMAX, 2, 0), "Nadam": (RULE_NADAM, 2, 0),
    "AdaBound": (RULE_ADABOUND, 2, 0), "FTRLProximal": (RULE_FTRL, 2, 0),
    "ImplicitSGD": (RULE_IMPLICIT_SGD, 0, 0), "ImplicitAdaGrad": (RULE_IMPLICIT_ADAGRAD, 0, 1),
}


cdef class Softmax(BulkModel):
    """A softmax regression on slots; `configure` before use."""

    cdef softmax model
    cdef int64_t first_t        # the step count that a new class starts from
    cdef double first_final_lr  # AdaBound's, likewise
    cdef object foreign         # a schedule that only Python can compute, or None
    cdef dict class_weights
    cdef readonly object l2, intercept, clip_gradient
    cdef object given_optimizer, given_loss

    def __cinit__(self):
        self.workspace.dispose = <void (*)(Scratch *) noexcept>scratch_free

    def __dealloc__(self):
        softmax_free(&self.model)

    def _configure(self, optimizer, loss, l2, intercept, clip_gradient, max_features, hash_bits, categorical, missing, rule, class_weights):
        """Set the parameters of a fresh model; `rule` is what `optimizers.rule` made of the optimizer."""
        cdef rule_t *r = &self.model.rule
        if r.kind != RULE_NONE:
            raise RuntimeError("the model is configured already: build a new one, or clone it")
        self.given_optimizer, self.given_loss, self.l2 = optimizer, loss, l2
        self.intercept, self.clip_gradient = intercept, clip_gradient
        self.set_limits(max_features, hash_bits)
        self.set_reading(categorical, missing)
        r.kind, r.n_states, r.n_scalars = RULES[rule.name]
        constants = rule.constants
        r.rho, r.eps = constants.get("rho", 0), constants.get("eps", 0)
        r.beta_1, r.beta_2 = constants.get("beta_1", 0), constants.get("beta_2", 0)
        r.correct_bias, r.gamma = constants.get("correct_bias", 0), constants.get("gamma", 0)
        r.alpha, r.beta = constants.get("alpha", 0), constants.get("beta", 0)
        r.l1, r.l2 = constants.get("l1", 0), constants.get("l2", 0)
        r.lr, r.power = rule.lr, rule.power
        self.foreign, self.prepares = rule.schedule, rule.schedule is not None
        r.schedule = (SCHEDULE_FOREIGN if self.prepares else
                      SCHEDULE_CONSTANT if rule.power == 0 else SCHEDULE_INVERSE_SCALING)
        self.first_t, self.first_final_lr = rule.t, constants.get("final_lr", 0)
        self.model.l2, self.model.intercept = l2, intercept
        self.model.clip = HUGE_VAL if clip_gradient is None else clip_gradient
        self.class_weights = class_weights
        self.resize(0, 0)

    @property
    def optimizer(self):
        """The optimiser, which is a template and not stepped itself."""
        if self.given_optimizer is None:
            from river import optim

            self.given_optimizer = optim.SGD(0.01)
        return self.given_optimizer

    @property
    def loss(self):
        """The loss, with the class weights."""
        if self.given_loss is None:
            from river import optim

            self.given_loss = optim.losses.CrossEntropy()
        return self.given_loss

    cdef int reserve(self, Py_ssize_t features, Py_ssize_t classes) except -1:
        if self.model.rule.kind == RULE_NONE:
            raise RuntimeError("the model has not been initialised: call __init__ first")
        if softmax_reserve(&self.model, features + 1, classes) == NO_MEMORY:
            raise MemoryError(f"no memory for {features} features and {classes} classes")
        return 0

    cdef int on_new_class(self, Py_ssize_t position, object label) except -1:
        self.model.class_weight[position] = self.class_weights.get(label, 1.0) if self.class_weights else 1.0
        self.model.clock.t[position] = self.first_t
        self.model.clock.final_lr[position] = self.first_final_lr
        return 0

    cdef void resize(self, Py_ssize_t features, Py_ssize_t classes) noexcept nogil:
        self.n_features, self.n_classes = features, classes
        self.model.n_rows, self.model.n_classes = features + 1, classes

    cdef int prepare(self) except -1:
        cdef double eta
        for c in range(self.n_classes):
            eta = self.foreign.get(self.model.clock.t[c])
            if not isfinite(eta):
                raise ValueError(f"the schedule {self.foreign!r} gave {eta} at t = {self.model.clock.t[c]}: it must be finite")
            self.model.clock.eta[c] = eta
        return 0

    cdef double *probabilities(self, Scratch *own, const int32_t *slots, const double *x, Py_ssize_t n) noexcept nogil:
        cdef softmax_scratch *s = <softmax_scratch *>own
        return NULL if softmax_predict(&self.model, s, slots, x, n) else s.p

    cdef double loss_of(self, Scratch *own, const int32_t *slots, const double *x, Py_ssize_t n, Py_ssize_t y) noexcept nogil:
        return softmax_loss(&self.model, <softmax_scratch *>own, slots, x, n, y)

    cdef double *learn(self, Scratch *own, const int32_t *slots, const double *x, Py_ssize_t n, Py_ssize_t known,
                       Py_ssize_t y, double w) noexcept nogil:
        cdef softmax_scratch *s = <softmax_scratch *>own
        self.failure = softmax_learn(&self.model, s, slots, x, n, known, y, w)
        return NULL if self.failure else s.p

    cdef Scratch *new_scratch(self) noexcept:
        return <Scratch *>calloc(1, sizeof(softmax_scratch))

    cdef int begin_many(self, Reader r) except -1:
        if softmax_begin_many(&self.model, r.slot_of, len(r.names)) == NO_MEMORY:
            raise MemoryError
        return True

    cdef void end_many(self) noexcept:
        softmax_end_many(&self.model)

    cdef int rollback_many(self, Py_ssize_t classes) except -1:
        softmax_rollback_many(&self.model, classes)
        return 0

    def _counts(self):
        """How many samples have been learned since the oldest class came; of each class, that is not known."""
        return int(max(self.views()["t"], default=self.first_t)) - self.first_t, None

    def _weights_at(self, slots):
        """The weights of each slot, of shape (slots, classes)."""
        return self.views()["B"][slots, 0]

    def _learn_batch(self, rows):
        """One step with the mean gradient of the rows, X^T (softmax(XB) - Y) / n."""
        cdef Py_ssize_t n = len(rows), i, features, known, n_ids
        cdef double *G = NULL
        cdef Scratch *own = NULL
        cdef softmax_scratch *s
        cdef Reader r
        if self.model.rule.kind >= RULE_IMPLICIT_SGD:
            raise TypeError(f"{type(self.optimizer).__name__} steps sample by sample: use learn_many")
        if n == 0:
            return
        self.enter_to_change()
        try:
            features, known = self.n_features, self.n_classes
            try:
                r = Reader(self._named(rows), self._slots, self._positions)
                n_ids = len(r.names)
                for i in range(n_ids):
                    r.slot_of[i] = self.add_feature(r.names[i])
                for i in range(len(r.labels)):
                    r.position_of[i] = self.add_label(r.labels[i])
                if self.prepares:
                    self.prepare()
                if self.budget:
                    self.reserve_usage()
                G = <double *>calloc((n_ids + 1) * self.n_classes, sizeof(double))
                if G == NULL:
                    raise MemoryError
                own = self.borrow()
                s = <softmax_scratch *>own
                for i in range(n):
                    if not r.read(i):
                        raise self._row_error(rows, i)
                    if batch_gradient(&self.model, s, r.slots, r.ids, r.x, r.n, r.position, r.w, 1.0 / n, G, n_ids):
                        raise MemoryError
                self.failure = batch_step(&self.model, s, r.slot_of, n_ids, G)
                if self.failure:
                    raise self._refusal()
            except BaseException:
                self.truncate(features, known)
                raise
            if self.budget:
                for i in range(n):
                    r.read(i)
                    self.use(r.slots, r.x, r.n)
                if self.n_features > self.budget:
                    self.evict()
        finally:
            free(G)
            self.give_back(own)
            self.leave_changing()

    # ---- state ----

    cdef int clear(self) except -1:
        softmax_clear(&self.model)
        self.resize(0, 0)
        return 0

    @property
    def _sizes(self):
        """The sizes of the axes that the update rule decides: a weight and its states, and the states of a row."""
        return {"value": 1 + self.model.rule.n_states, "scalar": self.model.rule.n_scalars}

    cdef dict views(self):
        """Where each array of state.py is."""
        cdef softmax *m = &self.model
        cdef Py_ssize_t C = self.n_classes, rows = self.n_features + 1, values = 1 + m.rule.n_states, n = m.rule.n_scalars
        cdef Py_ssize_t stride = m.class_capacity, length = values * stride + n
        return {
            "B": view(m.B, "f8", (rows, values, C), (length, stride, 1)),
            "scalars": view(m.B + values * stride, "f8", (rows, n), (length, 1)),
            "t": view(m.clock.t, "i8", (C,)),
            "final_lr": view(m.clock.final_lr, "f8", (C,)),
        }

    cdef dict arrays(self):
        return copied(self.views())

    cdef int take_arrays(self, dict state) except -1:
        if self.n_classes:
            fill(self.views(), state)
        return 0

    def __sizeof__(self):
        cdef Py_ssize_t size = object.__sizeof__(self) + softmax_bytes(&self.model)
        cdef Scratch *own = NULL if self.is_guest else self.workspace.idle
        while own != NULL:
            size += scratch_bytes(<softmax_scratch *>own)
            own = own.next
        return size
