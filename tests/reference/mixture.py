"""One answer from the experts' Z and P: Bayes, two Kalman filters, a calibration, and Bayes over these four."""

# ruff: noqa: F403, F405 (the constants come as the table that they are)

from __future__ import annotations

from math import exp, log

import numpy as np

from tests.reference.constants import *
from tests.reference.steps import capped, learned, margin, softmax


class Mixture:
    """Of n experts, those with less than a whole voice are leaving: it dies away."""

    def __init__(self, n):
        self.w, self.voice = np.full(n, 1 / n), np.ones(n)
        self.filters = [Filter(n + 1, prior) for prior in PRIOR]
        self.buckets = [Filter(2, BUCKET_PRIOR) for _ in range(len(CONFIDENCE) + 1)]
        self.top = np.full(4, 1 / 4)

    def answer(self, Z, P):
        """p_B = sum_k w_k P_k; q = softmax(ln p_B + u'A), twice; the first q calibrated; their mean by `top`."""
        p_B = self.w @ P
        ln_p_B = np.log(np.maximum(p_B, FLOOR))
        self.A = np.vstack([self.voice[:, None] * centred(Z), centred(ln_p_B)])
        ln_q = [ln_p_B + each.u @ self.A for each in self.filters]
        self.q = [softmax(each) for each in ln_q]
        self.bucket = self.buckets[sum(self.q[0].max() > bound for bound in CONFIDENCE)]
        self.A_calibrated = np.stack([centred(ln_q[0]), centred(ln_p_B)])
        self.calibrated = softmax(ln_q[0] + self.bucket.u @ self.A_calibrated)
        self.answers = np.stack([p_B, *self.q, self.calibrated])
        p = self.top @ self.answers
        return p / p.sum()

    def learn(self, P, y, weight):
        self.top = bayes(self.top, self.answers[:, y], weight, TOP_SHARE)
        self.w = bayes(self.w, P[:, y], weight, SHARE)
        for each, q in zip(self.filters, self.q, strict=True):
            each.learn(self.A, q, y, weight)
        self.bucket.learn(self.A_calibrated, self.calibrated, y, weight)

    def join(self, n, trust):
        """Let n experts in, with so much of the share and of the variance that they would have had from the start."""
        share = trust / (self.w.size + n)
        self.w = np.append((1 - n * share) * self.w, np.full(n, share))
        self.voice = np.append(self.voice, np.ones(n))
        for each, prior in zip(self.filters, PRIOR, strict=True):
            was, here = each.S, np.append(np.arange(len(each.u) - 1), len(each.u) - 1 + n)  # Bayes is the last input
            each.u, each.S = np.insert(each.u, -1, np.zeros(n)), trust * prior * np.eye(len(each.u) + n)
            each.S[np.ix_(here, here)] = was

    def leave(self, stays):
        """Those that leave keep at most their voice's share of w; drop and return those that are not heard any more."""
        going = self.voice < 1
        self.voice[going] *= stays
        gone = self.voice <= GONE
        if going.any():
            loudest, share = self.voice[going].max(), self.w[going].sum()
            if share > loudest:
                self.w *= np.where(going, loudest / share, (1 - loudest) / self.w[~going].sum())
        if gone.any():
            self.w, self.voice = self.w[~gone] / self.w[~gone].sum(), self.voice[~gone]
            kept = np.append(~gone, True)  # Bayes is the last input
            for each in self.filters:
                each.u, each.S = each.u[kept], each.S[np.ix_(kept, kept)]
        return gone


def centred(Z):
    """A_k = max(z_k - max z_k, CLAMP) less its mean."""
    A = np.maximum(Z - Z.max(-1, keepdims=True), CLAMP)
    return A - A.mean(-1, keepdims=True)


def bayes(w, p_y, weight, alpha):
    """Multiply w_k by p_k[y]^weight, scale to 1 in sum, then w <- (1 - alpha) w + alpha / n."""
    p_y = np.maximum(p_y, FLOOR)
    v = w * (p_y / p_y.max()) ** weight
    return (1 - alpha) * v / v.sum() + alpha / w.size


class Filter:
    """A Kalman filter over mixing weights u, with covariance S."""

    def __init__(self, n, prior):
        self.u, self.S, self.most = np.zeros(n), prior * np.eye(n), 4 * prior

    def learn(self, A, q, y, weight):
        """v = A[y] - sum_{c != y} q_c A[c] / (1 - q_y), h = v'S v, m = ln(q_y / (1 - q_y)); s + h sigma(s) = m + h.

        u <- u + (1 - sigma(s)) S v, and S learns v with kappa = q_y (1 - q_y).
        """
        rho = 1 - q[y]
        if rho <= 1e-9:
            return
        v = A[:, y] - (A @ q - A[:, y] * q[y]) / rho
        h, m = v @ self.S @ v, log(max(q[y], 1e-12) / rho)
        if h > 0:
            sigma = 1 / (1 + exp(-margin(m, weight * h, m + weight * h)))
            self.u += weight * (1 - sigma) * (self.S @ v)
            self.S = capped(learned(self.S, v, weight * q[y] * rho, FORGET), self.most)
