# cython: language_level=3
"""The sizes and starts that the bank's headers set, under their names there."""

from libc.stdint cimport int64_t

import numpy as np

cdef extern from *:
    """
    #pragma GCC diagnostic ignored "-Wunused-function"
    """

cdef extern from "bank/room.h":
    cpdef enum:
        LINEAR_EXPERTS, NEWTON_EXPERTS, HAT_ROWS
        LABELS_AT, GROVE_AT, NEWTON_AT, VOTES_AT, HATS_AT, MEMORY_AT, QDA_AT, SPARSE_AT, BANK, BAYES
        COVERED, MARKOV_CLASSES, QDA_FEATURES, QDA_CELLS, WINDOW_LEAST
        GROVE_TREES, LEAVES, TESTS, LONGEST_WAIT, RECALLED
        KD_TREES, KD_LEAF, MEMORY_MOST, NOWHERE
        SPARSE_EXPERTS, PAIR
        MIXERS, BUCKETS, CALIBRATED, INPUTS, TOP
        FEATURE_DOUBLES, GAUSSIAN_DOUBLES, GAUSSIAN_LD
    double metric_start "METRIC_START", metric_sum "METRIC_SUM", metric_most "METRIC_MOST", farthest_z "FARTHEST_Z", qda_start "QDA_START"
    int64_t memory_rows "memory_size"(int64_t d)
    int64_t tree_nodes "memory_nodes"(int64_t m)
    int64_t window_rows "window_size"(int64_t budget, int64_t d)
    double lag_product(int64_t since, int64_t now)
    int qda_fits(int64_t d, int64_t C)
    int64_t past_samples "past_size"(int64_t rows)
    int64_t tests_at_most "most_tests"(int64_t C)
    double dense "DENSE", scale_memory "SCALE_MEMORY", tau_start "TAU_START"

DENSE, METRIC_START, METRIC_SUM, METRIC_MOST, QDA_START = dense, metric_start, metric_sum, metric_most, qda_start
FARTHEST_Z, MEMORY_NODES = farthest_z, tree_nodes(MEMORY_MOST)
SCALE_MEMORY, TAU_START = scale_memory, tau_start


def window_size(budget, d):
    """Return how many samples a window keeps at most: `budget`, or fewer if there are many features."""
    return window_rows(budget, d)


def memory_size(d):
    """Return how many samples of d features the long memory holds at most."""
    return memory_rows(d)


def gaussians_fit(d, C):
    """Return whether each of C classes may have a Gaussian of d features."""
    return bool(qda_fits(d, C))


def most_tests(C):
    """Return how many leaves of the grove may have tests where there are C classes."""
    return tests_at_most(C)


def past_size(rows):
    """Return how many of the last samples, of so many slots, the grove can count again."""
    return past_samples(rows)


def remembered(const int64_t[:] since, int64_t now):
    """Return how much of a running mean of features is, at sample `now`, what it was at each of these samples."""
    out = np.empty(len(since))
    cdef double[:] left = out
    cdef Py_ssize_t i
    for i in range(len(since)):
        left[i] = lag_product(since[i], now)
    return out
