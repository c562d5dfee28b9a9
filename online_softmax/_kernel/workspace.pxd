from libc.stdint cimport int32_t

cdef enum:
    INLINE_ENTRIES = 64

# The head of a kernel's scratch: what one call needs beside the model.
ctypedef struct Scratch:
    Scratch *next

cdef class Workspace:
    cdef int32_t guess[INLINE_ENTRIES]   # the slot that the name at each place of a sample had last time
    cdef Scratch *idle                   # those that no call is using
    cdef void (*dispose)(Scratch *) noexcept
