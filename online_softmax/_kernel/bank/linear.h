/* First-order linear experts, side by side in one row a feature, each `stride` doubles wide:
   E1 row AdaGrad on xa; E2 its average; E3 SGD with a decaying rate, E4 normalised SGD, E5 slow row AdaGrad, all on xb. */
#ifndef ONLINE_SOFTMAX_LINEAR_H
#define ONLINE_SOFTMAX_LINEAR_H

#include "mixture.h"
#include "squash.h"

enum { ADAGRAD, ADAGRAD_AVERAGE, DECAYING, NORMALISED, SLOW_ADAGRAD, LINEAR_EXPERTS };

#define ADAGRAD_RATE 1.0
#define SLOW_RATE 0.15
#define DECAYING_RATE 10.0
#define DECAYING_TIME 10.0
#define LENGTH_MEMORY 1000  /* samples in the mean of |xb|^2 */

typedef struct {
    double *W;                 /* rows of LINEAR_EXPERTS x stride */
    double *G, *G_slow;        /* a row's sum of squared gradients, under E1 and E5 */
    double length;             /* running mean of |xb|^2 */
} linear;

INLINE double *linear_row(const linear *l, int64_t slot, int64_t stride) { return l->W + slot * LINEAR_EXPERTS * stride; }

/* E2's weights as they stand now: while a row rests, its average moves towards E1 by e a sample. */
INLINE lanes average_now(lanes v, lanes w, double lag) { return lag == 1 ? v : w + lag * (v - w); }

INLINE void linear_predict(const linear *l, const active *a, double *Z, int64_t stride, int64_t C) {
    BY_LANES {
        lanes z1 = {0}, z2 = {0}, z3 = {0}, z4 = {0}, z5 = {0};
        for (int64_t i = 0; i < a->n; i++) {
            const double *w = linear_row(l, a->slot[i], stride) + c;
            double xa = a->xa[i], xb = a->xb[i];
            lanes w1 = load(w);
            z1 += xa * w1;
            z2 += xa * average_now(load(w + stride), w1, a->lag[i]);
            z3 += xb * load(w + 2 * stride), z4 += xb * load(w + 3 * stride), z5 += xb * load(w + 4 * stride);
        }
        store(Z + c, z1, LANES), store(Z + stride + c, z2, LANES), store(Z + 2 * stride + c, z3, LANES);
        store(Z + 3 * stride + c, z4, LANES), store(Z + 4 * stride + c, z5, LANES);
    }
}

/* The directions r of E1 and E5 (an entry each), the rates of E3 and E4, and s = r'x of all four. */
typedef struct { double *r1, *r5; double rate3, rate4, s[LINEAR_EXPERTS]; } linear_plan;

INLINE void linear_prepare(linear *l, const active *a, int64_t t, double squared1, double squared5, double weight, linear_plan *p) {
    double length = 0, s1 = 0, s5 = 0;
    for (int64_t i = 0; i < a->n; i++) {
        int32_t j = a->slot[i];
        double xa = a->xa[i], xb = a->xb[i], aa = xa * xa, bb = xb * xb;
        l->G[j] += weight * (aa * squared1), l->G_slow[j] += weight * (bb * squared5);
        p->r1[i] = weight * ADAGRAD_RATE * xa / sqrt(l->G[j] + 1e-8), p->r5[i] = weight * SLOW_RATE * xb / sqrt(l->G_slow[j] + 1e-8);
        s1 += p->r1[i] * xa, s5 += p->r5[i] * xb, length += bb;
    }
    l->length += (length - l->length) / (t + 1 < LENGTH_MEMORY ? (double)t + 1 : LENGTH_MEMORY);
    p->rate3 = weight * DECAYING_RATE / (1 + (double)t / DECAYING_TIME);
    p->rate4 = weight / (l->length > 1e-6 ? l->length : 1e-6);
    p->s[ADAGRAD] = s1, p->s[SLOW_ADAGRAD] = s5, p->s[DECAYING] = p->rate3 * length, p->s[NORMALISED] = p->rate4 * length;
}

/* W <- W - f r g', then E2 <- E2 + e (E1 - E2); g is laid out as the rows are, g_k already times f_k. */
INLINE void linear_learn(linear *l, const active *a, int64_t t, const linear_plan *p, const double *g, int64_t stride, int64_t C) {
    double e = t + 1 < MEMORY ? 1 / ((double)t + 1) : 1.0 / MEMORY;
    BY_LANES {
        lanes g1 = load(g + c), g3 = p->rate3 * load(g + 2 * stride + c), g4 = p->rate4 * load(g + 3 * stride + c);
        lanes g5 = load(g + 4 * stride + c);
        for (int64_t i = 0; i < a->n; i++) {
            double *w = linear_row(l, a->slot[i], stride) + c, xb = a->xb[i];
            lanes w1 = load(w), v = average_now(load(w + stride), w1, a->lag[i]);
            w1 -= p->r1[i] * g1;
            store(w, w1, LANES), store(w + stride, v + e * (w1 - v), LANES);
            store(w + 2 * stride, load(w + 2 * stride) - xb * g3, LANES);
            store(w + 3 * stride, load(w + 3 * stride) - xb * g4, LANES);
            store(w + 4 * stride, load(w + 4 * stride) - p->r5[i] * g5, LANES);
        }
    }
}

#endif
