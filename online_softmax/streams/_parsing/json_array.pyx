# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=True, auto_pickle=False
"""JSON arrays to JSON lines, a piece at a time."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize

cdef enum:
    BEFORE      # the array
    VALUE       # to come: the first one, or one after a comma
    WITHIN      # a value
    AFTER       # a value: a comma or the end is to come
    END         # of the array


cdef class ArrayLines:
    """Takes the text of an array piece by piece, and gives its values as lines, one each.

    White space between the parts of a value may be line ends: they become blanks.

    Attributes
    ----------
    flaw
        Why what came last can be read no further, or "".

    Examples
    --------
    >>> from online_softmax.streams._parsing.json_array import ArrayLines

    >>> lines = ArrayLines()
    >>> lines.take(b'[{"a": [1,'), lines.take(b' 2]},\\n 3]\\n')
    (b'{"a": [1,', b' 2]}\\n3\\n')
    >>> lines.finish()
    >>> lines.flaw
    ''
    """

    cdef int state, depth, quoted, escaped, any
    cdef readonly str flaw

    def __cinit__(self):
        self.state, self.flaw = BEFORE, ""

    def take(self, bytes piece):
        """Return the lines of the next piece, as far as there is no flaw."""
        cdef Py_ssize_t n = len(piece)
        cdef bytes out = PyBytes_FromStringAndSize(NULL, 2 * n)     # a value may be one byte
        cdef const char *s = PyBytes_AS_STRING(piece)
        cdef char *to = PyBytes_AS_STRING(out)
        cdef Py_ssize_t m = self.copy(s, s + n, to)
        return out[:m]

    def finish(self):
        """Find out whether the array has come to its end."""
        if not self.flaw and self.state != END:
            self.flaw = "the array never closes"

    cdef Py_ssize_t copy(self, const char *s, const char *end, char *start):
        cdef char *to = start
        cdef char c
        while s < end and not self.flaw:
            c = s[0]
            s += 1
            if self.quoted:
                # A bare line end is no part of a string: it stays wrong.
                to[0] = c if c != b"\n" and c != b"\r" else 1
                to += 1
                if self.escaped:
                    self.escaped = 0
                elif c == b"\\":
                    self.escaped = 1
                elif c == b'"':
                    self.quoted = 0
                    to = self.ended(to)
                continue
            if c == b"\n" or c == b"\r" or c == b"\t":
                c = b" "
            if self.state == WITHIN and (self.depth or (c != b"," and c != b"]" and c != b" ")):
                to[0] = c
                to += 1
                if c == b'"':
                    self.quoted = 1
                elif c == b"{" or c == b"[":
                    self.depth += 1
                elif c == b"}" or c == b"]":
                    self.depth -= 1
                    to = self.ended(to)
                continue
            if self.state == WITHIN:        # a bare number or word ends here
                self.state = AFTER
                to[0] = b"\n"
                to += 1
            if c == b" ":
                continue
            if self.state == BEFORE and c == b"[":
                self.state, self.any = VALUE, 0
            elif c == b"]" and (self.state == AFTER or (self.state == VALUE and not self.any)):
                self.state = END
            elif c == b"," and self.state == AFTER:
                self.state = VALUE
            elif self.state == VALUE and c != b"," and c != b"]":
                self.state, self.any, self.depth = WITHIN, 1, c == b"{" or c == b"["
                self.quoted = c == b'"'
                to[0] = c
                to += 1
            else:
                self.flaw = ("the array has no value between two commas" if self.state == VALUE else
                             "the array has no comma between two values" if self.state == AFTER else
                             "something follows the end of the array")
        return to - start

    cdef inline char *ended(self, char *to):
        """End the line where a value has ended."""
        if self.depth <= 0:
            self.state = AFTER
            to[0] = b"\n"
            to += 1
        return to
