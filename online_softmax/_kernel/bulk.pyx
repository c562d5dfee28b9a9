# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=True, auto_pickle=False
"""Many rows at a time: without the GIL, but for new names and labels."""

from cpython.exc cimport PyErr_CheckSignals
from libc.math cimport isfinite
from libc.stdint cimport int32_t

from online_softmax._kernel.answers cimport Answers, say
from online_softmax._kernel.arrays cimport Buffer
from online_softmax._kernel.checks cimport check_label, feature_value, sample_weight
from online_softmax._kernel.model cimport Model
from online_softmax._kernel.reader cimport Reader
from online_softmax._kernel.workspace cimport Scratch

import numpy as np

from online_softmax.hashing import hashed

cdef enum:
    SIGNAL_ROWS = 1 << 14


cdef class BulkModel(Model):
    cdef int begin_many(self, Reader r) except -1:
        """Called before rows of which all are learned or none. Save what `rollback_many` needs.

        Return False if no row can be refused; where memory ends between two of them, those before it stay learned.
        """
        raise NotImplementedError

    cdef int on_declared(self) except -1:
        """Called once labels have become classes of which no row has been learned."""
        return 0

    cdef void end_many(self) noexcept:
        """Called after them, either way."""

    cdef int rollback_many(self, Py_ssize_t classes) except -1:
        """Undo them; there were so many `classes` before."""

    # ---- one row, inside ----

    cdef bint _add_row(self, Reader r) noexcept with gil:
        """Give slots to the new names of the row just read, and a position to its label; false where Python says no."""
        cdef Py_ssize_t i
        try:
            new = {r.names[r.ids[i]]: r.ids[i] for i in range(r.n)
                   if r.slots[i] < 0 and not (r.x[i] == 0 and self.zero_is_absent)}
            for name in self.slot_order(list(new)):
                r.slot_of[<Py_ssize_t>new[name]] = self.add_feature(name)
            r.position = r.position_of[r.code] = self.add_label(r.labels[r.code])
            r.find_slots()
            if self.prepares:
                self.prepare()
            if self.budget:
                self.reserve_usage()
        except BaseException as error:
            self._error = error
            return False
        return True

    cdef void _dismiss_row(self, Py_ssize_t features, Py_ssize_t classes) noexcept with gil:
        """Forget the names and the label that a refused row brought."""
        try:
            self.truncate(features, classes)
        except BaseException as error:
            self._error = error

    cdef bint _evict_after(self, Reader r) noexcept with gil:
        """Where there are more features than the budget, let some go after the row; false where that failed."""
        try:
            self.evict()
            r.look_up(self._slots)
        except BaseException as error:
            self._error = error
            return False
        return True

    cdef double *_learn_row(self, Reader r, Scratch *own) noexcept nogil:
        """Learn the row just read; p of the classes known before it, or NULL."""
        cdef Py_ssize_t known = self.n_classes, n
        cdef const int32_t *slots
        cdef const double *x
        cdef double *p
        if (r.n_new or r.position < 0 or self.prepares) and not self._add_row(r):
            return NULL
        if r.n_new:
            r.keep_known()
            slots, x, n = r.known_slots, r.known_x, r.n_known
        else:
            slots, x, n = r.slots, r.x, r.n
        p = self.learn(own, slots, x, n, known, r.position, r.w)
        if p != NULL and self.budget:
            self.use(slots, x, n)
        return p

    cdef bint _scale_row(self, Reader r) noexcept nogil:
        """Scale the row just read by the figures that it has been learned into; false where they leave the doubles."""
        if r.learn_scale() and r.transform():
            return True
        with gil:
            self._error = OverflowError("learning this sample would take a variance out of the doubles: scale the features")
        return False

    # ---- many rows ----

    def _progress(self, rows, scale=None):
        """Predict, then learn, each row in turn.

        `scale` is None or the counts, means and variances of river's StandardScaler for `rows.names`, updated in place.

        Returns the number of rows done, and what was answered to all. Where a row is refused, it and the rows after it are
        not done.
        """
        cdef Py_ssize_t n = len(rows), i = 0, done = 0, known, features
        cdef bint fits = True
        cdef int32_t position
        cdef double *p
        cdef Scratch *own = NULL
        cdef Answers said = Answers(n)
        cdef Reader r
        self.enter_to_change()
        try:
            r = Reader(self._named(rows), self._slots, self._positions, scale)
            own = self.borrow()
            with nogil:
                for i in range(n):
                    if i % SIGNAL_ROWS == 0:
                        with gil:
                            PyErr_CheckSignals()
                    if not r.read(i):
                        break
                    features, known, position = self.n_features, self.n_classes, r.position
                    p = NULL
                    if r.scaled:  # the model predicts with the scales before the row, and learns with those after it
                        if not r.transform():
                            break
                        if known:
                            r.keep_known()
                            p = self.probabilities(own, r.known_slots, r.known_x, r.n_known)
                            if p == NULL:
                                break
                            say(said.at + i, p, known, position)
                        fits = r.learn_scale() and r.transform()
                    p = self._learn_row(r, own) if fits else NULL
                    if p == NULL:
                        self._dismiss_row(features, known)
                        if r.scaled:
                            r.unlearn_scale()
                        break
                    if known and not r.scaled:
                        say(said.at + i, p, known, position)
                    done = i + 1
                    if self.budget and self.n_features > self.budget and not self._evict_after(r):
                        break
        finally:
            self.give_back(own)
            self.leave_changing()
        return done, said.array

    def _learn_rows(self, rows, scale=None, bint declared=False):
        """Learn every row in turn, or none.

        `scale` is None or the counts, means and variances of river's StandardScaler for `rows.names`, updated in place; where
        rows are refused, what is left in it is of no use. With `declared`, every label of `rows.labels` is a class before the
        first row is learned.
        """
        cdef Py_ssize_t i, features, known, done
        cdef bint can_undo
        cdef Reader r
        if len(rows) == 0 and not declared:
            return
        self.enter_to_change()
        try:
            features, known = self.n_features, self.n_classes
            try:
                r = Reader(self._named(rows), self._slots, self._positions, scale)
                for label in rows.labels:
                    check_label(label)
                self.reserve(features + sum([r.slot_of[i] < 0 for i in range(len(r.names))]),
                             known + sum([r.position_of[i] < 0 for i in range(len(rows.labels))]))
                can_undo = self.begin_many(r)
                # A scaler may refuse a row that can be read.
                before = self._snapshot() if self.budget or (r.scaled and not can_undo) else None
                try:
                    if not can_undo:
                        self._check_rows(r, rows)
                    if declared:
                        for i in range(len(rows.labels)):
                            r.position_of[i] = self.add_label(rows.labels[i])
                        self.on_declared()
                    done = self._learn_each(r, rows, can_undo)
                    if done < len(rows):
                        if done and before is None and not can_undo:  # no memory is left: the rows before stay learned
                            features, known = self.n_features, self.n_classes
                        raise self._row_error(rows, done)
                except BaseException:
                    if before is not None:
                        self._take(before)
                    elif can_undo:
                        self.rollback_many(known)
                    raise
                finally:
                    self.end_many()
            except BaseException:
                self.truncate(features, known)
                raise
        finally:
            self.leave_changing()

    cdef int _check_rows(self, Reader r, rows) except -1:
        """Refuse rows of which one cannot be read."""
        cdef Py_ssize_t i
        with np.errstate(over="ignore", invalid="ignore"):
            doubtful = rows.weights is not None or not isfinite(rows.values.sum())
        for i in range(len(rows) if doubtful else 0):
            if not r.read(i):
                raise self._row_error(rows, i)
        return 0

    cdef Py_ssize_t _learn_each(self, Reader r, rows, bint interruptible) except -1:
        """Learn row after row, up to the first that is refused; how many were learned."""
        cdef Py_ssize_t n = len(rows), i = 0, done = 0, features, known
        cdef bint failed = False
        cdef Scratch *own = self.borrow()
        try:
            with nogil:
                for i in range(n):
                    if interruptible and i % SIGNAL_ROWS == 0:
                        with gil:
                            PyErr_CheckSignals()
                    features, known = self.n_features, self.n_classes
                    failed = not r.read(i) or (r.scaled and not self._scale_row(r)) or self._learn_row(r, own) == NULL
                    if failed and not interruptible:
                        self._dismiss_row(features, known)
                    elif not failed and self.budget and self.n_features > self.budget:
                        failed = not self._evict_after(r)
                    if failed:
                        break
                    done = i + 1
        finally:
            self.give_back(own)
        return done

    cdef object _named(self, rows):
        """The rows with the names that the model knows features by."""
        return hashed(rows, self.bits, zeros=not self.has_gaps) if self.bits else rows

    cdef object _row_error(self, rows, Py_ssize_t i):
        """Why row i was refused."""
        error, self._error = self._error, None
        if error is None:
            try:
                for name, value in rows.x(i).items():
                    feature_value(name, value)
                sample_weight(rows.w(i))
                error = self._refusal()
            except ValueError as refused:
                error = refused
        error.add_note(f"in row {i}, counted from 0")
        return error

    def _predict_rows(self, rows, bint named=False):
        """Return p of each row, shape (rows, classes), and the labels of the classes.

        With `named`, the names of the rows are those that the model knows features by.
        """
        cdef Py_ssize_t n = len(rows), i = 0, c, C = 0
        cdef double *p = NULL
        cdef double *out
        cdef Scratch *own = NULL
        cdef Reader r
        cdef Buffer out_
        cdef bint first = self.enter_to_look()
        try:
            r = Reader(rows if named else self._named(rows), self._slots, self._positions)
            C, labels = self.n_classes, self._labels[:self.n_classes]
            P = np.empty((n, C))
            out_ = Buffer(P, "d", n * C, True)
            out = <double *>out_.view.buf
            own = self.borrow()
            with nogil:
                for i in range(n if C else 0):
                    if i % SIGNAL_ROWS == 0:
                        with gil:
                            PyErr_CheckSignals()
                    if not r.read(i):
                        with gil:
                            raise self._row_error(rows, i)
                    r.keep_known()
                    p = self.probabilities(own, r.known_slots, r.known_x, r.n_known)
                    if p == NULL:
                        with gil:
                            raise MemoryError
                    for c in range(C):
                        out[i * C + c] = p[c]
        finally:
            self.give_back(own)
            self.leave_looking(first)
        return P, labels
