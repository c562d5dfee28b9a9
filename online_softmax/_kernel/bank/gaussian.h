/* Student QDA: one Gaussian a class on xb, its mean M, inverse covariance P and log determinant LD with forgetting,
   by rank-one updates; a floor under the covariance is put in coordinate by coordinate. The answer is Student's t,
   with as many degrees of freedom as the class has effective samples: z_c = ln(N_c + 1/2) - LD_c / 2 - (K_c + d) / 2
   ln(1 + (x - M_c)' P_c (x - M_c) / K_c). */
#ifndef ONLINE_SOFTMAX_GAUSSIAN_H
#define ONLINE_SOFTMAX_GAUSSIAN_H

#include <stddef.h>
#include <stdlib.h>
#include "../outcome.h"
#include "mixture.h"

enum { QDA_FEATURES = 64, QDA_CELLS = 65536 }; /* while d <= 64 and d^2 C <= 65536, d rounded up to whole lanes */

#define QDA_FORGET .9998 /* of the counts N */
#define QDA_MEMORY 200.0 /* effective samples of a class, at most */
#define QDA_FLOOR .003
#define QDA_START .25 /* covariance of a class before its first sample */
#define QDA_FREEDOM(d) (2 + .05 * (double)(d))

typedef struct {
    double N, K, KM, LD; /* count; effective samples of the covariance, and of the mean; ln det of the covariance */
    double fresh;        /* the diagonal entry of a feature that has been 0 so far */
    int64_t turn;        /* the coordinate whose floor is next */
} gaussian;

/* A model file holds them as rows of these doubles, in this order. */
enum { GAUSSIAN_DOUBLES = 5, GAUSSIAN_LD = 3 };
_Static_assert(offsetof(gaussian, N) == 0 && offsetof(gaussian, K) == 8 && offsetof(gaussian, KM) == 16
                   && offsetof(gaussian, LD) == 8 * GAUSSIAN_LD && offsetof(gaussian, fresh) == 32
                   && offsetof(gaussian, turn) == 8 * GAUSSIAN_DOUBLES && sizeof(gaussian) % 8 == 0,
               "the qda_class of a model file");

typedef struct {
    int64_t d, d_capacity; /* features; room, a multiple of LANES */
    int64_t n, n_capacity; /* classes; further ones get the average density of these */
    gaussian *class;
    double *M; /* n_capacity x d_capacity */
    double *P; /* n_capacity x d_capacity x d_capacity */
} qda;

/* Doubles in a row of M and P. */
INLINE int64_t qda_stride(int64_t d) { return (d > 1 ? d + LANES - 1 : LANES) / LANES * LANES; }

INLINE int qda_fits(int64_t d, int64_t C) {
    return d <= QDA_FEATURES && qda_stride(d) * qda_stride(d) * C <= QDA_CELLS;
}

INLINE double *qda_P(const qda *q, int64_t c) { return q->P + c * q->d_capacity * q->d_capacity; }

static void qda_free(qda *q) {
    free(q->class), free(q->M), free(q->P);
    memset(q, 0, sizeof *q);
}

static int64_t qda_bytes(const qda *q) {
    return q->P ? 8 * q->n_capacity * q->d_capacity * (q->d_capacity + 1) + q->n_capacity * (int64_t)sizeof(gaussian)
                : 0;
}

static int qda_reserve(qda *q, int64_t d, int64_t n) {
    if (q->P && d <= q->d_capacity && n <= q->n_capacity) return 0;
    qda r = *q;
    r.d_capacity = q->P && d <= q->d_capacity ? q->d_capacity : qda_stride(d);
    r.n_capacity = n > q->n_capacity ? n + n / 8 + 1 : q->n_capacity;
    r.class = calloc((size_t)r.n_capacity, sizeof *r.class), r.M = calloc((size_t)(r.n_capacity * r.d_capacity), 8);
    r.P = calloc((size_t)(r.n_capacity * r.d_capacity * r.d_capacity), 8);
    if (!r.class || !r.M || !r.P) {
        free(r.class), free(r.M), free(r.P);
        return NO_MEMORY;
    }
    for (int64_t c = 0; c < q->n; c++) {
        r.class[c] = q->class[c];
        memcpy(r.M + c * r.d_capacity, q->M + c * q->d_capacity, (size_t)q->d * 8);
        for (int64_t i = 0; i < q->d; i++)
            memcpy(qda_P(&r, c) + i * r.d_capacity, qda_P(q, c) + i * q->d_capacity, (size_t)q->d * 8);
    }
    free(q->class), free(q->M), free(q->P);
    *q = r;
    return 0;
}

