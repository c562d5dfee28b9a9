# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=True, auto_pickle=False
"""The workspace: what calls need beside what a model has learned. Models that are called in turn may share one."""


cdef class Workspace:
    def __dealloc__(self):
        cdef Scratch *own = self.idle
        while own != NULL:
            self.idle = own.next
            self.dispose(own)
            own = self.idle
