/* One answer from a bank of experts: Bayes with fixed share; two Kalman mixers of logits, residual to Bayes;
   calibration of the first of them by its confidence; and Bayes again over these four. */
#ifndef ONLINE_SOFTMAX_MIXTURE_H
#define ONLINE_SOFTMAX_MIXTURE_H

#include <math.h>
#include <stddef.h>
#include <string.h>
#include "../implicit.h"

enum {
    MOST_EXPERTS = 16,
    INPUTS = 16,
    MIXERS = 2,
    BUCKETS = 8,
    TOP = 4
}; /* at most 15 experts, and Bayes as one more input */

#define SHARE 2e-3 /* of the Bayes weights, given back to all at each sample */
#define TOP_SHARE 1e-3
#define FORGET 0.9998 /* of the mixers' precision */
#define LEAVE .97     /* of the voice of an expert that is leaving, at each sample */
#define GONE 2e-3
#define CLAMP (-6.0) /* of a logit below the largest */
#define FLOOR 1e-15  /* of a probability that has been trusted */
static const double PRIOR[MIXERS] = {.1, 1.0}, BUCKET_PRIOR = .02;
static const double CONFIDENCE[BUCKETS - 1] = {.4, .6, .8, .9, .96, .99, .998};

/* A Kalman filter over mixing weights u, covariance S; both have INPUTS doubles a row, of which n are in use. */
typedef struct {
    double u[INPUTS], S[INPUTS][INPUTS];
} kalman;

/* A model file holds u and the rows of S below each other. */
_Static_assert(offsetof(kalman, u) == 0 && offsetof(kalman, S) == 8 * INPUTS
                   && sizeof(kalman) == 8 * (1 + INPUTS) * INPUTS,
               "the mixers and buckets of a model file");

typedef struct {
    int64_t n;                  /* experts */
    int64_t staying;            /* the experts from here on are leaving */
    double w[MOST_EXPERTS];     /* Bayes: their weights */
    double voice[MOST_EXPERTS]; /* 1, or what is left of it for one that is leaving */
    double top[TOP];            /* the weights of Bayes, both mixers, and the calibrated answer */
    kalman mixer[MIXERS];
    kalman bucket[BUCKETS];
} mixture;

/* What a forward pass leaves behind, one row of `stride` doubles each. */
typedef struct {
    double *Z, *P; /* of each expert: logits and probabilities */
    double *A;     /* of each expert, then Bayes: clamped, centred logits */
    double *bayes, *ln_bayes;
    double *zq[MIXERS], *q[MIXERS];
    double *sure; /* the first mixer's logits, clamped and centred */
    double *zc, *calibrated;
    double *p; /* the answer */
    int64_t b; /* the bucket it fell into */
} opinions;

enum { OPINION_ROWS = 2 * MOST_EXPERTS + INPUTS + 2 + 2 * MIXERS + 4 };

#define FOR_LANES(c) for (int64_t c = 0; c < C; c += LANES)

static void mixture_start(mixture *m, int64_t n) {
    memset(m, 0, sizeof *m);
    m->n = m->staying = n;
    for (int64_t i = 0; i < n; i++) m->w[i] = 1.0 / (double)n, m->voice[i] = 1;
    for (int i = 0; i < TOP; i++) m->top[i] = 1.0 / TOP;
    for (int64_t i = 0; i <= n; i++)
        for (int k = 0; k < MIXERS; k++) m->mixer[k].S[i][i] = PRIOR[k];
    for (int b = 0; b < BUCKETS; b++) m->bucket[b].S[0][0] = m->bucket[b].S[1][1] = BUCKET_PRIOR;
}

/* Keep only the first n experts. */
static void mixture_keep(mixture *m, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += m->w[i];
    for (int64_t i = 0; i < MOST_EXPERTS; i++) m->w[i] = i < n ? m->w[i] / sum : 0;
    for (int q = 0; q < MIXERS; q++) {
        kalman *k = &m->mixer[q], was = *k;
        memset(k, 0, sizeof *k);
        for (int64_t i = 0; i <= n; i++) { /* Bayes is the input after the last expert's */
            int64_t from = i < n ? i : m->n;
            k->u[i] = was.u[from];
            for (int64_t j = 0; j <= n; j++) k->S[i][j] = was.S[from][j < n ? j : m->n];
        }
    }
    m->n = n;
    if (m->staying > n) m->staying = n;
}

/* The experts from `staying` on fall silent, sample by sample, and then they are gone: true once. Together they keep
   at most their voice's share under Bayes. */
