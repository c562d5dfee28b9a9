# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=True, auto_pickle=False
"""The vocabulary of a model: names become slots, labels become positions; and who may enter when.

A call has two phases. The first walks the caller's dictionary, checks every value, and may run foreign
`__hash__` and `__float__`; the second is inside the model and is plain C on slots and values.
"""

from cython cimport final
from cpython.dict cimport PyDict_CheckExact, PyDict_GetItemWithError
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_CheckExact
from libc.math cimport NAN, isfinite
from libc.stdlib cimport calloc, free, malloc

from online_softmax._kernel.checks cimport check_label, feature_value, is_gap, natural, shown

import numpy as np

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


cdef int sample_reserve(Sample *s, Py_ssize_t n) except -1:
    s.slots, s.x = s.slots_, s.x_
    if n > INLINE_ENTRIES:
        s.x = <double *>malloc(n * (sizeof(double) + sizeof(int32_t)))
        if s.x == NULL:
            raise MemoryError
        s.slots = <int32_t *>(s.x + n)
    return 0


cdef void sample_free(Sample *s) noexcept:
    if s.x != s.x_:
        free(s.x)


cdef bint has_repeats(const int32_t *slots, Py_ssize_t n, Py_ssize_t features) except -1:
    """Whether a slot stands twice among those of a sample. Those of new names, below 0, are distinct."""
    cdef Py_ssize_t i, j
    cdef bint found = False
    cdef char *seen
    if n <= INLINE_ENTRIES:
        for i in range(n):
            for j in range(i):
                found |= slots[i] == slots[j]
        return found
    seen = <char *>calloc(features + 1, 1)
    if seen == NULL:
        raise MemoryError
    for i in range(n):
        if 0 < slots[i] <= features:
            found |= seen[slots[i]]
            seen[slots[i]] = True
    free(seen)
    return found


cdef list entries(object x):
    """The features of a mapping, or an error."""
    items = getattr(x, "items", None)
    if items is None or isinstance(x, type) or getattr(x, "ndim", 1) != 1:
        raise TypeError(f"x must be a mapping of features to numbers, got {shown(x)}")
    return list(items())


cdef str spelt_name(object name, object text):
    """The name of a text's feature: of its characters, whatever a subclass of str makes of them."""
    return f"{name}={str.__str__(text)}"


cdef int refuse_twice(list names) except -1:
    """Refuse names of which one stands there twice."""
    cdef set seen = set()
    for name in names:
        if name in seen:
            raise ValueError(f"feature {name!r} is called like a text or a gap of another feature; rename one")
        seen.add(name)
    return 0


