from libc.stdint cimport int32_t

from online_softmax._kernel.workspace cimport INLINE_ENTRIES, Workspace

# One sample on the caller's stack: slots and values, in the order of its features.
ctypedef struct Sample:
    Py_ssize_t n
    int32_t *slots
    double *x
    int32_t slots_[INLINE_ENTRIES]
    double x_[INLINE_ENTRIES]

# One who waits to enter, on the stack of the waiting call.
ctypedef struct Waiter:
    void *gate
    bint changes
    Waiter *next

cdef class Vocabulary:
    cdef dict _slots        # feature name -> slot, from 1: slot 0 is the intercept's
    cdef dict _positions    # label -> class position
    cdef list _names        # of slots 1, 2, ..
    cdef list _labels
    cdef unsigned long truncated   # how often names or labels were taken back
    cdef Workspace workspace
    cdef bint is_guest         # whether the workspace is another model's, too
    cdef Py_ssize_t n_features, n_classes
    cdef bint zero_is_absent   # whether a new name with the value 0 is left out
    cdef bint names_in_order   # whether a sample's new names are sorted before they get their slots
    cdef readonly bint categorical   # whether texts are features
    cdef readonly str missing        # what becomes of gaps
    cdef bint is_raw, has_gaps, marks_gaps
    cdef dict _texts                 # name -> {text: slot}, while `truncated` is `_texts_at`, or None
    cdef unsigned long _texts_at
    cdef readonly object hash_bits
    cdef int bits              # log2 of the number of buckets that names are hashed into, or 0 for names as they are
    # Who is inside, and who waits; the GIL guards them.
    cdef Py_ssize_t readers
    cdef bint changing
    cdef unsigned long owner    # the thread that changes the model
    cdef set _inside            # the threads that read while Python code may run, which may call the model; or None
    cdef Waiter *first
    cdef Waiter *last

    # Shape: what a kernel does about features and classes.
    cdef int reserve(self, Py_ssize_t features, Py_ssize_t classes) except -1
    cdef int on_new_feature(self, Py_ssize_t slot, object name) except -1
    cdef int on_new_class(self, Py_ssize_t position, object label) except -1
    cdef void resize(self, Py_ssize_t features, Py_ssize_t classes) noexcept nogil

    cdef int enter_to_read(self) except -1
    cdef void leave_reading(self) noexcept
    cdef bint enter_to_look(self) except -1
    cdef void leave_looking(self, bint first) noexcept
    cdef int enter_to_change(self) except -1
    cdef void leave_changing(self) noexcept
    cdef bint _is_looking(self, unsigned long thread)
    cdef int _wait(self, bint changes) except -1
    cdef void _let_in(self) noexcept
    cdef list gather(self, object x, Sample *s, bint learning)
    cdef list _sums(self, object x)
    cdef int _entry(self, Sample *s, object name, object value, list new) except -1
    cdef int32_t _slot_of(self, Py_ssize_t i, object name) except -1
    cdef int32_t _look_up(self, object name) except -1
    cdef int set_reading(self, bint categorical, str missing) except -1
    cdef list _gather_record(self, object x, Sample *s, bint learning)
    cdef bint _item(self, Sample *s, object name, object value, list new) except -1
    cdef void _put(self, Sample *s, int32_t slot, double v) noexcept
    cdef int32_t _slot_or_new(self, Py_ssize_t i, object name, list new) except? -1
    cdef int32_t _slot_of_text(self, object name, object text, list new) except? -1
    cdef int _refuse_repeats(self, Sample *s, list new) except -1
    cdef list _without_absent(self, Sample *s, list new, bint learning)
    cdef list _spelt(self, object x)
    cdef list slot_order(self, list new)
    cdef int add_feature(self, object name) except -1
    cdef int add_label(self, object y) except -1
    cdef int truncate(self, Py_ssize_t features, Py_ssize_t classes) except -1

cdef void sample_free(Sample *s) noexcept