INLINE int mixture_leave(mixture *m) {
    double stay = 0, leave = 0, loudest = 0;
    if (m->staying == m->n) return 0;
    for (int64_t i = 0; i < m->n; i++) *(i < m->staying ? &stay : &leave) += m->w[i];
    for (int64_t i = m->staying; i < m->n; i++) {
        m->voice[i] *= LEAVE;
        loudest = m->voice[i] > loudest ? m->voice[i] : loudest;
    }
    if (leave > loudest)
        for (int64_t i = 0; i < m->n; i++) m->w[i] *= i < m->staying ? (1 - loudest) / stay : loudest / leave;
    if (loudest > GONE) return 0;
    mixture_keep(m, m->staying);
    return 1;
}

INLINE double top_of(const double *z, int64_t C) {
    lanes top = every(-HUGE_VAL);
    FOR_LANES(c) top = lanes_max(top, first(load(z + c), C - c, -HUGE_VAL));
    return lanes_top(top);
}

INLINE void softmax_row(const double *z, double *p, int64_t C) {
    double top = top_of(z, C);
    lanes sum = {0};
    FOR_LANES(c) {
        lanes e = first(lanes_exp(load(z + c) - top), C - c, 0);
        sum += e;
        store(p + c, e, LANES);
    }
    double total = lanes_sum(sum);
    FOR_LANES(c) store(p + c, load(p + c) / total, LANES);
}

INLINE void log_row(const double *p, double *z, int64_t C) {
    FOR_LANES(c) store(z + c, lanes_log(lanes_max(load(p + c), every(FLOOR))), LANES);
}

/* a = max(z - max z, CLAMP), less its mean; lanes past C are 0. */
INLINE void centre_row(const double *z, double *a, int64_t C) {
    double top = top_of(z, C);
    lanes sum = {0};
    FOR_LANES(c) {
        lanes v = first(lanes_max(load(z + c) - top, every(CLAMP)), C - c, 0);
        sum += v;
        store(a + c, v, LANES);
    }
    double mean = lanes_sum(sum) / (double)C;
    FOR_LANES(c) store(a + c, first(load(a + c) - mean, C - c, 0), LANES);
}

INLINE void add_row(double *z, double u, const double *a, int64_t C) {
    FOR_LANES(c) store(z + c, load(z + c) + u * load(a + c), LANES);
}

/* The answer o->p from the experts' Z and P. */
INLINE void mixture_predict(const mixture *m, opinions *o, int64_t stride, int64_t C) {
    memset(o->bayes, 0, (size_t)stride * 8);
    for (int64_t i = 0; i < m->n; i++) {
        add_row(o->bayes, m->w[i], o->P + i * stride, C);
        centre_row(o->Z + i * stride, o->A + i * stride, C);
        if (m->voice[i] != 1)
            FOR_LANES(c) store(o->A + i * stride + c, m->voice[i] * load(o->A + i * stride + c), LANES);
    }
    log_row(o->bayes, o->ln_bayes, C);
    double *bayes = o->A + m->n * stride;
    centre_row(o->ln_bayes, bayes, C);
    for (int k = 0; k < MIXERS; k++) {
        memcpy(o->zq[k], o->ln_bayes, (size_t)stride * 8);
        for (int64_t i = 0; i <= m->n; i++) add_row(o->zq[k], m->mixer[k].u[i], o->A + i * stride, C);
        softmax_row(o->zq[k], o->q[k], C);
    }
    double sure = top_of(o->q[0], C);
    o->b = 0;
    for (int i = 0; i < BUCKETS - 1; i++) o->b += sure > CONFIDENCE[i];
    const double *u = m->bucket[o->b].u;
    centre_row(o->zq[0], o->sure, C);
    memcpy(o->zc, o->zq[0], (size_t)stride * 8);
    add_row(o->zc, u[0], o->sure, C);
    add_row(o->zc, u[1], bayes, C);
    softmax_row(o->zc, o->calibrated, C);
    lanes sum = {0};
    FOR_LANES(c) {
        lanes p = m->top[0] * load(o->bayes + c) + m->top[1] * load(o->q[0] + c) + m->top[2] * load(o->q[1] + c)
                  + m->top[3] * load(o->calibrated + c);
        p = first(p, C - c, 0);
        sum += p;
        store(o->p + c, p, LANES);
    }
    double total = lanes_sum(sum);
    FOR_LANES(c) store(o->p + c, load(o->p + c) / total, LANES);
}

