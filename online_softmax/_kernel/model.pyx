# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=True, auto_pickle=False
"""The compiled base of every model: names and labels become slots and positions, rows reach the kernel, errors undo themselves.

A call has two phases. The first walks the caller's dictionary, checks every value, and may run foreign
`__hash__` and `__float__`; the second holds the model's lock and is plain C on slots and values.
"""

from cpython.dict cimport PyDict_CheckExact, PyDict_GetItemWithError
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.object cimport PyObject
from libc.math cimport NAN, isfinite
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memset

from online_softmax._kernel.checks cimport check_label, feature_value, natural, sample_weight, shown

import math

import numpy as np

from online_softmax._kernel.forgetting import least_valuable, without_features
from online_softmax.hashing import bucket

cdef extern from "Python.h":
    PyObject *PyList_GET_ITEM(object, Py_ssize_t)

cdef extern from "pythread.h":
    ctypedef void *PyThread_type_lock
    PyThread_type_lock PyThread_allocate_lock()
    void PyThread_free_lock(PyThread_type_lock)
    int PyThread_acquire_lock(PyThread_type_lock, int) nogil
    void PyThread_release_lock(PyThread_type_lock) nogil
    unsigned long PyThread_get_thread_ident() nogil


cdef int sample_room(Sample *s, Py_ssize_t n) except -1:
    s.slots, s.x = s.slots_, s.x_
    if n > INLINE_ENTRIES:
        s.x = <double *>malloc(n * (sizeof(double) + sizeof(int32_t)))
        if s.x == NULL:
            raise MemoryError
        s.slots = <int32_t *>(s.x + n)
    return 0


cdef inline void sample_free(Sample *s) noexcept:
    if s.x != s.x_:
        free(s.x)


cdef list entries(object x):
    """The features of a mapping, or an error."""
    items = getattr(x, "items", None)
    if items is None or isinstance(x, type) or getattr(x, "ndim", 1) != 1:
        raise TypeError(f"x must be a mapping of features to numbers, got {shown(x)}")
    return list(items())


