/* One answer from a bank of experts: Bayes with fixed share; two Kalman mixers of logits, residual to Bayes;
   calibration of the first of them by its confidence; and Bayes again over these four. */
#ifndef ONLINE_SOFTMAX_MIXTURE_H
#define ONLINE_SOFTMAX_MIXTURE_H

#include <math.h>
#include <stddef.h>
#include <string.h>
#include "../implicit.h"

enum {
    EXPERTS = 22,
    BAYES = EXPERTS, /* its place among the inputs of the mixers, after an expert's each */
    INPUTS = 24,
    MIXERS = 2,
    BUCKETS = 8,
    CALIBRATED = 2, /* the inputs of a bucket: the first mixer's answer, and Bayes' */
    TOP = 4
};

#define SHARE 2e-3 /* of the Bayes weights, given back to all at each sample */
#define TOP_SHARE 1e-3
#define FORGET 0.9998 /* of the mixers' precision */
#define LEAVE .97     /* of the voice of an expert that is leaving, at each sample */
#define GONE 2e-3
#define CLAMP (-6.0) /* of a logit below the largest */
#define FLOOR 1e-15  /* of a probability that has been trusted */
static const double PRIOR[MIXERS] = {.1, 1.0}, BUCKET_PRIOR = .02;
static const double CONFIDENCE[BUCKETS - 1] = {.4, .6, .8, .9, .96, .99, .998};

/* Kalman filters over mixing weights u, covariance S. */
typedef struct {
    double u[INPUTS], S[INPUTS][INPUTS];
} mixer;
typedef struct {
    double u[LANES], S[CALIBRATED][LANES];
} bucket;

/* A model file holds u and the rows of S below each other. */
_Static_assert(offsetof(mixer, u) == 0 && offsetof(mixer, S) == 8 * INPUTS && sizeof(mixer) == 8 * (1 + INPUTS) * INPUTS
                   && INPUTS % LANES == 0 && BAYES < INPUTS,
               "the mixers of a model file");
_Static_assert(offsetof(bucket, u) == 0 && offsetof(bucket, S) == 8 * LANES
                   && sizeof(bucket) == 8 * (1 + CALIBRATED) * LANES,
               "the buckets of a model file");

