/* The step on one sample, under each rule: from the gradient of the loss to the rows of B. */
#ifndef ONLINE_SOFTMAX_STEPS_H
#define ONLINE_SOFTMAX_STEPS_H

#include "../implicit.h"
#include "scores.h"

/* clang-format off */
#define RULES(DO) \
    DO(RULE_SGD, step_sgd) DO(RULE_MOMENTUM, step_momentum) DO(RULE_NESTEROV, step_nesterov) \
    DO(RULE_ADAGRAD, step_adagrad) DO(RULE_RMSPROP, step_rmsprop) DO(RULE_ADADELTA, step_adadelta) \
    DO(RULE_ADAM, step_adam) DO(RULE_AMSGRAD, step_amsgrad) DO(RULE_ADAMAX, step_adamax) \
    DO(RULE_NADAM, step_nadam) DO(RULE_ADABOUND, step_adabound) DO(RULE_FTRL, step_ftrl)
/* clang-format on */

/* One row's step on gradients x g + l2 w (w looked ahead under Nesterov); `sum` is room for these. */
INLINE int step_row(softmax *m, int64_t slot, double x, const double *restrict g, int64_t C, double *restrict sum) {
    double *restrict w = row_of(m, slot);
    int64_t stride = m->class_capacity;
    if (m->l2 != 0) {
        if (m->rule.kind == RULE_NESTEROV)
            FOR_CLASSES(c) sum[c] = x * g[c] + m->l2 * (w[c] - m->rule.rho * w[stride + c]);
        else
            FOR_CLASSES(c) sum[c] = x * g[c] + m->l2 * w[c];
        x = 1, g = sum;
    }
    switch (m->rule.kind) {
#define DO(kind, step) \
case kind: step(&m->rule, &m->clock, w, stride, x, g, C); break;
        RULES(DO)
#undef DO
    }
    return all_finite(w, row_length(m)) ? LEARNED : OVERFLOWED;
}

/* Plain SGD whose steps x d are so short that no weight can leave the doubles: they are at most 1e280, longer ones
   are checked, and 1e28 samples would have to conspire. Fills d = eta g. */
INLINE int sgd_is_safe(const softmax *m, const double *x, int64_t n, const double *restrict g, double *restrict d,
                       int64_t C) {
    if (m->rule.kind != RULE_SGD || m->l2 != 0) return 0;
    const double *restrict eta = m->clock.eta;
    FOR_FOURS(c) d[c] = eta[c] * g[c];
    double longest = largest_of(d, C), largest = largest_of(x, n);
    return longest * (largest > 1 ? largest : 1) <= 1e280;
}

/* B <- B - x d */
INLINE void sgd_rows(softmax *m, const int32_t *slots, const double *x, int64_t n, const double *d, int64_t C,
                     int vector) {
    int64_t length = row_length(m);
    if (m->intercept)
        FOR_CLASSES(c) m->B[c] -= d[c];
#define DO(width) step_back(m->B + c, length, slots, x, n, width, vector, d + c)
    BLOCKS(DO)
#undef DO
}

/* The gradient of the loss in each score, g_c = w_c (p_c - [c = y]), with p kept inside [1e-15, 1 - 1e-15]. */
INLINE void loss_gradient(const softmax *m, const double *restrict p, int64_t known, int64_t y, double weight,
                          double *restrict g) {
    const double *restrict class_weight = m->class_weight;
    double clip = m->clip;
    int64_t C = m->n_classes;
    FOR_FOURS(c) {
        double q = p[c], e = c == y;
        q = c < known ? q : 0;
        q = q < 1e-15 ? 1e-15 : (q > 1 - 1e-15 ? 1 - 1e-15 : q);
        q = weight * class_weight[c] * (q - e);
        g[c] = q > clip ? clip : (q < -clip ? -clip : q);
    }
}

/* One implicit step: B <- B - f r g' (implicit.h) with r_i = eta x_i, or eta x_i / sqrt(G_i) with one G a row, times
   the sample's weight; then the weights shrink by 1 / (1 + eta l2), l2's own implicit step. z holds the scores; with
   q the softmax over the classes but y and rho = 1 - p_y, g_y = -rho and g_c = rho q_c. */
INLINE int implicit_step(softmax *m, softmax_scratch *scratch, const int32_t *slots, const double *x, int64_t n,
                         int64_t y, double weight, int64_t C) {
    double *z = scratch->z, *g = scratch->g, others = 0, s = 0, eta = m->clock.eta[y], lead = z[y];
    int64_t first_entry = m->intercept ? -1 : 0, end = row_length(m) - 1;
    int adaptive = m->rule.kind == RULE_IMPLICIT_ADAGRAD;
    if (C < 2) return LEARNED;
    double top = -HUGE_VAL, sum = 0;
    z[y] = -HUGE_VAL;
    FOR_CLASSES(c) top = z[c] > top ? z[c] : top;
    FOR_CLASSES(c) sum += g[c] = exp(z[c] - top);
    FOR_CLASSES(c) g[c] /= sum, others += g[c] * g[c];
    lead -= top + log(sum);
    double rho = 1 / (1 + exp(lead)), squared = rho * rho * (1 + others);
    for (int64_t i = first_entry; i < n; i++) {
        double v = i < 0 ? 1 : x[i], *w = row_of(m, i < 0 ? 0 : slots[i]);
        if (adaptive) w[end] += weight * (v * v * squared);
        s += weight * eta * v * v / (adaptive ? sqrt(w[end] + 1e-8) : 1);
    }
    double reach = rho * (1 + others) * s;
    if (!(s <= DBL_MAX)) return OVERFLOWED;
    double f = reach > 0 ? exact_share(lead, reach) : 1;
    g[y] = -1;
    FOR_CLASSES(c) g[c] *= f * rho;
    for (int64_t i = first_entry; i < n; i++) {
        double v = i < 0 ? 1 : x[i], *w = row_of(m, i < 0 ? 0 : slots[i]);
        double rate = eta / (adaptive ? sqrt(w[end] + 1e-8) : 1), r = weight * rate * v, keep = 1 / (1 + rate * m->l2);
        FOR_CLASSES(c) w[c] = (w[c] - r * g[c]) * keep;
        if (!all_finite(w, row_length(m))) return OVERFLOWED;
    }
    return LEARNED;
}

#endif
