"""Experts for rows of few features out of many, on one scale for all features."""

# ruff: noqa: F403, F405 (the constants come as the table that they are)

from __future__ import annotations

from math import exp, log

import numpy as np

from tests.reference.constants import *
from tests.reference.steps import gradient, grown, learned, margin, softmax, step


class Sparse:
    """Two naive Bayes with a residual, and two logistic regressions of each class against all.

    N_jc sums |xg_j| over the samples of class c. `labels` are the experts of labels, for the prior p_c, and `to_come`
    is the intercept, one against all, of a class that has not come yet.
    """

    experts = "naive-bayes", "firm-naive-bayes", "one-vs-all", "slow-one-vs-all"

    def __init__(self, labels):
        self.labels, self.n, self.ln_scale, self.values = labels, 0, 0.0, 0
        self.N, self.B, self.G = np.zeros((0, 0)), np.zeros((4, 1, 0)), np.zeros((4, 1))
        self.Lg = self.Lr = 0.0
        self.tau, self.tau_var, self.to_come = np.full(2, TAU_START), np.ones(2), np.zeros(2)

    def inputs(self, s, heard):
        """xg = x / sqrt(s^2 + (x / 4)^2) and xr = xg / |xg|, the length over the first `heard` features, if there."""
        values = np.abs(s.x[(np.abs(s.x) > 1 / TOO_LARGE) & (np.abs(s.x) < TOO_LARGE)])
        self.n_values = min(self.values + values.size, SCALE_MEMORY)
        new = self.ln_scale + np.sum(np.log(values) - self.ln_scale) / max(self.n_values, values.size, 1)
        self.ln_scale_now = new
        scale = np.clip(exp(self.ln_scale if self.values else new), s.own / OWN, s.own * OWN)
        x = np.where(np.abs(s.x) < TOO_LARGE, s.x, 0)
        size = np.sqrt(scale**2 + (x / SQUASH_B) ** 2)
        xg = np.divide(x, size, out=np.zeros(x.size), where=size > 0)
        length = np.linalg.norm(xg[:heard]) or np.linalg.norm(xg)
        return xg, xg / max(length, 1e-6)

    def scores(self, s):
        """z_c = ln p_c + tau e_c + xr B, e_c = sum_j xr_j ln(N_jc / p_c + alpha); z_c = ln sigma(o_c), o = xg B."""
        C, (xg, xr) = self.labels.always.size, self.inputs(s, len(s.x))
        self.p = (self.labels.always + 1 / 2) / (self.labels.always.sum() + C / 2)
        self.e = [xr @ np.log(self.N / self.p + alpha) for alpha in ALPHA]
        bayes = [
            np.log(self.p) + tau * e + np.append(1, xr) @ B
            for tau, e, B in zip(self.tau, self.e, self.B[:2], strict=True)
        ]
        return [*bayes, *(-np.logaddexp(0, -np.append(1, xg) @ B) for B in self.B[2:])]

    def grow(self, d, C):
        """A class that comes takes over the intercept that was learned for it."""
        (heard, had), self.N = self.N.shape, grown(self.N, d, C)
        self.B, self.G, self.heard = grown(self.B, 4, 1 + d, C), grown(self.G, 4, 1 + d), heard
        self.B[2:, 0, had:] = self.to_come[:, None]

    def learn(self, s, P, y, weight):
        xg, xr = self.inputs(s, self.heard)
        if 1 < self.p.size == P[0].size:
            self.learn_tau(y, weight)
        self.ln_scale, self.values, self.n = self.ln_scale_now, self.n_values, self.n + 1
        k, sum_g, sum_r = min(self.n, SUM_MEMORY), abs(xg).sum(), abs(xr).sum()
        self.Lg, self.Lr = self.Lg + (sum_g - self.Lg) / k, self.Lr + (sum_r - self.Lr) / k
        x, rate = np.append(1, xr), BAYES_RATE / max(self.Lr, sum_r / 2, 1)
        for B, G, p in zip(self.B[:2], self.G[:2], P[:2], strict=True):
            G += weight * x**2 * sum(gradient(p, y) ** 2)
            step(B, weight * rate * x / np.sqrt(G + BAYES_SUM), x, p, y)
        x, most = np.append(1, xg), min(weight, MOST_EXPLICIT)
        for i, (B, G) in enumerate(zip(self.B[2:], self.G[2:], strict=True)):
            g = gradient(1 / (1 + np.exp(-x @ B)), y)
            G += most * x**2 * sum(g**2)
            r = most * ONE_VS_ALL_RATE[i] / max(self.Lg, sum_g / 2, 1) * x / (ONE_VS_ALL_LAG + np.sqrt(G))
            B -= np.outer(r, g)
            self.to_come[i] -= r[0] / (1 + exp(-self.to_come[i]))
        self.N[:, y] += weight * abs(xg)

    def refresh(self):
        """The features to come may be of another kind than those so far."""
        self.values, self.tau_var = min(self.values, 1), np.ones(2)

    def learn_tau(self, y, weight):
        """A Kalman filter of one weight, as the mixture's, on p' = softmax(ln p + tau e)."""
        for k, e in enumerate(self.e):
            p, S = softmax(np.log(self.p) + self.tau[k] * e), self.tau_var[k]
            rho = 1 - p[y]
            if rho <= 1e-9:
                continue
            v = e[y] - (p @ e - p[y] * e[y]) / rho
            h, m, kappa = v * v * S, log(max(p[y], 1e-12) / rho), weight * p[y] * rho
            sigma = 1 / (1 + exp(-margin(m, weight * h, m + weight * h)))
            self.tau[k] = max(self.tau[k] + weight * (1 - sigma) * S * v, 0)
            self.tau_var[k] = min(learned(np.array([[S]]), np.array([v]), kappa, TAU_FORGET)[0, 0], 1)
