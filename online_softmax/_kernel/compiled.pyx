# cython: language_level=3, binding=True, auto_pickle=False
"""What the kernel was compiled by, and the widest vectors that it takes on this machine."""

cdef extern from "compiled.h":
    const char* compiler() noexcept
    const char* vectors() noexcept


def compiled_by():
    """Return the compiler, and the widest vectors that are chosen on this machine."""
    return compiler().decode(), vectors().decode()