cdef class Model:
    def __cinit__(self):
        self._slots, self._positions, self._names, self._labels = {}, {}, [], []
        self._lock = PyThread_allocate_lock()
        if self._lock == NULL:
            raise MemoryError

    def __dealloc__(self):
        if self._lock != NULL:
            PyThread_free_lock(self._lock)
        free(self.uses)
        free(self.last_use)

    # ---- what a kernel fills in ----

    cdef int reserve(self, Py_ssize_t features, Py_ssize_t classes) except -1:
        """Make room for so many features and classes."""
        raise NotImplementedError

    cdef int admit_feature(self, Py_ssize_t slot, object name) except -1:
        """Prepare the feature of a new slot, or refuse it."""
        return 0

    cdef int admit(self, Py_ssize_t position, object label) except -1:
        """Prepare the class at `position`."""
        raise NotImplementedError

    cdef int tick(self) except -1:
        """Ask Python for what the next sample needs; called only where `ticks` is set."""
        raise NotImplementedError

    cdef void resize(self, Py_ssize_t features, Py_ssize_t classes) noexcept nogil:
        """Take so many features and classes into use; room for them has been made."""
        self.n_features, self.n_classes = features, classes

    cdef double *probabilities(self, const int32_t *slots, const double *x, Py_ssize_t n) noexcept nogil:
        """p of every class, or NULL with `failure` set."""
        return NULL

    cdef double loss_of(self, const int32_t *slots, const double *x, Py_ssize_t n, Py_ssize_t y) noexcept nogil:
        """-ln p_y."""
        return NAN

    cdef double *learn(self, const int32_t *slots, const double *x, Py_ssize_t n, Py_ssize_t known, Py_ssize_t y,
                       double w) noexcept nogil:
        """Learn a sample, or change nothing; returns p of the `known` classes before it, or NULL with `failure` set."""
        return NULL

    cdef int clear(self) except -1:
        """Forget all that has been learned; there are no features and classes now."""
        raise NotImplementedError

    cdef dict arrays(self):
        """The learned numbers, as new arrays by name."""
        raise NotImplementedError

    cdef int take_arrays(self, dict state) except -1:
        """Take over such arrays; names and labels are there already."""
        raise NotImplementedError

    # ---- the lock ----

    cdef int _enter(self) except -1:
        cdef unsigned long me = PyThread_get_thread_ident()
        if not PyThread_acquire_lock(self._lock, 0):
            if self._owner == me:
                raise RuntimeError("the model was called from inside one of its own calls, by a name, label or schedule")
            with nogil:
                PyThread_acquire_lock(self._lock, 1)
        self._owner = me
        return 0

    cdef void _leave(self) noexcept:
        self._owner = 0
        PyThread_release_lock(self._lock)

    # ---- names and labels ----

    cdef list _gathered(self, object x, Sample *s, bint learning):
        """Gather `x` and enter: once more where, waiting, slots were taken back."""
        cdef unsigned long truncated
        while True:
            truncated = self._truncated
            new = self._gather(x, s, learning)
            self._enter()
            if truncated == self._truncated:
                return new
            self._leave()
            sample_free(s)

    cdef list _gather(self, object x, Sample *s, bint learning):
        """Fill `s` from a mapping. Learning, the names that have no slot yet are returned, and entry i of them has slot -1 - i."""
        cdef list new = [] if learning else None
        cdef Py_ssize_t left
        s.x, s.n = s.x_, 0
        if self.bits:
            x = self._hashed(x)
        if PyDict_CheckExact(x):
            left = len(<dict>x)
            sample_room(s, left)
            for name, value in (<dict>x).items():
                if left == 0:
                    raise RuntimeError("x changed while it was read")
                left -= 1
                self._entry(s, name, value, new)
            return new
        pairs = entries(x)
        sample_room(s, len(pairs))
        for name, value in pairs:
            self._entry(s, name, value, new)
        return new

    cdef dict _hashed(self, object x):
        """The features with buckets for names; values that share one are added up."""
        cdef dict sums = {}
        cdef double v
        for name, value in entries(x):
            v = feature_value(name, value)
            place = bucket(name, self.bits)
            sums[place] = sums.get(place, 0.0) + v
        return sums

    cdef inline int _entry(self, Sample *s, object name, object value, list new) except -1:
        cdef Py_ssize_t i = s.n
        cdef int32_t slot = self._guess[i] if i < INLINE_ENTRIES else 0
        cdef double v = PyFloat_AS_DOUBLE(value) if PyFloat_CheckExact(value) else NAN
        if not isfinite(v):
            v = feature_value(name, value)
        if slot == 0 or slot > self.n_features or PyList_GET_ITEM(self._names, slot - 1) != <PyObject *>name:
            slot = self._look_up(name)
            if slot and i < INLINE_ENTRIES:
                self._guess[i] = slot
        if slot == 0:
            if new is None or (v == 0 and self.zero_is_absent):
                return 0
            new.append(name)
            slot = -<int32_t>len(new)
        s.slots[i], s.x[i] = slot, v
        s.n += 1
        return 0

    cdef int32_t _look_up(self, object name) except -1:
        """The slot of a name, 0 if it has none."""
        cdef PyObject *slot
        try:
            slot = PyDict_GetItemWithError(self._slots, name)
        except TypeError:
            raise TypeError(f"feature name {shown(name)} must be hashable") from None
        return 0 if slot == NULL else <object>slot

    cdef list _admission(self, list new):
        """A sample's new names in the order in which they get their slots: one in which the dictionary's plays no part, if need be."""
        if self.names_in_order and len(new) > 1:
            if all(type(name) is str for name in new):
                return sorted(new, key=lambda name: (natural(name), name))
            if all(type(name) is int for name in new):
                return sorted(new)
        return new

    cdef int _admit_feature(self, object name) except -1:
        """The slot of a name, new or not."""
        cdef Py_ssize_t slot = self._look_up(name)
        if slot:
            return slot
        slot = self.n_features + 1
        self.admit_feature(slot, name)
        self.reserve(slot, self.n_classes)
        there = self._slots.setdefault(name, slot)
        if there != slot:  # its hash, or what it is equal to, has changed since it was looked up
            return there
        self._names.append(name)
        self.resize(slot, self.n_classes)
        return slot

    cdef int _admit_label(self, object y) except -1:
        """The position of a label, new or not."""
        cdef PyObject *known
        cdef Py_ssize_t position
        try:
            known = PyDict_GetItemWithError(self._positions, y)
        except TypeError:
            raise TypeError(f"label {shown(y)} must be hashable") from None
        if known != NULL:
            return <object>known
        check_label(y)
        position = self.n_classes
        self.reserve(self.n_features, position + 1)
        self.admit(position, y)
        there = self._positions.setdefault(y, position)
        if there != position:
            return there
        self._labels.append(y)
        self.resize(self.n_features, position + 1)
        return position

    cdef int _truncate(self, Py_ssize_t features, Py_ssize_t classes) except -1:
        """Forget the newest names and labels, those beyond the first `features` and `classes`."""
        if len(self._names) > features or len(self._labels) > classes:
            self._truncated += 1
        while len(self._names) > features:
            self._names.pop()
            self._slots.popitem()  # by its place: a name's own __hash__ may fail
        while len(self._labels) > classes:
            self._labels.pop()
            self._positions.popitem()
        self.resize(features, classes)
        return 0

    cdef object _refusal(self):
        if self.failure == NO_MEMORY:
            return MemoryError()
        return OverflowError("learning this sample would overflow a weight: scale the features or lower the learning rate")

    cdef int _learn(self, Sample *s, list new, object y, double w) except -1:
        """Learn a gathered sample, or leave no trace."""
        cdef Py_ssize_t i, position, slot
        cdef Py_ssize_t features = self.n_features, known = self.n_classes
        try:
            if new:
                self.reserve(features + len(new), known)
                for name in self._admission(new):
                    self._admit_feature(name)
                for i in range(s.n):
                    if s.slots[i] < 0:
                        s.slots[i] = self._admit_feature(new[-1 - s.slots[i]])
            position = self._admit_label(y)
            if self.ticks:
                self.tick()
            if self.budget:
                self._make_usage_room()
            if self.learn(s.slots, s.x, s.n, known, position, w) == NULL:
                raise self._refusal()
            if self.budget:
                self._use(s.slots, s.x, s.n)
        except BaseException:
            self._truncate(features, known)
            raise
        return 0

    # ---- one sample ----

    def learn_one(self, x, y, w=1.0):
        """Learn from one sample.

        Parameters
        ----------
        x
            The features: a mapping of names (any hashable) to finite numbers.
        y
            The label: any hashable; a label never seen before becomes a new class.
        w
            The sample's weight, a finite number of at least 0; it multiplies the gradient of the loss.

        Raises
        ------
        TypeError, ValueError
            If a value, name, label or weight is not one of these; the model is as it was.
        OverflowError
            If a weight would leave the range of doubles; the model is as it was.
        """
        cdef Sample s
        cdef double weight = sample_weight(w)
        s.x = s.x_
        try:
            new = self._gathered(x, &s, True)
            try:
                self._learn(&s, new, y, weight)
                if self.budget and self.n_features > self.budget:
                    self._evict()
            finally:
                self._leave()
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
        cdef Sample s
        cdef double *p
        cdef Py_ssize_t c = 0
        cdef dict out = {}
        s.x = s.x_
        try:
            self._gathered(x, &s, False)
            try:
                if self._labels:
                    p = self.probabilities(s.slots, s.x, s.n)
                    if p == NULL:
                        raise self._refusal()
                    for label in self._labels:
                        out[label] = p[c]
                        c += 1
            finally:
                self._leave()
        finally:
            sample_free(&s)
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
        cdef Sample s
        cdef double *p
        s.x = s.x_
        try:
            self._gathered(x, &s, False)
            try:
                if not self._labels:
                    return None
                return self._labels[largest(self.probabilities(s.slots, s.x, s.n), self.n_classes)]
            finally:
                self._leave()
        finally:
            sample_free(&s)

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
        s.x = s.x_
        try:
            self._gathered(x, &s, False)
            try:
                position = self._positions.get(y)
                if position is None:
                    return math.inf
                return self.loss_of(s.slots, s.x, s.n, position)
            finally:
                self._leave()
        finally:
            sample_free(&s)

    @property
    def classes(self):
        """The labels seen so far, in the order of their first appearance."""
        return list(self._labels)

    @property
    def features(self):
        """The names of the features learned so far, in the order of their first appearance."""
        return list(self._names)

    @property
    def n_evicted(self):
        """How many features have made room for others, under `max_features`."""
        return self.evicted

    # ---- state ----

    def _state(self):
        """What has been learned: names and labels in order, and the kernel's arrays and numbers by name."""
        self._enter()
        try:
            return self._snapshot()
        finally:
            self._leave()

    cdef dict _snapshot(self):
        state = {"names": list(self._names), "labels": list(self._labels), **self.arrays()}
        if self.budget:
            state["learned"], state["evicted"] = self.learned, self.evicted
            state["uses"] = np.array([self.uses[i] for i in range(self.n_features)], np.int64)
            state["last_use"] = np.array([self.last_use[i] for i in range(self.n_features)], np.int64)
        return state

    def _restore(self, state):
        """Take over what a model of the same parameters has learned, in place of what this one has."""
        self._enter()
        try:
            self._take(state)
        finally:
            self._leave()

    def _replace(self, change):
        """Put `change(state)` in place of the state; where that fails, all stays as it was."""
        self._enter()
        try:
            self._take(change(self._snapshot()))
        finally:
            self._leave()

    cdef int _take(self, dict state) except -1:
        cdef Py_ssize_t i
        names, labels = list(state["names"]), list(state["labels"])
        slots = {name: i + 1 for i, name in enumerate(names)}
        positions = {label: i for i, label in enumerate(labels)}
        if len(slots) != len(names) or len(positions) != len(labels):
            raise ValueError("a state holds a name or a label twice")
        for label in labels:
            check_label(label)
        for i in range(len(names)):
            self.admit_feature(i + 1, names[i])
        self._truncate(0, 0)
        self.clear()
        self.reserve(len(names), len(labels))
        for i in range(len(labels)):
            self.admit(i, labels[i])
        self._names, self._labels, self._slots, self._positions = names, labels, slots, positions
        self.resize(len(names), len(labels))
        self.take_arrays(state)
        if self.usage_room:
            memset(self.uses, 0, self.usage_room * sizeof(int64_t))
            memset(self.last_use, 0, self.usage_room * sizeof(int64_t))
        if self.budget and "uses" in state:
            self._make_usage_room()
            self.learned, self.evicted = state["learned"], state["evicted"]
            for i in range(self.n_features):
                self.uses[i], self.last_use[i] = state["uses"][i], state["last_use"][i]
        return 0

    # ---- bounded memory ----

    cdef void _bound(self, object max_features, object hash_bits):
        self.max_features, self.budget = max_features, max_features or 0
        self.hash_bits, self.bits = hash_bits, hash_bits or 0

    cdef int _make_usage_room(self) except -1:
        cdef Py_ssize_t room = self.n_features + self.n_features // 8 + 64
        cdef int64_t *grown
        if self.n_features <= self.usage_room:
            return 0
        for which in range(2):
            grown = <int64_t *>realloc(self.last_use if which else self.uses, room * sizeof(int64_t))
            if grown == NULL:
                raise MemoryError
            memset(grown + self.usage_room, 0, (room - self.usage_room) * sizeof(int64_t))
            if which:
                self.last_use = grown
            else:
                self.uses = grown
        self.usage_room = room
        return 0

    cdef void _use(self, const int32_t *slots, const double *x, Py_ssize_t n) noexcept nogil:
        """Take down that a learned sample carried these features."""
        cdef Py_ssize_t i
        self.learned += 1
        for i in range(n):
            if x[i] != 0 or not self.zero_is_absent:
                self.uses[slots[i] - 1] += 1
                self.last_use[slots[i] - 1] = self.learned

    cdef int _evict(self) except -1:
        """Let the least valuable features go, an eighth of the budget at a time."""
        cdef Py_ssize_t gone = self.n_features - (self.budget - self.budget // 8)
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