/* Bayes with fixed share: w_k ~ w_k p_k[y]^weight. */
INLINE void bayes_learn(double *w, const double *p_y, int64_t n, double weight, double share) {
    double sum = 0, best = FLOOR, v[MOST_EXPERTS];
    for (int64_t i = 0; i < n; i++) best = p_y[i] > best ? p_y[i] : best;
    for (int64_t i = 0; i < n; i++) {
        double p = p_y[i] > FLOOR ? p_y[i] : FLOOR;
        sum += v[i] = w[i] * (weight == 1 ? p : pow(p / best, weight));
    }
    if (!(sum > 0)) return; /* whoever was right had no share left */
    for (int64_t i = 0; i < n; i++) w[i] = (1 - share) * v[i] / sum + share / (double)n;
}

/* One filter's part of a step, until its equation is solved together with the others'. */
typedef struct {
    kalman *k;
    double v[INPUTS], Sv[INPUTS], p_y, rho, h;
    int64_t n;
    double most;
} filter_step;

/* v_i = A_i[y] - sum_{c != y} q_c A_i[c] / (1 - q_y), and S v. */
INLINE void filter_start(filter_step *f, kalman *k, int64_t n, double most, const double *const *A, const double *q,
                         int64_t y, int64_t C) {
    memset(f, 0, sizeof *f);
    f->k = k, f->n = n, f->most = most, f->p_y = q[y], f->rho = 1 - q[y];
    if (!(f->rho > 1e-9)) return;
    for (int64_t i = 0; i < n; i++) {
        lanes sum = {0};
        FOR_LANES(c) sum += first(load(q + c) * load(A[i] + c), C - c, 0);
        f->v[i] = A[i][y] - (lanes_sum(sum) - q[y] * A[i][y]) / f->rho;
    }
    lanes low = {0}, high = {0}, h = {0};
    for (int64_t i = 0; i < n; i++) low += f->v[i] * load(k->S[i]), high += f->v[i] * load(k->S[i] + LANES);
    store(f->Sv, low, LANES), store(f->Sv + LANES, high, LANES);
    h = low * load(f->v) + high * load(f->v + LANES);
    f->h = lanes_sum(h);
}

INLINE void filter_finish(filter_step *f, double u, double weight) {
    kalman *k = f->k;
    if (!(f->h > 0)) return;
    double g = weight * (1 - 1 / (1 + exp(-u))), kappa = weight * f->p_y * f->rho,
           share = kappa / (FORGET + kappa * f->h);
    lanes low = load(f->Sv), high = load(f->Sv + LANES);
    for (int64_t i = 0; i < f->n; i++) {
        k->u[i] += f->Sv[i] * g;
        store(k->S[i], (load(k->S[i]) - share * (f->Sv[i] * low)) * (1 / FORGET), LANES);
        store(k->S[i] + LANES, (load(k->S[i] + LANES) - share * (f->Sv[i] * high)) * (1 / FORGET), LANES);
    }
    for (int64_t i = 0; i < f->n; i++)
        if (k->S[i][i] > f->most) {
            double shrink = sqrt(f->most / k->S[i][i]);
            for (int64_t j = 0; j < f->n; j++) k->S[i][j] *= shrink, k->S[j][i] *= shrink;
        }
}

/* Learn that y, a class that took part in the prediction, was true. */
INLINE void mixture_learn(mixture *m, opinions *o, int64_t stride, int64_t C, int64_t y, double weight) {
    double p_y[MOST_EXPERTS];
    p_y[0] = o->bayes[y], p_y[1] = o->q[0][y], p_y[2] = o->q[1][y], p_y[3] = o->calibrated[y];
    bayes_learn(m->top, p_y, TOP, weight, TOP_SHARE);
    for (int64_t i = 0; i < m->n; i++) p_y[i] = o->P[i * stride + y];
    bayes_learn(m->w, p_y, m->n, weight, SHARE);
    if (C < 2) return;
    filter_step f[MIXERS + 1];
    const double *A[INPUTS], *A2[2] = {o->sure, o->A + m->n * stride};
    for (int64_t i = 0; i <= m->n; i++) A[i] = o->A + i * stride;
    for (int k = 0; k < MIXERS; k++) filter_start(&f[k], &m->mixer[k], m->n + 1, 4 * PRIOR[k], A, o->q[k], y, C);
    filter_start(&f[MIXERS], &m->bucket[o->b], 2, 4 * BUCKET_PRIOR, A2, o->calibrated, y, C);
    lanes margins = every(0), h = every(1);
    for (int k = 0; k <= MIXERS; k++)
        if (f[k].h > 0) margins[k] = (f[k].p_y > 1e-12 ? f[k].p_y : 1e-12) / f[k].rho, h[k] = weight * f[k].h;
        else margins[k] = 1;
    margins = lanes_log(choose(margins > 0.0, margins, every(1.0)));
    lanes u = margin(margins, h, margins + h);
    for (int k = 0; k <= MIXERS; k++) filter_finish(&f[k], u[k], weight);
}

#endif
