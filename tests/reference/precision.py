"""The arithmetic of the votes: single precision, to the kernel's last bit."""

from __future__ import annotations

import numpy as np

number = np.float32


def exp(x):
    """2^n exp(r): n is the integer nearest x / ln 2, which comes in two parts, and exp(r) a series to r^6."""
    log2_e, ln2, ln2_rest = np.float32([1 / np.log(2), 0.693145751953125, 1.428606765330187e-06])
    n = np.rint(x * log2_e)
    r = x - n * ln2 - n * ln2_rest
    return np.ldexp(np.polyval(1 / np.float32([720, 120, 24, 6, 2, 1, 1]), r), n.astype(int))


def totals(terms, lanes=16):
    """Sum each row in so many lanes, side by side, and fold these by halves."""
    n, m = terms.shape
    sums = np.pad(terms, [(0, 0), (0, -m % lanes)]).reshape(n, -1, lanes).sum(1)
    while sums.shape[1] > 1:
        half = sums.shape[1] // 2
        sums = sums[:, :half] + sums[:, half:]
    return sums[:, 0]
