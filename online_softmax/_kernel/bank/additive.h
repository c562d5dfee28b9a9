/* An additive model: row AdaGrad with implicit steps, as adagrad, over the intercept, xa, and for each feature HATS
   overlapping hat functions on a fixed grid of xa, of which two are on at a time: u = (xa + 1.5) / 3 * (HATS - 1), k
   = floor u, low = 1 - (u - k) of hat k and high = u - k of hat k + 1. */
#ifndef ONLINE_SOFTMAX_ADDITIVE_H
#define ONLINE_SOFTMAX_ADDITIVE_H

#include <stdlib.h>
#include "mixture.h"
#include "squash.h"

enum {
    HATS = 20,
    HAT_ROWS = 1 + HATS
}; /* rows a feature: its own, and one a hat; the intercept uses the first of slot 0 */

#define HAT_RATE .5

typedef struct {
    int64_t n, capacity;
    double *W, *G;
} hats; /* slots in use; HAT_ROWS rows a slot */

/* The rows that a value is in, and how far. */
typedef struct {
    int64_t k;
    double x, low, high;
} hat_value;

INLINE hat_value hat_of(double x) {
    double u = (x + SQUASH_A) / (2 * SQUASH_A) * (HATS - 1), last = HATS - 1 - 1e-9;
    u = u < 0 ? 0 : (u > last ? last : u);
    int64_t k = (int64_t)u;
    return (hat_value){k, x, 1 - (u - (double)k), u - (double)k};
}

static void hats_free(hats *m) {
    free(m->W), free(m->G);
    memset(m, 0, sizeof *m);
}

INLINE void hats_predict(const hats *m, const double *xa, double *Z, int64_t stride, int64_t C) {
    FOR_LANES(c) {
        lanes z = load(m->W + c);
        for (int64_t i = 1; i < m->n; i++) {
            hat_value v = hat_of(xa[i]);
            const double *w = m->W + i * HAT_ROWS * stride + c, *low = w + (1 + v.k) * stride;
            z += v.x * load(w) + v.low * load(low) + v.high * load(low + stride);
        }
        store(Z + c, z, LANES);
    }
}

/* The directions r, three a slot, and s = r'x. */
INLINE double hats_prepare(hats *m, const double *xa, double squared, double weight, double *r) {
    double s = 0;
    for (int64_t i = 0; i < m->n; i++, r += 3) {
        hat_value v = hat_of(i ? xa[i] : 0);
        double *G = m->G + i * HAT_ROWS, x = i ? v.x : 1;
        G[0] += weight * (x * x * squared);
        r[0] = weight * HAT_RATE * x / sqrt(G[0] + 1e-8), s += r[0] * x;
        if (!i) continue;
        G += 1 + v.k;
        G[0] += weight * (v.low * v.low * squared), G[1] += weight * (v.high * v.high * squared);
        r[1] = weight * HAT_RATE * v.low / sqrt(G[0] + 1e-8), r[2] = weight * HAT_RATE * v.high / sqrt(G[1] + 1e-8);
        s += r[1] * v.low + r[2] * v.high;
    }
    return s;
}

/* W <- W - f r g', g already times f. */
INLINE void hats_learn(hats *m, const double *xa, const double *r, const double *g, int64_t stride, int64_t C) {
    FOR_LANES(c) {
        lanes d = load(g + c);
        for (int64_t i = 0; i < m->n; i++) {
            double *w = m->W + i * HAT_ROWS * stride + c;
            store(w, load(w) - r[3 * i] * d, LANES);
            if (!i) continue;
            double *low = w + (1 + hat_of(xa[i]).k) * stride;
            store(low, load(low) - r[3 * i + 1] * d, LANES),
                store(low + stride, load(low + stride) - r[3 * i + 2] * d, LANES);
        }
    }
}

#endif
