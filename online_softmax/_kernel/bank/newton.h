/* Second-order experts on xa, over the intercept and the first SECOND_ORDER features, with one matrix P, the inverse
   of a forgetting Gauss-Newton matrix shared by all classes: newton has r = 4 Px, newton-decaying r = Px / (1 + t /
   1000); newton-average is the average of the first. */
#ifndef ONLINE_SOFTMAX_NEWTON_H
#define ONLINE_SOFTMAX_NEWTON_H

#include "mixture.h"
#include "squash.h"

enum { NEWTON, NEWTON_DECAYING, NEWTON_AVERAGE, NEWTON_EXPERTS };
enum { SECOND_ORDER = 100, SIDE = 104 }; /* features, and doubles in a row of P */

#define NEWTON_RATE 4.0
#define NEWTON_TIME 1000.0
#define NEWTON_FORGET .999
#define CURVATURE .25
#define LEAST_CURVATURE 3e-4
#define MOST_VARIANCE 100.0 /* of a diagonal entry of P */
#define AVERAGE_MEMORY 200

typedef struct {
    int64_t n;    /* rows in use: the intercept and up to SECOND_ORDER features */
    double *W;    /* (1 + SECOND_ORDER) rows of NEWTON_EXPERTS x stride */
    double *P;    /* (1 + SECOND_ORDER) rows of SIDE */
    double fresh; /* the diagonal entry of a feature that has not appeared yet */
} newton;

INLINE double *newton_row(const newton *m, int64_t slot, int64_t stride) {
    return m->W + slot * NEWTON_EXPERTS * stride;
}

static void newton_restart(newton *m) {
    memset(m->P, 0, (1 + SECOND_ORDER) * SIDE * sizeof(double));
    for (int64_t i = 0; i < m->n; i++) m->P[i * SIDE + i] = 1;
    m->fresh = 1;
}

/* Take so many rows into use. */
static void newton_grow(newton *m, int64_t n) {
    for (; m->n < n; m->n++) m->P[m->n * SIDE + m->n] = m->fresh;
}

INLINE void newton_predict(const newton *m, const double *x, double *Z, int64_t stride, int64_t C) {
    FOR_LANES(c) {
        lanes z_newton = {0}, z_decaying = {0}, z_average = {0};
        for (int64_t i = 0; i < m->n; i++) {
            if (x[i] == 0) continue;
            const double *w = newton_row(m, i, stride) + c;
            z_newton += x[i] * load(w), z_decaying += x[i] * load(w + stride), z_average += x[i] * load(w + 2 * stride);
        }
        store(Z + c, z_newton, LANES), store(Z + stride + c, z_decaying, LANES),
            store(Z + 2 * stride + c, z_average, LANES);
    }
}

/* Px and h = x'Px. */
INLINE double newton_direction(newton *m, const double *x, double *Px) {
    double h = 0;
    for (int attempt = 0; attempt < 2; attempt++) {
        lanes sum = {0};
        sum_rows(x, m->P, SIDE, m->n, Px, m->n);
        for (int64_t i = 0; i < m->n; i += LANES) sum += first(load(Px + i) * load(x + i), m->n - i, 0);
        h = lanes_sum(sum);
        if (h > 0 && h < 1e300) break;
        newton_restart(m);
    }
    return h;
}

/* W <- W - f r g' for the first two, g already times f and their rates; then average <- average + e (newton -
   average). */
INLINE void newton_learn(newton *m, int64_t t, const double *Px, const double *g, int64_t stride, int64_t C) {
    double e = t + 1 < AVERAGE_MEMORY ? 1 / ((double)t + 1) : 1.0 / AVERAGE_MEMORY;
    FOR_LANES(c) {
        lanes g_newton = load(g + c), g_decaying = load(g + stride + c);
        for (int64_t i = 0; i < m->n; i++) {
            double *w = newton_row(m, i, stride) + c, r = Px[i];
            lanes w_newton = load(w) - r * g_newton, w_average = load(w + 2 * stride);
            store(w, w_newton, LANES), store(w + stride, load(w + stride) - r * g_decaying, LANES);
            store(w + 2 * stride, w_average + e * (w_newton - w_average), LANES);
        }
    }
}

/* P <- (P - kappa / (gamma + kappa h) Px Px') / gamma, its diagonal kept below MOST_VARIANCE. */
INLINE void newton_forget(newton *m, const double *Px, double kappa, double h) {
    double share = kappa / (NEWTON_FORGET + kappa * h);
    for (int64_t i = 0; i < m->n; i++) {
        double *row = m->P + i * SIDE;
        for (int64_t j = 0; j < m->n; j += LANES)
            store(row + j, (load(row + j) - share * (Px[i] * load(Px + j))) * (1 / NEWTON_FORGET), LANES);
    }
    m->fresh *= 1 / NEWTON_FORGET;
    if (m->fresh > MOST_VARIANCE) m->fresh = MOST_VARIANCE;
    for (int64_t i = 0; i < m->n; i++)
        if (m->P[i * SIDE + i] > MOST_VARIANCE) {
            double shrink = sqrt(MOST_VARIANCE / m->P[i * SIDE + i]);
            for (int64_t j = 0; j < m->n; j++) m->P[i * SIDE + j] *= shrink, m->P[j * SIDE + i] *= shrink;
        }
}

#endif
