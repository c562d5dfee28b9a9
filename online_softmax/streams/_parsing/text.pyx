# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=True, auto_pickle=False
"""Text to rows: svmlight and Vowpal Wabbit lines, tokenized without Python."""

from cpython.bytes cimport PyBytes_AS_STRING
from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.string cimport memset

import secrets

import numpy as np

from online_softmax.rows import Rows
from online_softmax.streams.stream import NOWHERE, Chunk

cdef extern from "text.h":
    ctypedef struct word:
        int64_t start, n
    ctypedef struct vocabulary:
        uint64_t seed
        int64_t n, n_chunk
        word *words
        char *bytes
        int32_t *chunk
    ctypedef struct text:
        int format, policy, labelled
        vocabulary names, labels
        int (*take_word)(void *owner, const char *s, int64_t n) noexcept nogil
        void *owner
        int32_t *ids
        int32_t *codes
        double *values
        double *weights
        int64_t *starts
        int64_t *mended
        int64_t *left_out
        int64_t n, rows, n_mended, n_left_out
        int dense, weighted, flaw
        const char *where
        int64_t length
    void text_free(text *t)
    void forget(vocabulary *v)
    const char *text_read(text *t, const char *s, const char *end, int64_t most, int64_t *lines) nogil

cdef enum:
    NOT_UTF8 = 3            # flaws, as text.h counts them
    UNLIKE = 6
    MOST_NAMES = 1 << 20    # beyond that the vocabulary begins anew with the next chunk

FORMATS = ("svmlight", "vw")
POLICIES = ("error", "zero", "skip-row")
FLAWS = (
    "",
    "there is no memory for it",
    "it holds a NUL byte",
    "{} is not UTF-8 text",
    "the label is missing",
    "{} is no label of one class: neither cost-sensitive nor multi-label text is supported",
    "",     # the label says what is wrong
    "{} is no importance weight: a finite number, 0 or more",
    "{} follows label and importance: an initial prediction is not supported",
    "there is no | before the features",
    "{} has a value and no name: nameless features are not supported",
    "{} has an index and no value",
    "the value in {} is not a number",
    "the value in {} is not a finite number",
    "{} is not index:value",
    "feature {} is there twice",
    "",
)


cdef class Tokenizer:
    """Reads lines of one format; names keep their Python objects from chunk to chunk.

    Parameters
    ----------
    format
        "svmlight" or "vw".
    missing
        What becomes of a value that is missing or not finite: "error", "zero" or "skip-row".
    labelled
        Whether labels are looked at; else each is None.
    label
        Makes a label of its text, or raises ValueError; without it svmlight has numbers, and Vowpal Wabbit text strings.
    """

    cdef text t
    cdef list names, labels
    cdef object label, error

    def __cinit__(self, str format, str missing="error", bint labelled=True, label=None):
        memset(&self.t, 0, sizeof(text))
        self.t.format, self.t.policy, self.t.labelled = FORMATS.index(format), POLICIES.index(missing), labelled
        self.t.names.seed = self.t.labels.seed = secrets.randbits(64)
        self.names, self.labels = [], []
        self.label = label or (str if format == "vw" else number)
        self.t.take_word, self.t.owner = take_word, <void *>self

    def __dealloc__(self):
        text_free(&self.t)

    def read(self, bytes block, Py_ssize_t start=0, Py_ssize_t most=1 << 62):
        """Read at most `most` rows of whole lines from `start` on.

        Returns the chunk, where the reading stopped, the number of lines read, and why the next line is refused, or "".
        """
        cdef const char *s = PyBytes_AS_STRING(block)
        cdef const char *stop
        cdef Py_ssize_t size = len(block)
        cdef int64_t lines = 0
        if self.t.names.n > MOST_NAMES:
            forget(&self.t.names)
            self.names = []
        with nogil:
            stop = text_read(&self.t, s + start, s + size, most, &lines)
        if self.error is not None:
            raise self.error
        reason = self.reason() if self.t.flaw else ""
        return self.chunk(), stop - s, lines, reason

    cdef object reason(self):
        if self.t.flaw == UNLIKE:
            try:
                self.label(self.t.where[:self.t.length].decode())
            except ValueError as error:
                return str(error)
        said = self.t.where[:min(self.t.length, 200)].decode(errors="backslashreplace")
        shown = repr(said if len(said) <= 58 else said[:55] + "...")
        return FLAWS[self.t.flaw].format(shown)

    cdef object chunk(self):
        cdef text *t = &self.t
        cdef Py_ssize_t i, m
        names, labels = [], []
        for i in range(len(self.names), t.names.n):
            said = t.names.bytes[t.names.words[i].start:t.names.words[i].start + t.names.words[i].n]
            # A name that is not UTF-8 is in the refused line alone.
            self.names.append(int(said) if t.format == 0 else said.decode(errors="replace"))
        for i in range(t.names.n_chunk):
            names.append(self.names[t.names.chunk[i]])
        for i in range(t.labels.n_chunk):
            labels.append(self.labels[t.labels.chunk[i]])
        starts, ids, values = copied(t.starts, t.rows + 1, np.int64), None, copied(t.values, t.n, np.float64)
        if t.rows and t.dense:
            m = t.n // t.rows
            starts, ids, values = None, np.arange(m, dtype=np.int32), values.reshape(t.rows, m)
        else:
            ids = copied(t.ids, t.n, np.int32)
            if not t.rows:
                starts = np.zeros(1, np.int64)
        codes = copied(t.codes, t.rows, np.int32)
        if len(set(labels)) < len(labels):      # 1 and 1.0 are one label
            place = {}
            codes = np.array([place.setdefault(each, len(place)) for each in labels], np.int32)[codes]
            labels = list(place)
        weights = copied(t.weights, t.rows, np.float64) if t.weighted else None
        # C counts the rows that are kept, and places count all.
        after = copied(t.left_out, t.n_left_out, np.int64)
        left_out = after + np.arange(len(after)) if t.n_left_out else NOWHERE
        mended = copied(t.mended, t.n_mended, np.int64) if t.n_mended else NOWHERE
        mended = mended + np.searchsorted(after, mended, side="right")
        return Chunk(Rows(names, ids, values, starts, labels, codes, weights), mended, left_out)


cdef object copied(const void *items, Py_ssize_t n, kind):
    """An array of a copy of n items."""
    return np.frombuffer((<const char *>items)[:n * np.dtype(kind).itemsize], kind) if n else np.empty(0, kind)


cdef int take_word(void *owner, const char *s, int64_t n) noexcept with gil:
    """Keep the label that a new word stands for; return what is wrong with it."""
    tokenizer = <Tokenizer>owner
    label, flaw = None, 0
    try:
        if tokenizer.t.labelled:
            label = tokenizer.label(s[:n].decode())
    except UnicodeDecodeError:
        flaw = NOT_UTF8
    except ValueError:
        flaw = UNLIKE
    except BaseException as error:
        tokenizer.error, flaw = error, UNLIKE
    tokenizer.labels.append(label)
    return flaw


def number(str text):
    """Return the number that a label spells: an int where it is one."""
    try:
        return int(text)
    except ValueError:
        return float(text)