static void covariance_start(qda *q, int64_t c) {
    memset(qda_P(q, c), 0, (size_t)(q->d_capacity * q->d_capacity) * 8);
    for (int64_t i = 0; i < q->d; i++) qda_P(q, c)[i * q->d_capacity + i] = 1 / QDA_START;
    q->class[c].LD = (double)q->d * log(QDA_START);
}

static void gaussian_start(qda *q, int64_t c) {
    q->class[c] = (gaussian){.K = QDA_FREEDOM(q->d), .fresh = 1 / QDA_START};
    memset(q->M + c * q->d_capacity, 0, (size_t)q->d_capacity * 8);
    covariance_start(q, c);
}

/* Take d features and n classes into use. */
static void qda_grow(qda *q, int64_t d, int64_t n) {
    for (; q->d < d; q->d++)
        for (int64_t c = 0; c < q->n; c++)
            qda_P(q, c)[q->d * (q->d_capacity + 1)] = q->class[c].fresh, q->class[c].LD -= log(q->class[c].fresh);
    for (; q->n < n; q->n++) gaussian_start(q, q->n);
}

/* a = x - M_c and, after it, Pa; returns a'Pa. x has its first feature at 1. */
INLINE double distance(const qda *q, int64_t c, const double *x, double *a) {
    double *Pa = a + q->d_capacity;
    const double *M = q->M + c * q->d_capacity, *P = qda_P(q, c);
    lanes sum = {0};
    for (int64_t i = 0; i < q->d; i++) a[i] = x[i + 1] - M[i];
    sum_rows(a, P, q->d_capacity, q->d, Pa, q->d);
    for (int64_t i = 0; i < q->d; i += LANES) sum += first(load(a + i) * load(Pa + i), q->d - i, 0);
    return lanes_sum(sum);
}

INLINE void qda_predict(const qda *q, const double *xb, double *a, double *Z, int64_t C) {
    double neutral = 0, n = (double)q->n, d = (double)q->d, N = 0;
    int64_t known = q->n < C ? q->n : C;
    for (int64_t c = 0; c < known; c++) {
        const gaussian *g = &q->class[c];
        double h = distance(q, c, xb, a);
        double density = -.5 * g->LD - .5 * (g->K + d) * log(1 + (h > 0 ? h : 0) / g->K);
        Z[c] = log(g->N + .5) + density;
        neutral += density / n, N += g->N / n;
    }
    for (int64_t c = known; c < C; c++) Z[c] = log(N + .5) + neutral;
}

INLINE void qda_learn(qda *q, const double *xb, double *a, int64_t y, double weight) {
    for (int64_t c = 0; c < q->n; c++) q->class[c].N *= QDA_FORGET;
    if (y >= q->n || weight == 0) return;
    gaussian *g = &q->class[y];
    double d = (double)q->d, *Pa = a + q->d_capacity, *P = qda_P(q, y), *M = q->M + y * q->d_capacity,
           h = distance(q, y, xb, a);
    if (!(h >= 0 && h < 1e300 && fabs(g->LD) < 1e300)) {
        covariance_start(q, y);
        h = distance(q, y, xb, a);
    }
    g->N += weight;
    double most = QDA_MEMORY > QDA_FREEDOM(d) ? QDA_MEMORY : QDA_FREEDOM(d);
    g->K = g->K + weight < most ? g->K + weight : most, g->KM = g->KM + weight < most ? g->KM + weight : most;
    double e = weight / g->K, em = weight / (1 + (g->KM > weight ? g->KM : weight));
    if (e > .5) e = .5;
    double w = e * (1 - em) / (1 - e), share = w / (1 + w * h), grow = 1 / (1 - e);
    for (int64_t i = 0; i < q->d; i++)
        for (int64_t j = 0; j < q->d; j += LANES) {
            double *at = P + i * q->d_capacity + j;
            store(at, (load(at) - share * (Pa[i] * load(Pa + j))) * grow, LANES);
        }
    g->LD += d * log(1 - e) + log(1 + w * h);
    for (int64_t i = 0; i < q->d; i++) M[i] += em * a[i];
    g->fresh *= grow, g->fresh /= 1 + e * QDA_FLOOR * g->fresh;
    if (!q->d) return;
    int64_t t = g->turn;
    double in = e * QDA_FLOOR * d, p = P[t * q->d_capacity + t], take = in / (1 + in * p);
    memcpy(Pa, P + t * q->d_capacity, (size_t)q->d_capacity * 8);
    for (int64_t i = 0; i < q->d; i++)
        for (int64_t j = 0; j < q->d; j += LANES) {
            double *at = P + i * q->d_capacity + j;
            store(at, load(at) - take * (Pa[i] * load(Pa + j)), LANES);
        }
    g->LD += log(1 + in * p);
    g->turn = (t + 1) % q->d;
}

#endif
