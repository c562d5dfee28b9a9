/* Implicit (proximal) steps: B <- B - f r g' with g = p - e_y, where f in (0, 1] is how much of the full step along r = D x
   the loss itself asks for, in the reduction of y against the rest. No rate can overshoot. With s = r'x:
   rho = 1 - p_y, a = sum_c g_c^2 / rho (how fast the margin grows), m = ln(p_y / rho), A = a s / rho;
   u solves u + A sigma(u) = m + A on [m, m + a s], and f = (u - m) / (a s). */
#ifndef ONLINE_SOFTMAX_IMPLICIT_H
#define ONLINE_SOFTMAX_IMPLICIT_H

#include "simd.h"

/* The root of u + A sigma(u) = m + A on [m, top]: two Newton steps kept inside their bracket. Eight equations at once. */
INLINE lanes margin(lanes m, lanes A, lanes top) {
    lanes low = m, u = choose(A < 4.0, m + A / (1.0 + .25 * A), m + lanes_log(1.0 + A));
    u = lanes_max(lanes_min(u, top), low);
    for (int i = 0; i < 2; i++) {
        lanes sigma = 1.0 / (1.0 + lanes_exp(-u)), excess = u + A * sigma - m - A;
        top = choose(excess > 0.0, lanes_min(top, u), top);
        low = choose(excess > 0.0, low, lanes_max(low, u));
        u -= excess / (1.0 + A * sigma * (1.0 - sigma));
        u = choose((u < low) | (u > top), .5 * (low + top), u);
    }
    return u;
}

/* f for up to eight experts: p_y, the sum of p_c^2 over the other classes, and s. */
INLINE lanes step_share(lanes p_y, lanes others, lanes s) {
    lanes rho = 1.0 - p_y;
    words whole = (rho < 1e-12) | (s < 1e-300);
    rho = choose(whole, every(1.0), rho), s = choose(whole, every(1.0), s);
    lanes a = (rho * rho + others) / rho;
    lanes m = lanes_log(lanes_max(p_y, every(1e-300)) / rho);
    lanes u = margin(m, a * s / rho, m + a * s);
    lanes f = lanes_max(lanes_min((u - m) / (a * s), every(1.0)), every(0.0));
    return choose(whole, every(1.0), f);
}

INLINE double softplus(double u) { return u > 0 ? u + log1p(exp(-u)) : log1p(exp(u)); }

/* f to the last digits, for one equation: with v = u - m and reach = a s it is v / reach, where
   v = reach sigma(-(m + v)) / sigma(-m) = reach exp(softplus(m) - softplus(m + v)). */
INLINE double exact_share(double m, double reach) {
    double low = 0, high = reach, base = softplus(m), v = reach < 1 ? reach : log1p(reach);
    for (int i = 0; i < 200; i++) {
        double pull = reach * exp(base - softplus(m + v)), excess = v - pull, sigma = 1 / (1 + exp(-(m + v)));
        if (excess > 0) high = v;
        else low = v;
        double next = v - excess / (1 + pull * sigma);
        if (!(next > low && next < high)) next = .5 * (low + high);
        if (fabs(next - v) <= 1e-15 * fabs(v)) break;
        v = next;
    }
    return v / reach;
}

#endif
