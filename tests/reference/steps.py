"""What experts and mixture share: the implicit step, AdaGrad's rates, and an inverse matrix that learns."""

from __future__ import annotations

from math import exp, log

import numpy as np


def softmax(Z):
    E = np.exp(Z - Z.max(-1, keepdims=True))
    return E / E.sum(-1, keepdims=True)


def grown(a, *shape, start=0.0):
    """Give an array room at the end of its axes, filled with what a new feature or class starts from."""
    return np.pad(a, [(0, new - old) for old, new in zip(a.shape, shape, strict=True)], constant_values=start)


def gradient(p, y):
    """g = p - e_y."""
    return p - (np.arange(p.size) == y)


def step(B, r, x, p, y):
    """B <- B - f r g', f the share of the step for s = r'x."""
    B -= share(r @ x, p, y) * np.outer(r, gradient(p, y))


def share(s, p, y):
    """Return f, the part of the full step that the loss itself asks for, of y against the rest.

    rho = 1 - p_y, a = sum_c g_c^2 / rho, m = ln(p_y / rho), u + (a s / rho) sigma(u) = m + a s / rho,
    f = (u - m) / (a s).
    """
    rho = 1 - p[y]
    if rho < 1e-12 or s < 1e-300:
        return 1.0
    a, m = (rho**2 + sum(np.delete(p, y) ** 2)) / rho, log(max(p[y], 1e-300) / rho)
    u = margin(m, a * s / rho, m + a * s)
    return min(max((u - m) / (a * s), 0.0), 1.0)


def margin(m, A, top):
    """Solve u + A sigma(u) = m + A for u in [m, top], as near as two Newton steps inside their bracket come."""
    low = m
    u = min(max(m + (A / (1 + A / 4) if A < 4 else log(1 + A)), low), top)
    for _ in range(2):
        sigma = 1 / (1 + exp(-u))
        excess = u + A * sigma - m - A
        low, top = (low, min(top, u)) if excess > 0 else (max(low, u), top)
        u -= excess / (1 + A * sigma * (1 - sigma))
        if not low <= u <= top:
            u = (low + top) / 2
    return u


def adagrad(G, x, p, y, weight):
    """G <- G + x^2 sum_c g_c^2; r = x / sqrt(G)."""
    G += weight * x**2 * sum(gradient(p, y) ** 2)
    return weight * x / np.sqrt(G + 1e-8)


def learned(S, v, kappa, gamma):
    """S <- (gamma S^-1 + kappa v v')^-1 = (S - kappa / (gamma + kappa h) S v v' S) / gamma, h = v'S v."""
    Sv = S @ v
    return (S - kappa / (gamma + kappa * (v @ Sv)) * np.outer(Sv, Sv)) / gamma


def capped(S, most):
    """Shrink the rows and columns whose diagonal entry is more than `most`."""
    shrink = np.sqrt(most / np.maximum(S.diagonal(), most))
    return S * np.outer(shrink, shrink)
