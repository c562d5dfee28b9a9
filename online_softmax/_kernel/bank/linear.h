/* First-order linear experts, side by side in one row a feature, each `stride` doubles wide: adagrad is row AdaGrad
   on xa, and adagrad-average its average; decaying-sgd, normalised-sgd and slow-adagrad are on xb. */
#ifndef ONLINE_SOFTMAX_LINEAR_H
#define ONLINE_SOFTMAX_LINEAR_H

#include "mixture.h"
#include "squash.h"

enum { ADAGRAD, ADAGRAD_AVERAGE, DECAYING, NORMALISED, SLOW_ADAGRAD, LINEAR_EXPERTS };

#define ADAGRAD_RATE 1.0
#define SLOW_RATE 0.15
#define DECAYING_RATE 10.0
#define DECAYING_TIME 10.0
#define LENGTH_MEMORY 1000 /* samples in the mean of |xb|^2 */

typedef struct {
    double *W;          /* rows of LINEAR_EXPERTS x stride */
    double *G, *G_slow; /* a row's sum of squared gradients, under adagrad and slow-adagrad */
    double length;      /* running mean of |xb|^2 */
} linear;

INLINE double *linear_row(const linear *l, int64_t slot, int64_t stride) {
    return l->W + slot * LINEAR_EXPERTS * stride;
}

/* The average's weights as they stand now: while a row rests, its average moves towards adagrad's by e a sample. */
INLINE lanes average_now(lanes v, lanes w, double lag) { return lag == 1 ? v : w + lag * (v - w); }

INLINE void linear_predict(const linear *l, const active *a, double *Z, int64_t stride, int64_t C) {
    FOR_LANES(c) {
        lanes z_adagrad = {0}, z_average = {0}, z_decaying = {0}, z_normalised = {0}, z_slow = {0};
        for (int64_t i = 0; i < a->n; i++) {
            const double *w = linear_row(l, a->slot[i], stride) + c;
            double xa = a->xa[i], xb = a->xb[i];
            lanes w_adagrad = load(w);
            z_adagrad += xa * w_adagrad;
            z_average += xa * average_now(load(w + stride), w_adagrad, a->lag[i]);
            z_decaying += xb * load(w + 2 * stride), z_normalised += xb * load(w + 3 * stride),
                z_slow += xb * load(w + 4 * stride);
        }
        store(Z + c, z_adagrad, LANES), store(Z + stride + c, z_average, LANES),
            store(Z + 2 * stride + c, z_decaying, LANES);
        store(Z + 3 * stride + c, z_normalised, LANES), store(Z + 4 * stride + c, z_slow, LANES);
    }
}

/* The directions r of adagrad and slow-adagrad (an entry each), the rates of the two SGDs, and s = r'x of all four. */
typedef struct {
    double *r_adagrad, *r_slow;
    double rate_decaying, rate_normalised, s[LINEAR_EXPERTS];
} linear_plan;

INLINE void linear_prepare(linear *l, const active *a, int64_t t, double squared_adagrad, double squared_slow,
                           double weight, linear_plan *p) {
    double length = 0, s_adagrad = 0, s_slow = 0;
    for (int64_t i = 0; i < a->n; i++) {
        int32_t j = a->slot[i];
        double xa = a->xa[i], xb = a->xb[i], aa = xa * xa, bb = xb * xb;
        l->G[j] += weight * (aa * squared_adagrad), l->G_slow[j] += weight * (bb * squared_slow);
        p->r_adagrad[i] = weight * ADAGRAD_RATE * xa / sqrt(l->G[j] + 1e-8),
        p->r_slow[i] = weight * SLOW_RATE * xb / sqrt(l->G_slow[j] + 1e-8);
        s_adagrad += p->r_adagrad[i] * xa, s_slow += p->r_slow[i] * xb, length += bb;
    }
    l->length += (length - l->length) / (t + 1 < LENGTH_MEMORY ? (double)t + 1 : LENGTH_MEMORY);
    p->rate_decaying = weight * DECAYING_RATE / (1 + (double)t / DECAYING_TIME);
    p->rate_normalised = weight / (l->length > 1e-6 ? l->length : 1e-6);
    p->s[ADAGRAD] = s_adagrad, p->s[SLOW_ADAGRAD] = s_slow, p->s[DECAYING] = p->rate_decaying * length,
    p->s[NORMALISED] = p->rate_normalised * length;
}

/* W <- W - f r g', then average <- average + e (adagrad - average); g is laid out as the rows are, g_k already times
   f_k. */
INLINE void linear_learn(linear *l, const active *a, int64_t t, const linear_plan *p, const double *g, int64_t stride,
                         int64_t C) {
    double e = t + 1 < MEMORY ? 1 / ((double)t + 1) : 1.0 / MEMORY;
    FOR_LANES(c) {
        lanes g_adagrad = load(g + c), g_decaying = p->rate_decaying * load(g + 2 * stride + c),
              g_normalised = p->rate_normalised * load(g + 3 * stride + c);
        lanes g_slow = load(g + 4 * stride + c);
        for (int64_t i = 0; i < a->n; i++) {
            double *w = linear_row(l, a->slot[i], stride) + c, xb = a->xb[i];
            lanes w_adagrad = load(w), v = average_now(load(w + stride), w_adagrad, a->lag[i]);
            w_adagrad -= p->r_adagrad[i] * g_adagrad;
            store(w, w_adagrad, LANES), store(w + stride, v + e * (w_adagrad - v), LANES);
            store(w + 2 * stride, load(w + 2 * stride) - xb * g_decaying, LANES);
            store(w + 3 * stride, load(w + 3 * stride) - xb * g_normalised, LANES);
            store(w + 4 * stride, load(w + 4 * stride) - p->r_slow[i] * g_slow, LANES);
        }
    }
}

#endif
