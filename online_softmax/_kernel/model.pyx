# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=True, auto_pickle=False
"""The compiled base of every model: one sample is predicted or learned, and an error undoes itself."""

from libc.math cimport NAN, isnan
from libc.stdint cimport int64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memset

from online_softmax._kernel.checks cimport check_known_label, sample_weight
from online_softmax._kernel.vocabulary cimport Sample, sample_free

import math

import numpy as np

from online_softmax._kernel.forgetting import least_valuable, without_features


cdef class Model(Vocabulary):
    def __dealloc__(self):
        free(self.uses)
        free(self.last_use)

    # ---- mathematics: what a kernel fills in ----

    cdef double *probabilities(self, Scratch *own, const int32_t *slots, const double *x, Py_ssize_t n) noexcept nogil:
        """p of every class, in the scratch; NULL where there is no memory."""
        return NULL

    cdef double loss_of(self, Scratch *own, const int32_t *slots, const double *x, Py_ssize_t n, Py_ssize_t y) noexcept nogil:
        """-ln p_y; nan where there is no memory."""
        return NAN

    cdef double *learn(self, Scratch *own, const int32_t *slots, const double *x, Py_ssize_t n, Py_ssize_t known,
                       Py_ssize_t y, double w) noexcept nogil:
        """Learn a sample, or change nothing; returns p of the `known` classes before it, or NULL with `failure` set."""
        return NULL

    cdef int prepare(self) except -1:
        """Do in Python what the next sample needs; called only where `prepares` is set."""
        raise NotImplementedError

    # ---- state: what a kernel fills in ----

    cdef int clear(self) except -1:
        """Forget all that has been learned; there are no features and classes now."""
        raise NotImplementedError

    cdef dict arrays(self):
        """The learned numbers, as new arrays by name."""
        raise NotImplementedError

    cdef int take_arrays(self, dict state) except -1:
        """Take over such arrays; names and labels are there already."""
        raise NotImplementedError

    cdef Scratch *new_scratch(self) noexcept:
        """A scratch of the kernel's own, which grows as it is used; NULL where there is no memory."""
        return NULL

    # ---- scratch: each call has its own ----

    cdef Scratch *borrow(self) except NULL:
        """Take a scratch, the one given back last: learning a sample goes on from what predicting it left there."""
        cdef Scratch *own = self.workspace.idle
        if own != NULL:
            self.workspace.idle = own.next
            return own
        own = self.new_scratch()
        if own == NULL:
            raise MemoryError
        return own

    cdef void give_back(self, Scratch *own) noexcept:
        if own != NULL:
            own.next, self.workspace.idle = self.workspace.idle, own

    # ---- one sample ----

    def learn_one(self, x, y, w=1.0):
        """Learn from one sample.

        Parameters
        ----------
        x
            The features: a mapping of names (any hashable) to finite numbers; to texts, too, with `categorical=True`, and
            to gaps with `missing="zero"` or `"indicate"`.
        y
            The label: any hashable but None and NaN; a label never seen before becomes a new class.
        w
            The sample's weight, a finite number of at least 0; it multiplies the gradient of the loss.

        Raises
        ------
        TypeError, ValueError
            If a value, name, label or weight is not one of these; the model is as it was.
        OverflowError
            If a weight would leave the range of doubles; the model is as it was.
        """
        self._learn_sample(x, y, sample_weight(w), NULL)

    def _progress_one(self, x, y, w=1.0):
        """Learn a sample as `learn_one` does; p of its label before, nan where it was new, and whether it was the largest."""
        cdef Told told
        self._learn_sample(x, y, sample_weight(w), &told)
        return told.p, told.hit

    cdef int _learn_sample(self, object x, object y, double w, Told *told) except -1:
        cdef Sample s
        cdef unsigned long truncated
        cdef Py_ssize_t features
        while True:
            truncated = self.truncated
            s.x = s.x_
            try:
                new = self.gather(x, &s, True)
                features = self.n_features
                self.enter_to_change()
                try:
                    # Where names came or went while this call waited, it gathers again.
                    if truncated == self.truncated and features == self.n_features:
                        self._learn(&s, new, y, w, told)
                        if self.budget and self.n_features > self.budget:
                            self.evict()
                        return 0
                finally:
                    self.leave_changing()
            finally:
                sample_free(&s)

    cdef int _learn(self, Sample *s, list new, object y, double w, Told *told) except -1:
        """Learn a gathered sample, or leave no trace."""
        cdef double *p
        cdef Py_ssize_t i, position
        cdef Py_ssize_t features = self.n_features, known = self.n_classes
        cdef Scratch *own = self.borrow()
        try:
            if new:
                self.reserve(features + len(new), known)
                for name in self.slot_order(new):
                    self.add_feature(name)
                for i in range(s.n):
                    if s.slots[i] < 0:
                        s.slots[i] = self.add_feature(new[-1 - s.slots[i]])
            position = self.add_label(y)
            if self.prepares:
                self.prepare()
            if self.budget:
                self.reserve_usage()
            p = self.learn(own, s.slots, s.x, s.n, known, position, w)
            if p == NULL:
                raise self._refusal()
            if told != NULL:
                told.p = p[position] if position < known else NAN
                told.hit = position < known and largest(p, known) == position
            if self.budget:
                self.use(s.slots, s.x, s.n)
        except BaseException:
            self.truncate(features, known)
            raise
        finally:
            self.give_back(own)
        return 0

    cdef object _refusal(self):
        if self.failure == NO_MEMORY:
            return MemoryError()
        return OverflowError("learning this sample would overflow a weight: scale the features or lower the learning rate")

    cdef list _ask(self, object x, Answer *answer):
        """Predict a sample. Returns the labels; the answer is about the first n of them, until its scratch is given back."""
        cdef Sample s
        cdef unsigned long truncated
        cdef Py_ssize_t features
        answer.own, answer.p, answer.n = NULL, NULL, 0
        while True:
            truncated = self.truncated
            s.x = s.x_
            try:
                self.gather(x, &s, False)
                features = self.n_features
                self.enter_to_read()
                try:
                    if truncated == self.truncated and features == self.n_features:
                        if self.n_classes:
                            answer.own = self.borrow()
                            answer.p = self.probabilities(answer.own, s.slots, s.x, s.n)
                            if answer.p == NULL:
                                self.give_back(answer.own)
                                raise MemoryError
                            answer.n = self.n_classes
                        return self._labels
                finally:
                    self.leave_reading()
            finally:
                sample_free(&s)

    def predict_proba_one(self, x, **kwargs):
        """Return the probability of each class seen so far.

        Parameters
        ----------
        x
            The features: a mapping of names to finite numbers; names never learned count for nothing.
        kwargs
            Accepted and ignored, as pipelines pass them.

        Returns
        -------
        A dictionary {label: probability} in the order in which labels were first seen; empty before the first sample.
        """
        cdef Answer answer
        cdef list labels = self._ask(x, &answer)
        cdef Py_ssize_t c
        cdef dict out = {}
        try:
            for c in range(answer.n):
                out[labels[c]] = answer.p[c]
        finally:
            self.give_back(answer.own)
        return out

    def predict_one(self, x, **kwargs):
        """Return the most probable label, the earliest seen among equals; None before the first sample.

        Parameters
        ----------
        x
            The features, as in `predict_proba_one`.
        kwargs
            Accepted and ignored, as pipelines pass them.
        """
        cdef Answer answer
        cdef list labels = self._ask(x, &answer)
        cdef Py_ssize_t best
        if not answer.n:
            return None
        best = largest(answer.p, answer.n)
        self.give_back(answer.own)
        return labels[best]

    def loss_one(self, x, y):
        """Return the log loss of a sample, -ln p_y, under the current weights, in nats; inf for a label never seen.

        Parameters
        ----------
        x
            The features, as in `predict_proba_one`.
        y
            The label.
        """
        cdef Sample s
        cdef unsigned long truncated
        cdef Py_ssize_t features
        cdef double loss
        cdef Scratch *own
        cdef dict positions
        while True:
            truncated = self.truncated
            s.x = s.x_
            try:
                self.gather(x, &s, False)
                positions = self._positions  # held: a label's own __hash__ may put others in their place
                position = positions.get(y)
                features = self.n_features
                self.enter_to_read()
                try:
                    if truncated == self.truncated and features == self.n_features:
                        if position is None:
                            return math.inf
                        own = self.borrow()
                        loss = self.loss_of(own, s.slots, s.x, s.n, position)
                        self.give_back(own)
                        if isnan(loss):
                            raise MemoryError
                        return loss
                finally:
                    self.leave_reading()
            finally:
                sample_free(&s)

    @property
    def n_evicted(self):
        """How many features have made room for others, under `max_features`."""
        return self.evicted

    # ---- state ----

    def _state(self):
        """What has been learned: names and labels in order, and the kernel's arrays and numbers by name."""
        cdef bint first = self.enter_to_look()
        try:
            return self._snapshot()
        finally:
            self.leave_looking(first)

    cdef dict _snapshot(self):
        state = {"names": list(self._names), "labels": list(self._labels), **self.arrays()}
        if self.budget:
            state["learned"], state["evicted"] = self.learned, self.evicted
            state["uses"] = np.array([self.uses[i] for i in range(self.n_features)], np.int64)
            state["last_use"] = np.array([self.last_use[i] for i in range(self.n_features)], np.int64)
        return state

    def _unchanged(self, look):
        """Return look(), during which nobody changes the model."""
        cdef bint first = self.enter_to_look()
        try:
            return look()
        finally:
            self.leave_looking(first)

    def _restore(self, state):
        """Take over what a model of the same parameters has learned, in place of what this one has."""
        self.enter_to_change()
        try:
            self._take(state)
        finally:
            self.leave_changing()

    def _replace(self, change):
        """Put `change(state)` in place of the state; where that fails, all stays as it was."""
        self.enter_to_change()
        try:
            self._take(change(self._snapshot()))
        finally:
            self.leave_changing()

    cdef int _take(self, dict state) except -1:
        cdef Py_ssize_t i
        names, labels = list(state["names"]), list(state["labels"])
        slots = {name: i + 1 for i, name in enumerate(names)}
        positions = {label: i for i, label in enumerate(labels)}
        if len(slots) != len(names) or len(positions) != len(labels):
            raise ValueError("a state holds a name or a label twice")
        for label in labels:
            check_known_label(label)
        for i in range(len(names)):
            self.on_new_feature(i + 1, names[i])
        before = self._snapshot()
        try:
            self._fill(state, names, labels, slots, positions)
        except BaseException:  # there is no memory: what there was fitted, and what cannot be put back is gone
            try:
                names, labels = before["names"], before["labels"]
                self._fill(before, names, labels, {name: i + 1 for i, name in enumerate(names)},
                           {label: i for i, label in enumerate(labels)})
            except BaseException:
                self._names, self._labels, self._slots, self._positions = [], [], {}, {}
                self.clear()
            raise
        return 0

    def _fill(self, dict state, list names, list labels, dict slots, dict positions):
        """Take over a state that has been checked."""
        cdef Py_ssize_t i
        # New lists and dictionaries: a call that has left may still hold the old ones.
        self._names, self._labels, self._slots, self._positions = [], [], {}, {}
        self.truncated += 1
        self.clear()
        self.reserve(len(names), len(labels))
        for i in range(len(labels)):
            self.on_new_class(i, labels[i])
        self._names, self._labels, self._slots, self._positions = names, labels, slots, positions
        self.resize(len(names), len(labels))
        self.take_arrays(state)
        if self.usage_capacity:
            memset(self.uses, 0, self.usage_capacity * sizeof(int64_t))
            memset(self.last_use, 0, self.usage_capacity * sizeof(int64_t))
        if self.budget and "uses" in state:
            self.reserve_usage()
            self.learned, self.evicted = state["learned"], state["evicted"]
            for i in range(self.n_features):
                self.uses[i], self.last_use[i] = state["uses"][i], state["last_use"][i]

    # ---- bounded memory ----

    cdef void set_limits(self, object max_features, object hash_bits):
        self.max_features, self.budget = max_features, max_features or 0
        self.hash_bits, self.bits = hash_bits, hash_bits or 0

    cdef int reserve_usage(self) except -1:
        cdef Py_ssize_t capacity = self.n_features + self.n_features // 8 + 64
        cdef int64_t *grown
        if self.n_features <= self.usage_capacity:
            return 0
        for which in range(2):
            grown = <int64_t *>realloc(self.last_use if which else self.uses, capacity * sizeof(int64_t))
            if grown == NULL:
                raise MemoryError
            memset(grown + self.usage_capacity, 0, (capacity - self.usage_capacity) * sizeof(int64_t))
            if which:
                self.last_use = grown
            else:
                self.uses = grown
        self.usage_capacity = capacity
        return 0

    cdef void use(self, const int32_t *slots, const double *x, Py_ssize_t n) noexcept nogil:
        """Take down that a learned sample carried these features."""
        cdef Py_ssize_t i
        self.learned += 1
        for i in range(n):
            if x[i] != 0 or not self.zero_is_absent:
                self.uses[slots[i] - 1] += 1
                self.last_use[slots[i] - 1] = self.learned

    cdef int evict(self) except -1:
        """Let the least valuable features go, an eighth of the budget at a time."""
        cdef Py_ssize_t gone = self.n_features - (self.budget - self.budget // 8)
        # The whole state goes through Python once in so many samples: simple, and still cheap.
        state = self._snapshot()
        state["evicted"] += gone
        self._take(without_features(state, least_valuable(state, gone)))
        return 0


cdef Py_ssize_t largest(const double *p, Py_ssize_t n) noexcept nogil:
    """The position of the largest p, the first among equals."""
    cdef Py_ssize_t c, best = 0
    for c in range(1, n):
        if p[c] > p[best]:
            best = c
    return best
