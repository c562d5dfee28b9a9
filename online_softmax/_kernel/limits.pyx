# cython: language_level=3
"""The sizes and starts that the bank's headers set, under their names there."""

from libc.stdint cimport int64_t

cdef extern from *:
    """
    #pragma GCC diagnostic ignored "-Wunused-function"
    """

cdef extern from "bank/memory.h":
    cpdef enum:
        LINEAR_EXPERTS, NEWTON_EXPERTS, HAT_ROWS
        NEWTON_AT, VOTES_AT, HATS_AT, QDA_AT, BANK
        COVERED, MARKOV_CLASSES, QDA_FEATURES, QDA_CELLS, WINDOW_LEAST
        MIXERS, BUCKETS, INPUTS, TOP
        FEATURE_DOUBLES, GAUSSIAN_DOUBLES, GAUSSIAN_LD
    double metric_start "METRIC_START", metric_sum "METRIC_SUM", qda_start "QDA_START"
    int64_t window_rows "window_size"(int64_t budget, int64_t d)

METRIC_START, METRIC_SUM, QDA_START = metric_start, metric_sum, qda_start


def window_size(budget, d):
    """Return how many samples a window keeps at most: `budget`, or fewer if there are many features."""
    return window_rows(budget, d)
