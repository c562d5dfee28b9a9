/* z = xB and p = softmax(z): the forward pass, in blocks of classes that stay in registers. */
#ifndef ONLINE_SOFTMAX_SCORES_H
#define ONLINE_SOFTMAX_SCORES_H

#include <float.h>
#include <math.h>
#include "weights.h"

/* z = xB where partial sums leave the range of doubles: the same sums in a smaller unit. */
static void scores_beyond_range(const softmax *m, const int32_t *slots, const double *x, int64_t n, int64_t C,
                                double *z) {
    FOR_CLASSES(c) {
        double s = m->intercept ? ldexp(row_of(m, 0)[c], -1100) : 0;
        for (int64_t i = 0; i < n; i++) s += ldexp(x[i], -550) * ldexp(row_of(m, slots[i])[c], -550);
        s = ldexp(s, 1100);
        z[c] = s > DBL_MAX ? DBL_MAX : (s < -DBL_MAX ? -DBL_MAX : s);
    }
}

/* Classes go in blocks whose width the compiler knows, so that a block's values stay in registers. */
enum { BLOCK_CLASSES = 16 };
/* clang-format off */
#define CASE(DO, width) case width: DO(width); break;
#define BLOCKS(DO) \
    for (int64_t c = 0; c < C; c += BLOCK_CLASSES) switch (C - c) { \
        CASE(DO, 1) CASE(DO, 2) CASE(DO, 3) CASE(DO, 4) CASE(DO, 5) CASE(DO, 6) CASE(DO, 7) CASE(DO, 8) CASE(DO, 9) \
        CASE(DO, 10) CASE(DO, 11) CASE(DO, 12) CASE(DO, 13) CASE(DO, 14) CASE(DO, 15) default: DO(BLOCK_CLASSES); \
    }
/* clang-format on */

/* z = start + sum_i x_i w_i, in whole vectors: up to three values beyond the block's width are of no account. */
INLINE void block_scores(const double *B, int64_t length, const int32_t *slots, const double *x, int64_t n, int width,
                         int vector, const double *start, double *z) {
    int fours = vector >= 4 ? width : 0, c;
    half_at four[BLOCK_CLASSES / 4] = {0};
    pair_at two[BLOCK_CLASSES / 2] = {0};
    for (int64_t i = 0; i < n; i++) {
        const double *w = B + slots[i] * length;
        for (c = 0; c < fours; c += 4) four[c / 4] += x[i] * *(const half_at *)(w + c);
        for (; c < width; c += 2) two[c / 2] += x[i] * *(const pair_at *)(w + c);
    }
    for (c = 0; c < fours; c += 4) *(half_at *)(z + c) = *(const half_at *)(start + c) + four[c / 4];
    for (; c < width; c += 2) *(pair_at *)(z + c) = *(const pair_at *)(start + c) + two[c / 2];
}

/* w_i <- w_i - x_i d */
INLINE void step_back(double *B, int64_t length, const int32_t *slots, const double *x, int64_t n, int width,
                      int vector, const double *d) {
    int fours = vector >= 4 ? width & ~3 : 0, twos = width & ~1, c;
    half_at four[BLOCK_CLASSES / 4];
    pair_at two[BLOCK_CLASSES / 2];
    double one = d[width - 1];
    for (c = 0; c < fours; c += 4) four[c / 4] = *(const half_at *)(d + c);
    for (; c < twos; c += 2) two[c / 2] = *(const pair_at *)(d + c);
    for (int64_t i = 0; i < n; i++) {
        double *w = B + slots[i] * length, v = x[i];
        for (c = 0; c < fours; c += 4) *(half_at *)(w + c) -= v * four[c / 4];
        for (; c < twos; c += 2) *(pair_at *)(w + c) -= v * two[c / 2];
        if (c < width) w[c] -= v * one;
    }
}

/* z_c = sum_i x_i w_ic; with `ahead`, at Nesterov's looked-ahead weights w - rho s. */
INLINE void scores(const softmax *m, const int32_t *slots, const double *x, int64_t n, int64_t C, int ahead, int vector,
                   double *restrict z) {
    static const double zeros[BLOCK_CLASSES];
    int64_t stride = m->class_capacity, length = row_length(m);
    if (ahead) {
        FOR_CLASSES(c) z[c] = m->intercept ? m->B[c] - m->rule.rho * m->B[stride + c] : 0;
        for (int64_t i = 0; i < n; i++) {
            const double *restrict w = row_of(m, slots[i]);
            FOR_CLASSES(c) z[c] += x[i] * (w[c] - m->rule.rho * w[stride + c]);
        }
    } else
#define DO(width) block_scores(m->B + c, length, slots, x, n, width, vector, m->intercept ? m->B + c : zeros, z + c)
        BLOCKS(DO)
#undef DO
    if (!all_finite(z, C)) scores_beyond_range(m, slots, x, n, C, z);
}

/* Over the classes and up to three more, for arrays that have room to spare: whole vectors, and no rest. */
#define FOR_FOURS(c) for (int64_t c = 0; c < ((C + 3) & ~3); c++)

/* p = softmax(z), shifted by the largest score so that no exp overflows. Where training is chaotic (a large
   momentum, say), any exp but libm's would drift away from river's figures; the other rules take the kernel's own. */
INLINE void softmax_of(const softmax *m, const double *restrict z, double *restrict p, int64_t C) {
    double top = -HUGE_VAL, sum = 0;
    FOR_CLASSES(c) top = z[c] > top ? z[c] : top;
    if (m->rule.kind == RULE_SGD || m->rule.kind >= RULE_IMPLICIT_SGD)
        FOR_FOURS(c) p[c] = fast_exp(z[c] - top);
    else
        FOR_CLASSES(c) p[c] = exp(z[c] - top);
    FOR_CLASSES(c) sum += p[c];
    FOR_FOURS(c) p[c] /= sum;
}

#endif