cdef class Vocabulary:
    def __cinit__(self):
        self._slots, self._positions, self._names, self._labels = {}, {}, [], []
        self.workspace = Workspace()

    def _share_workspace(self, Vocabulary other):
        """Work where another model of the same class does, in turn with it."""
        if type(self) is not type(other):
            raise TypeError(f"only models of one class share a workspace, not {type(self).__name__} and {type(other).__name__}")
        self.workspace, self.is_guest = other.workspace, True

    # ---- shape: what a kernel fills in ----

    cdef int reserve(self, Py_ssize_t features, Py_ssize_t classes) except -1:
        """Have room for so many features and classes."""
        raise NotImplementedError

    cdef int on_new_feature(self, Py_ssize_t slot, object name) except -1:
        """Prepare the feature of a new slot, or refuse it."""
        return 0

    cdef int on_new_class(self, Py_ssize_t position, object label) except -1:
        """Prepare the class at `position`."""
        return 0

    cdef void resize(self, Py_ssize_t features, Py_ssize_t classes) noexcept nogil:
        """Take so many features and classes into use; there is room for them."""
        self.n_features, self.n_classes = features, classes

    # ---- who may enter ----
    # Many calls may read at once; one that changes the model is alone. Whoever cannot enter waits in line, and is let in
    # by the call that leaves. All of this happens under the GIL, so plain numbers are enough.

    cdef int enter_to_read(self) except -1:
        if self.changing or self.first != NULL:
            return self._wait(False)
        self.readers += 1
        return 0

    cdef bint enter_to_look(self) except -1:
        """Enter to read while Python code may run: a name's, a signal's handler, a finalizer. Whether it is the first."""
        me = PyThread_get_thread_ident()
        fresh = set()  # which may have a finalizer run: not between entering and saying so
        first = not self._is_looking(me)
        self.enter_to_read()
        if self._inside is None:
            self._inside = fresh
        self._inside.add(me)
        return first

    cdef void leave_looking(self, bint first) noexcept:
        if first:
            self._inside.discard(PyThread_get_thread_ident())
            if not self._inside:
                self._inside = None  # an empty set is larger than what many a small model has learned
        self.leave_reading()

    cdef bint _is_looking(self, unsigned long thread):
        return self._inside is not None and thread in self._inside

    cdef void leave_reading(self) noexcept:
        self.readers -= 1
        if self.first != NULL:
            self._let_in()

    cdef int enter_to_change(self) except -1:
        if self.changing or self.readers or self.first != NULL:
            self._wait(True)
        self.changing, self.owner = True, PyThread_get_thread_ident()
        return 0

    cdef void leave_changing(self) noexcept:
        self.changing, self.owner = False, 0
        if self.first != NULL:
            self._let_in()

    cdef int _wait(self, bint changes) except -1:
        cdef unsigned long me = PyThread_get_thread_ident()
        cdef Waiter w
        if self._is_looking(me) and not changes:  # it reads already, so nobody is changing anything
            self.readers += 1
            return 0
        if (self.changing and self.owner == me) or self._is_looking(me):
            raise RuntimeError("the model was called from inside one of its own calls, by a name, label or schedule")
        w.gate, w.changes, w.next = PyThread_allocate_lock(), changes, NULL
        if w.gate == NULL:
            raise MemoryError
        PyThread_acquire_lock(w.gate, 1)
        if self.first == NULL:
            self.first = &w
        else:
            self.last.next = &w
        self.last = &w
        with nogil:
            PyThread_acquire_lock(w.gate, 1)  # until `_let_in` opens it
        PyThread_release_lock(w.gate)
        PyThread_free_lock(w.gate)
        return 0

    cdef void _let_in(self) noexcept:
        """Let in those at the head of the line that can be inside together."""
        cdef Waiter *w
        while self.first != NULL and not self.changing and not (self.first.changes and self.readers):
            w = self.first
            self.first = w.next
            if w.changes:
                self.changing = True
            else:
                self.readers += 1
            PyThread_release_lock(w.gate)

    # ---- names and labels ----

    cdef list gather(self, object x, Sample *s, bint learning):
        """Fill `s` from a mapping. When learning, also return the names that have no slot yet.

        In `s`, the i-th of them stands as slot -1 - i until it gets one.
        """
        cdef list new = [] if learning else None
        cdef Py_ssize_t left
        s.x, s.n = s.x_, 0
        if self.is_raw and not self.bits:
            return self._gather_record(x, s, learning)
        if PyDict_CheckExact(x) and not self.bits:
            left = len(<dict>x)
            sample_reserve(s, left)
            for name, value in (<dict>x).items():
                if left == 0:
                    raise RuntimeError("x changed while it was read")
                left -= 1
                self._entry(s, name, value, new)
            return new
        pairs = self._sums(x) if self.bits else entries(x)
        sample_reserve(s, len(pairs))
        for name, value in pairs:
            self._entry(s, name, value, new)
        return new

    cdef list _sums(self, object x):
        """The features with buckets for names; values that share one are added up."""
        cdef dict sums = {}
        cdef double v
        for name, value in self._spelt(x) if self.is_raw else entries(x):
            v = feature_value(name, value)
            if v == 0 and self.has_gaps:  # a gap among texts is none, and would otherwise set the place of its bucket
                continue
            name = bucket(name, self.bits)
            sums[name] = sums.get(name, 0.0) + v
        return list(sums.items())

    @final
    cdef inline int _entry(self, Sample *s, object name, object value, list new) except -1:
        cdef Py_ssize_t i = s.n
        cdef double v = PyFloat_AS_DOUBLE(value) if PyFloat_CheckExact(value) else NAN
        cdef int32_t slot
        if not isfinite(v):
            v = feature_value(name, value)
        slot = self._slot_of(i, name)
        if slot == 0:
            if new is None or (v == 0 and self.zero_is_absent):
                return 0
            new.append(name)
            slot = -<int32_t>len(new)
        s.slots[i], s.x[i] = slot, v
        s.n = i + 1
        return 0

    @final
    cdef inline int32_t _slot_of(self, Py_ssize_t i, object name) except -1:
        """The slot of the name at place i of a sample, 0 if it has none."""
        # Samples of a stream mostly carry the same names in the same order, and the very same string objects. So the slot
        # that place i had last time is tried first. It is right if the name there is the same object: a slot's name is held
        # by `_names`, so no other name can live at its address. Anything else goes through the dictionary.
        cdef int32_t slot = self.workspace.guess[i] if i < INLINE_ENTRIES else 0
        if slot == 0 or slot > self.n_features or PyList_GET_ITEM(self._names, slot - 1) != <PyObject *>name:
            slot = self._look_up(name)
            if slot and i < INLINE_ENTRIES:
                self.workspace.guess[i] = slot
        return slot

    @final
    cdef int32_t _look_up(self, object name) except -1:
        """The slot of a name, 0 if it has none."""
        cdef PyObject *slot
        cdef dict slots = self._slots  # held: a name's own __hash__ may put others in their place
        try:
            slot = PyDict_GetItemWithError(slots, name)
        except TypeError:
            raise TypeError(f"feature name {shown(name)} must be hashable") from None
        return 0 if slot == NULL else <object>slot

    # ---- raw records ----
    # A text t of feature a is the feature "a=t" with the value 1; a gap in it is the number 0, and is the feature "a=" beside
    # that where gaps are indicated. A 0 of a name that has no slot is left out, and with it a gap in texts.

    cdef int set_reading(self, bint categorical, str missing) except -1:
        """Say whether texts are features, and what becomes of gaps: "raise", "zero" or "indicate"."""
        self.categorical, self.missing = categorical, missing
        self.has_gaps, self.marks_gaps = missing != "raise", missing == "indicate"
        self.is_raw = categorical or self.has_gaps
        self.zero_is_absent |= self.has_gaps
        return 0

    @final
    cdef list _gather_record(self, object x, Sample *s, bint learning):
        """What `gather` does, of a record that may hold texts and gaps."""
        cdef list new = []
        cdef bint spelt = False
        cdef Py_ssize_t left
        if PyDict_CheckExact(x):
            left = len(<dict>x)
            sample_reserve(s, 2 * left if self.marks_gaps else left)
            for name, value in (<dict>x).items():
                if left == 0:
                    raise RuntimeError("x changed while it was read")
                left -= 1
                spelt |= self._item(s, name, value, new)
        else:
            pairs = entries(x)
            sample_reserve(s, 2 * len(pairs) if self.marks_gaps else len(pairs))
            for name, value in pairs:
                spelt |= self._item(s, name, value, new)
        if spelt:
            self._refuse_repeats(s, new)
        return self._without_absent(s, new, learning) if new else new

    @final
    cdef bint _item(self, Sample *s, object name, object value, list new) except -1:
        """Take one item of a record into a sample; whether a name was spelt for it."""
        cdef double v = PyFloat_AS_DOUBLE(value) if PyFloat_CheckExact(value) else NAN
        if not isfinite(v):
            if self.categorical and isinstance(value, str):
                self._put(s, self._slot_of_text(name, value, new), 1)
                return True
            if self.has_gaps and is_gap(value):
                self._put(s, self._slot_or_new(s.n, name, new), 0)
                if self.marks_gaps:
                    self._put(s, self._slot_of_text(name, "", new), 1)
                return self.marks_gaps
            v = feature_value(name, value)
        self._put(s, self._slot_or_new(s.n, name, new), v)
        return False

    @final
    cdef inline void _put(self, Sample *s, int32_t slot, double v) noexcept:
        s.slots[s.n], s.x[s.n] = slot, v
        s.n += 1

    @final
    cdef inline int32_t _slot_or_new(self, Py_ssize_t i, object name, list new) except? -1:
        """The slot of the name at place i, or -1 - its place among the new names."""
        cdef int32_t slot = self._slot_of(i, name)
        if slot == 0:
            new.append(name)
            slot = -<int32_t>len(new)
        return slot

    @final
    cdef int32_t _slot_of_text(self, object name, object text, list new) except? -1:
        """The slot of the feature "name=text", or -1 - its place among the new names."""
        # Where both are plain strings, the slot is remembered by them, and nothing is spelt the next time. Only features
        # that have a slot are: what a prediction meets and the model does not know leaves nothing behind.
        cdef PyObject *known
        cdef int32_t slot
        cdef unsigned long truncated = self.truncated
        cdef bint is_plain = PyUnicode_CheckExact(name) and PyUnicode_CheckExact(text)
        if self._texts is None or self._texts_at != truncated:
            self._texts, self._texts_at = {}, truncated
        if is_plain:
            known = PyDict_GetItemWithError(self._texts, name)
            if known != NULL:
                known = PyDict_GetItemWithError(<dict>known, text)
                if known != NULL:
                    return <object>known
        whole = spelt_name(name, text)
        slot = self._look_up(whole)
        if slot == 0:
            new.append(whole)
            return -<int32_t>len(new)
        if is_plain and truncated == self.truncated:
            self._texts.setdefault(name, {})[text] = slot
        return slot

    cdef int _refuse_repeats(self, Sample *s, list new) except -1:
        """Refuse a sample in which a spelt name is that of another feature, too."""
        if has_repeats(s.slots, s.n, self.n_features) or (len(new) > 1 and len(set(new)) < len(new)):
            names = [self._names[s.slots[i] - 1] if s.slots[i] > 0 else new[-1 - s.slots[i]] for i in range(s.n)]
            refuse_twice(names)
        return 0

    cdef list _without_absent(self, Sample *s, list new, bint learning):
        """Take out of a sample what is not learned; the new names that are left."""
        cdef list left = []
        cdef Py_ssize_t i, n = 0
        cdef int32_t slot
        for i in range(s.n):
            slot = s.slots[i]
            if slot < 0:
                if not learning or (s.x[i] == 0 and self.zero_is_absent):
                    continue
                left.append(new[-1 - slot])
                slot = -<int32_t>len(left)
            s.slots[n], s.x[n] = slot, s.x[i]
            n += 1
        s.n = n
        return left

    cdef list _spelt(self, object x):
        """The features of a record by their whole names, which are to be hashed."""
        cdef list out = []
        cdef bint spelt = False
        for name, value in entries(x):
            if self.categorical and isinstance(value, str):
                out.append((spelt_name(name, value), 1.0))
                spelt = True
            elif self.has_gaps and is_gap(value):
                out.append((name, 0.0))
                if self.marks_gaps:
                    out.append((spelt_name(name, ""), 1.0))
                    spelt = True
            else:
                out.append((name, value))
        if spelt:
            refuse_twice([name for name, _ in out])
        return out

    def _entries(self, x):
        """The features of a sample as they are learned, [(name, value)]: texts and gaps are spelt, names not yet hashed."""
        return [(name, feature_value(name, value)) for name, value in (self._spelt(x) if self.is_raw else entries(x))]

    def _slots_of(self, list names):
        """The slot of each name, or of its bucket; 0 where it has none."""
        return np.array([self._look_up(bucket(name, self.bits) if self.bits else name) for name in names], np.int32)

    cdef list slot_order(self, list new):
        """A sample's new names, sorted where the model must not depend on the order of the dictionary."""
        if self.names_in_order and len(new) > 1:
            if all(type(name) is str for name in new):
                return sorted(new, key=lambda name: (natural(name), name))
            if all(type(name) is int for name in new):
                return sorted(new)
        return new

    cdef int add_feature(self, object name) except -1:
        """The slot of a name, new or not."""
        cdef Py_ssize_t slot = self._look_up(name)
        if slot:
            return slot
        slot = self.n_features + 1
        self.on_new_feature(slot, name)
        self.reserve(slot, self.n_classes)
        there = self._slots.setdefault(name, slot)
        if there != slot:  # its hash, or what it is equal to, has changed since it was looked up
            return there
        self._names.append(name)
        self.resize(slot, self.n_classes)
        return slot

    cdef int add_label(self, object y) except -1:
        """The position of a label, new or not."""
        cdef PyObject *known
        cdef Py_ssize_t position
        if y is None:
            check_label(y)
        try:
            known = PyDict_GetItemWithError(self._positions, y)
        except TypeError:
            raise TypeError(f"label {shown(y)} must be hashable") from None
        if known != NULL:
            return <object>known
        check_label(y)
        position = self.n_classes
        self.reserve(self.n_features, position + 1)
        self.on_new_class(position, y)
        there = self._positions.setdefault(y, position)
        if there != position:
            return there
        self._labels.append(y)
        self.resize(self.n_features, position + 1)
        return position

    cdef int truncate(self, Py_ssize_t features, Py_ssize_t classes) except -1:
        """Forget the newest names and labels, those beyond the first `features` and `classes`."""
        if len(self._names) > features or len(self._labels) > classes:
            self.truncated += 1
        while len(self._names) > features:
            self._names.pop()
            self._slots.popitem()  # by its place: a name's own __hash__ may fail
        while len(self._labels) > classes:
            self._labels.pop()
            self._positions.popitem()
        self.resize(features, classes)
        return 0

    @property
    def classes(self):
        """The labels seen so far, in the order of their first appearance."""
        return list(self._labels)

    @property
    def features(self):
        """The names of the features learned so far, in the order of their first appearance."""
        return list(self._names)