typedef struct {
    double w[EXPERTS];     /* Bayes: their weights */
    double voice[EXPERTS]; /* 1; what is left of it, of an expert that is leaving; 0 of one that takes no part */
    double top[TOP];       /* the weights of Bayes, both mixers, and the calibrated answer */
    mixer mixer[MIXERS];
    bucket bucket[BUCKETS];
    int64_t n;           /* the experts that take part, */
    int32_t who[INPUTS]; /* which they are, in order, and then BAYES */
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

enum { OPINION_ROWS = 2 * EXPERTS + INPUTS + 2 + 2 * MIXERS + 4 };

#define FOR_LANES(c) for (int64_t c = 0; c < C; c += LANES)

/* Work out who takes part, from the voices. */
static void mixture_list(mixture *m) {
    m->n = 0;
    for (int k = 0; k < EXPERTS; k++)
        if (m->voice[k] > 0) m->who[m->n++] = k;
    m->who[m->n] = BAYES;
}

/* Begin with these experts. */
static void mixture_start(mixture *m, const int *takes_part) {
    memset(m, 0, sizeof *m);
    for (int k = 0; k < EXPERTS; k++) m->voice[k] = takes_part[k] ? 1 : 0;
    mixture_list(m);
    for (int64_t i = 0; i < m->n; i++) m->w[m->who[i]] = 1.0 / (double)m->n;
    for (int i = 0; i < TOP; i++) m->top[i] = 1.0 / TOP;
    for (int64_t i = 0; i <= m->n; i++)
        for (int q = 0; q < MIXERS; q++) m->mixer[q].S[m->who[i]][m->who[i]] = PRIOR[q];
    for (int b = 0; b < BUCKETS; b++)
        for (int i = 0; i < CALIBRATED; i++) m->bucket[b].S[i][i] = BUCKET_PRIOR;
}

/* Let n experts in, from k on: with so much of the share under Bayes and of the variance that they would have had
   from the start. */
static void mixture_join(mixture *m, int k, int n, double trust) {
    double share = trust / (double)(m->n + n);
    for (int i = 0; i < EXPERTS; i++) m->w[i] *= 1 - n * share;
    for (int i = k; i < k + n; i++) {
        m->w[i] = share, m->voice[i] = 1;
        for (int q = 0; q < MIXERS; q++) m->mixer[q].S[i][i] = trust * PRIOR[q];
    }
    mixture_list(m);
}

/* Let an expert go, and all that is known of it. */
static void mixture_drop(mixture *m, int k) {
    double sum = 0;
    m->voice[k] = m->w[k] = 0;
    for (int i = 0; i < EXPERTS; i++) sum += m->w[i];
    for (int i = 0; i < EXPERTS; i++) m->w[i] /= sum;
    for (int q = 0; q < MIXERS; q++) {
        m->mixer[q].u[k] = 0;
        for (int i = 0; i < INPUTS; i++) m->mixer[q].S[k][i] = m->mixer[q].S[i][k] = 0;
    }
    mixture_list(m);
}

/* Of experts with less than a whole voice, so much of it stays: they fall silent, sample by sample, and then are gone.
   Whether one is. Together they keep at most their voice's share under Bayes. */
INLINE int mixture_leave(mixture *m, double stays) {
    double stay = 0, leave = 0, loudest = 0;
    int32_t gone[EXPERTS];
    int n_gone = 0;
    for (int64_t i = 0; i < m->n; i++) {
        int32_t k = m->who[i];
        if (m->voice[k] < 1) {
            m->voice[k] *= stays, leave += m->w[k];
            loudest = m->voice[k] > loudest ? m->voice[k] : loudest;
            if (m->voice[k] <= GONE) gone[n_gone++] = k;
        } else stay += m->w[k];
    }
    if (leave > loudest)
        for (int64_t i = 0; i < m->n; i++) {
            int32_t k = m->who[i];
            m->w[k] *= m->voice[k] < 1 ? loudest / leave : (1 - loudest) / stay;
        }
    for (int i = 0; i < n_gone; i++) mixture_drop(m, gone[i]);
    return n_gone > 0;
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
        int64_t k = m->who[i];
        add_row(o->bayes, m->w[k], o->P + k * stride, C);
        centre_row(o->Z + k * stride, o->A + k * stride, C);
        if (m->voice[k] != 1)
            FOR_LANES(c) store(o->A + k * stride + c, m->voice[k] * load(o->A + k * stride + c), LANES);
    }
    log_row(o->bayes, o->ln_bayes, C);
    double *bayes = o->A + BAYES * stride;
    centre_row(o->ln_bayes, bayes, C);
    for (int q = 0; q < MIXERS; q++) {
        memcpy(o->zq[q], o->ln_bayes, (size_t)stride * 8);
        for (int64_t i = 0; i <= m->n; i++) add_row(o->zq[q], m->mixer[q].u[m->who[i]], o->A + m->who[i] * stride, C);
        softmax_row(o->zq[q], o->q[q], C);
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
    double sum = 0, best = FLOOR, v[EXPERTS];
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
    double *u, *S; /* S: rows of `width` doubles */
    const int32_t *who;
    int64_t n; /* the inputs that take part */
    double most, v[INPUTS], Sv[INPUTS], p_y, rho, h;
} filter_step;

/* v_k = A_k[y] - sum_{c != y} q_c A_k[c] / (1 - q_y), and S v; the rows A are those of the inputs that take part. */
INLINE void filter_start(filter_step *f, const int width, const double *const *A, const double *q, int64_t y,
                         int64_t C) {
    f->p_y = q[y], f->rho = 1 - q[y], f->h = 0;
    if (!(f->rho > 1e-9)) return;
    memset(f->v, 0, sizeof f->v);
    for (int64_t i = 0; i < f->n; i++) {
        lanes sum = {0};
        FOR_LANES(c) sum += first(load(q + c) * load(A[i] + c), C - c, 0);
        f->v[f->who[i]] = A[i][y] - (lanes_sum(sum) - q[y] * A[i][y]) / f->rho;
    }
    lanes Sv[INPUTS / LANES] = {0}, h = {0};
    for (int64_t i = 0; i < f->n; i++) {
        int64_t k = f->who[i];
        for (int l = 0; l < width; l += LANES) Sv[l / LANES] += f->v[k] * load(f->S + k * width + l);
    }
    for (int l = 0; l < width; l += LANES) {
        store(f->Sv + l, Sv[l / LANES], LANES);
        h += Sv[l / LANES] * load(f->v + l);
    }
    f->h = lanes_sum(h);
}

INLINE void filter_finish(filter_step *f, const int width, double s, double weight) {
    if (!(f->h > 0)) return;
    double g = weight * (1 - 1 / (1 + exp(-s))), kappa = weight * f->p_y * f->rho,
           share = kappa / (FORGET + kappa * f->h);
    for (int64_t i = 0; i < f->n; i++) {
        int64_t k = f->who[i];
        double *S_k = f->S + k * width;
        f->u[k] += f->Sv[k] * g;
        for (int l = 0; l < width; l += LANES)
            store(S_k + l, (load(S_k + l) - share * (f->Sv[k] * load(f->Sv + l))) * (1 / FORGET), LANES);
    }
    for (int64_t i = 0; i < f->n; i++) {
        int64_t k = f->who[i];
        if (!(f->S[k * width + k] > f->most)) continue;
        double shrink = sqrt(f->most / f->S[k * width + k]);
        for (int64_t j = 0; j < f->n; j++) f->S[k * width + f->who[j]] *= shrink, f->S[f->who[j] * width + k] *= shrink;
    }
}

/* Learn that y, a class that took part in the prediction, was true. */
INLINE void mixture_learn(mixture *m, opinions *o, int64_t stride, int64_t C, int64_t y, double weight) {
    static const int32_t BOTH[CALIBRATED] = {0, 1};
    double w[EXPERTS], p_y[EXPERTS];
    p_y[0] = o->bayes[y], p_y[1] = o->q[0][y], p_y[2] = o->q[1][y], p_y[3] = o->calibrated[y];
    bayes_learn(m->top, p_y, TOP, weight, TOP_SHARE);
    for (int64_t i = 0; i < m->n; i++) w[i] = m->w[m->who[i]], p_y[i] = o->P[m->who[i] * stride + y];
    bayes_learn(w, p_y, m->n, weight, SHARE);
    for (int64_t i = 0; i < m->n; i++) m->w[m->who[i]] = w[i];
    if (C < 2) return;
    filter_step f[MIXERS + 1];
    const double *A[INPUTS], *A_calibrated[CALIBRATED] = {o->sure, o->A + BAYES * stride};
    for (int64_t i = 0; i <= m->n; i++) A[i] = o->A + m->who[i] * stride;
    bucket *b = &m->bucket[o->b];
    for (int q = 0; q < MIXERS; q++) {
        f[q].u = m->mixer[q].u, f[q].S = *m->mixer[q].S, f[q].who = m->who, f[q].n = m->n + 1, f[q].most = 4 * PRIOR[q];
        filter_start(&f[q], INPUTS, A, o->q[q], y, C);
    }
    f[MIXERS].u = b->u, f[MIXERS].S = *b->S, f[MIXERS].who = BOTH, f[MIXERS].n = CALIBRATED,
    f[MIXERS].most = 4 * BUCKET_PRIOR;
    filter_start(&f[MIXERS], LANES, A_calibrated, o->calibrated, y, C);
    lanes margins = every(0), h = every(1);
    for (int k = 0; k <= MIXERS; k++)
        if (f[k].h > 0) margins[k] = (f[k].p_y > 1e-12 ? f[k].p_y : 1e-12) / f[k].rho, h[k] = weight * f[k].h;
        else margins[k] = 1;
    margins = lanes_log(choose(margins > 0.0, margins, every(1.0)));
    lanes s = margin(margins, h, margins + h);
    for (int q = 0; q < MIXERS; q++) filter_finish(&f[q], INPUTS, s[q], weight);
    filter_finish(&f[MIXERS], LANES, s[MIXERS], weight);
}

#endif
