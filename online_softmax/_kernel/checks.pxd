cdef double feature_value(object name, object value) except? -1
cdef double sample_weight(object w) except? -1
cdef int check_label(object y) except -1
cdef int check_known_label(object y) except -1
cdef bint is_gap(object value) except -1
cdef str shown(object value)
cdef list natural(str name)
